"""The schema, declared once: one row of evidence per image, its columns with type, unit and meaning."""

import dataclasses
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any


class Status(str, Enum):
    """What became of an image."""

    OK = "ok"
    SKIPPED = "skipped"
    """Sound, but its pixels cannot be judged; ``reason`` says why."""
    ERROR = "error"
    """It cannot be read; ``reason`` says why. What the header told before is kept."""


class Verdict(str, Enum):
    """The evidence in one word."""

    CONSISTENT = "consistent"
    """Header and pixels tell the same quality, and nothing speaks for an earlier, coarser save."""
    RESAVED = "resaved"
    """Saved as JPEG before, at a lower quality than its header says."""
    MISMATCH = "mismatch"
    """Header and pixels tell different qualities, and no earlier save explains it."""
    HEADER_ONLY = "header_only"
    """A JPEG whose pixels tell nothing."""
    PIXELS_ONLY = "pixels_only"
    """No JPEG header, but the pixels were a JPEG."""
    NEVER_JPEG = "never_jpeg"
    """No JPEG header, and no JPEG grid: never compressed, or resized or reworked since."""
    UNKNOWN = "unknown"
    """Nothing can be told."""


def _column(meaning: str, unit: str = "") -> Any:
    """A nullable column: None where it is unknown, never a sentinel."""
    return field(default=None, metadata={"meaning": meaning, "unit": unit})


@dataclass(frozen=True)
class Record:
    """All that is known of one image. Unknown is None."""

    path: str = field(metadata={"meaning": "where the image is; members of an archive as archive!member", "unit": ""})
    filename: str = field(metadata={"meaning": "last part of the path", "unit": ""})
    status: Status = field(metadata={"meaning": "ok, skipped or error", "unit": ""})
    reason: str | None = _column("why it was skipped or failed, as a code")
    message: str | None = _column("the same in words")
    format: str | None = _column("container, as Pillow names it: JPEG, MPO, PNG, WEBP, TIFF, BMP, PPM")
    width: int | None = _column("stored width", "pixels")
    height: int | None = _column("stored height", "pixels")
    qf: int | None = _column("the answer: quality of the last JPEG save", "IJG quality 1-100")
    qf_source: str | None = _column("what the answer rests on: header or pixels")
    header_qf: int | None = _column("quality of the luma quantization table", "IJG quality 1-100")
    header_qf_chroma: int | None = _column("quality of the chroma quantization table", "IJG quality 1-100")
    header_match: str | None = _column("how the luma table matches an IJG table: exact, nearest or none")
    encoder: str | None = _column("encoder family that writes these tables")
    encoder_quality: float | None = _column("quality on that encoder's own scale", "encoder's quality")
    subsampling: str | None = _column("chroma subsampling: 4:4:4, 4:2:2, 4:2:0, ..., gray")
    progressive: bool | None = _column("whether the JPEG is progressive")
    pixel_qf: int | None = _column(
        "quality of the last JPEG save, from the pixels alone; null if its interval spans more than 20",
        "IJG quality 1-100",
    )
    pixel_qf_low: int | None = _column("lower end of its 95 % interval", "IJG quality 1-100")
    pixel_qf_high: int | None = _column("upper end of its 95 % interval", "IJG quality 1-100")
    pixel_confidence: float | None = _column("probability that pixel_qf is exact", "0-1")
    jpeg_probability: float | None = _column("probability of a JPEG grid, from the pixels", "0-1")
    grid_x: int | None = _column("column of the first JPEG grid line: not 0 after a crop", "pixels 0-7")
    grid_y: int | None = _column("row of the first JPEG grid line", "pixels 0-7")
    first_qf: int | None = _column("quality of an earlier save, on the same grid or another", "IJG quality 1-100")
    recompressed_probability: float | None = _column("probability of an earlier, coarser save, on any grid", "0-1")
    verdict: Verdict = field(default=Verdict.UNKNOWN, metadata={"meaning": "the evidence in one word", "unit": ""})
    verdict_text: str | None = _column("the evidence in a sentence")
    model: str | None = _column("name of the model behind the pixel columns")

    def to_dict(self) -> dict[str, Any]:
        """Columns in order, enums as their texts."""
        return vars(self) | {"status": self.status.value, "verdict": self.verdict.value}


COLUMNS: tuple[str, ...] = tuple(item.name for item in dataclasses.fields(Record))
"""Column names in order."""


@cache
def column_type(name: str) -> type:
    """The Python type of a column's values beside None: str, int, float or bool."""
    annotation = next(item.type for item in dataclasses.fields(Record) if item.name == name)
    for kind in (bool, int, float):
        if kind in getattr(annotation, "__args__", (annotation,)):
            return kind
    return str
