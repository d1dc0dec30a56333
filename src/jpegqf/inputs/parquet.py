"""A Parquet or Arrow table with a column of encoded images -> items."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from jpegqf.errors import UsageError
from jpegqf.inputs.item import Item
from jpegqf.names import printable
from jpegqf.optional import pyarrow

if TYPE_CHECKING:
    from pyarrow import RecordBatch, Schema, Table


IMAGE_COLUMNS = ("bytes", "jpg", "image", "content")
KEY_COLUMNS = ("path", "key", "__key__", "file_name", "filename", "url", "id")
MAX_KEY = 4096
"""Characters of a key that becomes a name."""
ROWS_AT_ONCE = 16
"""Rows of a Parquet file in memory."""
READ_BYTES = 2**22
"""Of a column, read at once."""


@dataclass(frozen=True)
class ImageColumns:
    """Where the images and, if there are any, their keys are."""

    image: str
    key: str | None = None


def find_columns(schema: "Schema", image: str | None = None, key: str | None = None) -> ImageColumns:
    """The columns named, or those that :func:`inspect_batch` takes by default. Raises UsageError."""
    names = set(schema.names)
    for name in (image, key):
        if name is not None and name not in names:
            raise UsageError(f"no column {name!r} among {_shown(schema)}")
    fit = [field.name for field in schema if _holds_images(field.type)]
    usual = [name for name in IMAGE_COLUMNS if name in fit]
    found = image or next(iter(usual), None) or (fit[0] if len(fit) == 1 else None)
    if found is None or found not in fit:
        raise UsageError(f"no column of image bytes ({', '.join(IMAGE_COLUMNS)}) among {_shown(schema)}")
    return ImageColumns(found, key or next((name for name in KEY_COLUMNS if name in names and name != found), None))


def _shown(schema: "Schema") -> str:
    return (", ".join(printable(name) for name in schema.names) or "none")[:200]


def _holds_images(kind: Any) -> bool:
    types = pyarrow().types
    kind = kind.value_type if types.is_dictionary(kind) else kind
    if types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0 and _holds_images(kind.field("bytes").type)
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind))


def batch_items(
    batch: "Table | RecordBatch", columns: ImageColumns, prefix: str = "", first: int = 0
) -> Iterator[Item]:
    """One item per row, named by ``prefix`` and its key or its number counted from ``first``."""
    images = batch.column(columns.image)
    keys = _keys(batch.column(columns.key)) if columns.key else None
    for row in range(batch.num_rows):
        data = images[row].as_py()
        key = keys[row].as_py() if keys is not None else None
        key = os.fsdecode(key) if isinstance(key, bytes) else key
        if isinstance(data, dict):
            key = key if key is not None else data.get("path")
            data = data["bytes"]
        name = prefix + (str(key)[:MAX_KEY] if isinstance(key, (str, int)) else str(first + row))
        yield Item(name, data, None if data is not None else "no image in this row: null")


def _keys(column: Any) -> Any:
    """Texts as bytes: a file may hold some that are not UTF-8, and they must not cost its other rows."""
    arrow = pyarrow()
    is_text = arrow.types.is_string(column.type) or arrow.types.is_large_string(column.type)
    return column.cast(arrow.large_binary()) if is_text else column


def parquet_items(name: str, file: IO[bytes] | None, most_bytes: int) -> Iterator[Item]:
    """Items of a Parquet file, ``name!key``; an image over ``most_bytes`` is an item with that problem.

    Raises UsageError if no column holds images, MissingExtraError without pyarrow, and what pyarrow raises on a
    damaged file.
    """
    parquet = pyarrow().parquet
    reading = {"buffer_size": READ_BYTES, "pre_buffer": False}  # page by page: a row group may hold gigabytes
    with file or open(name, "rb") as opened, parquet.ParquetFile(opened, **reading) as table:
        columns = find_columns(table.schema_arrow)
        wanted = [name for name in (columns.image, columns.key) if name]
        first = 0
        for batch in table.iter_batches(ROWS_AT_ONCE, columns=wanted, use_threads=False):
            for item in batch_items(batch, columns, f"{name}!", first):
                if item.data and len(item.data) > most_bytes:
                    yield Item(item.name, problem=f"image is over the limit of {most_bytes} bytes")
                else:
                    yield item
            first += batch.num_rows
