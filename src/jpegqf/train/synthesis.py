"""Clean scene + seed -> a compressed image as users meet it, and the quality it was saved at."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from jpegqf.decode import Luma
from jpegqf.patches import PatchRule, select

RESAMPLERS = (Image.Resampling.BOX, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BILINEAR)
SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")
ImageFile.MAXBLOCK = max(ImageFile.MAXBLOCK, 1 << 24)  # optimized and progressive saves of noise need one large buffer
SMALLEST = 128
"""Shortest side that is drawn, pixels: one patch."""


NEVER = 0
"""The quality of a sample that shows no JPEG grid at its first pixel: never saved, cropped off the grid, resized."""


@dataclass(frozen=True)
class Sample:
    """A luma plane as decoded, and the quality factor (1..100) of its last save, or NEVER."""

    luma: Luma
    quality: int


def _crop(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A random region; half the time as large as it gets."""
    width, height = (side if rng.random() < 0.5 else int(rng.integers(SMALLEST, side + 1)) for side in image.size)
    left, top = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def _rescale(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Another scale of content: mostly smaller (denser detail), sometimes larger (smoother)."""
    draw = rng.random()
    if draw < 0.6:
        return image
    factor = rng.uniform(0.4, 1) if draw < 0.88 else rng.uniform(1, 1.8)
    size = [max(SMALLEST, round(side * factor)) for side in image.size]
    return image.resize((size[0], size[1]), RESAMPLERS[rng.integers(len(RESAMPLERS))])


def _tone(pixels: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Darker, brighter, flatter, harder: gamma, gain and offset on 0..255."""
    gamma = np.exp(rng.normal(0, 0.4))
    gain = np.exp(rng.normal(-0.1, 0.5))
    offset = rng.normal(0, 30)
    toned: NDArray[np.float64] = 255 * (np.clip(pixels, 0, 255) / 255) ** gamma * gain + offset
    return toned


def _sensor_noise(pixels: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Poisson-Gaussian noise: variance = a * level + b (Foi et al., IEEE TIP 2008), from base to high ISO."""
    shot, read = 10 ** rng.uniform(-2.5, -0.3), 10 ** rng.uniform(-1, 0.8)
    return pixels + rng.normal(size=pixels.shape) * np.sqrt(shot * np.clip(pixels, 0, 255) + read**2)


def _vary(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Tone and noise, computed in float and dithered so that no comb is left in the pixel values."""
    tone, noise = rng.random() < 0.3, rng.random() < 0.3
    if not tone and not noise:
        return image
    pixels = np.asarray(image, dtype=np.float64)
    if tone:
        pixels = _tone(pixels, rng) + rng.uniform(-0.5, 0.5, pixels.shape)
    if noise:
        pixels = _sensor_noise(pixels, rng)
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def _turn(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    turn = int(rng.integers(8))
    return image if turn == 7 else image.transpose(Image.Transpose(turn))


def draw_region(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A clean region of a scene, RGB or L, at least 128 pixels on each side."""
    if min(image.size) < SMALLEST:
        raise ValueError(f"a scene must be at least {SMALLEST} pixels on each side")
    image = _turn(_crop(_rescale(image, rng), rng), rng)
    return _vary(image.convert("L") if rng.random() < 0.1 else image, rng)


def compress(image: Image.Image, quality: int, rng: np.random.Generator) -> bytes:
    """JPEG bytes at ``quality``, with subsampling, progression and Huffman tables drawn."""
    out = io.BytesIO()
    subsampling = {} if image.mode == "L" else {"subsampling": SUBSAMPLINGS[rng.integers(3)]}
    image.save(out, "JPEG", quality=quality, progressive=rng.random() < 0.3, optimize=rng.random() < 0.5, **subsampling)
    return out.getvalue()


def _saved_before(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The region after an earlier save, half the time on another grid."""
    with Image.open(io.BytesIO(compress(image, int(rng.integers(1, 101)), rng))) as earlier:
        earlier.load()
    shifts = [int(rng.integers(min(8, side - SMALLEST + 1))) for side in image.size]
    if rng.random() < 0.5:
        return earlier
    return earlier.crop((shifts[0], shifts[1], *earlier.size))


def decode(data: bytes, from_rgb: bool) -> Luma:
    """Luma straight from the decoder, or computed from its RGB as for a PNG made from the JPEG."""
    with Image.open(io.BytesIO(data)) as image:
        if from_rgb:
            return luma_of(image)
        image.draft("L", image.size)
        return Luma(np.asarray(image.convert("L")))


def _off_grid(data: bytes, rng: np.random.Generator) -> Luma:
    """A JPEG's pixels cropped so that the 8x8 grid starts elsewhere, or resized."""
    with Image.open(io.BytesIO(data)) as image:
        if rng.random() < 0.6:
            left, top = divmod(int(rng.integers(1, 64)), 8)
            moved = image.crop((left, top, *image.size))
        else:
            factor = rng.uniform(0.5, 1.6)
            size = [max(16, round(side * factor)) for side in image.size]
            moved = image.resize((size[0], size[1]), RESAMPLERS[rng.integers(len(RESAMPLERS))])
        return luma_of(moved)


def luma_of(image: Image.Image) -> Luma:
    """Luma of an L or RGB image."""
    pixels = np.asarray(image)
    return Luma(pixels) if image.mode == "L" else Luma.from_rgb(pixels)


def draw_sample(scene: Image.Image, rng: np.random.Generator, resaved: float = 0.06, never: float = 0.2) -> Sample:
    """One training sample; ``never`` is the share without a JPEG grid at the first pixel.

    ``resaved`` is the share of regions that had been saved as JPEG before.
    """
    region = draw_region(scene, rng)
    shows_grid = rng.random() >= never
    if not shows_grid and rng.random() < 0.5:
        return Sample(luma_of(region), NEVER)
    if rng.random() < resaved:
        region = _saved_before(region, rng)
    quality = int(rng.integers(1, 101))
    data = compress(region, quality, rng)
    if not shows_grid:
        return Sample(_off_grid(data, rng), NEVER)
    return Sample(decode(data, from_rgb=bool(rng.random() < 0.4)), quality)


def draw_patches(luma: Luma, rule: PatchRule, rng: np.random.Generator) -> list[Luma]:
    """What a prediction may see of an image: the rule's patches, some of them, or a small piece on the grid."""
    patches = select(luma, rule)
    if not patches or rng.random() < 0.2:
        rows, columns = (side // 8 for side in luma.plane.shape)
        tall, wide = (min(n, int(2 ** rng.uniform(1, 5))) for n in (rows, columns))
        top, left = int(rng.integers(rows - tall + 1)), int(rng.integers(columns - wide + 1))
        return [luma.crop(8 * top, 8 * left, 8 * tall, 8 * wide)]
    keep = len(patches) if rng.random() < 0.6 else int(rng.integers(1, len(patches) + 1))
    first = int(rng.integers(len(patches) - keep + 1))
    return patches[first : first + keep]
