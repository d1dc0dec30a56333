import io
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
import pytest
import skimage.data
from PIL import Image

from jpegqf.arrays import I64
from jpegqf.evidence.blocks import contrasting_blocks, first_of_each, sound_squares
from jpegqf.history.dc_steps import dc_ratios
from jpegqf.history.first_tables import marked_steps, sums_over_frequencies
from jpegqf.history.other_grid.counts import count_other_grids, windows_of
from jpegqf.history.other_grid.evidence import OtherGridEvidence, other_grid_evidence
from jpegqf.history.same_grid.counts import count_same_grid, multiples_of
from jpegqf.history.same_grid.evidence import SameGridEvidence, same_grid_evidence
from jpegqf.jpeg.ijg import MAX_STEP, ijg_luma
from jpegqf.kernels.compiled import kernels, numpy_only
from jpegqf.pixels.decode import decode_luma
from jpegqf.pixels.luma import Luma

pytestmark = pytest.mark.skipif(kernels() is None, reason="the package was built without a C compiler")

TABLES = {
    "quality 85": ijg_luma(85),
    "quality 100": ijg_luma(100),
    "coarsest": np.full((8, 8), MAX_STEP),
    "steps that rise": np.arange(3, 67).reshape(8, 8),
}


T = TypeVar("T")


def both(compute: Callable[[], T]) -> tuple[T, T]:
    """What is computed by kernels, and by NumPy."""
    fast = compute()
    with numpy_only():
        return fast, compute()


def saved(table: I64) -> Luma:
    """A photograph saved at 60 and, cropped off its grid, with a table; some of it is clipped."""
    first, last = io.BytesIO(), io.BytesIO()
    Image.fromarray(np.clip(skimage.data.coffee() * 1.3, 0, 255).astype(np.uint8)).save(first, "JPEG", quality=60)
    cropped = Image.open(first).crop((3, 5, 403, 305))
    cropped.save(last, "JPEG", qtables=[table.reshape(64).tolist()] * 2, subsampling=0)
    return decode_luma(last.getvalue()).luma


def same_grid_of(luma: Luma, table: I64) -> SameGridEvidence:
    evidence = same_grid_evidence(count_same_grid(luma, table), np.arange(1799))
    assert evidence is not None
    return evidence


def other_grid_of(luma: Luma, table: I64) -> OtherGridEvidence | None:
    return other_grid_evidence(count_other_grids(windows_of(luma, table)))


@pytest.mark.parametrize("name", ["quality 85", "steps that rise"])
def test_evidence_on_the_same_grid_is_that_of_numpy(name: str) -> None:
    table, luma = TABLES[name], saved(TABLES[name])
    fast, slow = both(lambda: same_grid_of(luma, table))
    for of_one, of_other in zip(fast.counts.counts, slow.counts.counts, strict=True):
        np.testing.assert_array_equal(of_one, of_other)
    np.testing.assert_allclose(fast.counts.priors, slow.counts.priors, atol=1e-5)
    np.testing.assert_allclose(fast.total, slow.total, rtol=1e-3, atol=0.5)
    np.testing.assert_allclose(fast.expected, slow.expected, rtol=1e-3, atol=0.5)
    np.testing.assert_allclose(fast.of_steps, slow.of_steps, rtol=1e-3, atol=0.5)
    np.testing.assert_allclose(fast.prior_misfit, slow.prior_misfit, rtol=1e-3, atol=0.02)


def test_multiples_of_blocks_are_those_of_numpy() -> None:
    blocks = np.random.default_rng(0).integers(0, 256, (300, 64)).astype(np.uint8)
    fast, slow = both(lambda: [multiples_of(blocks, table.reshape(64)) for table in TABLES.values()])
    np.testing.assert_allclose(fast, slow, atol=1e-3)


@pytest.mark.parametrize("rows", [0, 1, 5000])
def test_rows_that_differ_are_those_of_numpy(rows: int) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 3, (rows, 64)).astype(np.uint8) * (rng.random((rows, 64)) < 0.03)
    np.testing.assert_array_equal(*both(lambda: first_of_each(pixels.astype(np.uint8))))


@pytest.mark.parametrize("name", ["quality 85", "quality 100", "steps that rise"])
def test_evidence_on_other_grids_is_that_of_numpy(name: str) -> None:
    table, luma = TABLES[name], saved(TABLES[name])
    fast, slow = both(lambda: other_grid_of(luma, table))
    assert fast is not None
    assert slow is not None
    assert fast.grid == slow.grid
    # A coefficient between two bins may fall into either: sums in float32 differ in their last digits.
    np.testing.assert_allclose(fast.of_tables.total, slow.of_tables.total, rtol=2e-3, atol=5)
    np.testing.assert_allclose(fast.expected, slow.expected, rtol=2e-3, atol=5)
    np.testing.assert_allclose(fast.rivals, slow.rivals, rtol=2e-3, atol=5)


