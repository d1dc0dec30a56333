"""A folder of results, local or in an object store: one complete Parquet file per shard, and a list of those done."""

import io
import json
import os
import re
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from shutil import copyfileobj
from typing import IO, Any

from jpegqf.cluster.shards import Shard
from jpegqf.cluster.storage import exists, is_folder, name_of, one_line, place
from jpegqf.errors import JpegqfError, OutputError, UsageError
from jpegqf.optional import pyarrow
from jpegqf.outputs.parquet_file import ROWS_PER_GROUP, arrow_schema, records_table
from jpegqf.record import Record

DONE, SETTINGS = "_done", "_done/settings.json"
"""Folder of the list of finished shards, and the settings in it. Readers of Parquet skip names that begin with _."""
FILE, PART = re.compile(r"\d{9}-[\w.-]*\.parquet"), re.compile(r"\.\d{9}-[\w.-]*\.part")
"""Names of results files, and of unfinished ones, which pyarrow, pandas and Spark skip because of the dot."""
METADATA = b"jpegqf"
"""Key of the entry in a Parquet file's metadata that holds the Result of its shard."""
OBJECT_STORES = ("s3", "gcs", "abfs")
"""Stores where an object appears only when its upload is complete. Elsewhere files are written and then renamed."""
COPIED_BYTES = 2**22
"""Bytes copied to the folder at once."""


