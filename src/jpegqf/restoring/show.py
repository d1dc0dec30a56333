"""What a person is told of each restored image, a line a row, and of what the JPEGs save, a table."""

from jpegqf.record import Status
from jpegqf.restoring.job import Saving
from jpegqf.restoring.row import RestoredRow
from jpegqf.terminal import shown_path


def line_of(row: RestoredRow, width: int) -> str:
    """What became of one image; no line is cut to the terminal's ``width``."""
    return f"{shown_path(row.path)}: {_words(row)}"


def _words(row: RestoredRow) -> str:
    if row.status is not Status.OK or row.bytes_after is None:
        return row.message or str(row.reason)
    return "; ".join(filter(None, [_restored(row), row.message]))


def _restored(row: RestoredRow) -> str:
    """What became of a restored image, in words."""
    quality = "tables of no IJG quality" if row.quality is None else f"quality {row.quality}"
    size = f"{row.bytes_before} -> {row.bytes_after} bytes"
    place = "" if row.crop_x is None else f", from column {row.crop_x} and row {row.crop_y} on"
    return f"{row.output}, {quality}, {row.subsampling}, {size}, proven{place}"


def savings_table(savings: dict[str, Saving]) -> list[str]:
    """The lines of a table: images that were restored, their bytes, those of the JPEGs, and what these would save.

    By container, those that would save most first, with their sum; none where nothing was restored.
    """
    if not savings:
        return []
    order = sorted(savings.items(), key=lambda pair: pair[1].after - pair[1].before)
    total = Saving(*(sum(getattr(one, name) for one in savings.values()) for name in ("images", "before", "after")))
    rows = order if len(order) == 1 else [*order, ("all", total)]
    names = ("restored", "images", "bytes", "as JPEG", "saved")
    lines = [f"{names[0]:<10}" + "".join(f"{name:>16}" for name in names[1:])]
    for container, one in rows:
        saved = one.before - one.after
        share = f"{saved} ({saved / one.before:.0%})"
        lines.append(f"{container[:10]:<10}{one.images:>16}{one.before:>16}{one.after:>16}{share:>16}")
    return lines
