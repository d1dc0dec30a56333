import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jpegqf.arrays import F64, I64
from jpegqf.evidence.dct import BASIS
from jpegqf.jpeg.ijg import QUALITIES, ijg_chroma, ijg_luma, ijg_luma_all, scaled
from jpegqf.jpeg.jpegli import jpegli_table, quality_to_distance
from jpegqf.jpeg.known_tables import MOZJPEG_LUMA
from jpegqf.jpeg.table_match import (
    EQUIVALENT_ERROR,
    equivalent_quality,
    expected_distortion,
    laplacian_error,
    match_ijg,
)

TABLES = arrays(np.int64, 64, elements=st.integers(1, 300))
RISES = arrays(np.int64, 64, elements=st.integers(0, 100))
PLACES = st.integers(0, 63)
SIDE = 32
"""Blocks beside each other in the synthetic picture."""


@given(TABLES, RISES, st.booleans())
def test_larger_steps_never_have_a_higher_quality(steps: I64, rises: I64, chroma: bool) -> None:
    assert equivalent_quality(steps + rises, chroma) <= equivalent_quality(steps, chroma)


@given(st.integers(1, 100), st.integers(0, 5), PLACES)
def test_one_step_near_an_ijg_table_larger_by_one_lowers_the_quality_by_at_most_one(
    quality: int, rise: int, place: int
) -> None:
    before = ijg_luma(quality).reshape(64) + rise
    after = before + np.eye(64, dtype=np.int64)[place]
    assert 0 <= equivalent_quality(before) - equivalent_quality(after) <= 1


@given(TABLES, PLACES)
def test_one_step_larger_by_one_lowers_the_quality_by_at_most_two(steps: I64, place: int) -> None:
    assert 0 <= equivalent_quality(steps) - equivalent_quality(steps + np.eye(64, dtype=np.int64)[place]) <= 2


def test_ijg_tables_are_their_own_equivalent() -> None:
    assert [equivalent_quality(ijg_luma(int(quality))) for quality in QUALITIES] == QUALITIES.tolist()
    chroma = [equivalent_quality(ijg_chroma(int(quality)), chroma=True) for quality in QUALITIES]
    assert max(chroma[:3]) <= 3
    assert chroma[3:] == QUALITIES[3:].tolist()


@given(TABLES)
def test_a_turned_table_has_the_same_quality(steps: I64) -> None:
    assert abs(equivalent_quality(steps.reshape(8, 8).T) - equivalent_quality(steps)) <= 1


def test_tables_finer_and_coarser_than_the_ijgs_are_at_the_ends_of_the_scale() -> None:
    assert equivalent_quality(np.ones(64, np.int64)) == 100
    assert equivalent_quality(np.full(64, 65535)) == 1


def test_the_error_of_a_laplacian_is_that_of_samples() -> None:
    rng = np.random.default_rng(0)
    for scale in (0.5, 4.0, 30.0):
        samples = rng.laplace(0, scale, 400_000)
        for step in (1, 7, 60):
            measured = ((samples - np.rint(samples / step) * step) ** 2).mean()
            assert laplacian_error(np.array(step), np.array(scale)) == pytest.approx(measured, rel=0.02)


def test_the_error_of_a_laplacian_ends_at_its_variance() -> None:
    assert laplacian_error(np.array(32767), np.array(0.1)) == pytest.approx(0.02)
    assert np.isfinite(expected_distortion(np.full(64, 65535)))


def picture() -> F64:
    """Coefficients of 32 x 32 blocks as photographs have them: Laplacian, in busy and calm places."""
    rng = np.random.default_rng(0)
    activity = np.exp(rng.normal(0, 1.2, (SIDE * SIDE, 1)))
    falling = (1 + np.add.outer(np.arange(8), np.arange(8)).reshape(64)) ** -1.7
    coefficients: F64 = rng.laplace(0, 1, (SIDE * SIDE, 64)) * activity * 54 * falling
    return coefficients


def squared_error(coefficients: F64, steps: I64) -> float:
    """Mean squared error of pixels, rounded to whole levels."""
    transform = np.kron(BASIS, BASIS)
    pixels = np.rint(coefficients @ transform)
    exact = pixels @ transform.T
    return float(((np.rint(np.rint(exact / steps) * steps @ transform) - pixels) ** 2).mean())


@pytest.mark.parametrize("number", range(2, 9))
@pytest.mark.parametrize("quality", [20, 50, 75, 90])
def test_the_quality_is_within_eight_of_equal_psnr_on_a_synthetic_picture(number: int, quality: int) -> None:
    coefficients = picture()
    ijg = np.array([squared_error(coefficients, steps) for steps in ijg_luma_all()])
    steps = scaled(np.array(MOZJPEG_LUMA[number]), quality)
    equal = np.interp(squared_error(coefficients, steps), ijg[::-1], QUALITIES[::-1])
    assert abs(equivalent_quality(steps) - equal) <= 8


@pytest.mark.parametrize("quality", range(5, 100, 5))
def test_one_step_changed_is_equivalent_and_never_exact(quality: int) -> None:
    table = ijg_luma(quality)
    table[2, 3] += 1
    match = match_ijg(table)
    assert (match.kind, match.quality) == ("equivalent", quality)
    assert match.error is not None
    assert 0 < match.error < 0.1


@pytest.mark.parametrize("percent", [90, 110])
def test_the_error_is_about_the_share_by_which_steps_differ(percent: int) -> None:
    match = match_ijg(ijg_luma(20) * percent // 100)
    assert match.kind == "equivalent"
    assert match.error is not None
    assert match.error < 0.1


def test_flat_tables_and_jpeglis_have_an_equivalent() -> None:
    assert match_ijg(np.full((8, 8), 16)).kind == "equivalent"
    kinds = {match_ijg(jpegli_table(quality_to_distance(quality))).kind for quality in range(15, 100)}
    assert kinds == {"equivalent"}


@pytest.mark.parametrize(
    "table",
    [
        np.rint(np.geomspace(255, 1, 64)).astype(np.int64).reshape(8, 8),
        np.zeros((8, 8), np.int64),
        np.where(np.indices((8, 8)).sum(axis=0) % 2, 255, 1),
    ],
    ids=["falling", "zero", "checkered"],
)
def test_a_table_unlike_any_has_no_quality(table: I64) -> None:
    match = match_ijg(table)
    assert match.kind == "none"
    assert match.quality is None
    assert match.error is None or match.error > EQUIVALENT_ERROR


def test_a_table_is_matched_in_less_than_half_a_millisecond() -> None:
    table = ijg_luma(77) + 1
    match_ijg(table)
    taken = []
    for _ in range(200):
        before = time.perf_counter()
        match_ijg(table)
        taken.append(time.perf_counter() - before)
    assert min(taken) < 5e-4
