import io

import numpy as np
import pytest
from PIL import Image

from jpegqf.pixels.luma import Luma
from jpegqf.tables.scaled_steps import ScaledSteps, scaled_steps


def edited(photo: Image.Image, quality: int, factor: float) -> Luma:
    """Luma of a JPEG whose contrast was multiplied since."""
    photo.convert("L").save(out := io.BytesIO(), "JPEG", quality=quality)
    levels = np.asarray(Image.open(io.BytesIO(out.getvalue())), np.float64)
    return Luma(np.clip(np.rint(128 + factor * (levels - 128)), 0, 255).astype(np.uint8))


@pytest.mark.parametrize("quality", [35, 60, 80])
@pytest.mark.parametrize("factor", [0.85, 1.06, 1.2])
def test_the_quality_and_the_factor_of_an_edit_are_told(photo: Image.Image, quality: int, factor: float) -> None:
    found = scaled_steps(edited(photo, quality, factor))
    assert found is not None
    assert found.quality == quality
    assert found.factor == pytest.approx(factor, rel=0.012)
    assert found.trusted


def test_without_an_edit_the_factor_is_one_and_tells_nothing_new(photo: Image.Image) -> None:
    found = scaled_steps(edited(photo, 70, 1.0))
    assert found is not None
    assert (found.quality, round(found.factor, 3)) == (70, 1.0)
    assert not found.trusted


def test_few_blocks_tell_nothing() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)
    assert scaled_steps(Luma(noise)) is None
    assert scaled_steps(Luma(np.full((300, 300), 90, np.uint8))) is None


@pytest.mark.parametrize(
    ("factor", "lead", "blur", "quality"),
    [(1.1, 5.0, 0.0, 80), (1.1, 90.0, 0.05, 80), (1.5, 90.0, 0.0, 80), (1.1, 90.0, 0.0, 99), (1.0, 90.0, 0.0, 80)],
)
def test_what_other_causes_may_explain_is_not_trusted(factor: float, lead: float, blur: float, quality: int) -> None:
    assert not ScaledSteps(quality, factor, lead, (0.42, blur)).trusted
    assert ScaledSteps(80, 1.1, 90.0, (0.42, 0.0)).trusted
