"""Paths -> one Arrow table of records, for those who think in tables."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from jpegqf.inputs.suffixes import IMAGE_SUFFIXES
from jpegqf.limits import DEFAULT_PIXELS
from jpegqf.outputs.parquet_file import records_table
from jpegqf.scanning.stream import scan

if TYPE_CHECKING:
    from pyarrow import Table

    from jpegqf.inspection.inspector import Only


def scan_table(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    recursive: bool = False,
    suffixes: frozenset[str] = IMAGE_SUFFIXES,
    only: "Only | None" = None,
    jobs: int = 1,
    max_pixels: int = DEFAULT_PIXELS,
    timeout: float | None = None,
) -> "Table":
    """The records of :func:`jpegqf.scan` as one Arrow table, which ``.to_pandas()`` and other libraries take as it is.

    Arguments as there; columns and types are those of a scan's Parquet file. All rows are held in memory, about a
    kilobyte each. Raises UsageError for a path that leads nowhere, MissingExtraError without pyarrow.
    """
    return records_table(scan(paths, recursive, suffixes, only, jobs, max_pixels, timeout))
