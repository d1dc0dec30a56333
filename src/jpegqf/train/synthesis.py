"""Clean scene + seed -> an image as users meet it, the quality it was saved at, and where its JPEG grid is."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, ImageFile

from jpegqf.pixels.grid import ALIGNED, Grid
from jpegqf.pixels.luma import Luma
from jpegqf.train.other_tables import draw_tables

RESAMPLERS = (Image.Resampling.BOX, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BILINEAR)
SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")
ImageFile.MAXBLOCK = max(ImageFile.MAXBLOCK, 1 << 24)  # optimized and progressive saves of noise need one large buffer
EXTREMES = (1, 2, 3, 4, 96, 97, 98, 99, 100)
SMALLEST_SIDE = 128
"""Shortest side that is drawn, pixels: one patch."""


NEVER = 0
"""The quality where no JPEG grid is seen: never saved, resized since, or looked at on another grid."""


@dataclass(frozen=True)
class Shares:
    """How often what happens to an image; the rest is saved once by libjpeg and decoded to luma or RGB."""

    never: float = 0.12
    resized: float = 0.06
    edited: float = 0.05
    cropped: float = 0.22
    turned: float = 0.25
    """Of the cropped ones: rows and columns change places."""
    saved_before: float = 0.08
    other_tables: float = 0.08
    fast_decoder: float = 0.1
    extreme: float = 0.1
    """Of the qualities: drawn from the ends of the scale, where tables clip or hardly differ."""


@dataclass(frozen=True)
class Sample:
    """A luma plane, the quality factor (1..100) of its last save and where its grid starts; or NEVER and None."""

    luma: Luma
    quality: int
    grid: Grid | None


def _crop(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A random region; half the time as large as it gets."""
    width, height = (side if rng.random() < 0.5 else int(rng.integers(SMALLEST_SIDE, side + 1)) for side in image.size)
    left, top = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def _rescale(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Another scale of content: mostly smaller (denser detail), sometimes larger (smoother)."""
    draw = rng.random()
    if draw < 0.6:
        return image
    factor = rng.uniform(0.4, 1) if draw < 0.88 else rng.uniform(1, 1.8)
    size = [max(SMALLEST_SIDE, round(side * factor)) for side in image.size]
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
    if min(image.size) < SMALLEST_SIDE:
        raise ValueError(f"a scene must be at least {SMALLEST_SIDE} pixels on each side")
    image = _turn(_crop(_rescale(image, rng), rng), rng)
    return _vary(image.convert("L") if rng.random() < 0.1 else image, rng)


def compress(image: Image.Image, quality: int, rng: np.random.Generator) -> bytes:
    """JPEG bytes at ``quality``, with subsampling, progression and Huffman tables drawn."""
    return _save(image, {"quality": quality}, rng)


def compress_with(image: Image.Image, tables: list[list[int]], rng: np.random.Generator) -> bytes:
    """The same with quantization tables of luma and chroma, 64 steps each, row-major."""
    return _save(image, {"qtables": tables}, rng)


def _save(image: Image.Image, how: dict[str, Any], rng: np.random.Generator) -> bytes:
    out = io.BytesIO()
    subsampling = {} if image.mode == "L" else {"subsampling": SUBSAMPLINGS[rng.integers(3)]}
    image.save(out, "JPEG", progressive=rng.random() < 0.3, optimize=rng.random() < 0.5, **subsampling, **how)
    return out.getvalue()


def _draw_save(image: Image.Image, rng: np.random.Generator, shares: Shares) -> tuple[bytes, int]:
    """JPEG bytes and their quality, or the equivalent one where the tables are others."""
    if rng.random() < shares.other_tables:
        tables, quality = draw_tables(rng)
        return compress_with(image, [steps.tolist() for steps in tables], rng), quality
    quality = int(rng.choice(EXTREMES)) if rng.random() < shares.extreme else int(rng.integers(1, 101))
    return compress(image, quality, rng), quality


def _saved_before(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The region after an earlier save, half the time on another grid."""
    with Image.open(io.BytesIO(compress(image, int(rng.integers(1, 101)), rng))) as earlier:
        earlier.load()
    shifts = [int(rng.integers(min(8, side - SMALLEST_SIDE + 1))) for side in image.size]
    if rng.random() < 0.5:
        return earlier
    return earlier.crop((shifts[0], shifts[1], *earlier.size))


def _decode_rgb(data: bytes, rng: np.random.Generator, shares: Shares) -> NDArray[np.uint8]:
    """RGB, now and then by the fast inverse DCT and without smoothing of chroma."""
    fast = rng.random() < shares.fast_decoder
    pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB", fastdct=fast, fastupsample=fast)
    return pixels


def _decode_luma(data: bytes, rng: np.random.Generator, shares: Shares) -> Luma:
    return Luma(simplejpeg.decode_jpeg(data, "GRAY", fastdct=rng.random() < shares.fast_decoder)[..., 0])


def _resized(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    factor = rng.uniform(0.5, 1.6)
    size = [max(16, round(side * factor)) for side in pixels.shape[1::-1]]
    return np.asarray(Image.fromarray(pixels).resize((size[0], size[1]), RESAMPLERS[rng.integers(len(RESAMPLERS))]))


def _edited(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """One mild edit: brightness, contrast, 8-bit gamma or noise, which blur or stretch the comb a little."""
    values = pixels.astype(np.float64)
    kind = rng.integers(4)
    if kind == 0:
        values = values + rng.uniform(-6, 6)
    elif kind == 1:
        values = (values - 128) * (1 + rng.uniform(-0.05, 0.05)) + 128
    elif kind == 2:
        values = 255 * (values / 255) ** np.exp(rng.normal(0, 0.06))
    else:
        values = values + rng.normal(0, rng.uniform(0.2, 1.0), values.shape)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def luma_of(image: Image.Image) -> Luma:
    """Luma of an L or RGB image."""
    pixels = np.asarray(image)
    return Luma(pixels) if image.mode == "L" else Luma.from_rgb(pixels)


def _cropped(luma: Luma, rng: np.random.Generator, shares: Shares) -> tuple[Luma, Grid]:
    """The image without its first 0..7 rows and columns, sometimes with rows and columns exchanged."""
    left, top = int(rng.integers(8)), int(rng.integers(8))
    height, width = luma.plane.shape
    rest, grid = luma.crop(top, left, height - top, width - left), Grid(-left % 8, -top % 8)
    if rng.random() < shares.turned:
        return rest.transposed(), Grid(grid.y, grid.x, turned=True)
    return rest, grid


def draw_sample(scene: Image.Image, rng: np.random.Generator, shares: Shares) -> Sample:
    """One training image."""
    region = draw_region(scene, rng)
    fate = rng.random()
    if fate < shares.never:
        return Sample(luma_of(region), NEVER, None)
    if rng.random() < shares.saved_before:
        region = _saved_before(region, rng)
    data, quality = _draw_save(region, rng, shares)
    fate -= shares.never
    if fate < shares.resized:
        return Sample(Luma.from_rgb(_resized(_decode_rgb(data, rng, shares), rng)), NEVER, None)
    fate -= shares.resized
    if fate < shares.edited:
        return Sample(Luma.from_rgb(_edited(_decode_rgb(data, rng, shares), rng)), quality, ALIGNED)
    fate -= shares.edited
    if fate < shares.cropped:
        luma, grid = _cropped(Luma.from_rgb(_decode_rgb(data, rng, shares)), rng, shares)
        return Sample(luma, quality, grid)
    from_rgb = rng.random() < 0.4
    luma = Luma.from_rgb(_decode_rgb(data, rng, shares)) if from_rgb else _decode_luma(data, rng, shares)
    return Sample(luma, quality, ALIGNED)
