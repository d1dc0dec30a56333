import numpy as np
import pytest

from jpegqf.jpeg.known_tables import Family
from jpegqf.jpeg.listed_tables import by_steps, listed_tables, parse_row
from jpegqf.jpeg.ruled_tables import is_guetzli, match_ffmpeg
from jpegqf.jpeg.table_match import match_ijg, match_mozjpeg

ROW = {"family": "camera", "name": "X 1", "quality": "", "luma": " ".join(["3"] * 64), "chroma": "", "seen": "1 file"}


def test_every_table_has_64_steps_and_says_where_it_was_seen() -> None:
    for table in listed_tables():
        for steps in filter(None, (table.luma, table.chroma)):
            assert len(steps) == 64
            assert min(steps) >= 1
        assert table.seen
        assert bool(table.name) == (table.family is not Family.UNKNOWN)


def test_no_pair_is_listed_twice_and_none_that_a_rule_explains() -> None:
    pairs = [(table.luma, table.chroma) for table in listed_tables()]
    assert len(set(pairs)) == len(pairs)
    for table in listed_tables():
        luma, chroma = np.array(table.luma), None if table.chroma is None else np.array(table.chroma)
        exact = match_ijg(luma).kind == "exact" and (chroma is None or match_ijg(chroma, True).kind == "exact")
        same = chroma is None or bool((luma == chroma).all())
        assert not exact
        assert match_mozjpeg(luma, chroma) is None
        assert not (same and match_ffmpeg(luma))
        assert not (chroma is not None and same and is_guetzli(luma))


def test_tables_are_found_by_their_luma_steps() -> None:
    assert sum(map(len, by_steps().values())) == len(listed_tables())
    assert all(entry.luma == luma for luma, entries in by_steps().items() for entry in entries)


def test_a_row_without_steps_or_of_no_family_is_refused() -> None:
    assert parse_row(ROW).chroma is None
    for wrong in ({"luma": ""}, {"family": "nobody"}, {"luma": "a b"}):
        with pytest.raises(ValueError, match=r".+"):
            parse_row(ROW | wrong)
