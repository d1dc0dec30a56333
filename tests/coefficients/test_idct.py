"""Quantized coefficients decode as libjpeg-turbo decodes them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpegqf.coefficients.idct import fit_16_bits, unclamped_samples
from jpegqf.evidence.blocks import cut
from jpegqf.jpeg.ijg import ijg_luma

jpeglib = pytest.importorskip("jpeglib", reason="the extra restore is not installed")


@pytest.mark.parametrize("quality", [10, 50, 75, 90, 97, 100])
def test_random_blocks_decode_to_the_pixels_that_pillow_gives(quality: int, tmp_path: Path) -> None:
    rng, steps = np.random.default_rng(quality), ijg_luma(quality).reshape(64).astype(np.int32)
    scale = 60 / steps / (1 + np.arange(64) / 8)
    blocks = rng.laplace(0, scale, (32 * 32, 64)).round().astype(np.int16)
    blocks[:, 0] = rng.integers(-1000, 1000, len(blocks)) // steps[0]
    file = str(tmp_path / "blocks.jpg")
    jpeglib.from_dct(blocks.reshape(32, 32, 8, 8), qt=steps.reshape(1, 8, 8)).write_dct(file)
    assert (np.clip(unclamped_samples(blocks, steps), 0, 255) == cut(np.asarray(Image.open(file)))).all()


def test_a_flat_block_is_its_level_rounded_half_up() -> None:
    blocks = np.zeros((3, 64), np.int16)
    blocks[:, 0] = (3, 4, -4)
    samples = unclamped_samples(blocks, np.ones(64, np.int32))
    assert samples[:, 0].tolist() == [128, 129, 128]
    assert (samples == samples[:, :1]).all()


def test_blocks_that_sums_of_16_bits_do_not_hold_are_told_apart() -> None:
    steps = np.full(64, 100, np.int32)
    blocks = np.zeros((4, 64), np.int16)
    blocks[1, 0] = 20
    blocks[2, [0, 32]] = 200, 150
    blocks[3, 5] = 400
    assert fit_16_bits(blocks, steps).tolist() == [True, True, False, False]
