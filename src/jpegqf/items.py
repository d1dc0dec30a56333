"""Paths, folders, globs, lists and archives -> a lazy stream of items to inspect."""

import glob
import os
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from jpegqf.errors import MissingExtraError, UsageError
from jpegqf.sources import JPEG_SUFFIXES

IMAGE_SUFFIXES = frozenset({*JPEG_SUFFIXES, ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".gif"})
ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".zip", ".parquet")
MAX_MEMBER_BYTES = 2**28
"""Of an archive's member, which is held in memory whatever the archive says of its size."""
MAX_LIST_LINE = 65_536
"""Bytes of a line in a list of paths."""
MAX_TAR_HEADER = 2**20
"""Bytes of a name or of attributes that tar keeps in a header of its own: they are read into memory as a whole."""
TAR_HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


@dataclass(frozen=True)
class Item:
    """One thing to inspect: ``data`` holds the bytes of an archive's member, None for a file of its own.

    ``problem`` says why it cannot even be opened: a folder without permission, a broken archive.
    """

    name: str
    data: bytes | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Archive:
    """A tar, zip or Parquet file, not opened yet."""

    name: str


Entry = Item | Archive


def check_paths(paths: Iterable[str]) -> None:
    """Raise UsageError for the first path that leads nowhere, before anything is done with any."""
    for path in paths:
        is_list = path.startswith("@") and os.path.lexists(path[1:])
        if not (path == "-" or is_list or os.path.lexists(path) or next(glob.iglob(path, recursive=True), None)):
            if path.startswith("@"):
                raise UsageError(f"cannot read list {path[1:]!r}: no such file or directory")
            raise UsageError(f"no such file or folder: {path!r}")


def find_items(paths: Iterable[str], suffixes: frozenset[str], recursive: bool) -> Iterator[Item]:
    """Items of all ``paths`` in the order given, a folder's in sorted order; nothing is held in memory.

    A path is a file, a folder, a glob, ``@list`` (a file with a path a line), ``-`` (the same on standard
    input) or an archive: tar or zip, read as a stream, or Parquet with a column of image bytes. In folders,
    tar and zip names with one of ``suffixes`` are taken; a file named outright is taken whatever its suffix.
    :func:`check_paths` comes first: what has gone since is an item that cannot be read. Raises UsageError for a
    list that cannot be read, MissingExtraError for Parquet without pyarrow.
    """
    for entry in _entries(paths, suffixes, recursive):
        if isinstance(entry, Archive):
            yield from archive_items(entry.name, suffixes)
        else:
            yield entry


def _entries(paths: Iterable[str], suffixes: frozenset[str], recursive: bool) -> Iterator[Entry]:
    for path in paths:
        if path == "-":
            if sys.stdin is None:
                raise UsageError("- reads paths from standard input, which is closed")
            yield from map(listed_entry, listed_names(sys.stdin.buffer))
        elif path.startswith("@") and not os.path.lexists(path):
            yield from _list_file(path[1:])
        else:
            yield from path_entries(path, suffixes, recursive)


def path_entries(path: str, suffixes: frozenset[str], recursive: bool) -> Iterator[Entry]:
    """The images, folders' images and archives that a path or glob leads to."""
    if os.path.isdir(path):
        yield from _walk(path, suffixes, recursive)
    elif os.path.lexists(path):
        yield listed_entry(path)
    elif found := sorted(glob.glob(path, recursive=True)):
        yield from (entry for name in found for entry in path_entries(name, suffixes, recursive))
    else:  # it was there when the scan began
        yield Item(path)


def listed_entry(name: str) -> Entry:
    """A name of a list: an archive is read, a folder is not entered."""
    return Archive(name) if is_archive(name) and os.path.isfile(name) else Item(name)


