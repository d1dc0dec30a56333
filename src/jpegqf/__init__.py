"""jpegqf: how hard was this image compressed as JPEG?"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jpegqf.inspection.inspector import inspect
    from jpegqf.record import Record
    from jpegqf.scanning import scan

__version__ = "0.1.0"
__all__ = ["Record", "__version__", "inspect", "scan"]

_HOMES = {"inspect": "jpegqf.inspection.inspector", "scan": "jpegqf.scanning", "Record": "jpegqf.record"}


def __getattr__(name: str) -> Any:
    """Import public names when they are first used: ``import jpegqf`` itself loads nothing heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'jpegqf' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
