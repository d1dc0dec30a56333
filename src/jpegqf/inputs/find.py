"""Turns paths, folders, globs, lists and archives into a stream of items to inspect."""

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from typing import IO

from jpegqf.codecs.containers import BEGINNINGS, FIRST_BYTES, is_bytes_of_a_file
from jpegqf.errors import UsageError
from jpegqf.inputs.item import Archive, Entry, Item
from jpegqf.inputs.pages import page_items, picture_items
from jpegqf.inputs.suffixes import is_archive, is_document, is_url
from jpegqf.limits import MAX_MEMBER_BYTES

MAX_LIST_LINE = 65_536
"""Longest line that is read from a list of paths, in bytes."""


def is_input(path: str) -> bool:
    """Whether a path of a command line stands for something: see :func:`find_items`."""
    if path == "-" or is_url(path) or (path.startswith("@") and os.path.lexists(path[1:])):
        return True
    return os.path.lexists(path) or next(glob.iglob(path, recursive=True), None) is not None


def check_paths(paths: Iterable[str]) -> None:
    """Raise UsageError for the first path that does not exist. Called before any image is inspected."""
    for path in paths:
        if not is_input(path):
            if path.startswith("@"):
                raise UsageError(f"cannot read list {path[1:]!r}: no such file or directory")
            raise UsageError(f"no such file or folder: {path!r}")


def find_items(
    paths: Iterable[str], suffixes: frozenset[str], recursive: bool, members: bool = False
) -> Iterator[Item]:
    """The items of all ``paths`` in the given order, those of a folder sorted. Items are made only as they are taken.

    A path is a file, a folder, a glob, an http address, ``@list`` (a file with one path per line), ``-`` (such a list
    on standard input, or the bytes of one image) or an archive: tar, zip, Parquet with a column of image bytes, PDF or
    DICOM.
    From folders, tar and zip only names with one of ``suffixes`` are taken; a file that is named itself is always
    taken. A TIFF of several pages, of which some are JPEGs, gives an item a page; with ``members`` a multi-picture JPEG
    (MPO, gain maps) an item a picture. Call :func:`check_paths` first: a path that is gone since then gives an
    item that cannot be read. Raises UsageError for a list that cannot be read, MissingExtraError for Parquet without
    pyarrow.
    """
    for item in _items(paths, suffixes, recursive):
        if members:
            yield from picture_items(item)
        else:
            yield item


def _items(paths: Iterable[str], suffixes: frozenset[str], recursive: bool) -> Iterator[Item]:
    """The same, each JPEG as one item."""
    for entry in _entries(paths, suffixes, recursive):
        if isinstance(entry, Archive):
            from jpegqf.inputs.archives import archive_items  # what reads archives takes 10 ms of a start

            yield from archive_items(entry.name, suffixes)
        else:
            yield from page_items(entry)


def _entries(paths: Iterable[str], suffixes: frozenset[str], recursive: bool) -> Iterator[Entry]:
    for path in paths:
        if path == "-":
            if sys.stdin is None:
                raise UsageError("- reads paths from standard input, which is closed")
            yield from _standard_input(sys.stdin.buffer)
        elif path.startswith("@") and not os.path.lexists(path):
            yield from _list_file(path[1:])
        else:
            yield from path_entries(path, suffixes, recursive)


def path_entries(path: str, suffixes: frozenset[str], recursive: bool) -> Iterator[Entry]:
    """The images and archives that a path, a folder or a glob stands for."""
    if os.path.isdir(path):
        yield from _walk(path, suffixes, recursive)
    elif os.path.lexists(path) or is_url(path):
        yield listed_entry(path)
    elif found := sorted(glob.glob(path, recursive=True)):
        yield from (entry for name in found for entry in path_entries(name, suffixes, recursive))
    else:  # it was there when the scan began
        yield Item(path)


def listed_entry(name: str) -> Entry:
    """The entry for a name in a list: an archive, or else an item. A folder in a list is not searched."""
    return Archive(name) if is_archive(name) and os.path.isfile(name) else Item(name)


def _walk(folder: str, suffixes: frozenset[str], recursive: bool) -> Iterator[Entry]:
    """The items and documents of a folder: its sorted files, then those of its sorted subfolders.

    Links to folders are skipped.
    """
    waiting = [folder]  # a stack of our own: folders may be nested deeper than Python's
    while waiting:
        folder = waiting.pop()
        try:
            names, folders = _names(folder, suffixes, recursive)
        except OSError as error:
            yield Item(folder, problem=f"folder cannot be read: {(error.strerror or '').lower()}")
            continue
        for name in names:
            path = os.path.join(folder, name)
            yield listed_entry(path) if is_document(name) else Item(path)
        waiting += (os.path.join(folder, name) for name in reversed(folders))


def _names(folder: str, suffixes: frozenset[str], recursive: bool) -> tuple[list[str], list[str]]:
    """The sorted names of a folder's files with one of the suffixes, and of the subfolders to search."""
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


def listed_names(file: IO[bytes], begun: bytes = b"") -> Iterator[str]:
    """The names in a list, one per line. Empty lines are skipped. ``begun``: what was read of the list before."""
    lines = begun + file.readline(MAX_LIST_LINE)
    while lines:
        for line in lines.split(b"\n"):
            name = line.rstrip(b"\r")
            if name:
                yield os.fsdecode(name)
        lines = file.readline(MAX_LIST_LINE)


def _standard_input(file: IO[bytes]) -> Iterator[Entry]:
    """One item with the bytes of a file, or the entries of a list: the first bytes tell which of them it is."""
    begun = file.readline(MAX_LIST_LINE)
    if begun.startswith(BEGINNINGS):  # of other lines no more is read, so that each name is taken as it comes
        begun += file.read(FIRST_BYTES)
    if is_bytes_of_a_file(begun):
        yield _piped(begun + file.read(max(0, MAX_MEMBER_BYTES + 1 - len(begun))))
    else:
        yield from map(listed_entry, listed_names(file, begun))


def _piped(data: bytes) -> Item:
    if len(data) > MAX_MEMBER_BYTES:
        return Item("-", problem=f"standard input is over the limit of {MAX_MEMBER_BYTES} bytes")
    return Item("-", data)
