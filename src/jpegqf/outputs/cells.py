"""Makes texts from untrusted files safe as cells: a spreadsheet would run some of them as formulas."""

import re

FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
"""Beginnings that a spreadsheet runs as a formula (OWASP, "CSV injection"), also behind quotes like the guard's."""


def guard_cell(text: str) -> str:
    """The text with ``'`` before a leading ``= + - @``, tab or line break, so that a spreadsheet does not run it."""
    return "'" + text if FORMULA.match(text) else text


def guard_path(path: str) -> str:
    """A relative path with ``./`` before such a beginning: no formula, and still a path to the same file."""
    return "./" + path if FORMULA.match(path) else path
