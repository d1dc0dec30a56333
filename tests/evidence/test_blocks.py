import numpy as np

from jpegqf.evidence.blocks import first_of_each


def test_blocks_that_differ_in_two_pixels_are_distinct_and_repeats_are_not() -> None:
    rng = np.random.default_rng(0)
    pixels = np.full((20_000, 64), 128, np.uint8)
    for row, places in zip(pixels, rng.integers(0, 64, (len(pixels), 2)), strict=True):
        row[places] += rng.integers(0, 4, 2, dtype=np.uint8)
    _, first = np.unique(pixels, axis=0, return_index=True)
    assert 5_000 < len(first) < 15_000
    assert (first_of_each(pixels) == np.sort(first)).all()
