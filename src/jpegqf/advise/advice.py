"""The row of ``jpegqf advise``, declared once: its columns with type, unit and meaning."""

from dataclasses import MISSING, dataclass, fields
from typing import Any

from jpegqf.outputs.base import Shape
from jpegqf.record import COUNT, QUALITY, Status, column, column_of
from jpegqf.terminal import line_in_columns


@dataclass(frozen=True)
class Advice:
    """What the evidence of one image means for somebody who must act. Unknown is None."""

    path: str = column("where the image is; members of an archive as archive!member",
                       from_strangers=True, default=MISSING)  # fmt: skip
    status: Status = column("ok, skipped or error, as of a scan", default=MISSING)
    reason: str | None = column("why it was skipped or failed, as a code")
    advice: str = column(
        "all of the advice as a sentence, and why something is unknown", from_strangers=True, default=""
    )
    max_quality: int | None = column(
        "quality above which re-encoding as JPEG adds bytes and no detail: the lowest of the last and the earlier save",
        "IJG quality 1-100, or its equivalent",
        QUALITY,
    )
    optimised: bool | None = column(
        "of JPEGs: whether coding it anew without loss would save less than 1 % of it; null if that cannot be told"
    )
    bytes_saved: int | None = column(
        "what the better of jpegtran -optimize and -progressive saves without loss; null if it was not measured",
        "bytes",
        (0, 2**40),
    )
    was_jpeg: bool | None = column(
        "of containers without loss (PNG, BMP, PPM, GIF, TIFF): whether the pixels show a JPEG save all over; false: "
        "they show none, which a resize removes, too; null if it cannot be told"
    )
    restore_saves: int | None = column(
        "with --prove, of containers without loss: what the JPEG that gives exactly these pixels would save, made in "
        "memory by jpegqf restore; null where none is proven",
        "bytes",
        (-(2**40), 2**40),
    )
    picture_group: int | None = column(
        "with --duplicates: number of the group of files that show the same picture; null if no other file shows it",
        span=COUNT,
    )
    keep: bool | None = column(
        "with --duplicates: whether it is the best of its group; null if it cannot be compared, or has no group"
    )

    def to_dict(self) -> dict[str, Any]:
        """Columns in order, the status as its text."""
        return vars(self) | {"status": self.status.value}


ROWS = Shape({item.name: column_of(item) for item in fields(Advice)})
"""The columns of these rows."""


def advice_line(advice: Advice, width: int) -> str:
    """An advice as one line of a terminal ``width`` columns wide: name, greatest quality, sentence."""
    return line_in_columns(advice.path, advice.max_quality, advice.advice, width)
