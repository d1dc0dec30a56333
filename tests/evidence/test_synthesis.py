import io

import numpy as np
from PIL import Image

from conftest import MakeJpeg
from jpegqf.evidence.blocks import Blocks, cut_blocks
from jpegqf.evidence.dct import BASIS
from jpegqf.evidence.synthesis import clipped_misfit, flat_misfit, given_back, misfit
from jpegqf.jpeg.ijg import STEPS
from jpegqf.pixels.decode import decode_luma
from jpegqf.pixels.luma import Luma

TOLERANCE = 0.56


def blocks_of(data: bytes) -> Blocks:
    return cut_blocks([decode_luma(data).luma])


def errors_of(pixels: np.ndarray, quality: int) -> np.ndarray:
    """|pixels - synthesis| by the definition, a block and a matrix at a time."""
    out = []
    for block in pixels.astype(np.float64).reshape(-1, 8, 8) - 128:
        steps = STEPS[quality - 1].reshape(8, 8)
        quantized = np.rint(BASIS @ block @ BASIS.T / steps) * steps
        out.append(np.abs(block - BASIS.T @ quantized @ BASIS).reshape(64))
    return np.array(out)


def test_errors_are_those_of_the_definition(jpeg: MakeJpeg) -> None:
    pixels = blocks_of(jpeg(60)).pixels[500:530]
    found = misfit(pixels, TOLERANCE)
    for quality in (7, 59, 60, 93):  # a coefficient halfway between two multiples may go either way
        expected = errors_of(pixels, quality)
        assert (np.abs(found.worst[quality - 1] - expected.max(axis=1)) < 1e-3).mean() > 0.8
        assert np.isclose(found.outside[quality - 1], (expected > TOLERANCE).mean(), atol=0.01)


def test_unclipped_blocks_come_back_under_their_own_table_and_no_other(jpeg: MakeJpeg) -> None:
    blocks = blocks_of(jpeg(60))
    busy = blocks.pixels[~(blocks.low | blocks.high).any(axis=1) & (np.ptp(blocks.pixels, axis=1) > 40)]
    share = given_back(busy[:200], STEPS, TOLERANCE).mean(axis=1)
    assert share[59] > 0.95
    assert np.delete(share, 59).max() < 0.3


def test_flat_blocks_are_counted_as_any_others() -> None:
    levels = np.arange(1, 255, dtype=np.uint8)
    pixels = np.repeat(levels[:, None], 64, axis=1)
    assert np.allclose(flat_misfit(levels, TOLERANCE).worst, misfit(pixels, TOLERANCE).worst, atol=1e-3)
    assert np.allclose(flat_misfit(levels, TOLERANCE).outside, misfit(pixels, TOLERANCE).outside, atol=1e-2)


def test_clipped_blocks_come_back_once_their_clipped_pixels_are_free(jpeg: MakeJpeg) -> None:
    rng = np.random.default_rng(0)
    rough = np.clip(rng.normal(225, 40, (256, 256)), 0, 255).astype(np.uint8)
    with Image.open(io.BytesIO(jpeg(50, Image.fromarray(rough)))) as image:
        blocks = cut_blocks([Luma(np.asarray(image))])
    clipped = (blocks.low | blocks.high).any(axis=1)
    pixels, low, high = blocks.pixels[clipped][:60], blocks.low[clipped][:60], blocks.high[clipped][:60]
    bound, free = misfit(pixels, TOLERANCE), clipped_misfit(pixels, low, high, 3, TOLERANCE)
    assert (free.worst[49] <= TOLERANCE).mean() > (bound.worst[49] <= TOLERANCE).mean() + 0.2
    assert (free.worst[49] <= TOLERANCE).mean() > (np.delete(free.worst, 49, axis=0) <= TOLERANCE).mean(axis=1).max()


def test_no_blocks_give_no_errors_and_no_warning() -> None:
    nothing = np.empty((0, 64), np.uint8)
    marks = np.empty((0, 64), bool)
    for found in (misfit(nothing, 1), flat_misfit(nothing[:, 0], 1), clipped_misfit(nothing, marks, marks, 3, 1)):
        assert found.worst.shape == (100, 0)
        assert not found.outside.any()