def is_archive(name: str) -> bool:
    """Whether the suffix names an archive."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def _walk(folder: str, suffixes: frozenset[str], recursive: bool) -> Iterator[Item]:
    """Items of a folder, files before the subfolders beside them, each sorted; linked folders are not entered."""
    waiting = [folder]  # a stack of our own: folders may be nested deeper than Python's
    while waiting:
        folder = waiting.pop()
        try:
            names, folders = _names(folder, suffixes, recursive)
        except OSError as error:
            yield Item(folder, problem=f"folder cannot be read: {(error.strerror or '').lower()}")
            continue
        for name in names:
            yield Item(os.path.join(folder, name))
        waiting += (os.path.join(folder, name) for name in reversed(folders))


def _names(folder: str, suffixes: frozenset[str], recursive: bool) -> tuple[list[str], list[str]]:
    """Sorted names of what has one of the suffixes, and of the subfolders to enter: no more is held of a folder."""
    names, folders = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if recursive and _is_folder(entry):
                folders.append(entry.name)
            elif os.path.splitext(entry.name)[1].lower() in suffixes:
                names.append(entry.name)
    return sorted(names), sorted(folders)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False  # reading it will tell what is wrong


def _list_file(path: str) -> Iterator[Entry]:
    try:
        with open(path, "rb") as file:
            yield from map(listed_entry, listed_names(file))
    except OSError as error:
        raise UsageError(f"cannot read list {path!r}: {(error.strerror or '').lower()}") from None


def listed_names(file: IO[bytes]) -> Iterator[str]:
    """The names in a list, one a line; empty lines are none."""
    while line := file.readline(MAX_LIST_LINE):
        name = line.rstrip(b"\r\n")
        if name:
            yield os.fsdecode(name)


def archive_items(name: str, suffixes: frozenset[str], file: IO[bytes] | None = None) -> Iterator[Item]:
    """Items of an archive, named ``name!member``, from the file of that name or from ``file`` opened elsewhere.

    ``file`` may be one that cannot seek if the archive is a tar. Damage is an item with its problem, the last.
    Raises MissingExtraError for Parquet without pyarrow.
    """
    try:
        if name.lower().endswith(".parquet"):
            from jpegqf.batch import parquet_items

            yield from parquet_items(name, file, MAX_MEMBER_BYTES)
        else:
            yield from (_zip_items if name.lower().endswith(".zip") else _tar_items)(name, suffixes, file)
    except MissingExtraError:
        raise
    except Exception as error:  # the readers raise many kinds on hostile bytes
        yield Item(name, problem=f"archive cannot be read to its end: {error}")


class _TarInfo(tarfile.TarInfo):
    """A member's header: damage is told, not taken for the archive's end, and what is read as a whole is limited."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> "_TarInfo":
        """See the base class. Raises ReadError for a header that is damaged or cut."""
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if type(error).__name__ in ("EOFHeaderError", "EmptyHeaderError"):  # the regular end
                raise
            raise tarfile.ReadError(str(error)) from None

    @classmethod
    def frombuf(cls, *arguments: Any, **more: Any) -> "_TarInfo":
        """See the base class. Raises ReadError above MAX_TAR_HEADER bytes."""
        info = super().frombuf(*arguments, **more)
        if info.type in TAR_HEADERS and info.size > MAX_TAR_HEADER:
            raise tarfile.ReadError(f"a member's header of {info.size} bytes is over the limit of {MAX_TAR_HEADER}")
        return info


def _tar_items(path: str, suffixes: frozenset[str], file: IO[bytes] | None) -> Iterator[Item]:
    with tarfile.open(path, "r|*", file, tarinfo=_TarInfo) as archive:
        for member in archive:
            archive.members = []  # type: ignore[attr-defined]  # it would keep all it has seen
            if member.isreg() and Path(member.name).suffix.lower() in suffixes:
                yield _member(path, member.name, lambda member=member: archive.extractfile(member))  # type: ignore[misc]


def _zip_items(path: str, suffixes: frozenset[str], file: IO[bytes] | None) -> Iterator[Item]:
    with zipfile.ZipFile(file or path) as archive:
        for info in archive.infolist():
            if not info.is_dir() and Path(info.filename).suffix.lower() in suffixes:
                yield _member(path, info.filename, lambda info=info: archive.open(info))  # type: ignore[misc]


def _member(archive: str, name: str, open_member: Callable[[], IO[bytes] | None]) -> Item:
    """A member's bytes, bounded whatever its header says."""
    place = f"{archive}!{name}"
    try:
        file = open_member()
        data = file.read(MAX_MEMBER_BYTES + 1) if file else b""
        if len(data) > MAX_MEMBER_BYTES:
            return Item(place, problem=f"member of an archive is over the limit of {MAX_MEMBER_BYTES} bytes")
        return Item(place, data)
    except (tarfile.TarError, OSError):
        raise  # of the archive itself: nothing after it can be read
    except Exception as error:  # an encrypted or damaged member raises many kinds
        return Item(place, problem=f"member of an archive cannot be read: {error}")
