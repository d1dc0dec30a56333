"""First tables that counts leave open -> which of them remakes the image.

With the right first table, the image can be made again: its coefficients on the first grid, rounded to multiples of
that table's steps, are decoded to whole grey levels, as the first decoder did, and saved with the last table. Hardly a
coefficient comes out otherwise than the image has it. With another table those do that depend on the steps in which the
two differ, be it by one. What blurs counts is simulated: pixels are rounded, and small coefficients to zero. Colours
that were clipped between the saves are not, so clipped blocks are not compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jpegqf.arrays import F32, F64, I64
from jpegqf.evidence.blocks import cut, evenly_spread, first_of_each, joined
from jpegqf.evidence.dct import FORWARD, INVERSE
from jpegqf.history.last_save import LastSave
from jpegqf.pixels.luma import Luma

SIDE, SIDE_OF_ONE = 256, 128
"""Most pixels of a side of the parts of an image that are made again, to compare tables and to see whether one fits."""
MOST_PARTS, ENOUGH = 4, 8.0
"""Most parts that are made again, and the lead (natural logarithm) of one table from which no further ones are."""
MOST_PLACES, SAMPLED = 6, 4
"""Most parts along an axis to choose from, and one in how many rows and columns tells their structure."""
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
        steps = tables.reshape(-1, 8, 8).swapaxes(1, 2).reshape(-1, 64) if self.transposed else tables
        wrong, told = np.zeros((len(tables), 0)), np.zeros(len(tables))
        for part in self._parts(SIDE):
            wrong = np.concatenate([wrong, [part.wrong(of_one) for of_one in steps.astype(np.float32)]], axis=1)
            if wrong.shape[1] >= FEWEST_BLOCKS:
                more = wrong - wrong[wrong.sum(axis=1).argmin()]
                told = -0.5 * more.sum(axis=1) ** 2 / np.maximum((more**2).sum(axis=1), 1)
                if np.count_nonzero(told > -ENOUGH) == 1:
                    break
        return told

    def misses(self, table: I64) -> float:
        """How many AC coefficients a block come out otherwise with a first table, int64 (64,); 0 of too few blocks."""
        steps = (table.reshape(8, 8).T if self.transposed else table).reshape(64).astype(np.float32)
        wrong = next(self._parts(SIDE_OF_ONE)).wrong(steps)
        return float(wrong.mean()) if len(wrong) >= FEWEST_BLOCKS else 0.0

    def _parts(self, side: int) -> Iterator["Part"]:
        """Parts of the image, at most ``side`` pixels a side, those with the most structure first."""
        image = self.last if self.last.unclipped is None else self.last.unclipped
        table = self.last.table.reshape(64).astype(np.float32)
        for luma in sorted(_tiles(image.luma, side), key=_structure, reverse=True)[:MOST_PARTS]:
            yield Part(luma, table, self.grid)


@dataclass(frozen=True)
class Part:
    """Part of an image that is made again: whole blocks of its last save, whose table is ``last``, float32 (64,).

    ``grid``: as in :class:`Remaking`.
    """

    luma: Luma
    last: F32
    grid: tuple[int, int]

    @cached_property
    def _multiples(self) -> F32:
        """The last save's coefficients in its steps, whole numbers, float32 (blocks, 64)."""
        levels = cut(self.luma.plane).astype(np.float32) - LEVEL_SHIFT
        out: F32 = np.rint(levels @ FORWARD / self.last)
        return out

    @cached_property
    def _plane(self) -> F32:
        """What the last decoder had before it rounded, less LEVEL_SHIFT, float32 (height, width)."""
        height, width = self.luma.shape
        return joined(self._multiples * self.last @ INVERSE, height // 8, width // 8)

    @cached_property
    def _inner(self) -> tuple[slice, slice]:
        """Rows and columns of the whole blocks of the first grid."""
        column, row = self.grid
        height, width = self.luma.shape
        return slice(row, row + (height - row) // 8 * 8), slice(column, column + (width - column) // 8 * 8)

    @cached_property
    def _compared(self) -> I64:
        """Places of the last save's blocks that are compared: distinct, unclipped, covered by the first grid's."""
        inside = np.zeros(self.luma.shape, bool)
        inside[self._inner] = True
        inside &= ~self.luma.clipped()
        sound = np.flatnonzero(cut(inside).all(axis=1))
        out: I64 = sound[first_of_each(np.ascontiguousarray(cut(self.luma.plane)[sound]))]
        return out

    def wrong(self, steps: F32) -> I64:
        """How many AC coefficients of each compared block come out otherwise under a first table: int64 (blocks,).

        ``steps``: float32 (64,), row-major.
        """
        inner = self._plane[self._inner]
        levels = np.rint(np.rint(cut(inner) @ FORWARD / steps) * steps @ INVERSE)
        remade, (height, width) = self._plane.copy(), inner.shape
        remade[self._inner] = joined(np.clip(levels, LOWEST_LEVEL, HIGHEST_LEVEL), height // 8, width // 8)
        again = cut(remade)[self._compared] @ FORWARD / self.last
        missed = (np.abs(again - self._multiples[self._compared]) - np.float32(0.5)) * self.last > MISSED
        out: I64 = np.count_nonzero(missed[:, 1:], axis=1)
        return out


def _tiles(luma: Luma, side: int) -> list[Luma]:
    """Parts next to each other, whole blocks, at most ``side`` pixels a side; of a large image some, evenly spaced."""
    cuts = [np.linspace(0, pixels // 8, -(-pixels // side) + 1).astype(int) * 8 for pixels in luma.shape]
    tall, wide = (evenly_spread(np.stack([ends[:-1], ends[1:]], axis=1), MOST_PLACES).tolist() for ends in cuts)
    return [luma.crop(top, left, end - top, right - left) for top, end in tall for left, right in wide]


def _structure(part: Luma) -> float:
    """Standard deviation of the grey levels times the share of the pixels that are not clipped."""
    seen = part.viewed(lambda plane: plane[::SAMPLED, ::SAMPLED])
    return float(seen.plane.std() * (1 - seen.clipped().mean())) if seen.plane.size else 0.0
