import numpy as np

from conftest import LumaWith
from jpegqf.arrays import U8
from jpegqf.evidence.dct import INVERSE
from jpegqf.jpeg.ruled_tables import ffmpeg_table
from jpegqf.pixels.luma import Luma
from jpegqf.tables.step_likelihood import rich, step_likelihoods, unclipped_blocks


def made_of(steps: int, blocks: int = 400, scale: float = 30.0) -> U8:
    """Blocks whose coefficients are multiples of one step at the first 16 frequencies, and 0 elsewhere."""
    rng = np.random.default_rng(5)
    coefficients = np.zeros((blocks, 64))
    coefficients[:, :16] = steps * np.rint(rng.laplace(0, scale, (blocks, 16)) / steps)
    pixels: U8 = np.clip(np.rint(coefficients @ INVERSE.astype(float) + 128), 1, 254).astype(np.uint8)
    return pixels


def test_the_true_step_is_the_likeliest_where_coefficients_tell_it() -> None:
    for step in (1, 2, 3, 5, 8, 13, 21):
        likelihoods = step_likelihoods(made_of(step))
        assert (likelihoods[:, 1:16].argmax(axis=0) + 1 == step).mean() >= 0.9, step


def test_a_frequency_without_any_coefficient_tells_nothing() -> None:
    assert (step_likelihoods(made_of(9))[:, 20:] == 0).all()


def test_blocks_are_distinct_unclipped_and_not_flat(luma_with: LumaWith) -> None:
    luma = luma_with(ffmpeg_table(4))
    doubled = Luma(
        np.concatenate([luma.plane, luma.plane]), np.concatenate([luma.clipped(), luma.clipped()]) * np.uint8(3)
    )
    pixels = unclipped_blocks(doubled)
    assert len(np.unique(pixels, axis=0)) == len(pixels)
    assert (pixels.max(axis=1) > pixels.min(axis=1)).all()
    assert pixels.min() > 0
    assert pixels.max() < 255


def test_rich_blocks_vary_along_both_axes() -> None:
    ramp = np.repeat(np.arange(8, dtype=np.uint8) * 20, 8)
    both = ramp + np.tile(np.arange(8, dtype=np.uint8), 8)
    assert rich(np.stack([ramp, both])).tolist() == [both.tolist()]
