"""Paths, folders, globs, lists and archives -> a lazy stream of items to inspect."""

import glob
import lzma
import os
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from jpegqf.errors import UsageError
from jpegqf.sources import JPEG_SUFFIXES

IMAGE_SUFFIXES = frozenset({*JPEG_SUFFIXES, ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".gif"})
ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".zip")
MAX_MEMBER_BYTES = 2**28
"""Of an archive's member, which is held in memory whatever the archive says of its size."""
MAX_LIST_LINE = 65_536
"""Bytes of a line in a list of paths."""


@dataclass(frozen=True)
class Item:
    """One thing to inspect: ``data`` holds the bytes of an archive's member, None for a file of its own.

    ``problem`` says why it cannot even be opened: a folder without permission, a broken archive.
    """

    name: str
    data: bytes | None = None
    problem: str | None = None


def find_items(paths: Iterable[str], suffixes: frozenset[str], recursive: bool) -> Iterator[Item]:
    """Items of all ``paths`` in the order given, a folder's in sorted order; nothing is held in memory.

    A path is a file, a folder, a glob, ``@list`` (a file with a path a line), ``-`` (the same on standard
    input) or a tar or zip archive, read as a stream. In folders and archives names with one of ``suffixes``
    are taken; a file named outright is taken whatever its suffix. Raises UsageError for a path that leads
    nowhere.
    """
    for path in paths:
        if path == "-":
            if sys.stdin is None:
                raise UsageError("- reads paths from standard input, which is closed")
            yield from _listed(sys.stdin.buffer)
        elif path.startswith("@") and not os.path.lexists(path):
            yield from _list_file(path[1:])
        else:
            yield from _path_items(path, suffixes, recursive)


def _path_items(path: str, suffixes: frozenset[str], recursive: bool) -> Iterator[Item]:
    if os.path.isdir(path):
        yield from _walk(path, suffixes, recursive)
    elif path.lower().endswith(ARCHIVE_SUFFIXES) and os.path.isfile(path):
        yield from (_zip_items if path.lower().endswith(".zip") else _tar_items)(path, suffixes)
    elif os.path.lexists(path):
        yield Item(path)
    elif found := sorted(glob.glob(path, recursive=True)):
        yield from (item for name in found for item in _path_items(name, suffixes, recursive))
    else:
        raise UsageError(f"no such file or folder: {path!r}")


def _walk(folder: str, suffixes: frozenset[str], recursive: bool) -> Iterator[Item]:
    """Items of a folder, files before the subfolders beside them, each sorted; linked folders are not entered."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        yield Item(folder, problem=f"folder cannot be read: {(error.strerror or '').lower()}")
        return
    folders = [entry.path for entry in found if entry.is_dir(follow_symlinks=False)] if recursive else []
    entered = set(folders)
    for entry in found:
        if entry.path not in entered and Path(entry.name).suffix.lower() in suffixes:
            yield Item(entry.path)
    for path in folders:
        yield from _walk(path, suffixes, recursive)


def _list_file(path: str) -> Iterator[Item]:
    try:
        with open(path, "rb") as file:
            yield from _listed(file)
    except OSError as error:
        raise UsageError(f"cannot read list {path!r}: {(error.strerror or '').lower()}") from None


def _listed(file: IO[bytes]) -> Iterator[Item]:
    while line := file.readline(MAX_LIST_LINE):
        name = line.rstrip(b"\r\n")
        if name:
            yield Item(os.fsdecode(name))


def _tar_items(path: str, suffixes: frozenset[str]) -> Iterator[Item]:
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                if member.isreg() and Path(member.name).suffix.lower() in suffixes:
                    yield _member(path, member.name, lambda member=member: archive.extractfile(member))  # type: ignore[misc]
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        yield Item(path, problem=f"archive cannot be read to its end: {error}")


def _zip_items(path: str, suffixes: frozenset[str]) -> Iterator[Item]:
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if not info.is_dir() and Path(info.filename).suffix.lower() in suffixes:
                    yield _member(path, info.filename, lambda info=info: archive.open(info))  # type: ignore[misc]
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        yield Item(path, problem=f"archive cannot be read to its end: {error}")


def _member(archive: str, name: str, open_member: Callable[[], IO[bytes] | None]) -> Item:
    """A member's bytes, bounded whatever its header says."""
    place = f"{archive}!{name}"
    try:
        file = open_member()
        data = file.read(MAX_MEMBER_BYTES + 1) if file else b""
        if len(data) > MAX_MEMBER_BYTES:
            return Item(place, problem=f"member of an archive is over the limit of {MAX_MEMBER_BYTES} bytes")
        return Item(place, data)
    except (zipfile.BadZipFile, RuntimeError, EOFError, ValueError, NotImplementedError, zlib.error) as error:
        return Item(place, problem=f"member of an archive cannot be read: {error}")
