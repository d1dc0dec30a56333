"""A proof fails by one pixel."""

import numpy as np
import skimage.data
from PIL import Image
from saved import saved

from jpegqf.coefficients.writing import is_proven


def test_one_pixel_by_one_level_is_no_proof() -> None:
    pixels, jpeg = saved(Image.fromarray(skimage.data.coffee()[:64, :80]), quality=80)
    assert is_proven(jpeg, pixels)
    other = pixels.copy()
    other[5, 7, 1] ^= 1
    assert not is_proven(jpeg, other)


def test_another_size_or_gray_is_no_proof() -> None:
    pixels, jpeg = saved(Image.fromarray(skimage.data.coffee()[:64, :80]), quality=80)
    assert not is_proven(jpeg, pixels[:-1])
    assert not is_proven(jpeg, np.ascontiguousarray(pixels[..., 0]))
    assert not is_proven(b"no jpeg", pixels)
