"""Clean images and random generator -> files of which parts were JPEGs: screenshots, halves, collages, pasted parts."""

from PIL import Image

from bench.accuracy import draw_region
from bench.conditions.making import Case, LeftOutError, Rng, TruePart, drawing, pixels_of, png
from bench.conditions.pages import draw_page
from jpegqf.train.synthesis import compress

PART = 256
"""Fewest pixels of a side of a photo on a page, and of a picture in a collage."""
PASTED = 192
"""Side of a pasted part, pixels."""
FARTHEST_APART = 10
"""Fewest qualities between two parts."""


def screenshot(image: Image.Image, rng: Rng) -> Case:
    """A page with a photo below text, a JPEG at 40 to 92 of 256 pixels a side or more, at any offset, as PNG."""
    page, photo, quality = draw_page(rng), _part(image, rng), int(rng.integers(40, 93))
    saved = pixels_of(compress(photo, quality, rng)).convert("RGB")
    saved = saved.crop((0, 0, min(saved.width, page.width), min(saved.height, 2 * page.height // 3)))
    x, y = int(rng.integers(page.width - saved.width + 1)), _low(page.height - saved.height, rng)
    page.paste(saved, (x, y))
    part = TruePart(x, y, *saved.size, quality)
    return Case(png(page), photo, quality, part.grid, parts=(part,), verdict="partial")


def _low(most: int, rng: Rng) -> int:
    """A row in the lower two thirds of what is possible."""
    return int(rng.integers(most // 3, most + 1))


def _part(image: Image.Image, rng: Rng) -> Image.Image:
    """A region, at least PART pixels a side. Raises LeftOutError."""
    region = draw_region(image, rng).convert("RGB")
    if min(region.size) < PART:
        raise LeftOutError("image too small")
    return region


def half(image: Image.Image, rng: Rng) -> Case:
    """A clean image of which the left, right, upper or lower half was a JPEG at 30 to 95, as PNG."""
    region, quality, side = _part(image, rng), int(rng.integers(30, 96)), int(rng.integers(4))
    width, height = region.size
    left, top, right, bottom = (
        (0, 0, width // 2, height), (width // 2, 0, width, height),
        (0, 0, width, height // 2), (0, height // 2, width, height),
    )[side]  # fmt: skip
    mixed = region.copy()
    mixed.paste(pixels_of(compress(region, quality, rng)).crop((left, top, right, bottom)), (left, top))
    part = TruePart(left, top, right - left, bottom - top, quality)
    name = ("left", "right", "upper", "lower")[side]
    return Case(png(mixed), region, quality, (0, 0), variant=name, parts=(part,), verdict="partial")


def _two_qualities(rng: Rng) -> tuple[int, int]:
    """Two qualities of 30 to 95, at least FARTHEST_APART from each other."""
    while True:
        first, second = (int(quality) for quality in rng.integers(30, 96, 2))
        if abs(first - second) >= FARTHEST_APART:
            return first, second


def side_by_side(image: Image.Image, rng: Rng, other: Image.Image) -> Case:
    """Two JPEGs of different images at 30 to 95, 10 or more apart, side by side, as PNG."""
    first, second = _part(image, rng), _part(other, rng)
    height, qualities = min(first.height, second.height), _two_qualities(rng)
    together, parts, x = Image.new("RGB", (first.width + second.width, height)), [], 0
    for picture, quality in zip((first, second), qualities, strict=True):
        saved = pixels_of(compress(picture.crop((0, 0, picture.width, height)), quality, rng))
        together.paste(saved, (x, 0))
        parts.append(TruePart(x, 0, *saved.size, quality))
        x += saved.width
    name = "one grid" if first.width % 8 == 0 else "two grids"
    return Case(png(together), first, qualities[0], variant=name, parts=tuple(parts), verdict="composite")


def pasted(image: Image.Image, rng: Rng, other: Image.Image) -> Case:
    """A part of 192x192 pixels of a JPEG pasted into another one, both at 30 to 95, 10 or more apart, as PNG."""
    base, donor, (quality, second) = _part(image, rng), _part(other, rng), _two_qualities(rng)
    mixed = pixels_of(compress(base, quality, rng)).convert("RGB")
    left, top = (int(rng.integers(side - PASTED + 1)) for side in donor.size)
    x, y = (int(rng.integers(side - PASTED + 1)) for side in base.size)
    saved = pixels_of(compress(donor, second, rng))
    mixed.paste(saved.crop((left, top, left + PASTED, top + PASTED)), (x, y))
    parts = TruePart(0, 0, *base.size, quality), TruePart(x, y, PASTED, PASTED, second)
    return Case(png(mixed), base, quality, (0, 0), parts=parts, verdict="composite")


def no_photo(_: Image.Image, rng: Rng) -> Case:
    """A page of text or a drawing, never a JPEG, as PNG."""
    if rng.random() < 0.6:
        page = draw_page(rng)
        return Case(png(page), page, variant="page", verdict="no_trace")
    drawn = drawing((int(rng.integers(256, 1025)), int(rng.integers(256, 1025))), rng)
    return Case(png(drawn), drawn, variant="drawing", verdict="no_trace")


def enlarged(image: Image.Image, rng: Rng) -> Case:
    """A JPEG at 30 to 95 enlarged 2, 3 or 4 times by nearest neighbour, as PNG."""
    region, quality, factor = draw_region(image, rng), int(rng.integers(30, 96)), int(rng.integers(2, 5))
    small = pixels_of(compress(region, quality, rng))
    large = small.resize((factor * small.width, factor * small.height), Image.Resampling.NEAREST)
    return Case(png(large), region, quality, (0, 0), variant=f"{factor}x", verdict="pixels_only")
