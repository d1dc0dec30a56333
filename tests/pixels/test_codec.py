import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, features

from jpegqf.arrays import U8
from jpegqf.pixels.codec import pixel_codec


def saved_as(image: Image.Image, kind: str, **options: int) -> U8:
    """The pixels of an image after a save."""
    image.save(out := io.BytesIO(), kind, **options)
    with Image.open(io.BytesIO(out.getvalue())) as opened:
        return np.asarray(opened.convert("RGB"))


@pytest.mark.parametrize("quality", [10, 60, 90, 100])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_the_colours_of_a_decoded_jpeg_are_told_in_any_crop_and_turn(
    photo: Image.Image, quality: int, subsampling: int
) -> None:
    pixels = saved_as(photo, "JPEG", quality=quality, subsampling=subsampling)
    for part in (pixels, pixels[3:, 5:], pixels[::-1, 7:], pixels.swapaxes(0, 1)):
        found = pixel_codec(part)
        assert (found.codec, found.share) == ("jpeg", 1.0)


@pytest.mark.parametrize("quality", [30, 75, 100])
def test_the_colours_of_a_lossy_webp_are_told_in_any_crop_and_turn(
    photo: Image.Image, cat: Image.Image, quality: int
) -> None:
    for image in (photo, cat, photo.convert("L")):
        pixels = saved_as(image.convert("RGB"), "WEBP", quality=quality)
        for part in (pixels, pixels[5:, 3:], pixels.swapaxes(0, 1)[::-1]):
            assert pixel_codec(part).codec == "webp"


def test_a_jpeg_that_became_a_lossy_webp_is_told_as_webp(photo: Image.Image) -> None:
    jpeg = Image.fromarray(saved_as(photo, "JPEG", quality=70))
    assert pixel_codec(saved_as(jpeg, "WEBP", quality=85)).codec == "webp"


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
@pytest.mark.parametrize("quality", [40, 90])
def test_the_colours_of_an_avif_are_told(photo: Image.Image, quality: int) -> None:
    found = pixel_codec(saved_as(photo, "AVIF", quality=quality, speed=10))
    assert (found.codec, found.share) == ("avif", 1.0)


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "nothing": lambda image: image,
    "resized": lambda image: image.resize((300, 260), Image.Resampling.LANCZOS),
    "contrast": lambda image: image.point([min(255, max(0, round(128 + 1.1 * (i - 128)))) for i in range(256)] * 3),
    "of one hue": lambda image: Image.merge(
        "RGB", [image.convert("L").point(lambda i, f=f: f * i) for f in (1, 0.9, 0.7)]
    ),
    "grey": lambda image: image.convert("L").convert("RGB"),
}


@pytest.mark.parametrize("edit", list(EDITS))
def test_no_codec_is_invented_for_clean_images(photo: Image.Image, cat: Image.Image, edit: str) -> None:
    assert pixel_codec(np.asarray(EDITS[edit](photo))).codec is None
    assert edit == "nothing" or pixel_codec(np.asarray(EDITS[edit](cat))).codec is None


@pytest.mark.parametrize("edit", ["resized", "contrast"])
def test_a_jpegs_colours_are_told_no_more_after_an_edit(photo: Image.Image, edit: str) -> None:
    edited = EDITS[edit](Image.fromarray(saved_as(photo, "JPEG", quality=80)))
    found = pixel_codec(np.asarray(edited))
    assert found.codec is None
    assert (found.share or 1) < 0.5


def test_few_colours_tell_nothing() -> None:
    two = np.zeros((64, 64, 3), np.uint8)
    two[:32] = (200, 40, 90)
    for samples in (two, np.full((80, 80), 77, np.uint8), np.zeros((0, 0, 3), np.uint8), two[:1, :1]):
        found = pixel_codec(samples)
        assert (found.codec, found.share) == (None, None)
