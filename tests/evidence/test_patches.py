from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jpegqf.evidence.patches import choose, corners, liveliest, scores, select, spread_order
from jpegqf.evidence.settings import PatchRule
from jpegqf.pixels.luma import Luma

RULE = PatchRule()


def test_score_is_twice_the_luma_variance() -> None:
    plane = np.random.default_rng(0).integers(0, 256, (256, 300), dtype=np.uint8)
    expected = [2 * plane[y : y + 128, x : x + 128].var() for y in (0, 128) for x in (0, 128)]
    assert scores(Luma(plane), RULE) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("above", "relaxed", "expected"),
    [(30, 0, 24), (24, 9, 24), (23, 9, 23), (5, 9, 5), (4, 9, 5), (4, 1, 5), (4, 0, 4), (0, 3, 3), (0, 0, 0)],
)
def test_five_steps_take_the_documented_number_of_patches(above: int, relaxed: int, expected: int) -> None:
    score = np.array([16.0] * above + [12.0] * relaxed + [9.9] * 3)
    assert len(choose(score, RULE)) == expected


def test_patches_come_in_raster_order_whatever_their_score() -> None:
    score = np.array([20.0, 900.0, 1.0, 16.0, 50.0, 17.0, 30.0])
    assert choose(score, RULE).tolist() == [0, 1, 3, 4, 5, 6]


def test_thresholds_are_exclusive() -> None:
    assert len(choose(np.full(6, 15.0), RULE)) == 5  # not above 15, so the first five above 10
    assert len(choose(np.full(6, 10.0), RULE)) == 0


def test_selected_patches_are_the_pixels_at_their_place() -> None:
    plane = np.random.default_rng(1).integers(0, 256, (300, 400), dtype=np.uint8)
    patches = select(Luma(plane), RULE)
    assert len(patches) == 6
    assert np.array_equal(patches[4].plane, plane[128:256, 128:256])


def test_the_liveliest_patches_are_found_however_plain_the_image() -> None:
    plane = np.zeros((128, 128 * 40), np.uint8)
    plane[::2, 128 * 30 : 128 * 33] = 1
    patches = liveliest(Luma(plane), PatchRule(most=5))
    assert [int(patch.plane.max()) for patch in patches] == [0, 0, 1, 1, 1]


def test_an_image_with_a_short_side_has_no_patch() -> None:
    assert select(Luma(np.zeros((127, 500), np.uint8)), RULE) == []


@pytest.mark.parametrize("wrong", [{"size": 100}, {"stride": 0}, {"relaxation": 0.5}, {"fewest": 30}])
def test_a_rule_off_the_grid_or_out_of_order_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="patch"):
        PatchRule(**wrong)


@given(st.integers(1, 70), st.integers(1, 70))
def test_the_order_of_patches_visits_each_place_once(rows: int, columns: int) -> None:
    assert sorted(spread_order(rows, columns).tolist()) == list(range(rows * columns))


@pytest.mark.parametrize(("rows", "columns"), [(40, 60), (60, 40), (9, 9), (12, 100)])
def test_the_first_24_patches_touch_every_sixth_of_a_lattice(rows: int, columns: int) -> None:
    row, column = np.divmod(spread_order(rows, columns)[:24], columns)
    sixths = (3 * row // rows) * 2 + 2 * column // columns
    quadrants = (2 * row // rows) * 2 + 2 * column // columns
    assert np.bincount(sixths, minlength=6).min() >= 2
    assert np.bincount(quadrants, minlength=4).min() >= 4


def test_corners_of_a_large_image_are_in_raster_order_and_all_over_it() -> None:
    plane = np.random.default_rng(2).integers(0, 256, (1500, 2000), dtype=np.uint8)
    found = corners(Luma(plane), RULE)
    assert len(found) == RULE.most
    assert found == sorted(found)
    assert all(0 <= top <= 1500 - 128 and 0 <= left <= 2000 - 128 for top, left in found)
    assert {(top // 750, left // 1000) for top, left in found} == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_corners_are_where_the_contrast_is() -> None:
    plane = np.full((1024, 1024), 90, np.uint8)
    lively = {(512, 256), (512, 384), (640, 256), (640, 384), (896, 896), (0, 0)}
    rng = np.random.default_rng(2)
    for top, left in lively:
        plane[top : top + 128, left : left + 128] = rng.integers(0, 256, (128, 128), dtype=np.uint8)
    assert corners(Luma(plane), RULE) == sorted(lively)


def test_corners_below_the_size_of_a_patch_are_none() -> None:
    assert corners(Luma(np.random.default_rng(0).integers(0, 256, (127, 900), dtype=np.uint8)), RULE) == []


def test_the_patches_preferred_are_the_first_ones_of_the_order_given() -> None:
    score = np.array([1.0, 20.0, 1.0, *([30.0] * 40)])
    assert choose(score, RULE).tolist() == [1, *range(3, 3 + RULE.most - 1)]
