"""Packages that are not always installed, loaded when they are first needed."""

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
