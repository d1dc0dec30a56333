"""Arrow batches in, rows of evidence out: one per row, in order, whatever the row holds."""

import io
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import jpegqf
from conftest import MakeJpeg
from jpegqf.errors import UsageError
from jpegqf.inputs.find import find_items
from jpegqf.inputs.item import Item
from jpegqf.inputs.parquet import find_columns, parquet_items
from jpegqf.inputs.suffixes import IMAGE_SUFFIXES
from jpegqf.outputs.parquet_file import arrow_schema, records_table
from jpegqf.record import COLUMNS
from jpegqf.scanning.arrow_batch import inspect_batch


@pytest.fixture(scope="module")
def files(jpeg: MakeJpeg, cat: Image.Image) -> list[bytes | None]:
    png = io.BytesIO()
    cat.crop((0, 0, 90, 70)).save(png, "PNG")
    return [jpeg(61, cat), None, b"", b"nothing", png.getvalue(), jpeg(84, cat)[:3000], jpeg(93, cat)]


def test_one_row_per_row_in_order_with_nulls_and_broken_bytes_as_rows(files: list[bytes | None]) -> None:
    table = inspect_batch(pa.table({"bytes": pa.array(files, pa.binary())}))
    assert table.schema == arrow_schema()
    assert table.column_names == list(COLUMNS)
    assert table["path"].to_pylist() == [str(i) for i in range(7)]
    assert table["reason"].to_pylist() == [None, "unreadable", "empty", "not_an_image", None, "truncated", None]
    assert table["qf"].to_pylist()[::6] == [61, 93]


def test_rows_equal_those_of_inspect(files: list[bytes | None]) -> None:
    sound = [data for data in files if data]
    table = inspect_batch(pa.table({"bytes": sound, "key": [f"k{i}" for i in range(len(sound))]}))
    assert table.equals(records_table(jpegqf.inspect(data, f"k{i}") for i, data in enumerate(sound)))


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view()])
@pytest.mark.parametrize("name", ["bytes", "jpg", "image", "content", "pixels"])
def test_the_usual_columns_and_types_are_found(files: list[bytes | None], kind: pa.DataType, name: str) -> None:
    batch = pa.record_batch({"label": [3], name: pa.array([files[0]], kind)})
    assert inspect_batch(batch, only="header")["header_qf"].to_pylist() == [61]


def test_the_struct_of_hugging_face_gives_bytes_and_name_and_no_file_is_opened(
    files: list[bytes | None], tmp_path: Path
) -> None:
    (tmp_path / "secret.jpg").write_bytes(files[0] or b"")
    rows = [
        {"bytes": files[0], "path": "a.jpg"},
        {"bytes": files[6], "path": None},
        {"bytes": None, "path": str(tmp_path / "secret.jpg")},
        None,
    ]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = inspect_batch(pa.table({"image": pa.array(rows, kind)}), only="header")
    assert table["path"].to_pylist() == ["a.jpg", "1", str(tmp_path / "secret.jpg"), "3"]
    assert table["header_qf"].to_pylist() == [61, 93, None, None]
    assert table["reason"].to_pylist() == [None, None, "unreadable", "unreadable"]


def test_columns_can_be_named_and_what_is_absent_is_told(files: list[bytes | None]) -> None:
    table = pa.table({"a": [files[0]], "b": [files[6]], "n": [7]})
    told = inspect_batch(table, column="b", key="n", only="header")
    assert (told["path"].to_pylist(), told["header_qf"].to_pylist()) == (["7"], [93])
    with pytest.raises(UsageError, match="no column of image bytes"):
        inspect_batch(table)
    with pytest.raises(UsageError, match="no column 'z' among a, b, n"):
        inspect_batch(table, column="z")
    with pytest.raises(UsageError, match="no column of image bytes"):
        find_columns(pa.schema([("bytes", pa.string())]))


def test_a_parquet_file_is_an_archive_of_its_rows(files: list[bytes | None], tmp_path: Path) -> None:
    path = str(tmp_path / "a.parquet")
    pq.write_table(pa.table({"jpg": files, "__key__": [*"abcdef", None]}), path, row_group_size=2)
    items = list(find_items([path], IMAGE_SUFFIXES, False))
    assert [item.name for item in items] == [f"{path}!{key}" for key in "abcdef6"]
    assert [item.data for item in items] == files
    assert list(items)[1].problem


def test_a_parquet_without_images_or_damaged_is_one_item_with_its_problem(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and nothing")
    first, second = find_items([str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")], IMAGE_SUFFIXES, False)
    assert "no column of image bytes" in (first.problem or "")
    assert "cannot be read to its end" in (second.problem or "")


def test_an_image_over_the_limit_is_told_and_keys_are_bounded(tmp_path: Path) -> None:
    path = str(tmp_path / "a.parquet")
    pq.write_table(pa.table({"bytes": [bytes(100), bytes(10)], "key": ["x" * 9000, "y"]}), path)
    first, second = parquet_items(path, None, 50)
    assert first.problem == "image is over the limit of 50 bytes"
    assert len(first.name) < 5000
    assert second == Item(f"{path}!y", bytes(10))


def test_a_dictionary_of_images_is_read_and_a_key_that_is_not_unicode_costs_no_row(
    files: list[bytes | None], tmp_path: Path
) -> None:
    keys = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.array([0, 1, 3], pa.int32()).buffers()[1], pa.py_buffer(b"a\xff\xfe")]
    )
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"bytes": pa.array([files[0], files[6]]).dictionary_encode(), "key": keys}), path)
    items = list(parquet_items(str(path), None, 2**20))
    assert [(item.name, item.data) for item in items] == [
        (f"{path}!a", files[0]), (f"{path}!\udcff\udcfe", files[6])
    ]  # fmt: skip


def test_a_row_group_is_read_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Counted(io.FileIO):
        taken = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(-1 if size is None else size)
            self.taken += len(data)
            return data

    path = tmp_path / "a.parquet"
    with pq.ParquetWriter(
        path, pa.schema([("bytes", pa.binary())]), write_batch_size=1, use_dictionary=False
    ) as writer:
        writer.write_table(pa.table({"bytes": [os.urandom(100_000) for _ in range(100)]}))
    assert pq.ParquetFile(path).num_row_groups == 1
    monkeypatch.setattr("jpegqf.inputs.parquet.READ_BYTES", 2**16)
    with Counted(path) as file:
        next(parquet_items("a.parquet", file, 2**20))
        assert file.taken < path.stat().st_size / 3
