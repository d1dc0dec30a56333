"""Clean image and random generator -> PNGs of other codecs' pixels, and of JPEGs that were edited since."""

import io

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from bench.accuracy import draw_region
from bench.conditions.making import Case, Edit, LeftOutError, Rng, Turn, edited_levels, pixels_of, png
from jpegqf.train.synthesis import compress

EDITS: dict[str, Edit] = {
    "contrast": lambda x, rng: 128 + _factor(rng, 0.25) * (x - 128),
    "multiplied": lambda x, rng: _factor(rng, 0.2) * x,
    "brightness": lambda x, rng: x + float(rng.choice((-1, 1)) * rng.uniform(3, 35)),
    "levels": lambda x, rng: (x - rng.uniform(2, 28)) * (255 / rng.uniform(205, 250)),
    "curve": lambda x, rng: x + float(rng.uniform(0.3, 1)) * (127.5 - 127.5 * np.cos(np.pi * x / 255) - x),
    "gamma": lambda x, rng: 255 * (x / 255) ** _factor(rng, 0.4),
}
"""Edits of tones: of levels 0..255, float64, to levels that are rounded and clipped after."""


def _factor(rng: Rng, most: float) -> float:
    """A factor that is 1 / (1 + ``most``) to 1 + ``most``, but not within 0.03 of 1."""
    size = float(rng.uniform(0.03, most))
    return 1 + size if rng.random() < 0.5 else 1 / (1 + size)


def _coloured(image: Image.Image, rng: Rng) -> Image.Image:
    """A region with colours. Raises LeftOutError for one without."""
    region = draw_region(image, rng)
    if region.mode != "RGB" or np.ptp(np.asarray(region).astype(np.int16), axis=2).max() < 8:
        raise LeftOutError("image has no colours")
    return region


def _as_webp(image: Image.Image, quality: int) -> Image.Image:
    """The pixels of a lossy WebP."""
    image.save(out := io.BytesIO(), "WEBP", quality=quality)
    return pixels_of(out.getvalue()).convert("RGB")


def lossy_webp(image: Image.Image, rng: Rng) -> Case:
    """A lossy WebP at 30 to 100, cropped by 0 to 7 columns and rows, a half turned or mirrored, as PNG."""
    region, quality = _coloured(image, rng), int(rng.integers(30, 101))
    left, top = (int(shift) for shift in rng.integers(0, 8, 2))
    cut = _as_webp(region, quality).crop((left, top, *region.size))
    turned = cut.transpose(Turn(int(rng.integers(7)))) if rng.random() < 0.5 else cut
    return Case(png(turned), region, variant="webp", verdict="other_codec")


def webp_of_jpeg(image: Image.Image, rng: Rng) -> Case:
    """A JPEG at 40 to 92 saved as a lossy WebP at 75 to 95, as PNG."""
    region, quality = _coloured(image, rng), int(rng.integers(40, 93))
    decoded = pixels_of(compress(region, quality, rng))
    return Case(png(_as_webp(decoded, int(rng.integers(75, 96)))), region, variant="webp", verdict="other_codec")


def reworked(image: Image.Image, rng: Rng) -> Case:
    """A JPEG at 30 to 100 whose tones or sharpness were edited since, as PNG."""
    region, quality = draw_region(image, rng), int(rng.integers(30, 101))
    data = compress(region, quality, rng)
    name, after = _edited(pixels_of(data), rng)
    return Case(png(after), region, quality, (0, 0), variant=name, jpeg=data)


def _edited(image: Image.Image, rng: Rng) -> tuple[str, Image.Image]:
    """The name of an edit, and the image after it. All edits are as likely; a gray image is blurred, not saturated."""
    number = int(rng.integers(len(EDITS) + 3))
    if number < len(EDITS):
        name, edit = list(EDITS.items())[number]
        return name, edited_levels(image, edit, rng)
    if number == len(EDITS) and image.mode == "RGB":
        return "saturation", ImageEnhance.Color(image).enhance(_factor(rng, 0.5))
    if number == len(EDITS) + 1:
        return "sharpened", image.filter(ImageFilter.UnsharpMask(1, int(rng.integers(20, 151)), 0))
    return "blurred", image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.25, 0.7))))