@dataclass(frozen=True)
class Result:
    """A finished shard.

    ``number``, ``shard``: its place in the input, and its name in words. ``identity``: see :func:`identity`. ``rows``:
    rows in its file. ``tally``: their counts, from ``Tally.to_dict``. ``seconds``: time they took.
    """

    number: int
    shard: str
    identity: str
    rows: int
    tally: dict[str, Any]
    seconds: float

    def to_json(self) -> str:
        """The result as JSON on one line."""
        return json.dumps(vars(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> "Result":
        """The result that :meth:`to_json` wrote. Raises ValueError or TypeError for other text."""
        return cls(**json.loads(text))


class Destination:
    """The folder of results of a scan. Each process of the scan makes its own object of this class."""

    def __init__(self, url: str) -> None:
        self._folder = place(url)
        self.name = name_of(url)

    def check(self, settings: dict[str, Any], resume: bool, overwrite: bool) -> None:
        """Check that a scan with these settings may write here; nothing is changed.

        Raises UsageError if the folder cannot be read, if it is not empty (unless it holds a scan that is to be resumed
        or overwritten), or if the scan to be resumed had other settings.
        """
        try:
            held = self._settings()
            if held is not None and resume:
                differ = [key for key in settings if held.get(key) != settings[key]]
                if differ:
                    words = f"was begun with another {' and '.join(differ)}; --overwrite starts anew"
                    raise UsageError(f"-o {self.name!r} {words}")
            elif (held is None or not overwrite) and self._holds_something():
                words = "exists and is not empty; a scan's folder is replaced with --overwrite, continued with --resume"
                raise UsageError(f"-o {self.name!r} {words}")
        except OSError as error:
            raise UsageError(f"-o {self.name!r} cannot be read: {one_line(error)}") from None

    def _holds_something(self) -> bool:
        info = self._folder.info()
        if exists(info) and not is_folder(info):
            raise UsageError(f"-o {self.name!r} is a file: --engine ray writes a folder")
        return exists(info) and bool(self._folder.listing())

    def begin(self, settings: dict[str, Any], resume: bool) -> None:
        """Prepare the folder: delete unfinished files and, unless ``resume``, the results of an earlier scan.

        Other files are not touched. Raises UsageError if the folder cannot be written.
        """
        filesystem = self._folder.filesystem
        try:
            for held in self._folder.listing() if exists(self._folder.info()) else []:
                if PART.fullmatch(held.base_name) or (not resume and FILE.fullmatch(held.base_name)):
                    filesystem.delete_file(held.path)
                elif held.base_name == DONE and not resume:
                    filesystem.delete_dir(held.path)
            if not self._direct:
                filesystem.create_dir((self._folder / DONE).path, recursive=True)
            self._publish(SETTINGS, io.BytesIO(json.dumps(settings, indent=1).encode()))
        except (OSError, NotImplementedError) as error:  # fsspec has filesystems that only read
            raise self._failed(error, UsageError) from None

    def _settings(self) -> dict[str, Any] | None:
        here = self._folder / SETTINGS
        if not exists(here.info()):
            return None
        with here.open_stream() as file, suppress(ValueError):  # damaged settings are no scan's
            held = json.loads(file.read())
            return held if isinstance(held, dict) else {}
        return {}

    @property
    def _direct(self) -> bool:
        return self._folder.filesystem.type_name in OBJECT_STORES

    def _failed(self, error: Exception, kind: type[JpegqfError] = OutputError) -> JpegqfError:
        return kind(f"-o {self.name!r} cannot be written: {one_line(error)}")

    def path(self, shard: Shard) -> str:
        """The name of a shard's file. It begins with the shard's number, so names sort in the order of the input."""
        stem = os.path.basename(name_of(shard.members[0][0])) if shard.archive else "images"
        return f"{shard.number:09d}-{re.sub(r'[^A-Za-z0-9_.-]', '_', stem)[:60]}.parquet"

    def result(self, shard: Shard) -> Result | None:
        """The Result of a shard from its file; None if there is no file, or a damaged one.

        Raises UsageError if the file belongs to a shard with other members, OSError if it cannot be read.
        """
        here = self._folder / self.path(shard)
        if not exists(here.info()):
            return None
        try:
            with here.open_file() as file, pyarrow().parquet.ParquetFile(file) as held:
                metadata = (held.metadata.metadata or {}).get(METADATA)
        except pyarrow().ArrowInvalid:
            return None  # no Parquet: damaged since it was written, and to be done again
        result = Result.from_json(metadata) if metadata else None
        if result is None or result.identity != identity(shard):
            raise UsageError(changed(shard, result.shard if result else "unknown"))
        return result

    def write(self, shard: Shard, records: Iterable[Record], finish: Callable[[], Result]) -> Result:
        """Write the records to the shard's file, which appears only when it is complete.

        ``finish`` is called after the last record, and its Result is stored in the file and returned. Raises
        OutputError if the file cannot be written, and any error of ``records``.
        """
        with tempfile.TemporaryFile() as file:
            with pyarrow().parquet.ParquetWriter(file, arrow_schema()) as writer:
                waiting = iter(records)
                while some := list(islice(waiting, ROWS_PER_GROUP)):
                    writer.write_table(records_table(some))
                result = finish()
                writer.add_key_value_metadata({METADATA: result.to_json().encode()})
            file.seek(0)
            try:
                self._publish(self.path(shard), file)
            except OSError as error:
                raise self._failed(error) from None
        return result

    def _publish(self, name: str, file: IO[bytes]) -> None:
        filesystem, direct = self._folder.filesystem, self._direct
        folder, _, base = name.rpartition("/")
        part = self._folder / (name if direct else f"{folder}/.{base}-{uuid.uuid4().hex[:8]}.part".lstrip("/"))
        try:
            with filesystem.open_output_stream(part.path) as out:
                copyfileobj(file, out, COPIED_BYTES)
            if not direct:
                filesystem.move(part.path, (self._folder / name).path)
        except BaseException:
            if not direct:
                with suppress(OSError):
                    filesystem.delete_file(part.path)
            raise

    def note(self, results: list[Result]) -> None:
        """Add to the list of finished shards, in a new file that appears complete. Raises OutputError."""
        name = f"{DONE}/{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:8]}.jsonl"
        lines = "".join(result.to_json() + "\n" for result in results)
        try:
            self._publish(name, io.BytesIO(lines.encode()))
        except OSError as error:
            raise self._failed(error) from None

    def noted(self) -> Iterator[Result]:
        """The listed results whose files exist; some may come twice. Raises OSError if the list cannot be read."""
        files = (info.base_name for info in self._folder.listing())
        there = {int(name[:9]) for name in files if FILE.fullmatch(name)}
        for info in (self._folder / DONE).listing():
            if info.base_name.endswith(".jsonl"):
                with self._folder.at(info.path).open_stream() as file:
                    for line in io.BufferedReader(file):  # type: ignore[type-var]
                        with suppress(ValueError, TypeError):  # a damaged line: the shard's file tells the same
                            result = Result.from_json(line)
                            if result.number in there:
                                yield result

    def sweep(self) -> None:
        """Delete the unfinished files that killed workers left. Raises OSError."""
        if not self._direct:
            for info in self._folder.listing():
                if PART.fullmatch(info.base_name):
                    self._folder.filesystem.delete_file(info.path)


def identity(shard: Shard) -> str:
    """A hash of the names of a shard's members: shards with the same members have the same one."""
    names = json.dumps([name_of(name) for name, _ in shard.members])
    return sha256(names.encode()).hexdigest()[:16]


def changed(shard: Shard, was: str) -> str:
    """The message for a shard that differs from the one whose results have its number; ``was`` names that one."""
    return (
        f"the input changed since the results were begun: shard {shard.number} is {shard.name!r}, "
        f"where it was {was!r}; --overwrite starts anew"
    )
