import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from jpegqf.codecs.jpeg_xl_frame import jpeg_xl_quality
from jpegqf.inspection.inspector import Inspector

pytest.importorskip("pillow_jxl", reason='JPEG XL needs pillow-jxl-plugin: pip install "jpegqf[jxl]"')


def saved(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "JXL", **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def small() -> bytes:
    return saved(Image.linear_gradient("L").resize((64, 64)).convert("RGB"), quality=60, effort=5)


@pytest.fixture
def square(photo: Image.Image) -> Image.Image:
    return photo.crop((0, 0, 300, 200))


@pytest.mark.parametrize(("effort", "step"), [(1, 3), (3, 5), (5, 5)])
def test_the_quality_is_told_within_1_over_the_whole_scale(square: Image.Image, effort: int, step: int) -> None:
    for quality in (*range(2, 95, step), *range(95, 100)):
        told = jpeg_xl_quality(saved(square, quality=quality, effort=effort))
        assert told is not None
        assert abs(told - quality) <= 1


@pytest.mark.parametrize(("effort", "within"), [(6, 1), (7, 1), (8, 3)])
def test_where_repeated_details_are_coded_as_patches_none_is_told_and_else_the_right_one(
    square: Image.Image, effort: int, within: int
) -> None:
    for quality in (10, 40, 75, 90, 98):
        told = jpeg_xl_quality(saved(square, quality=quality, effort=effort))
        assert told is None or abs(told - quality) <= within
        assert told is not None or quality < 75


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "I;16"])
@pytest.mark.parametrize("in_boxes", [False, True])
def test_kinds_of_samples_and_boxes_around_do_not_change_it(square: Image.Image, mode: str, in_boxes: bool) -> None:
    image = square.convert("L").convert(mode) if mode == "I;16" else square.convert(mode)
    assert jpeg_xl_quality(saved(image, quality=85, use_container=in_boxes)) == 85


def test_many_parts_and_a_colour_space_of_its_own_do_not_change_it(photo: Image.Image) -> None:
    assert jpeg_xl_quality(saved(photo.resize((5000, 2100)), quality=85, effort=3)) == 85
    assert jpeg_xl_quality(saved(photo, quality=85, use_original_profile=True)) == 85


def test_without_loss_and_made_from_a_jpeg_there_is_none(tmp_path: Path, square: Image.Image) -> None:
    assert jpeg_xl_quality(saved(square, lossless=True)) is None
    square.save(tmp_path / "a.jpg", quality=80)
    with Image.open(tmp_path / "a.jpg") as image:
        assert jpeg_xl_quality(saved(image, lossless_jpeg=True)) is None


@pytest.mark.parametrize("only", [None, "header"])
def test_a_row_tells_it_and_header_alone_is_enough(square: Image.Image, only: Any) -> None:
    row = Inspector(only=only).inspect(saved(square, quality=90))
    assert (row.format, row.codec_quality) == ("JXL", 90)


def test_a_file_cut_anywhere_tells_it_or_none(small: bytes) -> None:
    for end in range(len(small)):
        assert jpeg_xl_quality(small[:end]) in (None, 60)


@given(data=st.data())
def test_a_damaged_file_tells_a_quality_on_the_scale_or_none(small: bytes, data: st.DataObject) -> None:
    changed = bytearray(small)
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(small) - 1), st.integers(0, 255)), max_size=12)):
        changed[at] = value
    told = jpeg_xl_quality(bytes(changed))
    assert told is None or 0 <= told <= 100


@given(st.binary(max_size=300))
def test_any_codestream_is_read_to_an_end(data: bytes) -> None:
    told = jpeg_xl_quality(b"\xff\x0a" + data)
    assert told is None or 0 <= told <= 100
