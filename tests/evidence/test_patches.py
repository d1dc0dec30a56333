from typing import Any

import numpy as np
import pytest

from jpegqf.evidence.patches import choose, liveliest, scores, select
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
