"""Encoded images in Arrow -> a table of records: pure, the same under every engine that maps Arrow batches."""

from typing import TYPE_CHECKING, Any

from jpegqf.inputs.parquet import batch_items, find_columns
from jpegqf.limits import DEFAULT_PIXELS
from jpegqf.outputs.parquet_file import records_table
from jpegqf.scanning.look import inspect_item

if TYPE_CHECKING:
    from pyarrow import RecordBatch, Table


def inspect_batch(
    batch: "Table | RecordBatch",
    *,
    column: str | None = None,
    key: str | None = None,
    max_pixels: int = DEFAULT_PIXELS,
    **options: Any,
) -> "Table":
    """One row of evidence per row of ``batch``, in order; the columns are those of ``jpegqf.Record``.

    ``column`` holds encoded images, as bytes or as Hugging Face's struct of bytes and path; by default it is the
    first of bytes, jpg, image and content, or the only one of such a type. ``key``, text or whole numbers, becomes
    ``path``: by default path, key, __key__, file_name, filename, url or id, else the struct's path, else the row's
    number in ``batch``. Nulls and broken bytes are rows with their reason. ``options`` as for
    ``jpegqf.Inspector``. Raises UsageError if there is no such column. Nothing shields this process from a codec that
    crashes or hangs.
    """
    from jpegqf.inspection.inspector import Inspector

    inspector = Inspector(max_pixels=max_pixels, **options)
    columns = find_columns(batch.schema, column, key)
    return records_table(inspect_item(inspector, item) for item in batch_items(batch, columns))
