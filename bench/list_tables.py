"""Tables of the wild -> the package's list of tables that no rule explains.

    python -m bench.list_tables --tables CSV

CSV: the columns ``origin``, ``files``, ``written_by``, ``luma`` and ``chroma`` (64 steps each, row-major, apart by
spaces; no chroma where only single tables were collected). Damaged tables are left out. Rows of the list that give a
quality on an editor's own scale stay as they are; their column ``seen`` says how they are known.
"""

import argparse
import csv
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jpegqf.arrays import I64
from jpegqf.jpeg.encoders import EDITORS
from jpegqf.jpeg.jpegli import match_jpegli
from jpegqf.jpeg.known_tables import Family
from jpegqf.jpeg.listed_tables import ListedTable, parse_row
from jpegqf.jpeg.ruled_tables import is_guetzli, match_ffmpeg
from jpegqf.jpeg.table_match import match_ijg, match_mozjpeg, match_scaled

TARGET = Path(__file__).parents[1] / "src" / "jpegqf" / "jpeg" / "listed_tables.csv"
NAMED_WRITERS = 3
"""Most writers that are named of one table."""
COLUMNS = ("family", "name", "quality", "luma", "chroma", "seen")


def of_the_wild(path: Path) -> Iterator[ListedTable]:
    """Tables of real files and of uploads."""
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            luma, chroma = (tuple(map(int, row[plane].split())) or None for plane in ("luma", "chroma"))
            family, name = _writer(row["written_by"])
            count = int(row["files"] or 0)
            seen = f"{count} file{'' if count == 1 else 's'}" if row["origin"] == "file" else "uploads"
            if luma is not None:
                yield ListedTable(luma, chroma, family, name, None, seen)


def _writer(told: str) -> tuple[Family, str]:
    """Family and name from the column ``written_by``: "Make | Model | Software (files); ...".

    Editors that only re-saved a camera's file are named instead of the camera.
    """
    cameras: dict[str, None] = {}
    adobe = False
    for entry in filter(None, map(str.strip, told.split(";"))):
        parts = [_printable(part.split("\0")[0]) for part in re.sub(r"\(\d+\)$", "", entry).split("|")]
        adobe |= any(re.search("photoshop|lightroom", part, re.IGNORECASE) for part in parts)
        if len(parts) > 1 and not any(EDITORS.search(part) for part in parts):
            make, model = parts[:2]
            known = model.lower().startswith(make.lower().split()[0]) if make and model else True
            cameras.setdefault(model if known else f"{make.split()[0]} {model}", None)
    if cameras:
        more = " and others" if len(cameras) > NAMED_WRITERS else ""
        return Family.CAMERA, ", ".join(list(cameras)[:NAMED_WRITERS]) + more
    return (Family.ADOBE, "Photoshop or Lightroom, setting unknown") if adobe else (Family.UNKNOWN, "")


def _printable(text: str) -> str:
    """A stranger's text as a name: what can be printed, no comma, in one line."""
    return " ".join("".join(c if c.isprintable() and c not in ",;|" else " " for c in text).split())[:40]


def has_a_rule(table: ListedTable) -> bool:
    """Whether a rule says who writes this pair of tables."""
    luma, chroma = (None if steps is None else np.array(steps, np.int64) for steps in (table.luma, table.chroma))
    if luma is None:
        return False
    pair = [luma] if chroma is None else [luma, chroma]
    exact = [match_ijg(steps, plane > 0).kind == "exact" for plane, steps in enumerate(pair)]
    scaled = [match_scaled(steps, plane > 0) is not None for plane, steps in enumerate(pair)]
    ffmpeg = match_ffmpeg(luma) is not None and (chroma is None or bool((luma == chroma).all()))
    jpegli = any(match_jpegli(pair, subsampled) for subsampled in (False, True))
    if chroma is not None and is_guetzli(luma) and bool((luma == chroma).all()):
        return True
    return all(exact) or (all(scaled) and not table.name) or ffmpeg or jpegli or match_mozjpeg(luma, chroma) is not None


def is_sound(table: ListedTable) -> bool:
    """Whether no step is 0 and none stands out from its neighbours as only damage makes it."""
    return all(min(steps) >= 1 and not _torn(np.array(steps)) for steps in (table.luma, table.chroma) if steps)


TORN = 3.0
"""How many times all its neighbours, up, down, left and right, a damaged step is."""


def _torn(steps: I64) -> bool:
    square = np.pad(steps.reshape(8, 8).astype(float), 1, mode="edge")
    around = np.stack([square[:-2, 1:-1], square[2:, 1:-1], square[1:-1, :-2], square[1:-1, 2:]]).max(axis=0)
    inner = square[1:-1, 1:-1]
    return bool(((inner > TORN * around) & (inner > TORN * TORN)).reshape(-1)[1:].any())


def listed(tables: Path, kept: Path) -> list[ListedTable]:
    """The list: editors' tables as ``kept`` has them, then those of the wild that no rule explains."""
    editors = [table for table in _read(kept) if table.quality is not None]
    pairs = {(table.luma, table.chroma) for table in editors}
    halves = {table.luma for table in editors}
    out = list(editors)
    for table in of_the_wild(tables):
        known = (table.luma, table.chroma) in pairs or (table.chroma is None and table.luma in halves)
        if not known and is_sound(table) and not has_a_rule(table):
            out.append(table)
            pairs.add((table.luma, table.chroma))
            halves.add(table.luma)
    return out


def _read(path: Path) -> list[ListedTable]:
    with path.open(newline="", encoding="utf-8") as file:
        return [parse_row(row) for row in csv.DictReader(file)]


def write(tables: list[ListedTable], path: Path) -> None:
    """Write the list."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for table in tables:
            planes = [" ".join(map(str, steps or ())) for steps in (table.luma, table.chroma)]
            quality = "" if table.quality is None else table.quality
            rows.writerow([table.family.value, table.name, quality, *planes, table.seen])


def main() -> None:
    """Make the list anew; editors' tables stay as they are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=Path, required=True, help="tables of the wild")
    parser.add_argument("--list", type=Path, default=TARGET, help="the list to renew (default %(default)s)")
    arguments = parser.parse_args()
    tables = listed(arguments.tables, arguments.list)
    write(tables, arguments.list)
    named = sum(bool(table.name) for table in tables)
    print(f"{len(tables)} tables, {named} of them with who writes them")


if __name__ == "__main__":
    main()
