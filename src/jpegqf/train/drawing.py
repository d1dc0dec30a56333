"""Random generator -> a synthetic clean scene: gradients, shapes, text, enlarged pixels.

Renders and user interfaces have blocks that many quantization tables explain, never saved as JPEG or not.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from jpegqf.arrays import F64

Rng = np.random.Generator
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;()[]    "


def _colour(rng: Rng) -> tuple[int, int, int]:
    """Any colour, or one of the ends of the scale that drawings like."""
    if rng.random() < 0.3:
        level = int(rng.choice([0, 255, 240, 32, 128]))
        return level, level, level
    red, green, blue = (int(level) for level in rng.integers(0, 256, 3))
    return red, green, blue


def _as_image(values: F64) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def _gradient(size: tuple[int, int], rng: Rng) -> Image.Image:
    """Linear, radial or bilinear between colours, sometimes dithered."""
    x, y = (grid / max(size) for grid in np.meshgrid(np.arange(size[0]), np.arange(size[1])))
    angle, kind = rng.uniform(0, 2 * np.pi), rng.integers(3)
    if kind == 0:
        along = x * np.cos(angle) + y * np.sin(angle)
    elif kind == 1:
        along = np.hypot(x - rng.uniform(0, 1), y - rng.uniform(0, 1))
    else:
        along = x * y + rng.uniform(-1, 1) * x
    along = (along - along.min()) / max(float(np.ptp(along)), 1e-6)
    first = np.array(_colour(rng), np.float64)
    last = first + rng.normal(0, rng.choice([8, 30, 100]), 3) if rng.random() < 0.7 else np.array(_colour(rng))
    values = first + along[:, :, None] ** rng.uniform(0.5, 2) * (last - first)
    if rng.random() < 0.3:
        values = values + rng.uniform(-0.5, 0.5, values.shape)
    return _as_image(values)


def _shapes(size: tuple[int, int], rng: Rng) -> Image.Image:
    """Figures on a flat or shaded ground, with or without antialiasing."""
    fine = int(rng.integers(1, 3))
    large = (fine * size[0], fine * size[1])
    image = _gradient(large, rng) if rng.random() < 0.5 else Image.new("RGB", large, _colour(rng))
    pen = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(1, 30))):
        left, top = (int(rng.integers(side)) for side in large)
        right, bottom = (int(rng.integers(low, side)) for low, side in zip((left, top), large, strict=True))
        shape = (pen.ellipse, pen.rectangle, pen.line)[rng.integers(3)]
        shape((left, top, right, bottom), fill=_colour(rng))
    return image.resize(size, Image.Resampling.BOX)


def _text(size: tuple[int, int], rng: Rng) -> Image.Image:
    """Lines of letters and boxes, as in windows and documents."""
    image = Image.new("RGB", size, _colour(rng))
    pen, ink = ImageDraw.Draw(image), _colour(rng)
    height = int(rng.integers(9, 28))
    font = ImageFont.load_default(height)
    for top in range(int(rng.integers(0, 30)), size[1], int(height * rng.uniform(1.1, 4))):
        letters = "".join(rng.choice(list(LETTERS), int(rng.integers(3, 60))))
        pen.text((int(rng.integers(0, size[0] // 2)), top), letters, fill=ink, font=font)
        if rng.random() < 0.2:
            pen.rectangle((0, top, int(rng.integers(1, size[0])), top + height), fill=_colour(rng))
    return image


def _pixels(size: tuple[int, int], rng: Rng) -> Image.Image:
    """A few colours in squares of 2 to 32 pixels: pixel art enlarged, mosaics, charts."""
    side = int(rng.choice([2, 4, 8, 8, 16, 32]))
    columns, rows = (length // side + 2 for length in size)
    palette = np.array([_colour(rng) for _ in range(int(rng.integers(2, 24)))], np.uint8)
    index = rng.integers(0, len(palette), (rows, columns))
    if rng.random() < 0.5:
        index = np.sort(index, axis=int(rng.integers(2)))
    large = np.kron(palette[index], np.ones((side, side, 1), np.uint8))
    left, top = (int(rng.integers(side)) if rng.random() < 0.5 else 0 for _ in range(2))
    return Image.fromarray(large[top : top + size[1], left : left + size[0]])


def soften(scene: Image.Image, rng: Rng) -> Image.Image:
    """A scene out of focus: blurred, or enlarged from a few pixels."""
    if rng.random() < 0.5:
        return scene.filter(ImageFilter.GaussianBlur(rng.uniform(1, 12)))
    factor = rng.uniform(3, 16)
    small = scene.resize((max(4, int(scene.width / factor)), max(4, int(scene.height / factor))), Image.Resampling.BOX)
    return small.resize(scene.size, Image.Resampling.BICUBIC)


def draw_scene(rng: Rng) -> Image.Image:
    """A clean synthetic scene, RGB, 128 to 512 pixels a side."""
    size = (int(rng.integers(128, 513)), int(rng.integers(128, 513)))
    kind = (_gradient, _shapes, _text, _pixels)[rng.choice(4, p=(0.35, 0.3, 0.15, 0.2))]
    return kind(size, rng)


def draw_ramp(rng: Rng) -> Image.Image:
    """Levels that rise evenly by a part of a level a pixel, gray or in colour, rounded: stairs in every direction."""
    width, height = (int(side) for side in rng.integers(256, 513, 2))
    down, across = np.mgrid[:height, :width]
    channels = int(rng.choice([1, 3]))
    start, right, below = rng.uniform(0, 255, channels), *rng.uniform(-0.5, 0.5, (2, channels))
    values = start + right * across[..., None] + below * down[..., None]
    return _as_image(values[..., 0] if channels == 1 else values)
