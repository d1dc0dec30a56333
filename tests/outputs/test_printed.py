import csv
import io
import json

import pytest

from jpegqf.outputs.base import RECORDS
from jpegqf.outputs.printed import PRINTED
from jpegqf.record import CELLS, COLUMNS, Record, Status

ROWS = [Record("=a.jpg", "=a.jpg", Status.OK, qf=82), Record("b,\n.jpg", "b", Status.ERROR, message="broken")]


def printed(form: str, rows: list[Record]) -> str:
    parts: list[str] = []
    printer = PRINTED[form](parts.append, RECORDS)
    for row in rows:
        printer.show(row)
    printer.close()
    return "".join(parts)


def test_json_is_one_array_with_every_column() -> None:
    rows = json.loads(printed("json", ROWS))
    assert [list(row) for row in rows] == [list(COLUMNS)] * 2
    assert [row["qf"] for row in rows] == [82, None]


def test_json_lines_are_one_object_a_line() -> None:
    assert [json.loads(line)["path"] for line in printed("jsonl", ROWS).splitlines()] == ["=a.jpg", "b,\n.jpg"]


def test_csv_has_a_header_no_byte_order_mark_and_no_formula() -> None:
    header, first, second = csv.reader(io.StringIO(printed("csv", ROWS), newline=""))
    assert header == list(CELLS)
    assert first[:2] == ["'=a.jpg", "'=a.jpg"]
    assert second[0] == "b,\n.jpg"


@pytest.mark.parametrize("form", list(PRINTED))
def test_without_rows_nothing_is_printed(form: str) -> None:
    assert printed(form, []) == ""
