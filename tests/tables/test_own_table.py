import io

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from conftest import MakeJpeg
from jpegqf.evidence.settings import EvidenceSettings
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.jpeg.ruled_tables import ffmpeg_table
from jpegqf.pixels.luma import Luma
from jpegqf.tables.own_table import is_what_it_gives

SETTINGS = EvidenceSettings()


def own_luma(data: bytes) -> Luma:
    return Luma(simplejpeg.decode_jpeg(data, "GRAY")[..., 0])


@pytest.mark.parametrize("quality", [1, 3, 9, 31, 69])
def test_a_jpeg_is_what_its_table_gives_and_not_what_another_one_gives(jpeg: MakeJpeg, quality: int) -> None:
    luma = own_luma(jpeg(None, qtables=[ffmpeg_table(quality).tolist()] * 2))
    assert is_what_it_gives(luma, ffmpeg_table(quality), SETTINGS)
    if quality > 1:
        assert is_what_it_gives(luma, ijg_luma(50), SETTINGS) is False


def test_16_bit_steps_are_compared_like_any(photo: Image.Image) -> None:
    out = io.BytesIO()
    table = np.minimum(ijg_luma(10).reshape(64) * 3, 400)
    photo.convert("L").save(out, "JPEG", qtables=[table.tolist()])
    assert is_what_it_gives(own_luma(out.getvalue()), table, SETTINGS)


def test_a_flat_image_tells_nothing(jpeg: MakeJpeg) -> None:
    luma = own_luma(jpeg(75, Image.new("L", (64, 64), 120)))
    assert is_what_it_gives(luma, ijg_luma(75), SETTINGS) is None


def test_an_image_that_is_clipped_all_over_can_agree_but_never_contradicts(jpeg: MakeJpeg, photo: Image.Image) -> None:
    hard = Image.fromarray(np.where(np.asarray(photo.convert("L")) > 110, 255, 0).astype(np.uint8))
    luma = own_luma(jpeg(75, hard))
    assert is_what_it_gives(luma, ijg_luma(75), SETTINGS) in (True, None)
    assert is_what_it_gives(luma, ijg_luma(20), SETTINGS) is None
