import csv
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import in_cells
from jpegqf.errors import UsageError
from jpegqf.outputs.formats import FORMAT_OF_SUFFIX, open_writer
from jpegqf.outputs.results import read_records
from jpegqf.record import COLUMN, Column, Record, Region, Status, Verdict

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


def region_of(x: int, quality: int | None) -> Region:
    return Region(x, 1, 2, 3, 4, 5, quality, 1, 100, 0.5, 1.0)


VALUES = {
    str: TEXT,
    int: st.integers(1, 100),
    float: st.floats(0, 1),
    bool: st.booleans(),
}
LISTS: dict[str, st.SearchStrategy[list[Any]]] = {
    "region_list": st.lists(st.builds(region_of, st.integers(0, 2**31), st.none() | st.integers(1, 100)), max_size=3),
    "pixel_table": st.lists(st.none() | st.integers(1, 255), min_size=64, max_size=64),
}
REQUIRED = ("path", "filename", "status", "verdict")


def values_of(column: Column) -> st.SearchStrategy[object]:
    if column.span and column.kind is int:
        return st.none() | st.integers(*column.span)
    if column.kind is list:
        return st.none() | LISTS[column.name].map(lambda items: tuple(items))
    return st.none() | (st.floats(*column.span) if column.span else VALUES[column.kind])


OPTIONAL = {name: values_of(column) for name, column in COLUMN.items() if name not in REQUIRED}
RECORDS = st.builds(
    Record, path=TEXT, filename=TEXT, status=st.sampled_from(Status), verdict=st.sampled_from(Verdict), **OPTIONAL
)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=25)
@given(st.lists(RECORDS, max_size=5))
@pytest.mark.parametrize("suffix", list(FORMAT_OF_SUFFIX))
def test_every_format_reads_back_what_was_written(
    suffix: str, tmp_path_factory: pytest.TempPathFactory, records: list[Record]
) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    path = str(tmp_path_factory.mktemp("w") / f"out{suffix}")
    writer = open_writer(path)
    for record in records:
        writer.write(record)
    writer.close()
    held = in_cells(records) if suffix == ".csv" else records
    assert list(read_records(path)) == held


def test_csv_has_no_formula_and_opens_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    writer = open_writer(str(path))
    writer.write(Record("=cmd|x!A1", "@x", Status.ERROR, message="-1"))
    writer.close()
    assert path.read_bytes().startswith(b"\xef\xbb\xbfpath,")
    with path.open(newline="", encoding="utf-8-sig") as file:
        cells = list(csv.reader(file))[1]
    assert not any(cell.startswith(("=", "@", "-", "+")) for cell in cells)


def test_an_existing_file_is_kept_unless_overwrite_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_text("precious")
    with pytest.raises(UsageError, match="--overwrite"):
        open_writer(str(path))
    assert path.read_text() == "precious"
    open_writer(str(path), overwrite=True).close()
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM records").fetchone() == (0,)
    connection.close()


def test_another_suffix_or_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.csv \.jsonl"):
        open_writer(str(tmp_path / "a.xlsx"))
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        open_writer(str(tmp_path / "file" / "a.csv"))
