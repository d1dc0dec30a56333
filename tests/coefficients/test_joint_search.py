"""MCUs that were lost come back together, though each needs its neighbours."""

import numpy as np
from mcu_scenes import CLIPPED, draft_of_jpeg

from jpegqf.coefficients.colours import differing
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
