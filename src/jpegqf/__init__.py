"""jpegqf: how hard was this image compressed as JPEG?

The names in ``__all__`` are what users may rely on; all other modules may change without notice.
"""

from typing import TYPE_CHECKING, Any

from jpegqf.version import __version__

if TYPE_CHECKING:
    from jpegqf.coefficients.restored import Restored, restore
    from jpegqf.errors import (
        CheckpointError,
        DeviceError,
        HeaderError,
        ImageBrokenError,
        ImageError,
        ImageSkippedError,
        JpegqfError,
        MissingExtraError,
        OutputError,
        Reason,
        UsageError,
        WorkerError,
    )
    from jpegqf.inspection.inspector import Inspector, inspect
    from jpegqf.record import Record, Region, Status, Verdict
    from jpegqf.scanning.arrow_batch import inspect_batch
    from jpegqf.scanning.stream import scan
    from jpegqf.scanning.table import scan_table

__all__ = [
    "CheckpointError",
    "DeviceError",
    "HeaderError",
    "ImageBrokenError",
    "ImageError",
    "ImageSkippedError",
    "Inspector",
    "JpegqfError",
    "MissingExtraError",
    "OutputError",
    "Reason",
    "Record",
    "Region",
    "Restored",
    "Status",
    "UsageError",
    "Verdict",
    "WorkerError",
    "__version__",
    "inspect",
    "inspect_batch",
    "restore",
    "scan",
    "scan_table",
]

_HOMES = {
    "Inspector": "inspection.inspector",
    "Record": "record",
    "Region": "record",
    "Restored": "coefficients.restored",
    "Status": "record",
    "Verdict": "record",
    "inspect": "inspection.inspector",
    "inspect_batch": "scanning.arrow_batch",
    "restore": "coefficients.restored",
    "scan": "scanning.stream",
    "scan_table": "scanning.table",
}
"""Modules of the public names; those that are not here are in ``errors``."""


def __getattr__(name: str) -> Any:
    """Import public names when they are first used: ``import jpegqf`` itself loads nothing heavy."""
    if name not in __all__:
        raise AttributeError(f"module 'jpegqf' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"jpegqf.{_HOMES.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
