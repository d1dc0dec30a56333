"""Columns of a record -> a small HTML table, for notebooks."""

from collections.abc import Mapping
from html import escape
from typing import Any

from jpegqf.names import printable, visible


def html_table(columns: Mapping[str, Any], outcome: str) -> str:
    """The columns that people read first, by the names of ``Record.to_dict``; rows of what is unknown are left out.

    ``outcome``: that of the record. All texts are escaped: names and messages may be a stranger's.
    """
    words = columns["message"] if columns["status"] == "error" else columns["verdict_text"] or columns["message"]
    rows = {
        "verdict": f"{outcome}: {words}" if words else outcome,
        "quality": _with(columns["qf"], columns["qf_source"]),
        "header": _with(columns["header_qf"], columns["header_match"]),
        "encoder": _with(columns["encoder"], columns["encoder_quality"]),
        "pixels": _with(columns["pixel_qf"], _interval(columns["pixel_qf_low"], columns["pixel_qf_high"])),
        "first save": _with(columns["first_qf"], _interval(columns["first_qf_low"], columns["first_qf_high"])),
        f"{columns['format']}'s own quality": columns["codec_quality"],
        "regions": columns["regions"],
    }
    size = f" {columns['width']}×{columns['height']}" if columns["width"] else ""
    caption = f"{columns['path']} ({columns['format']}{size})" if columns["format"] else columns["path"]
    body = "".join(
        f"<tr><th>{_text(name)}</th><td>{_text(told)}</td></tr>" for name, told in rows.items() if told or told == 0
    )
    return f"<table><caption>{_text(caption)}</caption><tbody>{body}</tbody></table>"


def _with(told: Any, more: Any) -> str | None:
    """A value with what it rests on in brackets; either may be unknown."""
    if told is None:
        return None if more is None else f"unknown ({more})"
    return f"{told}" if more is None else f"{told} ({more})"


def _interval(low: int | None, high: int | None) -> str | None:
    if low is None or high is None:
        return None
    return f"exactly {low}" if low == high else f"{low} to {high}"


def _text(told: Any) -> str:
    return escape(visible(printable(str(told))))