def test_windows_are_those_of_numpy() -> None:
    luma = saved(TABLES["quality 85"])
    flat = Luma(np.where(np.arange(400) < 90, 128, luma.plane).astype(np.uint8), luma.marks)
    planes = luma, flat, flat.crop(1, 3, 200, 300)
    fast, slow = both(lambda: [windows_of(each, TABLES["quality 85"]) for each in planes])
    for of_one, of_other in zip(fast, slow, strict=True):
        assert of_one is not None
        assert of_other is not None
        np.testing.assert_array_equal(of_one.pixels, of_other.pixels)


@pytest.mark.parametrize(("side", "least_range"), [(8, 0), (8, 6), (15, 6)])
def test_squares_that_are_sound_are_those_of_numpy(side: int, least_range: int) -> None:
    rng = np.random.default_rng(0)
    plane = np.kron(rng.integers(0, 256, (30, 40)), np.ones((4, 4))).astype(np.uint8)
    plane[40:80, 40:120] = 128
    marks = (rng.random(plane.shape) < 0.002).astype(np.uint8)
    tops, lefts = rng.integers(0, [[plane.shape[0] - side], [plane.shape[1] - side]], (2, 900))
    for of_one in (Luma(plane), Luma(plane, marks)):
        fast, slow = both(partial(sound_squares, of_one, tops, lefts, side, least_range))
        assert 0 < len(slow) < 900
        np.testing.assert_array_equal(fast, slow)


@pytest.mark.parametrize("side", [1, 7, 8])
def test_images_without_a_square_have_none_by_kernels_or_numpy(side: int) -> None:
    luma = Luma(np.arange(side * side, dtype=np.uint8).reshape(side, side) + 1)
    for blocks in both(lambda: contrasting_blocks(luma, 24, 3)):
        assert len(blocks) == side // 8
    for counts in both(lambda: count_same_grid(luma, TABLES["quality 85"])):
        assert counts is None


def test_counts_of_an_image_are_those_of_numpy() -> None:
    luma, table = saved(TABLES["quality 85"]), TABLES["quality 85"]
    fast, slow = both(lambda: count_same_grid(luma, table))
    assert fast is not None
    assert slow is not None
    assert fast.blocks == slow.blocks
    for of_one, of_other in zip(fast.counts, slow.counts, strict=True):
        np.testing.assert_allclose(of_one, of_other, atol=2)


@pytest.mark.parametrize("patterns", [1, 3, 40])
def test_images_that_repeat_few_patterns_are_told_as_numpy_tells_them(patterns: int) -> None:
    blocks = np.random.default_rng(0).integers(60, 200, (patterns, 8, 8))
    level = np.arange(-20, 20)[:, None, None]  # differ in DC alone
    tiles = (np.resize(blocks, (40, 8, 8)) + level).reshape(5, 8, 8, 8).swapaxes(1, 2)
    luma = Luma(tiles.reshape(40, 64).astype(np.uint8))
    fast, slow = both(lambda: count_same_grid(luma, TABLES["quality 85"]))
    assert (fast is None) == (slow is None) == (patterns < 4)


def test_histograms_of_all_grids_are_those_of_numpy() -> None:
    windows = windows_of(saved(TABLES["quality 85"]), TABLES["quality 85"])
    fast, slow = both(lambda: count_other_grids(windows))
    assert fast is not None
    assert slow is not None
    for of_one, of_other in zip(fast.histograms, slow.histograms, strict=True):
        assert np.abs(of_one - of_other).sum() < 1e-3 * of_other.sum()


@pytest.mark.parametrize("last", [1, 2, 8, 60, MAX_STEP])
def test_evidence_of_dc_is_that_of_numpy(last: int) -> None:
    values = np.rint(np.random.default_rng(0).normal(0, 250, 3000).clip(-1020, 1020) / 12) * 12
    most = 1024 // last + 1
    counts = np.bincount((np.rint(values / last) + most).astype(int), minlength=2 * most + 1).astype(np.float32)
    steps = np.arange(1, MAX_STEP + 1)
    fast, slow = both(lambda: dc_ratios(counts, last, steps))
    np.testing.assert_allclose(fast, slow, rtol=1e-3, atol=0.5)


def test_steps_that_are_asked_and_their_sums_are_those_of_numpy() -> None:
    tables, frequencies = np.array([3, 700, 1200, 1798]), np.array([0, 8, 63])
    of_steps = np.random.default_rng(0).normal(size=(3, MAX_STEP + 1))
    np.testing.assert_array_equal(*both(lambda: marked_steps(tables, frequencies)))
    np.testing.assert_allclose(*both(lambda: sums_over_frequencies(of_steps, tables, frequencies)))


def test_numpy_alone_sees_no_kernels() -> None:
    with numpy_only():
        assert kernels() is None
    assert kernels() is not None
