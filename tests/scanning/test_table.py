"""One call from paths to a table: what ``scan`` gives, for whatever ``scan`` takes."""

import io
from inspect import signature
from pathlib import Path

import pytest
from PIL import Image

import jpegqf
from conftest import MakeJpeg
from jpegqf.outputs.parquet_file import arrow_schema, records_table

pytest.importorskip("pyarrow", reason="tables need pyarrow")


@pytest.fixture
def folder(tmp_path: Path, jpeg: MakeJpeg, cat: Image.Image) -> Path:
    several = io.BytesIO()
    cat.save(several, "MPO", save_all=True, append_images=[cat.rotate(90)], quality=71)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.jpg").write_bytes(jpeg(83, cat))
    (tmp_path / "b.jpg").write_bytes(several.getvalue())
    (tmp_path / "c.jpg").write_bytes(b"no image")
    return tmp_path


def test_the_table_takes_what_scan_takes_with_the_same_defaults() -> None:
    assert signature(jpegqf.scan_table).parameters == signature(jpegqf.scan).parameters
    assert "members" in signature(jpegqf.scan_table).parameters


def test_rows_are_those_of_scan_under_any_options(folder: Path) -> None:
    for options in ({}, {"recursive": True}, {"members": True, "only": "header"}, {"max_pixels": 100_000}):
        table = jpegqf.scan_table(folder, **options)
        assert table.schema == arrow_schema()
        assert table.equals(records_table(jpegqf.scan(folder, **options)))


def test_each_picture_of_a_multi_picture_jpeg_is_a_row_where_members_are_asked_for(folder: Path) -> None:
    names = jpegqf.scan_table(folder / "b.jpg", members=True)["filename"].to_pylist()
    assert names == ["b.jpg!1", "b.jpg!2"]
    assert jpegqf.scan_table(folder / "b.jpg")["filename"].to_pylist() == ["b.jpg"]


def test_an_argument_that_scan_does_not_take_is_refused(folder: Path) -> None:
    with pytest.raises(TypeError, match="colour"):
        jpegqf.scan_table(folder, colour=True)  # type: ignore[call-arg]
