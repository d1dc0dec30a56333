import numpy as np
import pytest

from jpegqf.evidence.blocks import MOST_BLOCKS, block_lattice, blocks_at
from jpegqf.pixels.luma import Luma


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (height, width), dtype=np.uint8)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (5, 3), (7, 7)])
def test_a_small_image_gives_every_whole_block_of_the_grid(x: int, y: int) -> None:
    plane = noise(70, 93)
    lattice = block_lattice(Luma(plane), x, y)
    assert lattice.step == 8
    assert lattice.tops.tolist() == list(range(y, 70 - 7, 8))
    assert lattice.lefts.tolist() == list(range(x, 93 - 7, 8))
    assert lattice.shape == lattice.pixels.shape[:2]
    for i, top in enumerate(lattice.tops):
        for j, left in enumerate(lattice.lefts):
            assert (lattice.pixels[i, j].reshape(8, 8) == plane[top : top + 8, left : left + 8]).all()


def test_blocks_of_a_large_image_stay_few_on_one_grid_and_reach_its_end() -> None:
    lattice = block_lattice(Luma(np.zeros((1200, 2000), np.uint8)), 5, 3)
    assert MOST_BLOCKS / 3 < lattice.pixels.shape[0] * lattice.pixels.shape[1] <= MOST_BLOCKS
    assert lattice.step % 8 == 0
    assert lattice.step > 8
    for starts, first, length in ((lattice.tops, 3, 1200), (lattice.lefts, 5, 2000)):
        assert starts[0] == first
        assert set(np.diff(starts)) == {lattice.step}
        assert length - 8 - lattice.step < starts[-1] <= length - 8


def test_fewer_blocks_are_taken_where_fewer_are_asked_for() -> None:
    lattice = block_lattice(Luma(np.zeros((512, 512), np.uint8)), 0, 0, most=1024)
    assert (lattice.shape, lattice.step) == ((32, 32), 16)


def test_an_image_smaller_than_a_block_has_an_empty_lattice() -> None:
    assert block_lattice(Luma(noise(7, 100)), 0, 0).shape == (0, 12)
    assert block_lattice(Luma(noise(12, 12)), 5, 5).shape == (0, 0)


def test_blocks_at_uneven_places_are_the_pixels_there() -> None:
    plane = noise(60, 60)
    lattice = blocks_at(Luma(plane), np.array([1, 2, 40]), np.array([52, 0]))
    assert lattice.shape == (3, 2)
    assert (lattice.pixels[2, 0].reshape(8, 8) == plane[40:48, 52:60]).all()
    assert (lattice.pixels[1, 1].reshape(8, 8) == plane[2:10, 0:8]).all()


def test_black_and_white_pixels_count_as_clipped_where_nothing_else_is_known() -> None:
    plane = np.full((8, 32), 100, np.uint8)
    plane[3, 2], plane[4, 9], plane[5, 17] = 0, 255, 254
    lattice = block_lattice(Luma(plane), 0, 0)
    assert lattice.clipped.tolist() == [[True, True, False, False]]
    assert np.argwhere(lattice.low[0]).tolist() == [[0, 8 * 3 + 2]]
    assert np.argwhere(lattice.high[0]).tolist() == [[1, 8 * 4 + 1]]
    assert not lattice.clipped_in_colour.any()


def test_a_pixel_with_one_clipped_channel_is_clipped_in_colour() -> None:
    rgb = np.full((8, 32, 3), 100, np.uint8)
    rgb[3, 2] = 0
    rgb[4, 9] = 255
    rgb[5, 17] = (255, 100, 100)
    lattice = block_lattice(Luma.from_rgb(rgb), 0, 0)
    assert lattice.clipped.tolist() == [[True, True, True, False]]
    assert lattice.clipped_in_colour.tolist() == [[False, False, True, False]]
    assert np.argwhere(lattice.high[0]).tolist() == [[1, 8 * 4 + 1], [2, 8 * 5 + 1]]
    assert np.argwhere(lattice.low[0]).tolist() == [[0, 8 * 3 + 2]]


def test_blocks_that_span_three_grey_levels_are_informative_and_flatter_ones_are_not() -> None:
    plane = np.full((8, 24), 250, np.uint8)
    plane[0, 0], plane[7, 15] = 253, 252
    assert block_lattice(Luma(plane), 0, 0).informative.tolist() == [[True, False, False]]
