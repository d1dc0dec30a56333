import numpy as np
import pytest

from jpegqf.history.first_tables import DEFAULTS, FAMILIES, asked_steps, coarser_tables, finer_tables, first_tables
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.jpeg.known_tables import Family


def test_every_ijg_table_is_a_candidate_with_its_own_quality() -> None:
    tables = first_tables()
    np.testing.assert_array_equal(tables.quality[tables.ijg], np.arange(1, 101))
    np.testing.assert_array_equal(tables.steps[tables.ijg[74]], ijg_luma(75).reshape(64))


def test_tables_of_other_encoders_are_candidates() -> None:
    families = {FAMILIES[family] for family in first_tables().family}
    assert {Family.FFMPEG, Family.JPEGLI, Family.MOZJPEG, Family.ADOBE, Family.CAMERA} <= families


@pytest.mark.parametrize("even", [False, True])
def test_priors_are_distributions(even: bool) -> None:
    tables = first_tables()
    assert np.exp(tables.even if even else tables.log_prior).sum() == pytest.approx(1)


def test_defaults_of_programs_are_the_most_common_and_odd_qualities_the_least() -> None:
    tables = first_tables()
    common = tables.log_prior[tables.ijg]
    for quality in DEFAULTS:
        assert common[quality - 1] == common.max()
    assert common[73] == common.min() < common[54] < common[49] < common.max()
    assert np.ptp(tables.even[tables.ijg]) == 0


def test_coarser_and_finer_tables_are_on_both_sides_of_the_last() -> None:
    last = ijg_luma(75).reshape(64)
    quality = first_tables().quality
    assert quality[coarser_tables(last)].max() < 75 < quality[finer_tables(last)].min()


def test_steps_that_are_asked_hold_each_table_s_own() -> None:
    tables = coarser_tables(ijg_luma(70).reshape(64))
    frequencies = np.array([1, 8, 9, 2, 16])
    asked = asked_steps(tables, frequencies)
    np.testing.assert_array_equal(asked.steps[asked.places], first_tables().steps[tables][:, frequencies])
    assert asked.asked.sum() == len(asked.steps)
    for of_one in np.split(asked.steps, np.cumsum(asked.asked)[:-1]):
        assert (np.diff(of_one) > 0).all()
