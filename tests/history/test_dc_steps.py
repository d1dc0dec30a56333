import numpy as np
import pytest

from jpegqf.arrays import F32
from jpegqf.history.dc_steps import FEWEST, dc_ratios

LAST = 8
"""Last DC step."""


def dc_counts(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> F32:
    """How often each multiple of the last step occurs among DC coefficients."""
    most = 1024 // LAST + 1
    multiples = np.rint(values / LAST).astype(int) + most
    return np.bincount(multiples, minlength=2 * most + 1).astype(np.float32)


def smooth_dc(count: int, seed: int = 0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """DC coefficients of an image with many grey levels."""
    return np.clip(np.random.default_rng(seed).normal(0, 250, count), -1000, 1000)


@pytest.mark.parametrize("first", [5, 10, 12, 14, 19, 30])
def test_a_true_earlier_dc_step_has_the_most_evidence(first: int) -> None:
    steps = np.arange(1, 60)
    rounding = np.random.default_rng(1).normal(0, 0.4, 6000)
    counts = dc_counts(np.rint(smooth_dc(6000) / first) * first + rounding)
    found, expected = dc_ratios(counts, LAST, steps[steps != LAST])
    best = int(found.argmax())
    assert steps[steps != LAST][best] == first
    assert 0.5 < found[best] / expected[best] < 2


def test_dc_saved_once_speaks_against_every_coarser_step() -> None:
    found, _ = dc_ratios(dc_counts(smooth_dc(1500)), LAST, np.arange(LAST + 1, 60))
    assert found.max() < 5


def test_one_grey_level_that_fills_half_of_an_image_is_no_earlier_step() -> None:
    once = smooth_dc(750)
    found, _ = dc_ratios(dc_counts(np.concatenate([once, np.full(750, 80.0)])), LAST, np.arange(LAST + 1, 60))
    assert found.max() < 5


def test_too_few_blocks_say_nothing() -> None:
    found, expected = dc_ratios(dc_counts(smooth_dc(FEWEST - 1)), LAST, np.arange(9, 40))
    assert not found.any()
    assert not expected.any()


def test_steps_as_large_as_there_are_can_be_asked() -> None:
    found, expected = dc_ratios(np.full(11, 10, np.float32), 255, np.array([100, 200, 255]))
    assert np.isfinite(found).all()
    assert np.isfinite(expected).all()
