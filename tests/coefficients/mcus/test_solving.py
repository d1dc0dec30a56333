"""One MCU of which nothing is left comes back from its pixels and its neighbours."""

import numpy as np
import pytest
from mcu_scenes import CLIPPED, draft_of_jpeg

from jpegqf.coefficients.draft import luma_block_numbers
from jpegqf.coefficients.estimation import prior_of
from jpegqf.coefficients.joint_search import DEPTHS
from jpegqf.coefficients.mcus.solving import solved
from jpegqf.coefficients.mcus.window import Window


@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_clipped_mcus_and_those_at_the_edges_come_back(sampling: str) -> None:
    draft, pixels = draft_of_jpeg(CLIPPED[:99, :131], sampling)
    variance = np.stack([prior_of(blocks, DEPTHS[0].livelier) for blocks in (draft.luma, *draft.chroma)])
    rows, columns = draft.layout.mcus
    places = [(1, 1), (2, 4), (rows - 1, 2), (2, columns - 1), (rows - 1, columns - 1)]
    found = 0
    for place in places:
        window = Window(draft, pixels, place, np.zeros((rows, columns), bool))
        assert window.number == place[0] * columns + place[1]
        kept = draft.luma[window.luma_numbers].copy(), draft.chroma[:, window.number].copy()
        nothing = np.zeros_like(kept[0]), np.zeros_like(kept[1])
        wrong = np.zeros(pixels.shape[:2], bool)
        window.take(*nothing, wrong)
        assert wrong.any()
        window = Window(draft, pixels, place, np.zeros((rows, columns), bool))
        answer = solved(window, DEPTHS[0], variance)
        if answer is not None:
            window.take(*answer, wrong)
            found += not wrong.any()
        window.take(*kept, wrong)
    assert found >= 4


def test_what_is_excluded_is_not_found_again() -> None:
    draft, pixels = draft_of_jpeg(CLIPPED[:96, :128], "4:2:0")
    variance = np.stack([prior_of(blocks, 4) for blocks in (draft.luma, *draft.chroma)])
    window = Window(draft, pixels, (2, 3), np.zeros(draft.layout.mcus, bool))
    first = solved(window, DEPTHS[0], variance)
    assert first is not None
    second = solved(window, DEPTHS[0], variance, frozenset([first[1].tobytes()]))
    assert second is None or (second[1] != first[1]).any()


def test_a_black_mcu_is_found_to_have_no_chroma() -> None:
    bordered = CLIPPED[:96, :128].copy()
    bordered[:, :32] = 0
    draft, pixels = draft_of_jpeg(bordered, "4:2:0")
    variance = np.stack([prior_of(blocks, 4) for blocks in (draft.luma, *draft.chroma)])
    draft.luma[luma_block_numbers(draft.layout, 2, 0)] = 7
    draft.chroma[:, 2 * draft.layout.mcus[1]] = 3
    window = Window(draft, pixels, (2, 0), np.zeros(draft.layout.mcus, bool))
    found = solved(window, DEPTHS[0], variance)
    assert found is not None
    assert not found[1].any()
