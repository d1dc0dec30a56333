"""A stream of items -> a stream of records in the same order: in this process, or in supervised workers."""

import os
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING

from jpegqf.inputs.find import check_paths, find_items
from jpegqf.inputs.item import Item
from jpegqf.inputs.suffixes import IMAGE_SUFFIXES
from jpegqf.limits import DEFAULT_PIXELS
from jpegqf.record import Record
from jpegqf.scanning.look import Look, inspect_item, lost_record

if TYPE_CHECKING:
    from jpegqf.inspection.inspector import Only


def scan(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    recursive: bool = False,
    suffixes: frozenset[str] = IMAGE_SUFFIXES,
    only: "Only | None" = None,
    jobs: int = 1,
    max_pixels: int = DEFAULT_PIXELS,
    timeout: float | None = None,
    members: bool = False,
) -> Iterator[Record]:
    """Records of all images that ``paths`` lead to (see ``jpegqf.inputs.find.find_items``), one each, in order.

    ``only`` is None, "header" or "pixels". ``members``: each picture of a multi-picture JPEG gives a record.
    With one job and no ``timeout`` (seconds an image may take) all is done in this process, headers alone in any
    case: their walk is bounded and runs no codec. Otherwise it is done in ``jobs`` workers, and an image that crashes
    or outlasts one costs that image alone. Workers compute with one thread each; in this process
    ``OPENBLAS_NUM_THREADS=1``, set before NumPy is imported, saves most of the time where cores are busy. Raises
    UsageError for a path that leads nowhere.
    """
    several = [os.fspath(path) for path in ([paths] if isinstance(paths, (str, os.PathLike)) else paths)]
    check_paths(several)
    yield from scan_items(find_items(several, suffixes, recursive, members), Look(only, max_pixels), jobs, timeout)


def scan_items(items: Iterator[Item], look: "Look", jobs: int, timeout: float | None) -> Generator[Record, None, None]:
    """The same for items already found."""
    if jobs <= 1 and (timeout is None or look.only == "header"):
        inspector = look.inspector()
        return (inspect_item(inspector, item, look.prove) for item in items)
    # Only a worker needs what looks at pixels: this process stays small and starts quickly.
    from jpegqf.workers.stream import supervised

    return supervised(items, look, lost_record, jobs, timeout)
