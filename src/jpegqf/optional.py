"""Packages that are not always installed, loaded when they are first needed."""

from importlib import import_module
from typing import Any

from jpegqf.errors import MissingExtraError


def missing(what: str, package: str, extra: str) -> MissingExtraError:
    """The error of ``what`` needs a ``package`` that is not there; ``extra`` of this project brings it.

    The project is on no package index, so that an extra is installed from a checkout.
    """
    return MissingExtraError(f'{what} needs {package}: python -m pip install ".[{extra}]" in a checkout of jpegqf')


def pyarrow() -> Any:
    """The module. Raises MissingExtraError without it."""
    try:
        import pyarrow as arrow
        import pyarrow.parquet
    except ImportError:
        raise missing("Parquet", "pyarrow", "parquet") from None
    return arrow


def pillow_heif() -> Any:
    """The module that reads HEIF, and with it HEIC. Raises MissingExtraError without it."""
    return _extra("pillow_heif", "HEIF", "pillow-heif", "heif")


def pillow_jxl() -> Any:
    """The module that reads JPEG XL. Raises MissingExtraError without it."""
    return _extra("pillow_jxl", "JPEG XL", "pillow-jxl-plugin", "jxl")


def pypdf() -> Any:
    """The module that reads PDF. Raises MissingExtraError without it."""
    return _extra("pypdf", "PDF", "pypdf", "pdf")


def pydicom() -> Any:
    """The module that reads DICOM. Raises MissingExtraError without it."""
    return _extra("pydicom", "DICOM", "pydicom", "dicom")


def imagehash() -> Any:
    """The module that makes perceptual hashes of pictures. Raises MissingExtraError without it."""
    return _extra("imagehash", "--duplicates", "imagehash", "duplicates")


def jpeglib() -> Any:
    """The module that writes the coefficients of a JPEG. Raises MissingExtraError without it."""
    return _extra("jpeglib", "restoring", "jpeglib", "restore")


def mozjpeg() -> Any:
    """The module that codes a JPEG anew in progressive scans. Raises MissingExtraError without it."""
    return _extra("mozjpeg_lossless_optimization", "--progressive", "mozjpeg-lossless-optimization", "restore")


def _extra(module: str, what: str, package: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise missing(what, package, extra) from None
