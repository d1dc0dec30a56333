"""Packages that are not always installed, loaded when they are first needed."""

from importlib import import_module
from typing import Any

from jpegqf.errors import MissingExtraError


def pyarrow() -> Any:
    """The module. Raises MissingExtraError without it."""
    try:
        import pyarrow as arrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError('Parquet needs pyarrow: pip install "jpegqf[parquet]"') from None
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
        raise MissingExtraError(f'{what} needs {package}: pip install "jpegqf[{extra}]"') from None
