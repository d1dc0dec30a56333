import numpy as np
import pytest

from jpegqf.jpeg.all_tables import FREE_SHARE, gathered, known_tables
from jpegqf.jpeg.ijg import ijg_luma_all
from jpegqf.jpeg.known_tables import Family
from jpegqf.jpeg.listed_tables import listed_tables


def test_every_quality_of_every_encoder_is_among_the_known_tables() -> None:
    found: dict[Family, set[float | None]] = {}
    for writer in known_tables().writers:
        found.setdefault(writer.family, set()).add(writer.quality)
    assert found[Family.IJG] == set(range(1, 101))
    assert found[Family.FFMPEG] == set(range(1, 70))
    assert found[Family.ADOBE] >= set(range(13))
    assert set(Family) - set(found) == {Family.WINDOWS}


def test_tables_are_steps_and_expected_shares_are_at_most_all_images() -> None:
    known = known_tables()
    assert known.steps.shape == (len(known), 64)
    assert known.steps.min() >= 1
    assert known.steps.max() <= 255
    assert np.exp(known.log_prior).sum() + FREE_SHARE == pytest.approx(1, abs=0.1)


def test_a_table_of_several_rules_counts_for_the_first() -> None:
    known = known_tables()
    rows = {tuple(table): row for row, table in reversed(list(enumerate(known.steps.tolist())))}
    assert all(known.writers[rows[tuple(table)]].family is Family.IJG for table in ijg_luma_all().tolist())


def test_only_what_is_listed_is_gathered_beside_the_rules() -> None:
    one = gathered(listed_tables()[:1])
    assert sum(writer.family in (Family.ADOBE, Family.CAMERA, Family.UNKNOWN) for writer in one.writers) == 1
