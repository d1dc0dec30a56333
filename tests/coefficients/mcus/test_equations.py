"""The coefficients that an encoder wrote fulfil the equations of their MCU, other ones do not."""

import numpy as np
import pytest
from mcu_scenes import CLIPPED, draft_of_jpeg

from jpegqf.coefficients.estimation import encoded_prior
from jpegqf.coefficients.mcus.equations import all_coefficients, chroma_of_sound_pixels, encoded_of
from jpegqf.coefficients.mcus.window import Window


def windows(quality: int) -> list[Window]:
    """Those of all MCUs of a clipped photo."""
    draft, pixels = draft_of_jpeg(CLIPPED[:93, :127], "4:2:0", quality)
    none = np.zeros(draft.layout.mcus, bool)
    return [Window(draft, pixels, (row, column), none) for row, column in np.ndindex(draft.layout.mcus)]


@pytest.mark.parametrize("quality", [60, 85])
def test_the_encoders_coefficients_cost_next_to_nothing_and_others_more(quality: int) -> None:
    right, wrong, own_sound = [], [], 0
    for window in windows(quality):
        numbers = np.concatenate(
            [window.draft.luma[window.luma_numbers].reshape(-1), window.draft.chroma[:, window.number].reshape(-1)]
        )
        cut = window.own & ~window.sound & ((window.luma_around == 0) | (window.luma_around == 255))
        equations = all_coefficients(window, np.ones(len(numbers), bool), cut)
        other = numbers.copy()
        other[[3, -60]] += 2
        cost = equations.cost(np.stack([numbers, other]))
        if np.count_nonzero(window.sound & window.own) >= 32:
            own_sound += 1
            right.append(cost[0])
            wrong.append(cost[1])
    assert own_sound >= 20
    assert np.quantile(right, 0.9) < 20 < np.quantile(wrong, 0.1)


def test_sound_pixels_tell_the_encoders_chroma() -> None:
    for window in windows(75):
        for component in range(2):
            numbers = window.draft.chroma[component, window.number][None]
            equations = chroma_of_sound_pixels(window, component)
            assert equations.cost(numbers)[0] <= 0.05 * max(40, equations.basis.shape[1])


def test_the_encoders_coefficients_are_those_that_clipped_channels_lead_to() -> None:
    nearer = of = 0
    for window in windows(75):
        encoded = encoded_of(window)
        if len(encoded.wanted) < 300:
            continue
        inverse, pull = encoded_prior(encoded)
        numbers = np.concatenate(
            [window.draft.luma[window.luma_numbers].reshape(-1), window.draft.chroma[:, window.number].reshape(-1)]
        ).astype(np.float64)
        other = numbers.copy()
        other[[1, 65, 130, 200]] += 2
        energy = [one @ inverse @ one - 2 * pull @ one for one in (numbers, other)]
        nearer, of = nearer + int(energy[0] < energy[1]), of + 1
    assert of >= 8
    assert nearer == of
