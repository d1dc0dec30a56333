import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from jpegqf.arrays import F64, U8
from jpegqf.evidence.dct import FORWARD, INVERSE
from jpegqf.jpeg.ijg import STEPS
from jpegqf.jpeg.ruled_tables import MPEG_INTRA
from jpegqf.pixels.luma import Luma
from jpegqf.tables.table_fit import table_fit

FINE = (90, 93, 95, 97, 98)


def decoded(image: Image.Image, quality: int, **options: object) -> U8:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, **options)
    return np.asarray(Image.open(out))


def frame_of_10_bits(image: Image.Image, scale: float) -> U8:
    """Grey levels of a frame coded with ``scale`` times the matrix, in 10 bits, and converted from limited range."""
    levels = np.asarray(image.convert("L"), np.float32)[: image.height // 8 * 8, : image.width // 8 * 8]
    rows, columns = (side // 8 for side in levels.shape)
    blocks = (levels * (219 / 255)).reshape(rows, 8, columns, 8).swapaxes(1, 2).reshape(-1, 64)
    steps = (scale * np.array(MPEG_INTRA).reshape(8, 8).reshape(64)).astype(np.float32)
    coded = np.rint(4 * (np.rint(blocks @ FORWARD / steps) * steps) @ INVERSE) / 4
    plane = coded.reshape(rows, columns, 8, 8).swapaxes(1, 2).reshape(levels.shape)
    grey: U8 = np.clip(np.rint(plane * (255 / 219)), 0, 255).astype(np.uint8)
    return grey


EDITS: dict[str, Callable[[F64], F64]] = {
    "brighter": lambda x: x + 2,
    "contrast": lambda x: 128 + 1.02 * (x - 128),
    "gamma": lambda x: 255 * (x / 255) ** (1 / 1.05),
    "noise": lambda x: x + np.random.default_rng(0).normal(0, 0.5, x.shape),
}


@pytest.mark.parametrize("quality", FINE)
def test_the_table_of_a_jpeg_explains_its_pixels(photo: Image.Image, cat: Image.Image, quality: int) -> None:
    for image in (photo, cat):
        assert (table_fit(Luma.from_rgb(decoded(image, quality)), quality) or 0) > 100
        assert (table_fit(Luma(decoded(image.convert("L"), quality)), quality) or 0) > 100


@pytest.mark.parametrize("edit", list(EDITS))
@pytest.mark.parametrize("quality", [90, 95])
def test_it_still_does_after_a_mild_edit(photo: Image.Image, quality: int, edit: str) -> None:
    values = EDITS[edit](decoded(photo, quality).astype(np.float64))
    edited = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    assert (table_fit(Luma.from_rgb(edited), quality) or 0) > 100


def test_the_green_channel_of_a_jpeg_that_codes_red_green_and_blue_is_explained(photo: Image.Image) -> None:
    assert (table_fit(Luma.from_rgb(decoded(photo, 95, keep_rgb=True)), 95) or 0) > 100


@pytest.mark.parametrize("scale", [0.07, 0.1, 0.13])
def test_no_fine_table_explains_a_frame_of_10_bit_video(photo: Image.Image, cat: Image.Image, scale: float) -> None:
    for image in (photo, cat):
        luma = Luma(frame_of_10_bits(image, scale))
        assert all((table_fit(luma, quality) or 0) < 0 for quality in FINE)


def test_the_tables_of_other_fine_qualities_do_not_explain_a_jpeg(photo: Image.Image) -> None:
    luma = Luma.from_rgb(decoded(photo, 95))
    right = table_fit(luma, 95) or 0
    assert all((table_fit(luma, quality) or 0) < right for quality in range(90, 99) if quality != 95)


def test_steps_of_1_and_few_blocks_tell_nothing(photo: Image.Image) -> None:
    assert (STEPS[99] == 1).all()
    assert table_fit(Luma.from_rgb(decoded(photo, 100)), 100) is None
    assert table_fit(Luma.from_rgb(decoded(photo, 95)).crop(0, 0, 24, 24), 95) is None
    assert table_fit(Luma(np.full((256, 256), 90, np.uint8)), 95) is None
