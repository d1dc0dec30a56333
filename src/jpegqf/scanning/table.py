"""Paths -> one Arrow table of records, for those who think in tables."""

from collections.abc import Callable
from inspect import signature
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from jpegqf.outputs.parquet_file import records_table
from jpegqf.scanning.stream import scan

if TYPE_CHECKING:
    from pyarrow import Table

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def takes_what(other: Callable[Arguments, Any]) -> Callable[[Callable[..., Result]], Callable[Arguments, Result]]:
    """Declare, for type checkers, ``help`` and editors, that a function takes the arguments of ``other``."""

    def declared(function: Callable[..., Result]) -> Callable[Arguments, Result]:
        given = signature(function).return_annotation
        vars(function)["__signature__"] = signature(other).replace(return_annotation=given)
        return function

    return declared


@takes_what(scan)
def scan_table(*paths: Any, **options: Any) -> "Table":
    """The records of :func:`jpegqf.scan` as one Arrow table, which ``.to_pandas()`` and other libraries take as it is.

    Paths and options are those of :func:`jpegqf.scan`, in the same order and with the same defaults; columns and types
    are those of a scan's Parquet file. All rows are held in memory, about a kilobyte each. Raises UsageError for a path
    that leads nowhere, MissingExtraError without pyarrow.
    """
    return records_table(scan(*paths, **options))
