"""Blocks at the sides of a crop give its pixels, though these do not determine them."""

from dataclasses import replace

import numpy as np
import pytest
import skimage.data
from PIL import Image
from saved import saved

from jpegqf.coefficients.alternating import draft_of_colours
from jpegqf.coefficients.draft import CropPlace, Draft, Layout
from jpegqf.coefficients.sides.fitting import fit_sides, narrow_mcus, seen_samples
from jpegqf.jpeg.ijg import ijg_chroma, ijg_luma
from jpegqf.pixels.upsampling import AS_DECODED, NOT_SUBSAMPLED, Sampling

MUTED = (skimage.data.coffee()[:112, :144].astype(np.float32) * 0.7 + 40).astype(np.uint8)


def draft_of(sampling: Sampling, place: CropPlace, image: np.ndarray = MUTED) -> tuple[Draft, np.ndarray]:
    """The draft of a part of an image saved at quality 75, and the pixels of its layout: edges around the part."""
    pixels, _ = saved(Image.fromarray(image), quality=75, subsampling=sampling.name)
    height, width = pixels.shape[:2]
    ends = (place.top, height - place.top - place.height), (place.left, width - place.left - place.width), (0, 0)
    pixels = np.pad(pixels[place.area], ends, mode="edge")
    luma, chroma = (table(75).reshape(64).astype(np.int32) for table in (ijg_luma, ijg_chroma))
    return draft_of_colours(pixels, Layout(height, width, sampling, crop=place), luma, chroma), pixels


@pytest.mark.parametrize("sampling", AS_DECODED, ids=lambda one: one.name)
def test_samples_one_line_beyond_the_crop_are_seen_where_chroma_is_interpolated(sampling: Sampling) -> None:
    layout = Layout(64, 64, sampling, crop=CropPlace(16, 16, 32, 32))
    rows, columns = (np.flatnonzero(seen_samples(layout).any(axis=axis)) for axis in (1, 0))
    assert (rows[0], rows[-1]) == ((7, 24) if sampling.down == 2 else (16, 47))
    assert (columns[0], columns[-1]) == ((7, 24) if sampling.across == 2 else (16, 47))
    narrow = narrow_mcus(seen_samples(layout))
    assert bool(narrow[0].all()) == (sampling.down == 2)
    assert bool(narrow[:, 0].all()) == (sampling.across == 2)


@pytest.mark.parametrize(
    ("sampling", "place"),
    [
        (AS_DECODED[0], CropPlace(16, 16, 80, 112)),
        (AS_DECODED[0], CropPlace(12, 29, 87, 99)),
        (AS_DECODED[1], CropPlace(5, 16, 91, 112)),
        (NOT_SUBSAMPLED, CropPlace(7, 4, 98, 135)),
    ],
)
def test_a_crop_whose_sides_no_block_of_the_original_tells_comes_back(sampling: Sampling, place: CropPlace) -> None:
    draft, pixels = draft_of(sampling, place)
    assert fit_sides(draft, pixels, float("inf"))
    assert not draft.wrong(pixels).any()


def test_clipped_pixels_in_the_last_column_come_back() -> None:
    bright = skimage.data.coffee()[200:312, 300:444].astype(np.int16) * 2
    draft, pixels = draft_of(NOT_SUBSAMPLED, CropPlace(0, 7, 112, 137), np.clip(bright, 0, 255).astype(np.uint8))
    column = pixels[:, 7]
    assert ((column == 0) | (column == 255)).any(axis=1).sum() > 10
    assert fit_sides(draft, pixels, float("inf"))
    assert not draft.wrong(pixels)[:, 7].any()


def test_whole_images_and_crops_of_whole_blocks_are_left_alone() -> None:
    draft, pixels = draft_of(NOT_SUBSAMPLED, CropPlace(8, 8, 96, 128))
    draft.layout = replace(draft.layout, crop=None)
    assert not fit_sides(draft, pixels, float("inf"))
