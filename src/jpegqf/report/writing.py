"""One report from results files to an HTML file, which appears when it is whole."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from jpegqf.errors import OutputError, UsageError
from jpegqf.outputs.atomic import write_whole
from jpegqf.outputs.base import Results
from jpegqf.outputs.results import batches, open_results
from jpegqf.report.aggregate import NEEDED, Aggregate
from jpegqf.report.figures import figures
from jpegqf.report.grouping import grouping
from jpegqf.report.page import page
from jpegqf.report.texts import Text, shown
from jpegqf.report.thumbnails import thumbnails
from jpegqf.report.wording import headline, lead

SUFFIXES = (".html", ".htm")
SOURCES_NAMED = 5

Watch = Callable[[str, Iterable[int]], Iterable[int]]
"""A progress bar: called with a unit ("rows") and an iterable of counts done, it yields the counts unchanged."""


@dataclass(frozen=True)
class Request:
    """What to report on, how and where to: ``by`` as in ``grouping``, at most ``rows`` of them in the table."""

    results: tuple[str, ...]
    output: str
    by: str = "folder"
    rows: int = 2000
    thumbnails: bool = False
    overwrite: bool = False


def write_report(asked: Request, watch: Watch = lambda what, numbers: numbers) -> int:
    """Write the report; returns how many rows it tells of.

    Raises UsageError for a bad call or results that cannot be read, before the output is touched, MissingExtraError
    for Parquet without pyarrow, and OutputError if the file cannot be written; then there is none, or the earlier one.
    """
    _check_output(asked)
    sources = [results for path in asked.results for results in open_results(path)]
    found = Aggregate(grouping(asked.by), worst=(asked.rows + 1) // 2, drawn=asked.rows // 2)
    wanted = tuple(dict.fromkeys((*NEEDED, found.grouping.column)))
    for results in sources:
        if found.grouping.column not in results.names:
            raise UsageError(f"--by {asked.by}: {results.path!r} has no such column; it may also be folder or folder:N")
    for _ in watch("rows", _counted(found, sources, wanted)):
        pass
    if not found.rows:
        raise UsageError("no rows to report on: the results are empty")
    pictures = _thumbnails(found, watch) if asked.thumbnails else []
    data = figures(found, pictures)
    torn = [Text("notes.torn", {"path": shown(source.path)}) for source in sources if source.torn]
    data["notes"] += [note.data() for note in torn]
    _write(asked.output, page(data, headline(found), lead(found), _named(sources), date.today()))
    return found.rows


def _check_output(asked: Request) -> None:
    if not asked.output.lower().endswith(SUFFIXES):
        raise UsageError(f"-o {asked.output!r}: the suffix must be .html")
    if os.path.isdir(asked.output):
        raise UsageError(f"-o {asked.output!r} is a folder")
    if os.path.lexists(asked.output) and not asked.overwrite:
        raise UsageError(f"-o {asked.output!r} exists; --overwrite replaces it")
    folder = os.path.abspath(os.path.dirname(asked.output))
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if not (os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)):
        raise UsageError(f"-o {asked.output!r} cannot be written: no permission, or no folder: {folder!r}")


def _counted(found: Aggregate, sources: list[Results], wanted: tuple[str, ...]) -> Iterator[int]:
    """Rows of each batch, once they are counted."""
    for results in sources:
        for batch in batches(results, wanted):
            found.add(batch)
            yield len(batch["path"])


def _thumbnails(found: Aggregate, watch: Watch) -> list[str | None]:
    made: list[str | None] = []

    def one_by_one() -> Iterator[int]:
        for uri in thumbnails([row.path for row in found.table()]):
            made.append(uri)
            yield 1

    for _ in watch("thumbnails", one_by_one()):
        pass
    return made


def _named(sources: list[Results]) -> list[str]:
    """The files read, a few by name, and how many more there are."""
    names = [shown(os.path.basename(results.path), 80) for results in sources[:SOURCES_NAMED]]
    more = len(sources) - len(names)
    return names + ([f"+ {more:,}"] if more else [])


def _write(path: str, text: str) -> None:
    try:
        write_whole(path, text)
    except (OSError, ValueError) as error:
        raise OutputError(f"-o {path!r} cannot be written: {getattr(error, 'strerror', None) or error}") from None
