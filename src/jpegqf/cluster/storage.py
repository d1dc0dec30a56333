"""Opens and lists files and folders, local or remote, by their path or URL, with pyarrow or fsspec."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Any

from jpegqf.errors import UsageError
from jpegqf.optional import pyarrow

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem


URL = re.compile(r"([a-z][a-z0-9+.-]+)://([^/]*)/*(.*)", re.DOTALL)
OPTIONS = re.compile(r"\?\w+=[^/?]*$")
"""Options for pyarrow after a URL, such as ``?endpoint_override=...&scheme=http``. Any other ``?`` is a glob."""
SECRETS = re.compile(r"([a-z][a-z0-9+.-]*://)(?:[^\s/@]*@)?([^\s?'\"]*)(?:\?[^\s'\")]*)?")
"""A URL in a message. What it has before ``@`` and after ``?`` may be secret and is removed."""
BRACES = re.compile(r"\{(\d{1,18})\.\.(\d{1,18})\}")
"""A range of numbers, as WebDataset writes them: ``{000..999}``."""
MAGIC = re.compile(r"[*?[]")
"""Characters that make a name a glob."""
STREAM_BYTES = 2**22
"""Bytes that are read at once from a remote archive."""


def is_url(text: str) -> bool:
    """Whether the text is a URL and not a local path."""
    return bool(URL.match(text))


@dataclass(frozen=True)
class Place:
    """A file or folder, which need not exist: ``path`` in ``filesystem``."""

    filesystem: "FileSystem"
    path: str
    root: str = ""
    """Scheme and host of the URL, with a slash at the end; empty for a local path."""
    prefix: str = ""
    """The path in the filesystem that ``root`` stands for."""
    options: str = ""
    """What follows the URL's path: ``?`` and pyarrow's options, or nothing."""

    @property
    def url(self) -> str:
        """The URL or path from which any process can make this place again."""
        return self.root + self.path[len(self.prefix) :] + self.options

    @property
    def name(self) -> str:
        """The URL without secrets, see :func:`name_of`."""
        return name_of(self.url)

    def at(self, path: str) -> "Place":
        """The place of another path in the same filesystem."""
        return replace(self, path=path)

    def __truediv__(self, name: str) -> "Place":
        return self.at(f"{self.path.rstrip('/')}/{name}")

    @property
    def _asked(self) -> str:
        """The path to ask the filesystem for. With HTTP, what follows ``?`` is a part of it."""
        return self.path + self.options if self.root.startswith(("http://", "https://")) else self.path

    def info(self) -> "FileInfo":
        """Whether it is a file, a folder or absent, and its size. Raises OSError if that cannot be found out."""
        return self.filesystem.get_file_info(self._asked)

    def listing(self) -> "list[FileInfo]":
        """The files and folders in this folder, sorted by name. Raises OSError."""
        select = pyarrow_fs().FileSelector(self.path, recursive=False)
        return sorted(self.filesystem.get_file_info(select), key=lambda info: info.base_name)

    def open_stream(self) -> IO[bytes]:
        """Open the file to read it from beginning to end, without seeking. Raises OSError."""
        if self.filesystem.type_name.startswith("py::"):
            return self._opened_by_fsspec()
        return self.filesystem.open_input_stream(self.path, compression=None)  # type: ignore[no-any-return]

    def open_file(self) -> IO[bytes]:
        """Open the file for reading at any position. Raises OSError."""
        if self.filesystem.type_name.startswith("py::"):
            return self._opened_by_fsspec()
        return self.filesystem.open_input_file(self.path)  # type: ignore[no-any-return]

    def _opened_by_fsspec(self) -> IO[bytes]:
        """Open the file by fsspec itself: through pyarrow, every error would be one of a missing file."""
        try:
            return self.filesystem.handler.fs.open(self._asked, "rb")  # type: ignore[no-any-return]
        except FileNotFoundError as error:
            raise _cause_of(error) from None


def place(text: str) -> Place:
    """The place that a path or URL names. Whether it exists is not checked.

    Raises UsageError for a URL of a kind that neither pyarrow nor an installed fsspec package knows.
    """
    found = URL.match(text)
    if not found:
        return Place(pyarrow_fs().LocalFileSystem(), os.path.abspath(text))
    scheme, host, path = found.groups()
    path, options = _without_options(path)
    filesystem, prefix = _filesystem(scheme, host, options)
    return Place(filesystem, prefix + path.rstrip("/"), f"{scheme}://{host}/", prefix, options)


def name_of(text: str) -> str:
    """A path or URL for rows and messages: without options, and without user and password if there is a password."""
    found = URL.match(text)
    if not found:
        return text
    scheme, host, path = found.groups()
    return f"{scheme}://{_without_password(host)}/{_without_options(path)[0]}"


def _without_password(host: str) -> str:
    user, _, machine = host.rpartition("@")
    return machine if ":" in user else host


def _without_options(path: str) -> tuple[str, str]:
    found = OPTIONS.search(path)
    return (path[: found.start()], found.group()) if found else (path, "")


@lru_cache(maxsize=64)
def _filesystem(scheme: str, host: str, options: str) -> "tuple[FileSystem, str]":
    """The filesystem for a host, and the path in it that the URL without a path stands for. Raises UsageError."""
    fs = pyarrow_fs()
    root = f"{scheme}://{host}/x"
    try:
        filesystem, path = fs.FileSystem.from_uri(root + options)
        return filesystem, path[:-1]
    except pyarrow().ArrowInvalid as error:
        if "Unrecognized filesystem" not in str(error):
            raise UsageError(f"{scheme}: {one_line(error)}") from None
    except OSError as error:
        raise UsageError(f"{scheme}: {one_line(error)}") from None
    try:
        from fsspec.core import url_to_fs

        other, path = url_to_fs(root)
    except Exception as error:  # every filesystem has its own
        raise UsageError(f"{scheme}: {one_line(error)}") from None
    return fs.PyFileSystem(fs.FSSpecHandler(other)), path[:-1]


def found_places(text: str) -> Iterator[Place]:
    """The places that a URL stands for. ``*``, ``?``, ``[`` and ``**`` give existing ones, ``{000..999}`` each number.

    Raises OSError where a folder cannot be listed.
    """
    for one in _unbraced(text):
        here = place(one)
        below = here.path[len(here.prefix) :].split("/")
        plain = next((i for i, part in enumerate(below) if MAGIC.search(part)), None)
        if plain is None:
            yield here
        else:
            yield from _expanded(here.at(here.prefix + "/".join(below[:plain])), below[plain:])


def _expanded(folder: Place, patterns: list[str]) -> Iterator[Place]:
    pattern, rest = patterns[0], patterns[1:]
    if pattern == "**":
        yield from _expanded(folder, rest or ["*"])
    for info in folder.listing():
        if pattern == "**" and is_folder(info):
            yield from _expanded(folder.at(info.path), patterns)
        elif pattern != "**" and fnmatchcase(info.base_name, pattern):
            if not rest:
                yield folder.at(info.path)
            elif is_folder(info):
                yield from _expanded(folder.at(info.path), rest)


def _unbraced(text: str) -> Iterator[str]:
    found = BRACES.search(text)
    if not found:
        yield text
        return
    first, last = found.groups()
    for number in range(int(first), int(last) + 1):
        yield from _unbraced(f"{text[: found.start()]}{number:0{len(first)}d}{text[found.end() :]}")


def is_folder(info: "FileInfo") -> bool:
    """Whether the entry is a folder."""
    return bool(info.type == pyarrow_fs().FileType.Directory)


def exists(info: "FileInfo") -> bool:
    """Whether there is a file or folder."""
    return bool(info.type != pyarrow_fs().FileType.NotFound)


def pyarrow_fs() -> Any:
    """The module ``pyarrow.fs``. Raises MissingExtraError without pyarrow."""
    pyarrow()
    from pyarrow import fs

    return fs


def _cause_of(error: FileNotFoundError) -> OSError:
    """The real cause of an error: fsspec reports every HTTP error as a missing file."""
    cause, status = error.__cause__, getattr(error.__cause__, "status", None)
    if cause is None or isinstance(cause, FileNotFoundError) or status in (404, 410):
        return error
    if status in (401, 403):
        return PermissionError(f"permission denied: HTTP status {status}")
    return OSError(f"HTTP status {status}" if status else one_line(cause))


def one_line(error: BaseException) -> str:
    """An error as one line of at most 300 characters. Passwords and options are removed from URLs in it."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(SECRETS.sub(r"\1\2", str(words)).split())[:300]
