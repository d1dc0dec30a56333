"""Rows and results that the tests of the report share."""

import os
from pathlib import Path
from typing import Any

from bench.report import synthetic_rows
from jpegqf.outputs.base import Batch
from jpegqf.outputs.formats import open_writer
from jpegqf.record import Record, Status
from jpegqf.report.aggregate import NEEDED, Aggregate
from jpegqf.report.grouping import grouping
from jpegqf.report.texts import Text


def batch_of(records: list[Record]) -> Batch:
    rows = [record.to_dict() for record in records]
    return {name: [row[name] for row in rows] for name in NEEDED}


def counted(
    records: list[Record], by: str = "folder", worst: int = 10, drawn: int = 10, at_once: int = 700
) -> Aggregate:
    found = Aggregate(grouping(by), worst, drawn)
    for start in range(0, len(records), at_once):
        found.add(batch_of(records[start : start + at_once]))
    return found


def said(text: Any) -> str:
    """A text of the page's data in English."""
    if isinstance(text, str):
        return text
    key, *places = text
    return str(Text(key, {name: said(value) for name, value in (places[0] if places else {}).items()}))


def ok(path: str = "a.jpg", **columns: object) -> Record:
    return Record(path, os.path.basename(path), Status.OK, **columns)  # type: ignore[arg-type]


def results(path: Path, records: list[Record]) -> str:
    writer = open_writer(str(path))
    for record in records:
        writer.write(record)
    writer.close()
    return str(path)


ROWS = list(synthetic_rows(3000))
