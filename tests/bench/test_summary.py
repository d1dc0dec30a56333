from pathlib import Path

import pytest

from bench.summary import write_rows


def test_rows_are_written_under_the_columns_whatever_their_order(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"b": 2.5, "a": "x,y"}, {"a": None}]
    write_rows(tmp_path / "rows.csv", ("a", "b"), rows)
    assert (tmp_path / "rows.csv").read_bytes() == b'a,b\n"x,y",2.5\n,\n'


def test_a_value_without_a_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="colour"):
        write_rows(tmp_path / "rows.csv", ("a",), [{"a": 1, "colour": "red"}])
