import numpy as np
import pytest
import skimage.data
from PIL import Image
from saves import saved

from jpegqf.arrays import F64
from jpegqf.history.earlier_save import earlier_save
from jpegqf.history.last_save import LastSave
from jpegqf.history.remaking import SIDE, Remaking
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.pixels.luma import Luma

COFFEE = Image.fromarray(skimage.data.coffee())  # CC0 by Rachel Michetti
TIES = [(49, 50, 51), (46, 47), (53, 54), (74, 75)]
"""Qualities whose luma tables agree where the indices of a frequency add up to 3 or less."""
OF_TIES = [(first, tie) for tie in TIES for first in tie]


def told(luma: Luma, last: int, tie: tuple[int, ...], grid: tuple[int, int] = (0, 0), turned: bool = False) -> F64:
    """Log likelihoods of the IJG tables of a tie."""
    tables = np.array([ijg_luma(quality).reshape(64) for quality in tie])
    return Remaking(LastSave(luma, ijg_luma(last)), grid, turned).log_likelihoods(tables)


def assert_only(first: int, tie: tuple[int, ...], likely: F64) -> None:
    """The first quality's table is the best, all others are three standard errors behind."""
    for quality, one in zip(tie, likely, strict=True):
        assert one == 0 if quality == first else one < -(3**2) / 2


@pytest.mark.parametrize("cut", [(0, 0), (3, 5), (0, 4)])
@pytest.mark.parametrize(("first", "tie"), OF_TIES)
def test_the_table_of_a_tie_that_remakes_the_image_is_the_first_one(
    first: int, tie: tuple[int, ...], cut: tuple[int, int]
) -> None:
    luma = saved(COFFEE, first, 95, cut=cut)
    assert_only(first, tie, told(luma, 95, tie, (-cut[0] % 8, -cut[1] % 8)))


@pytest.mark.parametrize(("first", "tie"), OF_TIES)
def test_an_image_turned_in_between_is_remade_with_transposed_tables(first: int, tie: tuple[int, ...]) -> None:
    luma = saved(COFFEE.crop((0, 0, 592, 400)), first, 95, turn=Image.Transpose.ROTATE_90)
    assert_only(first, tie, told(luma, 95, tie, turned=True))


@pytest.mark.parametrize("first", [74, 75])
def test_either_of_two_qualities_is_named_where_it_was_the_first(first: int) -> None:
    history = earlier_save(saved(COFFEE, first, 95, cut=(3, 5)), ijg_luma(95))
    assert history.first is not None
    assert (history.first.quality, history.first.low, history.first.high) == (first, first, first)


@pytest.mark.parametrize("cut", [(0, 0), (3, 5)])
def test_hardly_a_coefficient_misses_on_the_first_grid_and_many_do_beside_it(cut: tuple[int, int]) -> None:
    last, (x, y) = LastSave(saved(COFFEE.convert("L"), 50, 90, cut=cut), ijg_luma(90)), (-cut[0] % 8, -cut[1] % 8)

    def misses(quality: int, grid: tuple[int, int]) -> float:
        found = Remaking(last, grid).misses(ijg_luma(quality).reshape(64))
        assert found is not None
        return found

    assert misses(50, (x, y)) < 0.3
    assert misses(50, ((x + 1) % 8, y)) > 3
    assert misses(56, (x, y)) > 3


def test_blocks_that_were_clipped_are_not_compared() -> None:
    luma = saved(COFFEE, 74, 95)
    all_clipped = Luma(luma.plane, np.ones_like(luma.plane))
    assert told(luma, 95, (74, 75))[1] < 0
    assert not told(all_clipped, 95, (74, 75)).any()


@pytest.mark.parametrize("shape", [(7, 400), (8, 8), (24, 24)])
def test_an_image_of_few_blocks_tells_nothing(shape: tuple[int, int]) -> None:
    plane = np.random.default_rng(0).integers(1, 255, shape).astype(np.uint8)
    assert not told(Luma(plane), 95, (74, 75), (3, 5)).any()
    assert Remaking(LastSave(Luma(plane), ijg_luma(95)), (3, 5)).misses(ijg_luma(75).reshape(64)) is None


def test_blocks_that_repeat_count_once() -> None:
    """Else a pattern would be as much evidence as there are copies of it."""
    patch = saved(COFFEE.crop((200, 100, 328, 228)), 74, 95).plane
    once, four_times = (told(Luma(np.tile(patch, (copies, copies))), 95, (74, 75)) for copies in (1, 2))
    assert once[1] < 0
    np.testing.assert_allclose(four_times, once)


def test_the_tables_of_ties_agree_at_low_frequencies() -> None:
    low = [8 * v + u for v in range(4) for u in range(4 - v)]
    for tie in TIES:
        assert len({tuple(ijg_luma(quality).reshape(64)[low]) for quality in tie}) == 1


def test_of_a_large_image_only_parts_are_made_again() -> None:
    """Those with structure: here one corner, the rest is grey."""
    plane = np.full((12 * SIDE, 12 * SIDE), 128, np.uint8)
    corner = saved(COFFEE, 74, 95).plane[:256, :256]
    plane[-256:, -256:] = corner
    assert told(Luma(plane), 95, (74, 75))[1] < -(3**2) / 2
    remaking = Remaking(LastSave(Luma(plane), ijg_luma(95)))
    assert sum(part.luma.plane.size for part in remaking._parts(SIDE)) <= 4 * SIDE**2
