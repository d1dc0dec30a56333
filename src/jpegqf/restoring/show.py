"""What a person is told of each restored image, a line a row."""

from jpegqf.restoring.row import RestoredRow
from jpegqf.terminal import shown_path


def line_of(row: RestoredRow, width: int) -> str:
    """What became of one image; no line is cut to the terminal's ``width``."""
    return f"{shown_path(row.path)}: {row.message or _restored(row)}"


def _restored(row: RestoredRow) -> str:
    """What became of a restored image, in words."""
    quality = "tables of no IJG quality" if row.quality is None else f"quality {row.quality}"
    return f"{row.output}, {quality}, {row.subsampling}, {row.bytes_before} -> {row.bytes_after} bytes, proven"
