import io

import numpy as np
import pytest
from PIL import Image

from jpegqf.arrays import U8
from jpegqf.jpeg.ijg import QUALITIES
from jpegqf.pixels.chroma import Colours
from jpegqf.tables.chroma_reading import ChromaReading, read_chroma

NAMES = {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}
"""Pillow's numbers of subsampling."""


def decoded(image: Image.Image, **options: object) -> U8:
    image.save(out := io.BytesIO(), "JPEG", **options)
    with Image.open(io.BytesIO(out.getvalue())) as opened:
        return np.asarray(opened.convert("RGB"))


def read(pixels: U8, x: int = 0, y: int = 0, likely: tuple[int, ...] = ()) -> ChromaReading | None:
    colours = Colours.of_array(pixels)
    return read_chroma(colours, x, y, likely) if colours else None


def likeliest(reading: ChromaReading | None) -> int | None:
    """The quality of the likeliest chroma table."""
    if reading is None or reading.log_likelihood is None:
        return None
    return int(QUALITIES[reading.log_likelihood.argmax()])


@pytest.mark.parametrize("quality", [25, 50, 75, 92])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_subsampling_and_quality_of_chroma_are_read_wherever_the_image_was_cropped(
    photo: Image.Image, quality: int, subsampling: int
) -> None:
    pixels = decoded(photo, quality=quality, subsampling=subsampling)
    for left, top in ((0, 0), (3, 6), (8, 0), (11, 15)):
        reading = read(np.ascontiguousarray(pixels[top:, left:]), -left % 8, -top % 8, (quality,))
        assert reading is not None
        assert reading.sampling.name == NAMES[subsampling]
        assert reading.log_likelihood is not None
        assert reading.log_likelihood.max() - reading.log_likelihood[quality - 1] <= 1


@pytest.mark.parametrize("turn", list(Image.Transpose))
def test_mirrored_and_turned_images_show_their_subsampling_as_they_are_stored(
    photo: Image.Image, turn: Image.Transpose
) -> None:
    square = photo.crop((0, 0, 256, 256))
    pixels = np.asarray(Image.fromarray(decoded(square, quality=60, subsampling=1)).transpose(turn))
    reading = read(pixels, likely=(60,))
    on_its_side = turn in (
        Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270, Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE,
    )  # fmt: skip
    assert reading is not None
    assert reading.sampling.name == ("4:4:0" if on_its_side else "4:2:2")
    assert likeliest(reading) == 60


def test_chroma_tells_qualities_apart_whose_luma_tables_agree(photo: Image.Image) -> None:
    for quality in (41, 42, 49, 50, 51):
        assert likeliest(read(decoded(photo, quality=quality, subsampling=0))) == quality


def test_luma_may_have_another_quality_and_chroma_says_so(photo: Image.Image) -> None:
    with Image.open(io.BytesIO(_jpeg(photo, 80))) as one, Image.open(io.BytesIO(_jpeg(photo, 50))) as other:
        tables = [one.quantization[0], other.quantization[1]]  # type: ignore[attr-defined]
    assert likeliest(read(decoded(photo, qtables=tables, subsampling=0), likely=(80,))) == 50


def _jpeg(image: Image.Image, quality: int) -> bytes:
    image.save(out := io.BytesIO(), "JPEG", quality=quality)
    return out.getvalue()


def test_tables_that_are_no_ijgs_get_no_quality_that_contradicts_luma(photo: Image.Image) -> None:
    chroma = [17 + 3 * (i % 5) for i in range(64)]
    reading = read(decoded(photo, qtables=[[16] * 64, chroma], subsampling=0), likely=(60,))
    assert reading is None or reading.log_likelihood is None


def test_images_without_chroma_tell_nothing(photo: Image.Image) -> None:
    assert read(decoded(photo.convert("L").convert("RGB"), quality=70)) is None
    assert read(np.full((100, 100, 3), 90, np.uint8)) is None
    assert read(np.zeros((3, 200, 3), np.uint8)) is None


def test_clean_images_tell_no_subsampling_that_was_not_there(photo: Image.Image) -> None:
    reading = read(np.asarray(photo))
    assert reading is None or reading.log_likelihood is None
