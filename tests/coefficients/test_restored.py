"""Images that were JPEGs are given back, pixel by pixel; others never are."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin
from saved import saved

import jpegqf
from jpegqf.arrays import U8
from jpegqf.errors import ImageError, ImageSkippedError, Reason
from jpegqf.jpeg.known_tables import MOZJPEG_LUMA

pytest.importorskip("jpeglib", reason="the extra restore is not installed")

PHOTO = skimage.data.coffee()[:200, :264]
MUTED = (PHOTO.astype(np.float32) * 0.7 + 40).astype(np.uint8)
"""A photo without clipped channels."""


def reason_of(pixels: object) -> Reason:
    with pytest.raises(ImageError) as raised:
        jpegqf.restore(pixels)  # type: ignore[arg-type]
    return raised.value.reason


@pytest.mark.parametrize("quality", [50, 75, 88])
@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0", "gray"])
def test_an_unclipped_photo_comes_back(quality: int, sampling: str) -> None:
    image = Image.fromarray(MUTED).convert("L" if sampling == "gray" else "RGB")
    options = {} if sampling == "gray" else {"subsampling": sampling}
    pixels, original = saved(image, quality=quality, **options)
    found = jpegqf.restore(pixels)
    assert (found.quality, found.subsampling, found.proven) == (quality, sampling, True)
    assert (np.asarray(Image.open(io.BytesIO(found.jpeg))) == pixels).all()
    assert len(found.jpeg) <= 1.02 * len(original)


@pytest.mark.parametrize("size", [(203, 261), (197, 255), (193, 263)])
def test_sides_that_are_no_multiples_of_a_block_come_back(size: tuple[int, int]) -> None:
    pixels, _ = saved(Image.fromarray(MUTED[: size[0], : size[1]]), quality=80, subsampling=2)
    assert jpegqf.restore(pixels).proven


def test_clipped_channels_come_back() -> None:
    strong = np.clip((PHOTO[:, :256].astype(np.float32) - 110) * 1.2 + 118, 0, 255).astype(np.uint8)
    pixels, _ = saved(Image.fromarray(strong), quality=75, subsampling=2)
    assert ((pixels == 0) | (pixels == 255)).any(axis=2).mean() > 0.02
    assert jpegqf.restore(pixels).proven


def overexposed() -> U8:
    """Half of the pixels have clipped channels."""
    return np.asarray(np.clip(PHOTO.astype(np.float32) * 2.0 - 20, 0, 255).astype(np.uint8))


def saturated() -> U8:
    """Colours beyond what channels hold."""
    gray = PHOTO.astype(np.float32).mean(axis=2, keepdims=True)
    return np.asarray(np.clip(gray + 1.7 * (PHOTO - gray), 0, 255).astype(np.uint8))


def with_bars() -> U8:
    """A film's black bars."""
    out: U8 = MUTED.copy()
    out[:27], out[110:] = 0, 0
    return out


def with_a_page() -> U8:
    """A white page with black letters below the photo."""
    image = Image.fromarray(MUTED)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 80, image.width, image.height), fill=(255, 255, 255))
    for row in range(6):
        draw.text((4, 83 + 13 * row), "the quick brown fox jumps over the lazy dog", fill=(0, 0, 0))
    return np.asarray(image)


@pytest.mark.parametrize(
    "kind", [saturated, with_bars, *(pytest.param(kind, marks=pytest.mark.slow) for kind in (overexposed, with_a_page))]
)
def test_pictures_of_which_whole_mcus_are_clipped_come_back(kind: Callable[[], U8]) -> None:
    image = kind()[:140, :163]
    pixels, _ = saved(Image.fromarray(image), quality=78, subsampling=2)
    assert ((pixels == 0) | (pixels == 255)).any(axis=2).mean() > 0.1
    assert jpegqf.restore(pixels).proven


