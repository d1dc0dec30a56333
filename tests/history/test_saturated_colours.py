"""Colours that the first decoder clipped: luma's coefficients are then off the multiples of the first steps."""

import io

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageEnhance

from jpegqf import inspect
from jpegqf.history.earlier_save import earlier_save
from jpegqf.history.last_save import LastSave
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.pixels.chroma import Colours
from jpegqf.pixels.decode import Decoded, decode_luma


def saturated_twice(first: int, last: int) -> bytes:
    """A JPEG of a photograph whose colours are mostly clipped, saved at two qualities on one grid."""
    photograph = Image.fromarray(skimage.data.chelsea()).reduce(2)  # CC0 by Stefan van der Walt
    image = ImageEnhance.Color(photograph).enhance(5)
    for quality in (first, last):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        image = Image.open(out).convert("RGB")
    return out.getvalue()


def decoded(first: int, last: int) -> Decoded:
    """The same, decoded."""
    return decode_luma(saturated_twice(first, last))


@pytest.mark.parametrize(("first", "last"), [(35, 70), (45, 95), (60, 85)])
def test_the_first_quality_is_that_of_blocks_without_clipped_colours(first: int, last: int) -> None:
    image = decoded(first, last)
    of_luma = earlier_save(image.luma, ijg_luma(last)).first
    of_all = earlier_save(image.luma, ijg_luma(last), colours=image.colours).first
    assert of_luma is not None
    assert of_luma.quality != first
    assert of_all is not None
    assert of_all.quality == first


def test_a_save_that_clipped_colours_hide_is_found_in_the_other_blocks() -> None:
    image = decoded(15, 90)
    assert not earlier_save(image.luma, ijg_luma(90)).found
    found = earlier_save(image.luma, ijg_luma(90), colours=image.colours)
    assert found.first is not None
    assert found.first.quality == 15


def test_a_record_tells_the_first_quality_of_saturated_colours() -> None:
    record = inspect(saturated_twice(60, 85))
    assert record.first_qf == 60


def test_most_blocks_of_saturated_colours_are_clipped() -> None:
    image = decoded(60, 85)
    assert LastSave(image.luma, ijg_luma(85), image.colours).clipped_share > 0.8
    assert LastSave(image.luma, ijg_luma(85)).clipped_share == 0
    assert LastSave(image.luma, ijg_luma(85)).marked is None


def test_marks_of_a_jpeg_are_where_its_decoder_gives_the_ends_of_the_scale() -> None:
    data = saturated_twice(60, 85)
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    marks = Colours.of_jpeg(data).clipping_marks()
    assert marks is not None
    np.testing.assert_array_equal((marks & 1) > 0, pixels.min(axis=2) == 0)
    np.testing.assert_array_equal((marks & 2) > 0, pixels.max(axis=2) == 255)


def test_marks_are_turned_with_the_image() -> None:
    colours = Colours.of_jpeg(saturated_twice(60, 85))
    marks, turned = colours.clipping_marks(), colours.transposed().clipping_marks()
    assert marks is not None
    assert turned is not None
    np.testing.assert_array_equal(marks.T, turned)


def test_bytes_that_are_no_jpeg_have_no_marks() -> None:
    assert Colours.of_jpeg(b"no JPEG").clipping_marks() is None
