import io

import numpy as np
import pytest
from PIL import Image

from jpegqf.arrays import U8
from jpegqf.pixels.chroma import Colours, chroma_of


def jpeg_of(image: Image.Image, **options: int) -> bytes:
    image.save(out := io.BytesIO(), "JPEG", **options)
    return out.getvalue()


def decoders_planes(data: bytes) -> U8:
    """Y, Cb and Cr as libjpeg has them before it converts them, (height, width, 3)."""
    with Image.open(io.BytesIO(data)) as image:
        image.draft("YCbCr", image.size)
        return np.asarray(image)


@pytest.mark.parametrize("quality", [20, 75, 98])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_the_decoders_chroma_comes_back_from_rgb_wherever_nothing_was_clipped(
    photo: Image.Image, quality: int, subsampling: int
) -> None:
    data = jpeg_of(photo, quality=quality, subsampling=subsampling)
    rgb = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    planes, sound = chroma_of(rgb)
    unclipped = (rgb > 0).all(axis=2) & (rgb < 255).all(axis=2)
    assert np.array_equal(sound, unclipped)
    assert np.array_equal(planes[:, sound], decoders_planes(data)[..., 1:].transpose(2, 0, 1)[:, sound])


def test_clipped_pixels_and_colours_that_no_jpeg_has_are_not_sound() -> None:
    _, sound = chroma_of(np.array([[(0, 10, 10), (255, 9, 9), (100, 100, 101), (100, 100, 100)]], np.uint8))
    assert sound.tolist() == [[False, False, False, True]]


def test_a_jpeg_gives_its_own_planes(photo: Image.Image) -> None:
    data = jpeg_of(photo, quality=80)
    tiles = Colours.of_jpeg(data).tiles(0, 0, 64, 3)
    assert tiles is not None
    assert tiles.planes.shape == (6, 64, 64)
    assert tiles.sound.all()


def test_squares_are_those_whose_chroma_varies_most_and_lie_on_the_grid() -> None:
    pixels = np.full((100, 130, 3), 120, np.uint8)
    pixels[37:69, 66:98] = np.random.default_rng(0).integers(60, 190, (32, 32, 3))
    colours = Colours.of_array(pixels)
    tiles = colours.tiles(2, 5, 32, 1) if colours else None
    assert tiles is not None
    assert np.array_equal(tiles.planes, chroma_of(pixels[37:69, 66:98])[0])


@pytest.mark.parametrize(("width", "height"), [(17, 301), (40, 3), (1, 1), (2, 2), (5000, 20)])
def test_any_size_gives_squares_of_even_sides_or_none(width: int, height: int) -> None:
    colours = Colours.of_array(np.full((height, width, 3), 99, np.uint8))
    tiles = colours.tiles(1, 1, 112, 4) if colours else None
    if min(width, height) < 3:
        assert tiles is None
    else:
        assert tiles is not None
        assert all(side % 2 == 0 and 2 <= side <= 112 for side in tiles.planes.shape[1:])


def test_a_jpeg_that_cannot_be_decoded_has_no_colours_and_raises_nothing(photo: Image.Image) -> None:
    data = jpeg_of(photo, quality=80)
    for broken in (b"", b"\xff\xd8junk", data[: len(data) // 2]):
        assert Colours.of_jpeg(broken).tiles(0, 0, 64, 1) is None


def test_what_has_no_colours_gives_none(photo: Image.Image) -> None:
    assert Colours.of_image(photo.convert("L")) is None
    assert Colours.of_array(np.zeros((9, 9), np.uint8)) is None
    assert Colours.of_jpeg(jpeg_of(photo.convert("L"))).tiles(0, 0, 64, 1) is None
