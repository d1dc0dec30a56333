"""Chroma samples of which few pixels tell are chosen so that they give these pixels."""

import numpy as np
import pytest

from jpegqf.arrays import I16
from jpegqf.coefficients.colours import rgb_of
from jpegqf.coefficients.sides.samples import SampleSearch, Shown, relaxed
from jpegqf.pixels.chroma import chroma_of
from jpegqf.pixels.upsampling import AS_DECODED, NOT_SUBSAMPLED, Sampling, upsampled


def shown_from(samples: I16, sampling: Sampling, luma: int, first: int) -> Shown:
    """What is known where all pixels from row ``first`` on are given, of chroma samples (2, rows, columns)."""
    height, width = samples.shape[1] * sampling.down, samples.shape[2] * sampling.across
    cb, cr = upsampled(samples, sampling, height, width)
    level = np.full((height, width), luma, np.int16)
    pixels = rgb_of(level, cb, cr)
    given = np.arange(height)[:, None] >= np.full(width, first)
    chroma, sound = chroma_of(pixels)
    return Shown(pixels, chroma, sound & given, given, level * 0, level * 0 + 255)


def rough(rows: int, columns: int) -> I16:
    return np.random.default_rng(1).integers(110, 146, (2, rows, columns)).astype(np.int16)


@pytest.mark.parametrize("sampling", AS_DECODED, ids=lambda one: one.name)
def test_samples_of_hidden_rows_are_chosen_so_that_every_given_pixel_comes_back(sampling: Sampling) -> None:
    truth = rough(8, 24)
    shown = shown_from(truth, sampling, 128, 2 * sampling.down)
    free = np.zeros((8, 24), bool)
    free[: 2 if sampling.down == 2 else 4] = True
    start = np.where(free, 128, truth).astype(np.float32)
    search = SampleSearch(np.rint(relaxed(start, free, shown, sampling)).astype(np.int16), free, shown, sampling)
    assert search.run(float("inf")) == 0
    found = upsampled(search.samples, sampling, *shown.sound.shape)
    assert (found == shown.chroma)[:, shown.sound].all()
    assert (search.samples == truth)[:, ~free].all()


def test_where_a_channel_is_clipped_chroma_is_chosen_that_luma_can_go_with() -> None:
    truth = np.full((2, 8, 24), 128, np.int16)
    truth[1] = 200
    shown = shown_from(truth, NOT_SUBSAMPLED, 200, 4)
    assert not shown.sound.any()
    free = np.zeros((8, 24), bool)
    free[4:] = True
    search = SampleSearch(np.where(free, truth + 5, truth).astype(np.int16), free, shown, NOT_SUBSAMPLED)
    assert search.run(float("inf")) == 0
    luma = np.full((8, 24), 200, np.int16)
    told = Shown(shown.pixels, shown.chroma, shown.sound, shown.given, luma, luma)
    exact = SampleSearch(search.samples.copy(), free, told, NOT_SUBSAMPLED)
    assert exact.run(float("inf")) == 0
    assert (rgb_of(luma, *exact.samples) == shown.pixels)[4:].all()


def test_the_search_ends_when_its_time_is_over() -> None:
    truth = rough(8, 24)
    shown = shown_from(truth, AS_DECODED[0], 128, 4)
    free = np.zeros((8, 24), bool)
    free[:3] = True
    start = np.where(free, 128, truth).astype(np.int16)
    search = SampleSearch(start.copy(), free, shown, AS_DECODED[0])
    assert search.run(0) > 0
    assert (search.samples == start).all()
