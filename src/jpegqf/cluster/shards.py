"""Splits sources into numbered shards, which are small enough to send, and reads the items of a shard."""

import io
import json
import os
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from glob import glob
from typing import IO, Any

from jpegqf.cluster.prefetch import made_ahead
from jpegqf.cluster.storage import (
    STREAM_BYTES,
    Place,
    exists,
    found_places,
    is_folder,
    is_url,
    name_of,
    one_line,
    place,
)
from jpegqf.errors import UsageError
from jpegqf.inputs.archives import archive_items
from jpegqf.inputs.find import check_paths, listed_entry, listed_names, path_entries
from jpegqf.inputs.item import Archive, Entry, Item
from jpegqf.inputs.pages import page_items
from jpegqf.inputs.suffixes import DOCUMENT_SUFFIXES, is_archive
from jpegqf.limits import MAX_MEMBER_BYTES

FETCHED_AHEAD = 16
"""Remote images that are fetched at the same time: fetching one takes much longer than inspecting it."""
FETCH_PAUSES = (0.0, 1.0, 2.0)
"""Seconds to wait before each try of a remote image. Its filesystem may retry by itself as well."""
MOST_SHOWN = 300
"""Longest name in a message, in characters."""

Share = float
"""The part of the sources, 0-1, up to an entry. The time left is estimated from it."""


@dataclass(frozen=True)
class Shard:
    """One archive or some images, which one worker scans and whose rows go to one results file."""

    number: int
    members: tuple[tuple[str, str | None], ...]
    """Paths and URLs, each with the problem it has, or None if none is known."""
    archive: bool
    share: Share

    @property
    def name(self) -> str:
        """The archive's name, or the first image's with the number of others, for messages."""
        first = name_of(self.members[0][0])[:MOST_SHOWN]
        return first if self.archive else f"{first} and {len(self.members) - 1} more"

    def to_json(self) -> str:
        """The shard as JSON, in ASCII, so that even names that are not valid Unicode are kept."""
        return json.dumps([self.number, self.members, self.archive, self.share])

    @classmethod
    def from_json(cls, text: str) -> "Shard":
        """The shard that :meth:`to_json` wrote."""
        number, members, archive, share = json.loads(text)
        return cls(number, tuple((name, problem) for name, problem in members), archive, share)


def check_sources(sources: Iterable[str]) -> None:
    """Raise UsageError for the first source that does not exist, or for ``-``, which other machines cannot read."""
    for source in sources:
        listed = source.startswith("@") and is_url(source[1:])
        if source == "-":
            raise UsageError("- is this machine's standard input: write the names to a file and give @FILE")
        if not listed and not is_url(source):
            check_paths([source])
            continue
        try:
            first = place(source[1:]) if listed else next(found_places(source), None)
            if first is None or not exists(first.info()):
                raise UsageError(f"no such file or folder: {name_of(source[1:] if listed else source)!r}")
        except OSError as error:
            raise UsageError(f"{name_of(source)!r} cannot be read: {one_line(error)}") from None


def find_shards(sources: Iterable[str], suffixes: frozenset[str], recursive: bool, most: int) -> Iterator[Shard]:
    """Shards in the order of the sources. Each archive is one shard; other images are grouped, at most ``most`` each.

    Sources are those of ``jpegqf.inputs.find.find_items`` without ``-``, and URLs of files, folders, globs and lists
    (one URL or path per line). Archives are not opened here. The same sources always give the same shards. Raises
    OSError or UsageError for a source that cannot be listed.
    """
    number, share = 0, 0.0
    waiting: list[tuple[str, str | None]] = []
    for entry, share in _entries(list(sources), suffixes, recursive):
        archive = isinstance(entry, Archive)
        if waiting and (archive or len(waiting) == most):
            yield Shard(number, tuple(waiting), False, share)
            number, waiting = number + 1, []
        if isinstance(entry, Archive):
            yield Shard(number, ((entry.name, None),), True, share)
            number += 1
        else:
            waiting.append((entry.name, entry.problem))
    if waiting:
        yield Shard(number, tuple(waiting), False, share)


def _entries(sources: list[str], suffixes: frozenset[str], recursive: bool) -> Iterator[tuple[Entry, Share]]:
    for number, source in enumerate(sources):
        entries = _listed(source[1:]) if _is_list(source) else _found(source, suffixes, recursive)
        for entry, share in entries:
            yield entry, (number + share) / len(sources)


def _is_list(source: str) -> bool:
    return source.startswith("@") and not os.path.lexists(source)


def _listed(source: str) -> Iterator[tuple[Entry, Share]]:
    try:
        # Closed with the reader around it.
        opened = place(source).open_stream() if is_url(source) else open(source, "rb")  # noqa: SIM115
        with io.BufferedReader(opened, STREAM_BYTES) as file:  # type: ignore[type-var]  # pyarrow's are as good
            size = (place(source).info().size if is_url(source) else os.path.getsize(source)) or 1
            behind = 0
            for name in listed_names(file):
                behind += len(name) + 1
                yield _remote_entry(name) if is_url(name) else listed_entry(name), min(1.0, behind / size)
    except OSError as error:
        raise UsageError(f"cannot read list {name_of(source)!r}: {one_line(error)}") from None


