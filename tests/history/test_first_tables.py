import numpy as np
import pytest

from jpegqf.history.first_tables import DEFAULTS, FAMILIES, asked_steps, coarser_tables, finer_tables, first_tables
from jpegqf.history.naming import FirstTable, TableEvidence, likely_first_table
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.jpeg.known_tables import Family
from jpegqf.jpeg.ruled_tables import ffmpeg_table

FREQUENCIES = np.array([1, 8, 9, 2, 16])


def evidence_for(steps: np.ndarray, nats: float) -> TableEvidence:
    """As many nats at each of FREQUENCIES for the step that a table (64,) has there, for any table with that step."""
    of_steps = np.zeros((len(FREQUENCIES), 256))
    of_steps[np.arange(len(FREQUENCIES)), steps[FREQUENCIES]] = nats
    candidates = coarser_tables(ijg_luma(95).reshape(64))
    total = of_steps[np.arange(len(FREQUENCIES)), first_tables().steps[candidates][:, FREQUENCIES]].sum(axis=1)
    return TableEvidence(candidates, total, of_steps, FREQUENCIES)


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


@pytest.mark.parametrize("quality", [40, 66, 75])
def test_clear_evidence_names_a_quality_alone(quality: int) -> None:
    steps = ijg_luma(quality).reshape(64)
    told = likely_first_table(evidence_for(steps, 60), trust=1)
    alike = [q for q in range(1, 95) if (ijg_luma(q).reshape(64)[FREQUENCIES] == steps[FREQUENCIES]).all()]
    assert told.quality in alike
    assert alike[0] - 1 <= told.low <= told.high <= alike[-1] + 1
    assert told.family in (Family.IJG, None)


def test_a_tie_goes_to_the_common_quality_and_the_interval_holds_all_of_it() -> None:
    """The tables of 74 and 75 are alike at low frequencies."""
    evidence = evidence_for(ijg_luma(75).reshape(64), 60)
    np.testing.assert_array_equal(ijg_luma(74).reshape(64)[FREQUENCIES], ijg_luma(75).reshape(64)[FREQUENCIES])
    told = likely_first_table(evidence, trust=1)
    assert told.quality == 75
    even = likely_first_table(evidence, trust=1, even=True)
    assert even.low <= 74
    assert even.high >= 75


def test_a_table_of_ffmpeg_is_told_as_that() -> None:
    told = likely_first_table(evidence_for(ffmpeg_table(5), 60), trust=1)
    assert told.family == Family.FFMPEG
    assert told.quality is not None


def test_a_table_in_no_list_gets_an_equivalent_quality_from_its_steps() -> None:
    """An IJG table whose steps are changed one by one, up and down, by a tenth."""
    steps = ijg_luma(60).reshape(64) + np.where(np.arange(64) % 2, 2, -2)
    told = likely_first_table(evidence_for(steps, 60), trust=1)
    assert told.family is None
    assert told.low <= 60 <= told.high
    assert told.high - told.low <= 12


def test_no_evidence_names_no_quality() -> None:
    told = likely_first_table(evidence_for(ijg_luma(60).reshape(64), 0), trust=1)
    assert told.quality is None
    assert told.high - told.low > 20


def test_where_no_step_is_known_one_of_the_candidates_it_is() -> None:
    ijg = first_tables().ijg[39:42]
    nothing = np.zeros((0, 256)), np.zeros(0, np.int64)
    told = likely_first_table(TableEvidence(ijg, np.array([0.0, 30.0, 0.0]), *nothing), trust=1)
    assert told == FirstTable(41, 41, 41, Family.IJG)


def test_steps_that_are_asked_hold_each_table_s_own() -> None:
    tables = coarser_tables(ijg_luma(70).reshape(64))
    asked = asked_steps(tables, FREQUENCIES)
    np.testing.assert_array_equal(asked.steps[asked.places], first_tables().steps[tables][:, FREQUENCIES])
    assert asked.asked.sum() == len(asked.steps)
    for of_one in np.split(asked.steps, np.cumsum(asked.asked)[:-1]):
        assert (np.diff(of_one) > 0).all()
