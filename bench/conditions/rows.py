"""One row per file, and the CSV of them."""

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_args

from bench import summary


@dataclass(frozen=True)
class Row:
    """One file, what is true of it (``true_*``) and what was said of it; None where there is nothing.

    ``image`` in the folder, ``condition``, ``seed`` and ``index`` make the very file again, with the second image
    ``other`` where a condition needs one. ``imagemagick``, ``exiftool`` and ``header_qf`` (this package's): what
    readers of the header say. ``overlap``: of the last true part and the region nearest to it, intersection over
    union. ``part_error``: largest error of the qualities of all parts. ``true_encoder``: the family that writes the
    tables, with the quality on its own scale. ``steps_named``: steps of the luma table told from the pixels, 0..64;
    ``steps_wrong``: of those, the ones that are not the last save's. ``issue``: why there is no answer at all.
    """

    condition: str
    index: int
    seed: int
    image: str
    kind: str
    content: str = ""
    width: int = 0
    height: int = 0
    variant: str = ""
    subsampling: str = ""
    true_qf: int | None = None
    true_grid_x: int | None = None
    true_grid_y: int | None = None
    true_first: int | None = None
    status: str = ""
    reason: str = ""
    pixel_qf: int | None = None
    pixel_qf_low: int | None = None
    pixel_qf_high: int | None = None
    pixel_confidence: float | None = None
    jpeg_probability: float | None = None
    grid_x: int | None = None
    grid_y: int | None = None
    qf: int | None = None
    first_qf: int | None = None
    recompressed_probability: float | None = None
    header_qf: int | None = None
    imagemagick: int | None = None
    exiftool: int | None = None
    other: str = ""
    true_verdict: str = ""
    verdict: str = ""
    regions: int | None = None
    jpeg_share: float | None = None
    overlap: float | None = None
    part_error: int | None = None
    true_encoder: str = ""
    true_encoder_quality: float | None = None
    header_match: str = ""
    encoder: str = ""
    encoder_quality: float | None = None
    pixel_encoder: str = ""
    pixel_codec: str = ""
    pixel_subsampling: str = ""
    pixel_qf_chroma: int | None = None
    steps_named: int | None = None
    steps_wrong: int | None = None
    issue: str = ""


def _parsed(kind: Any, text: str) -> Any:
    if text == "":
        return "" if kind is str else None
    return next(one for one in (*get_args(kind), kind) if one is not type(None))(text)


def read_rows(path: Path) -> list[Row]:
    """Rows of an earlier run's CSV."""
    kinds = {field.name: field.type for field in fields(Row)}
    with path.open(newline="", encoding="utf-8") as file:
        return [Row(**{name: _parsed(kinds[name], text) for name, text in raw.items()}) for raw in csv.DictReader(file)]


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """A CSV with one row per file."""
    summary.write_rows(path, [field.name for field in fields(Row)], map(asdict, rows))