def _remote_entry(url: str) -> Entry:
    return Archive(url) if is_archive(name_of(url)) else Item(url)  # options may follow the suffix


def _found(source: str, suffixes: frozenset[str], recursive: bool) -> Iterator[tuple[Entry, Share]]:
    if is_url(source):
        try:
            places = list(found_places(source))
            for number, found in enumerate(places, 1):
                for entry in _remote_entries(found, suffixes, recursive):
                    yield entry, number / len(places)
        except OSError as error:
            raise UsageError(f"{name_of(source)!r} cannot be listed: {one_line(error)}") from None
        return
    paths = [source] if os.path.lexists(source) else sorted(glob(source, recursive=True))
    for number, path in enumerate(paths, 1):
        for entry in path_entries(path, suffixes, recursive):
            yield entry, number / len(paths)


def _remote_entries(found: Place, suffixes: frozenset[str], recursive: bool) -> Iterator[Entry]:
    """The images and archives of a URL, as ``path_entries`` gives for a path. The suffix alone makes an archive."""
    if is_archive(found.path) or not is_folder(found.info()):
        yield _remote_entry(found.url)
        return
    waiting = [found]
    while waiting:
        folder = waiting.pop()
        listing = folder.listing()
        for info in listing:
            if not is_folder(info) and os.path.splitext(info.base_name)[1].lower() in suffixes:
                yield Item(folder.at(info.path).url)
        if recursive:
            waiting += [folder.at(info.path) for info in reversed(listing) if is_folder(info)]


def shard_items(shard: Shard, suffixes: frozenset[str]) -> Iterator[Item]:
    """The items of a shard, the same as a scan on one machine has. Raises OSError if its archive cannot be read."""
    if not shard.archive:
        for item in _fetched(shard.members):
            yield from page_items(item)
        return
    ((name, _),) = shard.members
    if not is_url(name):
        os.stat(name)  # a missing file is an OSError here, not a damaged archive
        yield from archive_items(name, suffixes)
        return
    with closing(made_ahead(_remote_items(name, suffixes))) as items:
        yield from items


def _remote_items(name: str, suffixes: frozenset[str]) -> Generator[Item, None, None]:
    found = place(name)
    anywhere = found.name.lower().endswith((".zip", ".parquet", *DOCUMENT_SUFFIXES))
    watched = _Watched(found.open_file() if anywhere else found.open_stream())
    with io.BufferedReader(watched, STREAM_BYTES) as file:
        for item in archive_items(found.name, suffixes, file):
            if item.problem and watched.failure:
                raise watched.failure
            yield item


class _Watched(io.RawIOBase):
    """A remote file that keeps its last read error in ``failure``.

    Readers of archives report such an error as a damaged archive; with it a failed network can be told apart.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.failure: OSError | None = None

    def readable(self) -> bool:
        """See the base class."""
        return True

    def seekable(self) -> bool:
        """See the base class."""
        return bool(self._file.seekable())

    def readinto(self, buffer: Any) -> int:
        """See the base class."""
        try:
            data = self._file.read(len(buffer))
        except OSError as error:
            self.failure = error
            raise
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """See the base class."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """See the base class."""
        return self._file.tell()

    def close(self) -> None:
        """See the base class."""
        self._file.close()
        super().close()


def _fetched(members: Iterable[tuple[str, str | None]]) -> Iterator[Item]:
    """The items of the members, in order. Remote ones are fetched ahead; local files are left to the worker."""
    under_way: deque[Item | Future[Item]] = deque()
    with ThreadPoolExecutor(FETCHED_AHEAD) as threads:
        for name, problem in members:
            remote = is_url(name) and not problem
            under_way.append(threads.submit(_fetch, name) if remote else Item(name, None, problem))
            if len(under_way) >= FETCHED_AHEAD:
                yield _arrived(under_way.popleft())
        while under_way:
            yield _arrived(under_way.popleft())


def _arrived(item: "Item | Future[Item]") -> Item:
    return item if isinstance(item, Item) else item.result()


def _fetch(url: str) -> Item:
    """A remote image as an item with its bytes or, after a few tries, with the problem."""
    name, problem = name_of(url), ""
    for pause in FETCH_PAUSES:
        time.sleep(pause)
        try:
            with place(url).open_stream() as file:
                data = file.read(MAX_MEMBER_BYTES + 1)
        except (FileNotFoundError, PermissionError) as error:
            absent = isinstance(error, FileNotFoundError)
            return Item(name, problem="no such file or directory" if absent else "permission denied")
        except Exception as error:  # every library has its own; one bad URL must not cost the shard's other images
            problem = one_line(error)
            continue
        if len(data) > MAX_MEMBER_BYTES:
            return Item(name, problem=f"file is over the limit of {MAX_MEMBER_BYTES} bytes")
        return Item(name, data)
    return Item(name, problem=problem)
