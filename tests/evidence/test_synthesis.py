import io

import numpy as np
from PIL import Image

from conftest import MakeJpeg
from jpegqf.evidence.blocks import Blocks, block_lattice, cut_blocks
from jpegqf.evidence.dct import BASIS
from jpegqf.evidence.synthesis import (
    AT_ONCE,
    agreement,
    clipped_given_back,
    clipped_misfit,
    flat_misfit,
    given_back,
    misfit,
)
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


def bright_noise(height: int, width: int) -> Image.Image:
    """Noise of which a good part is white."""
    rough = np.random.default_rng(0).normal(225, 40, (height, width))
    return Image.fromarray(np.clip(rough, 0, 255).astype(np.uint8))


def test_clipped_blocks_come_back_under_one_table_as_they_do_under_all(jpeg: MakeJpeg) -> None:
    blocks = blocks_of(jpeg(50, bright_noise(256, 320)))
    clipped = (blocks.low | blocks.high).any(axis=1)
    pixels, low, high = blocks.pixels[clipped], blocks.low[clipped], blocks.high[clipped]
    assert 2 * len(pixels) > AT_ONCE
    pixels, low, high = (np.concatenate([part, part]) for part in (pixels, low, high))  # more than are done at once
    everything = clipped_misfit(pixels, low, high, 3, TOLERANCE).worst <= TOLERANCE
    for quality in (40, 50):
        found = clipped_given_back(pixels, low, high, STEPS[quality - 1], 3, TOLERANCE)
        assert found.shape == (len(pixels),)
        assert (found == everything[quality - 1]).mean() > 0.995
    assert everything[49].mean() > 0.2
    assert everything[39].mean() < 0.05


def test_blocks_agree_with_the_table_of_their_save_where_they_were_saved_with_it(
    jpeg: MakeJpeg, photo: Image.Image
) -> None:
    rng = np.random.default_rng(1)
    plane = rng.integers(40, 200, (256, 256), dtype=np.uint8)
    with Image.open(io.BytesIO(jpeg(60, photo.convert("L")))) as image:
        plane[64:192, 72:200] = np.asarray(image)[64:192, 200:328]
    lattice = block_lattice(Luma(plane), 0, 0)
    saved = np.zeros(lattice.shape, bool)
    saved[8:24, 9:25] = True
    sound = lattice.informative & ~lattice.clipped
    assert (saved & sound).sum() > 200
    found = agreement(lattice, STEPS[59], TOLERANCE, 3)
    assert found.shape == lattice.shape
    assert found[saved & sound].mean() > 0.95
    assert not found[~saved].any()
    assert agreement(lattice, STEPS[64], TOLERANCE, 3)[saved].mean() < 0.1


def test_flat_blocks_count_as_not_given_back() -> None:
    plane = np.full((16, 24), 128, np.uint8)
    plane[:8, :8] += np.tile(np.array([0, 2], np.uint8), 4)  # spans two grey levels, one fewer than is compared
    fine, lenient = np.ones(64, np.float32), 3.0
    assert not agreement(block_lattice(Luma(plane), 0, 0), fine, lenient, 3).any()
    plane[0, 0] = 131
    found = agreement(block_lattice(Luma(plane), 0, 0), fine, lenient, 3)
    assert found.tolist() == [[True, False, False], [False, False, False]]


def test_clipped_blocks_of_a_lattice_agree_more_often_if_their_clipped_pixels_are_free(jpeg: MakeJpeg) -> None:
    with Image.open(io.BytesIO(jpeg(50, bright_noise(128, 128)))) as image:
        plane = np.asarray(image)
    unmarked = Luma(plane, np.zeros_like(plane))
    free, bound = (
        agreement(block_lattice(luma, 0, 0), STEPS[49], TOLERANCE, 3).mean() for luma in (Luma(plane), unmarked)
    )
    assert free > bound + 0.2
