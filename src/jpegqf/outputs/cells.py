"""Texts of strangers as cells that no spreadsheet takes for a formula."""

import re

FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
"""What a spreadsheet would run (OWASP, "CSV injection"), and what our own guard would be mistaken for."""


def guard_cell(text: str) -> str:
    """Text that a spreadsheet shows and never runs: ``'`` goes before ``= + - @``, tab and line break."""
    return "'" + text if FORMULA.match(text) else text


def guard_path(path: str) -> str:
    """The same for a relative path, which stays a path to the same file: ``./`` goes before it."""
    return "./" + path if FORMULA.match(path) else path
