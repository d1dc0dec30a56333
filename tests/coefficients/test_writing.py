"""A proof fails by one pixel; progressive files have the same pixels and metadata in fewer bytes."""

import io
import sys

import numpy as np
import pytest
import skimage.data
from PIL import Image
from saved import saved

import jpegqf
from jpegqf.coefficients.draft import CropPlace
from jpegqf.coefficients.writing import is_proven
from jpegqf.errors import MissingExtraError


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


def test_of_a_crop_the_part_of_its_place_is_compared() -> None:
    pixels, jpeg = saved(Image.fromarray(skimage.data.coffee()[:64, :80]), quality=80)
    part = np.ascontiguousarray(pixels[5:40, 7:70])
    assert is_proven(jpeg, part, CropPlace(5, 7, 35, 63))
    assert not is_proven(jpeg, part, CropPlace(5, 8, 35, 63))
    assert not is_proven(jpeg, part, CropPlace(40, 7, 35, 63))


def png_with_metadata() -> bytes:
    pixels, _ = saved(Image.fromarray(skimage.data.coffee()[:256, :384] // 2 + 50), quality=80, subsampling=0)
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x010E] = "a cup"
    Image.fromarray(pixels).save(file, "PNG", exif=exif, icc_profile=b"a profile" * 9)
    return file.getvalue()


def test_a_progressive_jpeg_is_smaller_and_keeps_pixels_and_metadata() -> None:
    pytest.importorskip("jpeglib", reason="jpegqf[restore] is not installed")
    pytest.importorskip("mozjpeg_lossless_optimization", reason="jpegqf[restore] is not installed")
    png = png_with_metadata()
    baseline, scans = (jpegqf.restore(png, progressive=way) for way in (False, True))
    assert scans.proven
    assert len(scans.jpeg) < len(baseline.jpeg)
    one, other = (Image.open(io.BytesIO(found.jpeg)) for found in (baseline, scans))
    assert (one.info.get("progressive"), other.info["progressive"]) == (None, 1)
    assert (np.asarray(one) == np.asarray(other)).all()
    assert other.getexif()[0x010E] == "a cup"
    assert other.info["icc_profile"] == b"a profile" * 9


def test_progressive_without_its_library_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("jpeglib", reason="jpegqf[restore] is not installed")
    monkeypatch.setitem(sys.modules, "mozjpeg_lossless_optimization", None)
    with pytest.raises(
        MissingExtraError, match="--progressive needs mozjpeg-lossless-optimization: python -m pip install"
    ):
        jpegqf.restore(png_with_metadata(), progressive=True)