def test_a_table_of_mozjpeg_comes_back() -> None:
    base = MOZJPEG_LUMA[3]
    table = np.clip((np.array(base) * 40 + 50) // 100, 1, 255).tolist()
    pixels, _ = saved(Image.fromarray(MUTED), qtables=[table, table], subsampling=2)
    found = jpegqf.restore(pixels)
    assert (found.quality, found.proven) == (None, True)


def test_what_is_no_jpeg_gives_nothing() -> None:
    pixels, _ = saved(Image.fromarray(MUTED), quality=80)
    assert reason_of(PHOTO) is Reason.NOT_A_JPEG
    assert reason_of(pixels + np.uint8(7)) in (Reason.NOT_A_JPEG, Reason.NOT_IDENTICAL)
    assert reason_of(np.asarray(Image.fromarray(pixels).resize((200, 150)))) is Reason.NOT_A_JPEG
    file = io.BytesIO()
    Image.fromarray(PHOTO).save(file, "WEBP", quality=80)
    assert reason_of(np.asarray(Image.open(file).convert("RGB"))) is Reason.NOT_A_JPEG
    assert reason_of(file.getvalue()) is Reason.LOSSY


def test_one_changed_pixel_is_told_and_the_nearest_jpeg_is_given_if_asked_for() -> None:
    pixels, _ = saved(Image.fromarray(MUTED), quality=75, subsampling=0)
    changed = pixels.copy()
    changed[100, 100] ^= 9
    assert reason_of(changed) is Reason.NOT_IDENTICAL
    found = jpegqf.restore(changed, near=True)
    assert not found.proven
    assert 1 <= found.differing_pixels <= 64
    assert b"nearest JPEG" in Image.open(io.BytesIO(found.jpeg)).info["comment"]


def test_a_search_out_of_time_says_how_near_it_came() -> None:
    changed, _ = saved(Image.fromarray(MUTED), quality=75, subsampling=2)
    changed = changed.copy()
    changed[50:60, 50:60] = 7
    with pytest.raises(ImageSkippedError, match=r"differs in \d+ pixels, in \d+ of \d+ blocks"):
        jpegqf.restore(changed, seconds=0)


def test_one_pixel_of_a_colour_that_no_jpeg_gives_ends_it_at_once() -> None:
    pixels, _ = saved(Image.fromarray(MUTED), quality=75, subsampling=2)
    changed = pixels.copy()
    changed[100, 150] = (90, 200, 90)  # the green of this colour has no chroma
    with pytest.raises(ImageSkippedError, match="the colours of 1 pixels, the first at column 150, row 100") as raised:
        jpegqf.restore(changed)
    assert raised.value.reason is Reason.NOT_IDENTICAL


def test_alpha_16_bits_palettes_and_jpegs_are_refused() -> None:
    pixels, jpeg = saved(Image.fromarray(MUTED), quality=75)
    image = Image.fromarray(pixels)
    clear = image.convert("RGBA")
    assert jpegqf.restore(clear).proven
    clear.putpixel((3, 3), (1, 2, 3, 128))
    assert reason_of(clear) is Reason.HAS_ALPHA
    assert reason_of(Image.fromarray(np.full((64, 64), 700, np.uint16))) is Reason.NOT_8_BIT
    assert reason_of(image.quantize()) is Reason.REDUCED_COLOURS
    assert reason_of(jpeg) is Reason.LOSSY


def test_profile_exif_and_texts_are_carried_over() -> None:
    pixels, _ = saved(Image.fromarray(MUTED), quality=75)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif, text, file = Image.Exif(), PngImagePlugin.PngInfo(), io.BytesIO()
    exif[0x010E] = "a cup"
    text.add_text("Author", "somebody")
    text.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>")
    Image.fromarray(pixels).save(file, "PNG", icc_profile=profile, exif=exif, pnginfo=text)
    image = Image.open(io.BytesIO(jpegqf.restore(file.getvalue()).jpeg))
    assert image.info["icc_profile"] == profile
    assert image.getexif()[0x010E] == "a cup"
    assert b"Author: somebody" in image.info["comment"]
    assert b"xmpmeta" not in image.info["comment"]
    assert image.info["xmp"] == b"<x:xmpmeta/>"
    assert (np.asarray(image) == pixels).all()


def test_what_tells_how_a_tiff_holds_its_samples_is_not_carried_over() -> None:
    pixels, _ = saved(Image.fromarray(MUTED), quality=75)
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x010E] = "a cup"
    Image.fromarray(pixels).save(file, "TIFF", exif=exif, compression="tiff_lzw")
    image = Image.open(io.BytesIO(jpegqf.restore(file.getvalue()).jpeg))
    assert dict(image.getexif()) == {0x010E: "a cup", 0x0112: 1} or dict(image.getexif()) == {0x010E: "a cup"}


def test_metadata_that_does_not_fit_is_named() -> None:
    pixels, _ = saved(Image.fromarray(MUTED), quality=75)
    text, file = PngImagePlugin.PngInfo(), io.BytesIO()
    text.add_text("Author", "x" * 70_000)
    Image.fromarray(pixels).save(file, "PNG", pnginfo=text)
    found = jpegqf.restore(file.getvalue())
    assert found.left_out == ("text",)
    assert "comment" not in Image.open(io.BytesIO(found.jpeg)).info
