"""Reads the images of a Parquet file or Arrow table that has a column of encoded images."""

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
"""Usual names of a column of images, the preferred ones first."""
KEY_COLUMNS = ("path", "key", "__key__", "file_name", "filename", "url", "id")
"""Usual names of a column that names the images, the preferred ones first."""
MAX_KEY = 4096
"""Longest key that becomes an item's name, in characters; longer ones are cut."""
ROWS_AT_ONCE = 16
"""Rows of a Parquet file that are held in memory."""
READ_BYTES = 2**22
"""Bytes of a column that are read at once."""


@dataclass(frozen=True)
class ImageColumns:
    """The names of the column with the images and, if there is one, of the column with their keys."""

    image: str
    key: str | None = None


def find_columns(schema: "Schema", image: str | None = None, key: str | None = None) -> ImageColumns:
    """The columns named ``image`` and ``key``, or else those with usual names. Raises UsageError if none fits."""
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
    """One item per row, named by ``prefix`` and the row's key; without a key, by its number counted from ``first``."""
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
    """A column of texts as bytes: one text that is not valid UTF-8 must not make the other rows unreadable."""
    arrow = pyarrow()
    is_text = arrow.types.is_string(column.type) or arrow.types.is_large_string(column.type)
    return column.cast(arrow.large_binary()) if is_text else column


def parquet_items(name: str, file: IO[bytes] | None, most_bytes: int) -> Iterator[Item]:
    """The images of a Parquet file as items named ``name!key``; one over ``most_bytes`` has a problem instead of data.

    Raises UsageError if no column holds images, MissingExtraError without pyarrow, and the errors of pyarrow for a
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
