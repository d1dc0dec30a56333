"""The pictures of docs/how-it-works.md show what its text says."""

import re

import numpy as np
import pytest

from conftest import REPOSITORY

pytest.importorskip("matplotlib", reason="a picture needs matplotlib")
from docs import evidence_pictures as pictures

TEXT = (REPOSITORY / "docs" / "how-it-works.md").read_text(encoding="utf-8")


def test_every_picture_is_in_the_text_and_small() -> None:
    shown = re.findall(r"!\[[^\]]+\]\((how-[\w-]+\.png)\)", TEXT)
    assert shown == list(pictures.PICTURES)
    assert all((REPOSITORY / "docs" / name).stat().st_size < 60_000 for name in shown)


def test_nearly_all_blocks_come_back_at_the_quality_of_the_save_and_none_of_what_was_never_saved() -> None:
    once = pictures.shares_that_return(pictures.saved(pictures.photo(), pictures.LAST))
    assert np.argmax(once) + 1 == pictures.LAST
    assert once[pictures.LAST - 1] > 0.95
    assert max(pictures.shares_that_return(pictures.photo())[:95]) < 0.05


def test_a_quarter_of_the_differences_are_reached_and_all_of_a_decoded_jpegs() -> None:
    possible = pictures.reached()
    assert 0.2 < len(possible) / (2 * pictures.WINDOW + 1) ** 2 < 0.3
    found = pictures._differences(pictures.samples(pictures.saved(pictures.photo(), pictures.LAST)).reshape(-1, 3))
    assert set(map(tuple, found.tolist())) <= possible


def test_the_first_saves_teeth_stand_out_under_a_finer_save() -> None:
    twice = pictures.saved(pictures.saved(pictures.photo(), pictures.EARLIER_QUALITY), pictures.AGAIN)
    values = np.abs(pictures.coefficients(twice)[:, 8 * pictures.FREQUENCY[0] + pictures.FREQUENCY[1]])
    some = values[(values > 5) & (values < 45)]
    assert (np.abs(some - 10 * np.rint(some / 10)) <= 2).mean() > 0.9
