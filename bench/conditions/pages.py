"""Random generator -> a page as on a screen: text of several sizes, a bar, buttons, rules, icons on a plain ground."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Rng = np.random.Generator
Colour = tuple[int, ...]
"""Red, green and blue, 0-255."""
Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""
COMMON = """
the of and to in is that for it was on are as with his they at be this from have or by one had not but what all were
when we there can an your which their said if do will each about how up out them then she many some so these would other
into has more her two like him see time could no make than first been its who now people my made over did down only way
find use may water long little very after words called just where most know
"""
WORDS = COMMON.split()
GROUNDS = ((255, 255, 255), (250, 250, 250), (245, 246, 248), (24, 24, 27), (18, 18, 18), (253, 246, 227))
"""Colours of pages: light, dark, cream."""
PAGE_SIZES = ((1280, 720), (1366, 768), (1440, 900), (1920, 1080), (1080, 1920), (1170, 2532), (2560, 1440))
"""Widths and heights of screens, pixels."""


def draw_page(rng: Rng) -> Image.Image:
    """A page as a browser or a messenger shows it, RGB, of one of PAGE_SIZES."""
    size = PAGE_SIZES[rng.integers(len(PAGE_SIZES))]
    ground = GROUNDS[rng.integers(len(GROUNDS))]
    image = Image.new("RGB", size, ground)
    pen, ink = ImageDraw.Draw(image), _ink(ground, rng)
    bar, accent = int(rng.integers(30, 90)), _colour(rng)
    pen.rectangle((0, 0, size[0], bar), fill=accent)
    _paragraph(pen, (12, bar // 3, size[0] // 2, 30), 16, _ink(accent, rng), rng)
    margin = int(rng.integers(10, max(12, size[0] // 6)))
    top = bar + int(rng.integers(8, 40))
    while top < size[1] - 40:
        box = (margin, top, size[0] - 2 * margin, int(rng.integers(30, 260)))
        top += _element(pen, box, ground, ink, rng) + int(rng.integers(4, 30))
    return image


def _element(pen: ImageDraw.ImageDraw, box: Box, ground: Colour, ink: Colour, rng: Rng) -> int:
    """Draw a paragraph, a title, a row of buttons or a rule; its height in pixels."""
    left, top, width, tall = box
    kind = rng.random()
    if kind < 0.6:
        _paragraph(pen, box, int(rng.integers(11, 24)), ink, rng)
        return tall
    if kind < 0.75:
        _paragraph(pen, (left, top, width, 60), int(rng.integers(26, 48)), ink, rng)
        return 70
    if kind < 0.9:
        return _buttons(pen, left, top, left + width, rng)
    middle = tuple((a + b) // 2 for a, b in zip(ground, ink, strict=True))
    pen.line((left, top, left + width, top), fill=middle)
    return 10


def _colour(rng: Rng) -> Colour:
    return tuple(int(level) for level in rng.integers(0, 256, 3))


def _ink(ground: Colour, rng: Rng) -> Colour:
    """A colour that can be read on this ground, one time in five no grey."""
    dark = sum(ground) > 384
    level = int(rng.integers(0, 90)) if dark else int(rng.integers(170, 256))
    return (level, level // 2, 255 - level) if rng.random() < 0.2 else (level, level, level)


def _paragraph(pen: ImageDraw.ImageDraw, box: Box, height: int, ink: Colour, rng: Rng) -> None:
    left, top, width, tall = box
    font = ImageFont.load_default(height)
    for row in range(top, top + tall - height, int(height * 1.45)):
        words = max(1, int(width / (2.5 * height) * rng.uniform(0.5, 1)))
        if rng.random() < 0.88:
            pen.text((left, row), " ".join(rng.choice(WORDS, words)), fill=ink, font=font)


def _buttons(pen: ImageDraw.ImageDraw, left: int, top: int, right: int, rng: Rng) -> int:
    """Draw buttons, icons and frames in a row; their height in pixels."""
    high = int(rng.integers(24, 64))
    while left < right - 40:
        colour, kind = _colour(rng), rng.integers(3)
        wide = high if kind == 1 else int(rng.integers(40, 220))
        box = (left, top, min(right, left + wide), top + high)
        if kind == 0:
            pen.rounded_rectangle(box, int(rng.integers(2, 14)), fill=colour)
            font, word = ImageFont.load_default(high // 2), str(rng.choice(WORDS))
            pen.text((left + 8, top + high // 4), word, fill=_ink(colour, rng), font=font)
        elif kind == 1:
            pen.ellipse(box, fill=colour)
        else:
            pen.rectangle(box, outline=colour, width=int(rng.integers(1, 4)))
        left += wide + int(rng.integers(6, 40))
    return high
