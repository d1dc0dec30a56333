"""Quantized coefficients of one image while they are searched, with the samples and pixels that they decode to."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import I16, I32, U8, Bool
from jpegqf.coefficients.colours import differing, rgb_of
from jpegqf.coefficients.idct import unclamped_samples
from jpegqf.evidence.blocks import joined
from jpegqf.pixels.upsampling import Sampling, upsampled


@dataclass(frozen=True)
class CropPlace:
    """The part of a JPEG that a crop shows: its first row and column, and its sides, pixels."""

    top: int
    left: int
    height: int
    width: int

    @property
    def area(self) -> tuple[slice, slice]:
        """Its rows and columns."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


@dataclass(frozen=True)
class Layout:
    """Sides of an image in pixels, how its chroma is subsampled, and what follows for blocks and MCUs.

    An MCU is what one block of each chroma component covers: ``down`` by ``across`` blocks of luma. ``crop``: where
    the pixels lie that are given, those around it may be any; None if all are given.
    """

    height: int
    width: int
    sampling: Sampling
    crop: CropPlace | None = field(default=None, kw_only=True)

    @cached_property
    def mcus(self) -> tuple[int, int]:
        """Rows and columns of MCUs, and so of chroma blocks."""
        return -(-self.height // (8 * self.sampling.down)), -(-self.width // (8 * self.sampling.across))

    @cached_property
    def luma_blocks(self) -> tuple[int, int]:
        """Rows and columns of luma blocks, those of whole MCUs."""
        rows, columns = self.mcus
        return rows * self.sampling.down, columns * self.sampling.across

    @cached_property
    def chroma_samples(self) -> tuple[int, int]:
        """Rows and columns of the chroma samples that the image's size needs."""
        return -(-self.height // self.sampling.down), -(-self.width // self.sampling.across)

    @cached_property
    def even(self) -> tuple[int, int]:
        """Sides in pixels that the needed chroma samples cover."""
        rows, columns = self.chroma_samples
        return rows * self.sampling.down, columns * self.sampling.across

    @cached_property
    def given(self) -> Bool:
        """Which pixels are given, bool (height, width)."""
        out = np.zeros((self.height, self.width), bool)
        out[self.crop.area if self.crop else ...] = True
        return out

    def rows(self, first: int, last: int) -> "Layout":
        """The layout of a strip of these rows of pixels."""
        crop = self.crop
        if crop:
            top, bottom = (min(max(row, first), last) for row in (crop.top, crop.top + crop.height))
            crop = CropPlace(top - first, crop.left, bottom - top, crop.width)
        return Layout(last - first, self.width, self.sampling, crop=crop)

    def mcus_of(self, pixels: Bool) -> Bool:
        """Which MCUs have any of the given pixels (height, width), bool (rows, columns)."""
        rows, columns = self.mcus
        down, across = 8 * self.sampling.down, 8 * self.sampling.across
        wide = padded(pixels, rows * down, columns * across, mode="constant")
        return np.asarray(wide.reshape(rows, down, columns, across).any(axis=(1, 3)))


def padded(plane: NDArray[Any], height: int, width: int, mode: Literal["edge", "constant"] = "edge") -> NDArray[Any]:
    """A plane (..., h, w), or several, continued below and on the right up to the given sides."""
    ends = [(0, 0)] * (plane.ndim - 2) + [(0, height - plane.shape[-2]), (0, width - plane.shape[-1])]
    return np.pad(plane, ends, mode=mode)


def decoded(coefficients: I16, steps: I32, rows: int, columns: int) -> I16:
    """The plane of levels 0..255 that blocks (rows * columns, 64) decode to, int16."""
    samples = unclamped_samples(coefficients, steps)
    out: I16 = joined(np.clip(samples, 0, 255, out=samples), rows, columns)
    return out


class Draft:
    """Coefficients of one image, int16 (blocks, 64) in raster order, and what they decode to.

    ``luma_steps`` and ``chroma_steps``: int32 (64,). Without chroma steps the chroma planes are those of 128.
    ``luma_plane``: levels, int16, of whole MCUs; ``chroma_planes``: samples, int16 (2, rows, columns), of whole blocks.
    """

    def __init__(self, layout: Layout, luma_steps: I32, chroma_steps: I32 | None) -> None:
        self.layout, self.luma_steps, self.chroma_steps = layout, luma_steps, chroma_steps
        self.luma = np.zeros((layout.luma_blocks[0] * layout.luma_blocks[1], 64), np.int16)
        self.chroma = np.zeros((2, layout.mcus[0] * layout.mcus[1], 64), np.int16)
        self.luma_plane = np.full([8 * side for side in layout.luma_blocks], 128, np.int16)
        self.chroma_planes = np.full((2, *(8 * side for side in layout.mcus)), 128, np.int16)

    @property
    def steps_of_chroma(self) -> I32:
        """Those of an image that has chroma. Raises ValueError for a gray one."""
        if self.chroma_steps is None:
            raise ValueError("a gray image has no chroma")
        return self.chroma_steps

    def take_rows(self, other: "Draft", first: int, at: int, count: int) -> None:
        """Take the coefficients of MCU rows over: at most ``count``, from ``first`` on, to those from ``at`` on."""
        down = self.layout.sampling.down
        for own, others, wide, tall in (
            (self.luma[None], other.luma[None], self.layout.luma_blocks[1], down),
            (self.chroma, other.chroma, self.layout.mcus[1], 1),
        ):
            part = others[:, first * tall * wide : (first + count) * tall * wide]
            own[:, at * tall * wide : at * tall * wide + part.shape[1]] = part

    def decode_luma(self) -> None:
        """Bring the luma plane up to date."""
        self.luma_plane = decoded(self.luma, self.luma_steps, *self.layout.luma_blocks)

    def decode_chroma(self) -> None:
        """Bring the chroma samples up to date."""
        if self.chroma_steps is not None:
            planes = [decoded(one, self.chroma_steps, *self.layout.mcus) for one in self.chroma]
            self.chroma_planes = np.stack(planes)

    def chroma_pixels(self) -> I16:
        """Both chroma planes as upsampled for all pixels that needed samples cover, int16 (2, height, width)."""
        rows, columns = self.layout.chroma_samples
        return upsampled(self.chroma_planes[:, :rows, :columns], self.layout.sampling, *self.layout.even)

    def pixels(self) -> U8:
        """The pixels that the coefficients decode to: uint8 (height, width, 3), or (height, width) of gray ones."""
        area = np.s_[: self.layout.height, : self.layout.width]
        if self.chroma_steps is None:
            return self.luma_plane[area].astype(np.uint8)
        cb, cr = self.chroma_pixels()
        return rgb_of(self.luma_plane[area], cb[area], cr[area])

    def wrong(self, pixels: U8) -> Bool:
        """Which of the given pixels the coefficients do not decode to, bool (height, width).

        ``pixels``: of the whole layout; those that are not given do not count.
        """
        return differing(self.pixels(), pixels) & self.layout.given


def luma_block_numbers(layout: Layout, row: int, column: int) -> list[int]:
    """Numbers of the luma blocks of the MCU in this row and column, in raster order within it."""
    down, across, wide = layout.sampling.down, layout.sampling.across, layout.luma_blocks[1]
    return [(row * down + i) * wide + column * across + j for i in range(down) for j in range(across)]
