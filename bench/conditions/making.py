"""Clean image and random generator -> one file as users have it, with what is true of it: a builder per condition."""

import io
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from bench.accuracy import SUBSAMPLINGS, draw_region
from jpegqf.arrays import I64
from jpegqf.evidence.patches import scores
from jpegqf.evidence.settings import PatchRule
from jpegqf.jpeg.ijg import scaled
from jpegqf.jpeg.jpegli import jpegli_table, quality_to_distance
from jpegqf.jpeg.known_tables import MOZJPEG_CHROMA, MOZJPEG_LUMA, Family
from jpegqf.jpeg.table_match import match_ijg
from jpegqf.train.synthesis import RESAMPLERS, compress, luma_of

Rng = np.random.Generator
Turn = Image.Transpose
Edit = Callable[[NDArray[np.float64], Rng], NDArray[np.float64]]

EXIF_TURNS = {
    2: Turn.FLIP_LEFT_RIGHT, 3: Turn.ROTATE_180, 4: Turn.FLIP_TOP_BOTTOM, 5: Turn.TRANSPOSE,
    6: Turn.ROTATE_270, 7: Turn.TRANSVERSE, 8: Turn.ROTATE_90,
}  # fmt: skip
"""What an EXIF orientation asks a viewer to do (Exif 2.32, tag 0x0112)."""
ORIENTATION = 0x0112
SMALL, PATCH = 64, 128
"""Sides of the pieces of two conditions, pixels."""
EDITS: dict[str, Edit] = {
    "brighter by 2": lambda x, _: x + 2,
    "darker by 2": lambda x, _: x - 2,
    "contrast +2 %": lambda x, _: 128 + 1.02 * (x - 128),
    "noise, sigma 0.5": lambda x, rng: x + rng.normal(0, 0.5, x.shape),
    "gamma 1.05": lambda x, _: 255 * (x / 255) ** (1 / 1.05),
}


class LeftOutError(Exception):
    """This image cannot be had in this condition; it is not the predictor's fault and not counted."""


@dataclass(frozen=True)
class TruePart:
    """A part of a file that was a JPEG: its box in pixels, and the quality of that JPEG."""

    x: int
    y: int
    width: int
    height: int
    quality: int

    @property
    def grid(self) -> tuple[int, int]:
        """Column and row of the first grid line in the file, for a part that starts with a whole block."""
        return self.x % 8, self.y % 8


@dataclass(frozen=True)
class Case:
    """One file and what is true of it; None where there is nothing to be true.

    ``quality``: of the last JPEG save, 1..100; None if no grid is left. ``grid``: column and row of the first grid
    line, 0..7 each. ``first``: quality of an earlier save. ``jpeg``: the last JPEG file, for readers of headers.
    ``parts``: of a file that is not one save all over; the last is the one whose box is compared. ``verdict``: what
    should be said, where a goal asks for it. ``table``: the 64 steps of the last save's luma table, row-major.
    ``writer``: family of the encoder that writes the tables, and the quality on its own scale.
    """

    data: bytes
    region: Image.Image
    quality: int | None = None
    grid: tuple[int, int] | None = None
    first: int | None = None
    variant: str = ""
    jpeg: bytes | None = None
    parts: tuple[TruePart, ...] = ()
    verdict: str = ""
    table: tuple[int, ...] | None = None
    writer: tuple[Family, float] | None = None


def pixels_of(data: bytes) -> Image.Image:
    """A JPEG decoded by Pillow, RGB or L."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.copy()


def png(image: Image.Image) -> bytes:
    """PNG bytes; the level changes the size alone."""
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _saved(image: Image.Image, rng: Rng) -> tuple[Image.Image, int, bytes]:
    """A clean region, a quality 1..100, and the region's JPEG."""
    region, quality = draw_region(image, rng), int(rng.integers(1, 101))
    return region, quality, compress(region, quality, rng)


def single(image: Image.Image, rng: Rng) -> Case:
    """A JPEG."""
    region, quality, data = _saved(image, rng)
    return Case(data, region, quality, (0, 0), jpeg=data)


def as_png(image: Image.Image, rng: Rng) -> Case:
    """A JPEG saved as PNG."""
    region, quality, data = _saved(image, rng)
    return Case(png(pixels_of(data)), region, quality, (0, 0), jpeg=data)


