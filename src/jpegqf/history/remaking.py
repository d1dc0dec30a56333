"""First tables that counts leave open -> which of them remakes the image.

With the right first table, the image can be made again: its coefficients on the first grid, rounded to multiples of
that table's steps, are decoded to whole grey levels, as the first decoder did, and saved with the last table. Hardly a
coefficient comes out otherwise than the image has it. With another table those do that depend on the steps in which the
two differ, be it by one. What blurs counts is simulated: pixels are rounded, and small coefficients to zero. Colours
that were clipped between the saves are not, so clipped blocks are not compared.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jpegqf.arrays import F32, F64, I64
from jpegqf.evidence.blocks import cut, first_of_each, joined
from jpegqf.evidence.dct import FORWARD, INVERSE
from jpegqf.history.last_save import LastSave
from jpegqf.pixels.luma import Luma

SIDE = 256
"""Most pixels of a side of the part of an image that is made again: 1,024 blocks."""
PLACES, SAMPLED = 4, 4
"""Of so many rows and columns of parts, the one with the most structure; one in SAMPLED pixels a side tells it."""
FEWEST_BLOCKS = 16
"""Fewest blocks that can be compared for anything to be told."""
MISSED = 0.25
"""Grey levels by which a coefficient must miss the interval that the last save rounded to what the image has."""
LEVEL_SHIFT, LOWEST_LEVEL, HIGHEST_LEVEL = 128, -128, 127
"""What the DCT's input is lowered by (ITU-T T.81, A.3.1), and the levels that a decoder clips to."""


@dataclass(frozen=True)
class Remaking:
    """An image to be made again with first tables on one grid.

    ``grid``: column and row, 0..7, of the first lines of the first grid. ``transposed``: the image was turned by 90
    degrees after its first save.
    """

    last: LastSave
    grid: tuple[int, int] = (0, 0)
    transposed: bool = False

    def log_likelihoods(self, tables: I64) -> F64:
        """How well each first table, int64 (tables, 64), row-major, remakes the image: float64 (tables,), 0 the best.

        Blocks are what is counted: half the square of the number of standard errors by which a table has more wrong
        coefficients a block than the best one, negative. All 0 where too little can be compared.
        """
        if len(self._compared) < FEWEST_BLOCKS:
            return np.zeros(len(tables))
        wrong = np.array([self._wrong(table) for table in tables], np.float64)
        more = wrong - wrong[wrong.sum(axis=1).argmin()]
        out: F64 = -0.5 * more.sum(axis=1) ** 2 / np.maximum((more**2).sum(axis=1), 1)
        return out

    @cached_property
    def _part(self) -> Luma:
        """The part of the image that is made again."""
        image = self.last if self.last.unclipped is None else self.last.unclipped
        return _part_with_most_structure(image.luma)

    @cached_property
    def _steps(self) -> F32:
        """The last table, float32 (64,)."""
        return self.last.table.reshape(64).astype(np.float32)

    @cached_property
    def _multiples(self) -> F32:
        """The last save's coefficients in its steps, whole numbers, float32 (blocks, 64)."""
        levels = cut(self._part.plane).astype(np.float32) - LEVEL_SHIFT
        out: F32 = np.rint(levels @ FORWARD / self._steps)
        return out

    @cached_property
    def _plane(self) -> F32:
        """What the last decoder had before it rounded, less LEVEL_SHIFT, float32 (height, width)."""
        height, width = self._part.shape
        return joined(self._multiples * self._steps @ INVERSE, height // 8, width // 8)

    @cached_property
    def _inner(self) -> tuple[slice, slice]:
        """Rows and columns of the whole blocks of the first grid."""
        column, row = self.grid
        height, width = self._plane.shape
        return slice(row, row + (height - row) // 8 * 8), slice(column, column + (width - column) // 8 * 8)

    @cached_property
    def _compared(self) -> I64:
        """Places of the last save's blocks that are compared: distinct, unclipped, covered by the first grid's."""
        inside = np.zeros(self._plane.shape, bool)
        inside[self._inner] = True
        inside &= ~self._part.clipped()
        sound = np.flatnonzero(cut(inside).all(axis=1))
        out: I64 = sound[first_of_each(np.ascontiguousarray(cut(self._part.plane)[sound]))] if len(sound) else sound
        return out

    def _wrong(self, table: I64) -> I64:
        """How many AC coefficients of each compared block come out otherwise with this first table, int64 (blocks,)."""
        steps = (table.reshape(8, 8).T if self.transposed else table).reshape(64).astype(np.float32)
        first = cut(self._plane[self._inner]) @ FORWARD
        levels = np.rint(np.rint(first / steps) * steps @ INVERSE)
        remade = self._plane.copy()
        height, width = remade[self._inner].shape
        remade[self._inner] = joined(np.clip(levels, LOWEST_LEVEL, HIGHEST_LEVEL), height // 8, width // 8)
        again = cut(remade)[self._compared] @ FORWARD / self._steps
        missed = (np.abs(again - self._multiples[self._compared]) - np.float32(0.5)) * self._steps > MISSED
        out: I64 = np.count_nonzero(missed[:, 1:], axis=1)
        return out


def _part_with_most_structure(luma: Luma) -> Luma:
    """Whole blocks of an image, at most SIDE pixels a side: of some parts of that size, the one that varies most."""
    height, width = (side // 8 * 8 for side in luma.shape)
    tall, wide = min(SIDE, height), min(SIDE, width)
    places = np.arange(PLACES)
    tops, lefts = (space // 8 * places // (PLACES - 1) * 8 for space in (height - tall, width - wide))
    parts = [luma.crop(top, left, tall, wide) for top in set(tops.tolist()) for left in set(lefts.tolist())]
    return max(parts, key=_structure)


def _structure(part: Luma) -> float:
    """Standard deviation of the grey levels times the share of the pixels that are not clipped."""
    seen = part.viewed(lambda plane: plane[::SAMPLED, ::SAMPLED])
    return float(seen.plane.std() * (1 - seen.clipped().mean())) if seen.plane.size else 0.0
