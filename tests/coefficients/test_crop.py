"""A crop is given back within a JPEG that covers it, and nothing that is no crop of one."""

import io

import numpy as np
import pytest
import skimage.data
from PIL import Image
from saved import saved

import jpegqf
from jpegqf.coefficients.crop import is_wrong_at_sides
from jpegqf.errors import ImageSkippedError, Reason

pytest.importorskip("jpeglib", reason="jpegqf[restore] is not installed")

MUTED = (skimage.data.coffee()[:208, :272].astype(np.float32) * 0.7 + 40).astype(np.uint8)


def cut(pixels: np.ndarray, top: int, left: int, bottom: int, right: int) -> np.ndarray:
    return np.ascontiguousarray(pixels[top:bottom, left:right])


@pytest.mark.parametrize(
    ("sampling", "quality", "box", "place"),
    [
        ("gray", 75, (6, 3, 150, 201), (3, 6)),
        ("gray", 50, (13, 0, 208, 173), (0, 5)),
        ("4:4:4", 75, (6, 3, 150, 201), (3, 6)),
        ("4:2:2", 75, (21, 27, 190, 233), (11, 5)),
        ("4:2:0", 50, (21, 27, 190, 233), (11, 5)),
        pytest.param("4:2:0", 75, (28, 29, 196, 259), (13, 12), marks=pytest.mark.slow),
        ("4:2:0", 75, (16, 32, 192, 256), (16, 16)),
    ],
)
def test_a_crop_comes_back_and_the_row_and_column_of_its_first_pixel_are_told(
    sampling: str, quality: int, box: tuple[int, int, int, int], place: tuple[int, int]
) -> None:
    image = Image.fromarray(MUTED).convert("L" if sampling == "gray" else "RGB")
    pixels, _ = saved(image, quality=quality, **({} if sampling == "gray" else {"subsampling": sampling}))
    crop = cut(pixels, *box)
    found = jpegqf.restore(crop, crop=True)
    assert (found.quality, found.subsampling, found.proven) == (quality, sampling, True)
    assert (found.crop_x, found.crop_y) == place
    decoded = Image.open(io.BytesIO(found.jpeg))
    x, y = place
    assert (np.asarray(decoded)[y : y + crop.shape[0], x : x + crop.shape[1]] == crop).all()
    assert f"{crop.shape[1]}x{crop.shape[0]} pixels from column {x}, row {y}".encode() in decoded.info["comment"]


def test_a_whole_image_is_no_crop_with_the_flag_either() -> None:
    pixels, _ = saved(Image.fromarray(MUTED), quality=75)
    found = jpegqf.restore(pixels, crop=True)
    assert (found.proven, found.crop_x, found.crop_y) == (True, None, None)


def test_without_the_flag_the_reason_names_offset_and_flag() -> None:
    pixels, _ = saved(Image.fromarray(MUTED), quality=75)
    with pytest.raises(ImageSkippedError, match="column 5 and row 2; --crop") as raised:
        jpegqf.restore(cut(pixels, 6, 3, 200, 260))
    assert raised.value.reason is Reason.CROPPED


def test_wrong_pixels_show_a_cut_where_they_are_denser_in_the_outer_lines() -> None:
    wrong = np.zeros((64, 64), bool)
    wrong[20:40, 20:40] = True
    assert not is_wrong_at_sides(wrong)
    wrong[:, 0] = True
    assert is_wrong_at_sides(wrong)
    assert not is_wrong_at_sides(np.ones((64, 64), bool))


def test_a_crop_with_one_pixel_changed_gives_nothing() -> None:
    pixels, _ = saved(Image.fromarray(MUTED), quality=75, subsampling=0)
    crop = cut(pixels, 6, 3, 150, 201)
    crop[70, 70] ^= 9
    with pytest.raises(ImageSkippedError) as raised:
        jpegqf.restore(crop, crop=True)
    assert raised.value.reason is Reason.NOT_IDENTICAL
    assert not jpegqf.restore(crop, crop=True, near=True).proven


def test_what_was_no_jpeg_gives_nothing_as_a_crop_either() -> None:
    with pytest.raises(ImageSkippedError) as raised:
        jpegqf.restore(MUTED[3:, 5:].copy(), crop=True)
    assert raised.value.reason is Reason.NOT_A_JPEG


def test_only_the_first_lines_tell_that_an_image_was_cut_off() -> None:
    """At the last ones MCUs of whole images are beyond the image in part."""
    first, last = np.zeros((64, 64), bool), np.zeros((64, 64), bool)
    first[0], last[-1] = True, True
    assert is_wrong_at_sides(first)
    assert not is_wrong_at_sides(last)
