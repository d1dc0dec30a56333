"""Rows -> the group each belongs to: its folder, a folder's name at one level, or the value of a column."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from jpegqf.errors import UsageError
from jpegqf.inputs.suffixes import ARCHIVE_SUFFIXES, DOCUMENT_SUFFIXES
from jpegqf.outputs.base import Batch
from jpegqf.report.texts import Text, shown

MOST_GROUPS = 2000
LONGEST_NAME = 512
"""Characters of a group's name that are kept."""
LONGEST_TITLE = 60
"""Characters of a column's name that are shown."""
ARCHIVE = re.compile(f"({'|'.join(map(re.escape, ARCHIVE_SUFFIXES))})!", re.IGNORECASE)
PAGE = re.compile(f"({'|'.join(map(re.escape, DOCUMENT_SUFFIXES))})!\\d+/\\d+$", re.IGNORECASE)
"""A page and the number of an image on it, which are no folder."""
WINDOWS = re.compile(r"[A-Za-z]:\\|\\\\|\.{0,2}\\")
BY_FOLDER = re.compile(r"folder(?::(-?\d{1,3}))?")
HERE = "."
"""The folder of paths that name none."""

GroupName = str | None
"""A group: None where the column is empty."""


class Others(str):
    """The name of all groups after MOST_GROUPS; unlike any name in a file, equal names are not this one."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


OTHERS = Others("(others)")


def folder_of(path: str) -> str:
    """The folder of a path as scan writes it; an archive counts as one."""
    if "!" in path:
        path = ARCHIVE.sub(lambda found: found[0] + "/", PAGE.sub(r"\1!", path))
    if "/" not in path and WINDOWS.match(path):
        return path.rpartition("\\")[0] or HERE
    return path.rpartition("/")[0] or ("/" if path.startswith("/") else HERE)


def folder_level(path: str, level: int) -> GroupName:
    """The name of one folder of a path: the first is 1, the last -1; None where there is none."""
    folder = folder_of(path)
    parts = _parts(folder, "\\" if "/" not in folder and WINDOWS.match(path) else "/")
    place = level - 1 if level > 0 else level
    return parts[place] if -len(parts) <= place < len(parts) else None


@lru_cache(4096)
def _parts(folder: str, separator: str) -> list[str]:
    return [part for part in folder.split(separator) if part and part != HERE]


@dataclass(frozen=True)
class Grouping:
    """How rows are grouped: ``title`` in every language, ``column`` the one it needs, ``of`` its values -> names."""

    title: Text
    column: str
    of: Callable[[list[object]], list[GroupName]]

    def names(self, batch: Batch) -> list[GroupName]:
        """The group of each row."""
        return self.of(batch[self.column])


def grouping(by: str) -> Grouping:
    """``folder``, ``folder:N`` or a column. Raises UsageError for level 0."""
    found = BY_FOLDER.fullmatch(by)
    if not found:
        title = Text("by.column", {"name": shown(by, LONGEST_TITLE)})
        return Grouping(title, by, lambda values: [_clipped(str(value)) if _known(value) else None for value in values])
    if not found[1]:
        return Grouping(Text("by.folder"), "path", lambda paths: [_clipped(folder_of(str(path))) for path in paths])
    level = int(found[1])
    if not level:
        raise UsageError("--by folder:N counts from 1, or from -1 at the end of the path")
    title = Text("by.level", {"n": str(level)})

    def of(paths: list[object]) -> list[GroupName]:
        names = (folder_level(str(path), level) for path in paths)
        return [name and _clipped(name) for name in names]

    return Grouping(title, "path", of)


def _known(value: object) -> bool:
    """Whether a cell holds anything; pandas writes what is missing as a number that is not itself."""
    return value is not None and value == value


def _clipped(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME // 2]}…{name[-LONGEST_NAME // 2 :]}"


class Bounded:
    """Names as they come, the first ``most`` of them; all later ones are OTHERS."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[GroupName] = {None}
        self.full = False

    def __call__(self, names: list[GroupName]) -> list[GroupName]:
        """The same names, those that are too many replaced."""
        for name in dict.fromkeys(names):
            if name in self._known:
                continue
            if len(self._known) > self._most:
                self.full = True
                return [name if name in self._known else OTHERS for name in names]
            self._known.add(name)
        return names
