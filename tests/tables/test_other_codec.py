import io

import numpy as np
from PIL import Image

from conftest import MakeJpeg
from jpegqf.arrays import U8
from jpegqf.pixels.luma import Luma
from jpegqf.tables.other_codec import is_unexplained


def samples(data: bytes) -> U8:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_a_fine_quality_of_a_decoded_jpeg_is_explained_and_a_coarse_one_is_not_asked(jpeg: MakeJpeg) -> None:
    pixels = samples(jpeg(95, subsampling=0))
    luma = Luma.from_rgb(pixels)
    assert not is_unexplained(pixels, luma, 95, 0.8)
    assert not is_unexplained(pixels, luma, 60, 0.8)


def test_a_fine_quality_that_nothing_explains_is_told(photo: Image.Image) -> None:
    pixels = np.asarray(photo.resize((300, 300), Image.Resampling.BICUBIC))
    assert is_unexplained(pixels, Luma.from_rgb(pixels), 93, 0.8)
    assert not is_unexplained(pixels, Luma.from_rgb(pixels), 93, 0.9995)
