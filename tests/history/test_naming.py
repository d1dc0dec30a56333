import numpy as np
import pytest
import skimage.data
from PIL import Image
from saves import saved

from jpegqf.history.first_tables import coarser_tables, first_tables
from jpegqf.history.last_save import LastSave
from jpegqf.history.naming import FirstTable, TableEvidence, likely_first_table
from jpegqf.history.remaking import Remaking
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


@pytest.mark.parametrize("first", [74, 75])
def test_a_tie_is_broken_by_remaking_the_image(first: int) -> None:
    """Whichever of the two is the more common."""
    image = Image.fromarray(skimage.data.coffee())
    remaking = Remaking(LastSave(saved(image, first, 95, cut=(3, 5)), ijg_luma(95)), (5, 3))
    told = likely_first_table(evidence_for(ijg_luma(75).reshape(64), 60), trust=1, remaking=remaking)
    assert (told.quality, told.low, told.high) == (first, first, first)


def test_tables_nearly_as_fine_as_the_last_are_not_judged_by_remaking() -> None:
    """Multiples of their steps give back any image: here one that was saved first at 50."""
    image = Image.fromarray(skimage.data.coffee())
    remaking = Remaking(LastSave(saved(image, 50, 80), ijg_luma(80)))
    fine = first_tables().ijg[[76, 77, 78]]
    nothing = np.zeros((0, 256)), np.zeros(0, np.int64)
    evidence = TableEvidence(fine, np.array([0.0, 3.0, 0.0]), *nothing)
    assert likely_first_table(evidence, trust=1, remaking=remaking) == likely_first_table(evidence, trust=1)


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
    assert told.low <= 75 <= told.high
    even = likely_first_table(evidence, trust=1, even=True)
    assert even.low <= 74
    assert even.high >= 75


def test_a_table_of_ffmpeg_is_told_as_that() -> None:
    told = likely_first_table(evidence_for(ffmpeg_table(5), 60), trust=1)
    assert told.family == Family.FFMPEG
    assert told.quality is not None


def test_a_table_in_no_list_gets_an_equivalent_quality_from_its_steps() -> None:
    """An IJG table whose steps are changed one by one, up and down, by 2."""
    steps = ijg_luma(60).reshape(64) + np.where(np.arange(64) % 2, 2, -2)
    told = likely_first_table(evidence_for(steps, 60), trust=1)
    assert told.family is None
    assert told.table is None
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
    assert told == FirstTable(41, 41, 41, Family.IJG, int(ijg[1]))
