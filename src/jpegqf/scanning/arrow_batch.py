"""Encoded images in Arrow -> a table of records: pure, the same under every engine that maps Arrow batches."""

from typing import TYPE_CHECKING

from jpegqf.inputs.parquet import batch_items, find_columns
from jpegqf.limits import DEFAULT_PIXELS
from jpegqf.outputs.parquet_file import records_table
from jpegqf.scanning.look import inspect_item

if TYPE_CHECKING:
    from pyarrow import RecordBatch, Table

    from jpegqf.inspection.inspector import Only
    from jpegqf.model.predictor import Predictor


def inspect_batch(
    batch: "Table | RecordBatch",
    *,
    column: str | None = None,
    key: str | None = None,
    predictor: "Predictor | None" = None,
    only: "Only | None" = None,
    max_pixels: int = DEFAULT_PIXELS,
) -> "Table":
    """One row of evidence per row of ``batch``, in order; the columns are those of ``jpegqf.Record``.

    ``column`` holds encoded images, as bytes or as Hugging Face's struct of bytes and path; by default it is the
    first of bytes, jpg, image and content, or the only one of such a type. ``key``, text or whole numbers, becomes
    ``path``: by default path, key, __key__, file_name, filename, url or id, else the struct's path, else the row's
    number in ``batch``. Nulls and broken bytes are rows with their reason. The other options are those of
    ``jpegqf.Inspector``. Raises UsageError if there is no such column. Nothing shields this process from a codec that
    crashes or hangs.
    """
    from jpegqf.inspection.inspector import Inspector

    inspector = Inspector(predictor, only, max_pixels)
    columns = find_columns(batch.schema, column, key)
    return records_table(inspect_item(inspector, item) for item in batch_items(batch, columns))
