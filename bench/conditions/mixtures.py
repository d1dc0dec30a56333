"""Clean images and random generator -> images of which only a part was a JPEG, or parts were different ones.

The pages are drawn: text in several fonts and sizes, boxes, rules, buttons and small icons on a plain ground.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Rng = np.random.Generator
Colour = tuple[int, ...]
"""Red, green and blue, 0-255."""
Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""
WORDS = (
    "the of and to in is that for it was on are as with his they at be this from have or by one had not but what all "
    "were when we there can an your which their said if do will each about how up out them then she many some so "
    "these would other into has more her two like him see time could no make than first been its who now people my "
    "made over did down only way find use may water long little very after words called just where most know"
).split()
GREYS = ((255, 255, 255), (250, 250, 250), (245, 246, 248), (24, 24, 27), (18, 18, 18), (253, 246, 227))
PAGE_SIZES = ((1280, 720), (1366, 768), (1440, 900), (1920, 1080), (1080, 1920), (1170, 2532), (2560, 1440))


def _ink(ground: Colour, rng: Rng) -> Colour:
    dark = sum(ground) > 384
    level = int(rng.integers(0, 90)) if dark else int(rng.integers(170, 256))
    if rng.random() < 0.2:
        return (level, level // 2, 255 - level)
    return (level, level, level)


def _line(width: int, height: int, rng: Rng) -> str:
    return " ".join(rng.choice(WORDS, max(1, int(width / (0.5 * height) / 5 * rng.uniform(0.5, 1)))))


def _paragraph(pen: ImageDraw.ImageDraw, box: Box, height: int, ink: Colour, rng: Rng) -> None:
    left, top, width, tall = box
    font = ImageFont.load_default(height)
    for row in range(top, top + tall - height, int(height * 1.45)):
        if rng.random() < 0.88:
            pen.text((left, row), _line(width, height, rng), fill=ink, font=font)


def page(size: tuple[int, int], rng: Rng) -> Image.Image:
    """A page of text with a bar, buttons, rules and icons, as a browser or a messenger shows it; RGB."""
    ground = GREYS[rng.integers(len(GREYS))]
    image = Image.new("RGB", size, ground)
    pen, ink = ImageDraw.Draw(image), _ink(ground, rng)
    width, tall = size
    bar = int(rng.integers(30, 90))
    accent = tuple(int(level) for level in rng.integers(0, 256, 3))
    pen.rectangle((0, 0, width, bar), fill=accent)
    _paragraph(pen, (12, bar // 3, width // 2, 30), 16, _ink(accent, rng), rng)
    margin = int(rng.integers(10, max(12, width // 6)))
    top = bar + int(rng.integers(8, 40))
    while top < tall - 40:
        kind, high = rng.random(), int(rng.integers(30, 260))
        if kind < 0.6:
            _paragraph(pen, (margin, top, width - 2 * margin, high), int(rng.integers(11, 24)), ink, rng)
        elif kind < 0.75:
            _paragraph(pen, (margin, top, width - 2 * margin, 60), int(rng.integers(26, 48)), ink, rng)
            high = 70
        elif kind < 0.9:
            high = _buttons(pen, margin, top, width - margin, ground, rng)
        else:
            pen.line((margin, top, width - margin, top), fill=tuple((a + b) // 2 for a, b in zip(ground, ink)))
            high = 10
        top += high + int(rng.integers(4, 30))
    return image


def _buttons(pen: ImageDraw.ImageDraw, left: int, top: int, right: int, ground: Colour, rng: Rng) -> int:
    high = int(rng.integers(24, 64))
    while left < right - 40:
        wide = int(rng.integers(40, 220))
        colour = tuple(int(level) for level in rng.integers(0, 256, 3))
        shape = rng.integers(3)
        if shape == 0:
            pen.rounded_rectangle(
                (left, top, min(right, left + wide), top + high), int(rng.integers(2, 14)), fill=colour
            )
            pen.text(
                (left + 8, top + high // 4),
                str(rng.choice(WORDS)),
                fill=_ink(colour, rng),
                font=ImageFont.load_default(high // 2),
            )
        elif shape == 1:
            pen.ellipse((left, top, left + high, top + high), fill=colour)
            wide = high
        else:
            pen.rectangle(
                (left, top, min(right, left + wide), top + high), outline=colour, width=int(rng.integers(1, 4))
            )
        left += wide + int(rng.integers(6, 40))
    return high
