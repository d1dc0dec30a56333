"""MCUs that were lost come back together, though each needs its neighbours."""

import numpy as np
from mcu_scenes import CLIPPED, draft_of_jpeg

from jpegqf.coefficients.colours import differing
from jpegqf.coefficients.draft import luma_block_numbers
from jpegqf.coefficients.joint_search import JointSearch


def test_neighbours_that_are_all_wrong_come_back() -> None:
    draft, pixels = draft_of_jpeg(CLIPPED[:112, :144], "4:2:0")
    wide = draft.layout.mcus[1]
    for number in (wide + 1, wide + 2, 2 * wide + 1, 2 * wide + 2):
        draft.chroma[0, number, 0] += 2
    draft.decode_chroma()
    search = JointSearch(draft, pixels)
    assert not search.is_hopeless
    assert search.run() == 0
    assert not differing(draft.pixels(), pixels).any()


def test_pixels_that_are_no_jpegs_are_hopeless() -> None:
    draft, pixels = draft_of_jpeg(CLIPPED[:112, :144] // 2 + 60, "4:2:0")
    assert JointSearch(draft, np.roll(pixels, 3, axis=0)).is_hopeless


def test_luma_that_was_found_while_chroma_next_to_it_was_wrong_is_found_again() -> None:
    draft, pixels = draft_of_jpeg(CLIPPED[:112, :144], "4:2:0")
    rows, columns = draft.layout.mcus
    for number in luma_block_numbers(draft.layout, 2, 2) + luma_block_numbers(draft.layout, 2, 3):
        draft.luma[number, :3] += 1
    draft.chroma[1, 2 * columns + 3, 0] += 3
    draft.decode_luma()
    draft.decode_chroma()
    assert np.count_nonzero(draft.layout.mcus_of(draft.wrong(pixels))) >= 2
    assert JointSearch(draft, pixels).run() == 0
    assert rows > 3


def test_wrong_mcus_among_unknown_pixels_are_not_hopeless() -> None:
    draft, pixels = draft_of_jpeg(CLIPPED[:112, :144], "4:2:0")
    draft.chroma[:] += 1
    draft.decode_chroma()
    pixels = pixels.copy()
    pixels[::16, ::16] = 255
    assert not JointSearch(draft, pixels).is_hopeless
