"""How many images paths lead to, counted a little at a time while the work goes on, for a progress bar."""

import time
from collections.abc import Iterable, Iterator

from jpegqf.inputs.find import path_entries
from jpegqf.inputs.item import Archive, Entry

SLICE = 0.005
"""Seconds of counting between two images."""


class Counting:
    """Counts the images of files, folders and globs, a page as none of its own.

    ``total``: their number once all are counted; None until then, and for good where an archive, a list or standard
    input would have to be read for it.
    """

    def __init__(self, paths: Iterable[str], suffixes: frozenset[str], recursive: bool) -> None:
        self.total: int | None = None
        self._counted = 0
        self._entries: Iterator[Entry] | None = (
            entry for path in paths for entry in _entries(path, suffixes, recursive)
        )

    def go_on(self, seconds: float = SLICE) -> None:
        """Count for some more seconds, or to the end."""
        until = time.monotonic() + seconds
        while self._entries and time.monotonic() < until:
            entry = next(self._entries, None)
            if isinstance(entry, Archive):
                self._entries = None
            elif entry:
                self._counted += 1
            else:
                self.total, self._entries = self._counted, None


def _entries(path: str, suffixes: frozenset[str], recursive: bool) -> Iterator[Entry]:
    """The entries of a path; a list and standard input are one archive, which is not opened."""
    return iter([Archive(path)]) if path == "-" or path.startswith("@") else path_entries(path, suffixes, recursive)