def cropped(image: Image.Image, rng: Rng) -> Case:
    """A JPEG cropped by 0 to 7 columns and rows, as PNG."""
    return _cropped(*_saved(image, rng), rng)


def _cropped(region: Image.Image, quality: int, data: bytes, rng: Rng) -> Case:
    left, top = (int(shift) for shift in rng.integers(0, 8, 2))
    cut = pixels_of(data).crop((left, top, *region.size))
    return Case(png(cut), region, quality, (-left % 8, -top % 8), variant=f"{left},{top}", jpeg=data)


def coded_as_rgb(image: Image.Image, rng: Rng) -> Case:
    """A JPEG that codes red, green and blue themselves, half of them cropped by 0 to 7 columns and rows, as PNG."""
    region, quality, out = draw_region(image, rng), int(rng.integers(1, 101)), io.BytesIO()
    if region.mode != "RGB":
        raise LeftOutError("image has no colours")
    region.save(out, "JPEG", quality=quality, keep_rgb=True, progressive=rng.random() < 0.3)
    data = out.getvalue()
    if rng.random() < 0.5:
        return _cropped(region, quality, data, rng)
    return Case(png(pixels_of(data)), region, quality, (0, 0), variant="whole", jpeg=data)


def never(image: Image.Image, rng: Rng) -> Case:
    """A clean region, a clean region downscaled, or a drawing, as PNG."""
    region, draw = draw_region(image, rng), rng.random()
    if draw < 0.5:
        return Case(png(region), region, variant="original")
    if draw < 0.85:
        small = _rescaled(region, float(rng.uniform(0.35, 0.95)), rng)
        return Case(png(small), region, variant="downscaled")
    drawn = drawing(region.size, rng)
    return Case(png(drawn), drawn, variant="drawing")


def _rescaled(image: Image.Image, factor: float, rng: Rng) -> Image.Image:
    size = [max(SMALL, round(side * factor)) for side in image.size]
    return image.resize((size[0], size[1]), RESAMPLERS[rng.integers(len(RESAMPLERS))])


