import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from saves import saved

from jpegqf.history.clipped_blocks import earlier_save_of_clipped_blocks
from jpegqf.history.earlier_save import earlier_save
from jpegqf.jpeg.ijg import ijg_luma


def page(size: int = 14) -> Image.Image:
    """Black text on white."""
    image = Image.new("L", (480, 320), 255)
    pen, font, rng = ImageDraw.Draw(image), ImageFont.load_default(size), np.random.default_rng(size)
    for top in range(8, 300, 3 * size // 2):
        pen.text((10, top), " ".join("".join(chr(97 + c) for c in rng.integers(0, 26, 6)) for _ in range(9)), 0, font)
    return image


@pytest.mark.parametrize("size", [12, 20])
@pytest.mark.parametrize(("first", "last"), [(40, 85), (55, 92), (65, 90), (75, 95)])
def test_text_on_white_saved_twice_is_seen_and_the_interval_holds_its_quality(size: int, first: int, last: int) -> None:
    history = earlier_save(saved(page(size), first, last), ijg_luma(last))
    assert history.found
    assert history.first is not None
    assert history.first.low <= first <= history.first.high


@pytest.mark.parametrize("size", [12, 20])
@pytest.mark.parametrize("quality", [40, 60, 75, 85, 90, 95])
def test_text_on_white_saved_once_is_not_called_saved_before(size: int, quality: int) -> None:
    assert earlier_save(saved(page(size), quality), ijg_luma(quality)).recompressed_probability is None


def test_too_few_clipped_blocks_tell_nothing() -> None:
    luma = saved(page().crop((0, 0, 64, 32)), 50, 90)
    assert earlier_save_of_clipped_blocks(luma, ijg_luma(90)).recompressed_probability is None


@pytest.mark.parametrize("last", [1, 5])
def test_a_last_save_with_hardly_a_coarser_quality_tells_nothing(last: int) -> None:
    assert earlier_save_of_clipped_blocks(saved(page(), last), ijg_luma(last)).recompressed_probability is None
