"""A window decodes an MCU and the pixels next to it as Pillow decodes the whole JPEG."""

import numpy as np
import pytest
from mcu_scenes import CLIPPED, draft_of_jpeg

from jpegqf.coefficients.mcus.window import Window, inner_pixels
from jpegqf.pixels.upsampling import AS_DECODED

SAMPLINGS = {"4:2:0": AS_DECODED[0], "4:2:2": AS_DECODED[1]}


@pytest.mark.parametrize("sampling", list(SAMPLINGS))
@pytest.mark.parametrize("place", [(0, 0), (3, 4), (5, 7), (2, 7), (5, 0)])
def test_an_mcu_put_back_gives_pillows_pixels_and_another_one_shows(sampling: str, place: tuple[int, int]) -> None:
    draft, pixels = draft_of_jpeg(CLIPPED[:93, :127], sampling)
    window = Window(draft, pixels, place, np.zeros(draft.layout.mcus, bool))
    luma, chroma = draft.luma[window.luma_numbers].copy(), draft.chroma[:, window.number].copy()
    assert window.are_right(luma[None], chroma[None]).tolist() == [True]
    wrong = np.ones(pixels.shape[:2], bool)
    window.take(luma, chroma, wrong)
    down, across = 8 * window.sampling.down, 8 * window.sampling.across
    area = np.s_[place[0] * down : (place[0] + 1) * down, place[1] * across : (place[1] + 1) * across]
    assert not wrong[area].any()
    chroma[0, 0] += 4
    window.take(luma, chroma, wrong)
    assert wrong[area].any()
    assert (draft.pixels()[area] != pixels[area]).any(axis=2).tolist() == wrong[area].tolist()


def test_pixels_that_depend_on_a_wrong_neighbour_are_not_trusted() -> None:
    draft, pixels = draft_of_jpeg(CLIPPED[:96, :128], "4:2:0")
    distrusted = np.zeros(draft.layout.mcus, bool)
    distrusted[1, 2] = True
    trusted = Window(draft, pixels, (1, 1), distrusted).trusted
    assert trusted[:, :16].all()
    assert not trusted[1:-1, 16:].any()


def test_the_pixels_inside_of_an_mcu_are_those_that_its_neighbours_chroma_does_not_reach() -> None:
    draft, _ = draft_of_jpeg(CLIPPED[:96, :128], "4:2:0")
    before = draft.chroma_pixels()
    number = draft.layout.mcus[1] + 2
    draft.chroma[:, number, 0] += 9
    draft.decode_chroma()
    changed = (draft.chroma_pixels() != before).any(axis=0)
    changed[16:32, 32:48] = False
    assert changed.any()
    assert not (changed & inner_pixels(draft.layout)).any()


def test_clipped_pixels_of_a_neighbour_whose_luma_may_be_wrong_are_not_trusted() -> None:
    draft, pixels = draft_of_jpeg(CLIPPED[:96, :128], "4:2:0")
    none, shown = np.zeros(draft.layout.mcus, bool), np.ones(draft.layout.mcus, bool)
    for row, column in np.ndindex(draft.layout.mcus):
        window = Window(draft, pixels, (row, column), none, shown)
        assert (window.trusted == (window.given & (window.own | window.sound))).all()


def test_chroma_suits_the_pixels_of_its_own_mcu_though_luma_of_neighbours_is_wrong() -> None:
    draft, pixels = draft_of_jpeg(CLIPPED[:96, :128], "4:2:0")
    draft.luma[:, 0] += 5
    draft.decode_luma()
    window = Window(draft, pixels, (2, 3), np.zeros(draft.layout.mcus, bool))
    chroma = draft.chroma[:, window.number].copy()
    assert window.suits_own_pixels(chroma)
    chroma[0, 0] += 4
    assert not window.suits_own_pixels(chroma)
