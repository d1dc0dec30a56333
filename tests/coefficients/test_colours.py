"""Planes become the RGB that libjpeg makes of them, and RGB bounds the planes that it can come from."""

import io

import numpy as np
import skimage.data
from PIL import Image
from saved import saved

from jpegqf.arrays import I16, U8
from jpegqf.coefficients.blocks.levels import HIGHEST, LOWEST
from jpegqf.coefficients.colours import chroma_bounds, luma_bounds, rgb_of
from jpegqf.pixels.chroma import chroma_of


def planes_and_pixels() -> tuple[I16, U8]:
    """A decoder's luma and chroma of a photo with clipped colours, and its pixels."""
    strong = np.clip(skimage.data.astronaut().astype(np.float32) * 1.6 - 60, 0, 255).astype(np.uint8)
    pixels, jpeg = saved(Image.fromarray(strong), quality=80, subsampling=0)
    image = Image.open(io.BytesIO(jpeg))
    image.draft("YCbCr", image.size)
    return np.asarray(image).transpose(2, 0, 1).astype(np.int16), pixels


def test_rgb_is_what_pillow_makes_of_the_same_planes() -> None:
    planes, pixels = planes_and_pixels()
    assert (rgb_of(*planes) == pixels).all()


def test_luma_lies_within_its_bounds_also_where_channels_are_clipped() -> None:
    (luma, cb, cr), pixels = planes_and_pixels()
    low, high = luma_bounds(pixels, cb, cr)
    assert (low <= luma).all()
    assert (luma <= high).all()
    unclipped = ((pixels > 0) & (pixels < 255)).any(axis=2)
    assert (low == high)[unclipped & (luma > 0) & (luma < 255)].all()
    assert ((low == LOWEST) | (high == HIGHEST))[(pixels == 0).all(axis=2) | (pixels == 255).all(axis=2)].all()


def test_luma_that_no_level_explains_has_bounds_the_wrong_way_round() -> None:
    pixels = np.array([[[100, 100, 200]]], np.uint8)
    low, high = luma_bounds(pixels, np.full((1, 1), 128, np.int16), np.full((1, 1), 128, np.int16))
    assert (low > high).all()


def test_chroma_lies_within_its_bounds() -> None:
    (luma, cb, cr), pixels = planes_and_pixels()
    low, high = chroma_bounds(pixels, luma, cb, cr)
    for number, plane in enumerate((cb, cr)):
        assert (low[number] - 1 <= plane).all()
        assert (plane <= high[number] + 1).all()


def test_every_unclipped_colour_that_a_decoder_makes_is_found_with_its_chroma() -> None:
    cb, cr = np.mgrid[:256, :256].astype(np.int16)
    unclipped = 0
    for luma in range(0, 256, 5):
        pixels = rgb_of(np.full_like(cb, luma), cb, cr)
        inside = ((pixels > 0) & (pixels < 255)).all(axis=2)
        planes, sound = chroma_of(pixels)
        assert sound[inside].all()
        assert (planes[:, inside] == np.stack([cb, cr])[:, inside]).all()
        unclipped += int(np.count_nonzero(inside))
    assert unclipped > 500_000


def test_black_whose_chroma_would_make_it_red_has_bounds_the_wrong_way_round() -> None:
    black, level = np.zeros((1, 1, 3), np.uint8), np.full((1, 1), 128, np.int16)
    low, high = luma_bounds(black, level, level + 9)
    assert (low > high).all()
    low, high = luma_bounds(black, level, level)
    assert (low == LOWEST).all()
    assert (high == 0).all()
