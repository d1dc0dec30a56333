"""Colours of words on a terminal."""

import os
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from jpegqf.record import Record

OUTCOME_COLOURS = {
    "consistent": "green",
    **dict.fromkeys(("re-saved", "mismatch", "composite", "partly a JPEG", "another codec"), "yellow"),
    "was a JPEG": "cyan",
    "unreadable": "red",
}
"""Of ``Record.outcome``, by the names that click and rich share; others are blue."""


def colour_of(record: "Record") -> str:
    """The colour of an outcome on a terminal: red what is broken, yellow what a person should look at."""
    return OUTCOME_COLOURS.get(record.outcome, "blue")


def painted(text: str, **style: Any) -> str:
    """The text in a style where standard output is a terminal that shows colours, and the user wants them."""
    wanted = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return click.style(text, **style) if wanted else text