def drawing(size: tuple[int, int], rng: Rng) -> Image.Image:
    """Smooth shades with shapes on them, antialiased, RGB of ``size`` pixels."""
    small = rng.integers(0, 256, (3, 3, 3)).astype(np.uint8)
    large = Image.fromarray(small).resize((2 * size[0], 2 * size[1]), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(large)
    for _ in range(int(rng.integers(5, 60))):
        x, y = (int(rng.integers(side)) for side in large.size)
        wide, high = (int(rng.integers(4, side // 3)) for side in large.size)
        shape = (pen.ellipse, pen.rectangle, pen.line)[rng.integers(3)]
        shape((x, y, x + wide, y + high), fill=tuple(int(level) for level in rng.integers(0, 256, 3)))
    return large.resize(size, Image.Resampling.BOX)


def _piece(decoded: Image.Image, left: int, top: int, side: int) -> bytes:
    return png(decoded.crop((left, top, left + side, top + side)))


def small_piece(image: Image.Image, rng: Rng) -> Case:
    """64x64 pixels of a JPEG, on its grid, as PNG."""
    region, quality, data = _saved(image, rng)
    if min(region.size) < SMALL:
        raise LeftOutError("image too small")
    left, top = (8 * int(rng.integers((side - SMALL) // 8 + 1)) for side in region.size)
    piece = _piece(pixels_of(data), left, top, SMALL)
    return Case(piece, region, quality, (0, 0), variant=f"{left},{top}", jpeg=data)


def patch(image: Image.Image, rng: Rng) -> Case:
    """One of a JPEG's 128x128 patches above the variance threshold, as PNG."""
    region, quality, data = _saved(image, rng)
    decoded, rule = pixels_of(data), PatchRule(size=PATCH, stride=PATCH)
    if min(region.size) < PATCH:
        raise LeftOutError("image too small")
    lively = np.flatnonzero(scores(luma_of(decoded), rule) > rule.threshold)
    if not len(lively):
        raise LeftOutError("no patch above the threshold")
    row, column = divmod(int(rng.choice(lively)), (region.width - PATCH) // PATCH + 1)
    place = (column * PATCH, row * PATCH)
    piece = _piece(decoded, *place, PATCH)
    return Case(piece, region, quality, (0, 0), variant=f"{place[0]},{place[1]}", jpeg=data)


def grid_after(turn: Turn, size: tuple[int, int]) -> tuple[int, int]:
    """First column and row of the grid once an image of ``size`` (width, height) with grid (0, 0) is turned."""
    width, height = (side % 8 for side in size)
    across = {Turn.FLIP_LEFT_RIGHT: width, Turn.ROTATE_180: width, Turn.ROTATE_270: height, Turn.TRANSVERSE: height}
    down = {Turn.FLIP_TOP_BOTTOM: height, Turn.ROTATE_180: height, Turn.ROTATE_90: width, Turn.TRANSVERSE: width}
    return across.get(turn, 0), down.get(turn, 0)


def _with_orientation(data: bytes, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    segment = exif.tobytes()
    return data[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + data[2:]


def turned(image: Image.Image, rng: Rng) -> Case:
    """A JPEG flipped, rotated, transposed, or turned as its EXIF orientation asks, as PNG."""
    region, quality = draw_region(image, rng), int(rng.integers(1, 101))
    if rng.random() < 0.5:  # sides that are no multiples of 8 move the grid
        right, bottom = (int(side - cut) for side, cut in zip(region.size, rng.integers(0, 8, 2), strict=True))
        region = region.crop((0, 0, right, bottom))
    data, choice = compress(region, quality, rng), int(rng.integers(8))
    if choice < 7:
        turn = Turn(choice)
        name, after = turn.name.lower(), pixels_of(data).transpose(turn)
    else:
        orientation = int(rng.integers(2, 9))
        turn = EXIF_TURNS[orientation]
        with Image.open(io.BytesIO(_with_orientation(data, orientation))) as opened:
            name, after = f"exif {orientation}", ImageOps.exif_transpose(opened)
    return Case(png(after), region, quality, grid_after(turn, region.size), variant=name, jpeg=data)


@lru_cache(maxsize=1)
def djpeg() -> str | None:
    """Where the system's djpeg is, None if it is not."""
    return shutil.which("djpeg", path="/usr/bin:/usr/local/bin:/opt/homebrew/bin")


def _decoded_by_djpeg(program: str, data: bytes, rng: Rng) -> tuple[Image.Image, str]:
    transform, plain = ("int", "fast", "float")[rng.integers(3)], bool(rng.integers(2))
    command = [program, "-pnm", "-dct", transform, *(["-nosmooth"] if plain else [])]
    done = subprocess.run(command, input=data, capture_output=True, check=True, timeout=60)  # noqa: S603 - fixed program
    return pixels_of(done.stdout), f"djpeg {transform}{', nosmooth' if plain else ''}"


def decoders(image: Image.Image, rng: Rng) -> Case:
    """A JPEG decoded with each of libjpeg-turbo's transforms and both upsamplings, as PNG."""
    region, quality, data = _saved(image, rng)
    program = djpeg()
    if program:
        decoded, name = _decoded_by_djpeg(program, data, rng)
    else:
        fast, plain = (bool(bit) for bit in rng.integers(0, 2, 2))
        colors = "GRAY" if region.mode == "L" else "RGB"
        decoded = Image.fromarray(simplejpeg.decode_jpeg(data, colors, fast, plain).squeeze())
        name = f"simplejpeg {'fast' if fast else 'int'}{', nosmooth' if plain else ''}"
    return Case(png(decoded), region, quality, (0, 0), variant=name, jpeg=data)


def _foreign_tables(subsampling: str, rng: Rng) -> tuple[str, I64, I64]:
    """Encoder and setting, luma and chroma table (64,) each: jpegli one time in four, else a mozjpeg base."""
    quality = int(rng.integers(10, 99))
    if rng.random() < 0.25:
        distance, half = quality_to_distance(quality), subsampling == "4:2:0"
        luma, chroma = jpegli_table(distance, "Y", half), jpegli_table(distance, "Cr", half)
        return f"jpegli {quality}", luma.reshape(64), chroma.reshape(64)
    number = int(rng.integers(9))
    luma, chroma = (np.array(bases[number], np.int64) for bases in (MOZJPEG_LUMA, MOZJPEG_CHROMA))
    return f"mozjpeg table {number} at {quality}", scaled(luma, quality), scaled(chroma, quality)


def encoders(image: Image.Image, rng: Rng) -> Case:
    """A JPEG with mozjpeg's or jpegli's tables, as PNG; its quality is that of the equivalent IJG table."""
    region, subsampling = draw_region(image, rng), SUBSAMPLINGS[rng.integers(3)]
    name, luma, chroma = _foreign_tables(subsampling, rng)
    while (quality := match_ijg(luma).quality) is None:
        name, luma, chroma = _foreign_tables(subsampling, rng)
    data = with_tables(region, luma, chroma, subsampling, rng)
    return Case(png(pixels_of(data)), region, quality, (0, 0), variant=name, jpeg=data)


def with_tables(region: Image.Image, luma: I64, chroma: I64, subsampling: str, rng: Rng) -> bytes:
    """A JPEG of a region, RGB or L, with these tables (64,) each; L has luma alone."""
    tables = [luma.tolist()] if region.mode == "L" else [luma.tolist(), chroma.tolist()]
    options = {} if region.mode == "L" else {"subsampling": subsampling}
    out = io.BytesIO()
    region.save(out, "JPEG", qtables=tables, optimize=rng.random() < 0.5, progressive=rng.random() < 0.3, **options)
    return out.getvalue()


def _twice(image: Image.Image, first: int, last: int, rng: Rng, shift: tuple[int, int] = (0, 0)) -> Case:
    """A region saved at ``first``, cropped by ``shift`` columns and rows, saved at ``last``."""
    region = draw_region(image, rng)
    between = pixels_of(compress(region, first, rng)).crop((*shift, *region.size))
    data = compress(between, last, rng)
    return Case(data, region, last, (0, 0), first, f"{shift[0]},{shift[1]}", data)


def saved_again(image: Image.Image, rng: Rng) -> Case:
    """A JPEG of a JPEG, on the same grid, at any two qualities."""
    first, last = (int(quality) for quality in rng.integers(1, 101, 2))
    return _twice(image, first, last, rng)


def once(image: Image.Image, rng: Rng) -> Case:
    """A JPEG saved once, at 30 to 100."""
    region, quality = draw_region(image, rng), int(rng.integers(30, 101))
    data = compress(region, quality, rng)
    return Case(data, region, quality, (0, 0), jpeg=data)


def first_coarser(image: Image.Image, rng: Rng) -> Case:
    """A JPEG at 30 to 100 of a JPEG at 5 or more below, on the same grid."""
    last = int(rng.integers(30, 101))
    return _twice(image, int(rng.integers(5, last - 4)), last, rng)


def first_shifted(image: Image.Image, rng: Rng) -> Case:
    """A JPEG at 30 to 100 of a JPEG at 10 or more below, cropped off its grid between the saves."""
    last, (left, top) = int(rng.integers(30, 101)), divmod(int(rng.integers(1, 64)), 8)
    return _twice(image, int(rng.integers(5, last - 9)), last, rng, (left, top))


def first_finer(image: Image.Image, rng: Rng) -> Case:
    """A JPEG at 30 to 99 of a JPEG at a higher quality, on the same grid."""
    last = int(rng.integers(30, 100))
    return _twice(image, int(rng.integers(last + 1, 101)), last, rng)


def edited_levels(image: Image.Image, edit: Edit, rng: Rng) -> Image.Image:
    """An image after an edit of its levels, which are rounded and clipped."""
    values: NDArray[np.float64] = edit(np.asarray(image, np.float64), rng)
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def edited(image: Image.Image, rng: Rng) -> Case:
    """A JPEG edited mildly, as PNG."""
    region, quality, data = _saved(image, rng)
    name = list(EDITS)[rng.integers(len(EDITS))]
    after = edited_levels(pixels_of(data), EDITS[name], rng)
    return Case(png(after), region, quality, (0, 0), variant=name, jpeg=data)


def resized(image: Image.Image, rng: Rng) -> Case:
    """A JPEG resized by 0.5 to 1.6, as PNG: no grid is left."""
    region, _, data = _saved(image, rng)
    after = _rescaled(pixels_of(data), float(rng.uniform(0.5, 1.6)), rng)
    if after.size == region.size:
        raise LeftOutError("resized to the same size")
    return Case(png(after), region, variant=f"{after.width / region.width:.2f}")
