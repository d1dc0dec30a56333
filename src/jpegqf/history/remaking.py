"""First tables that counts leave open -> which of them remakes the image.

With the right first table, the image can be made again: its coefficients on the first grid, rounded to multiples of
that table's steps, are decoded to whole grey levels, as the first decoder did, and saved with the last table. Hardly a
coefficient comes out otherwise than the image has it: a miss. With another table coefficients miss that depend on steps
in which the two differ, be it by one. What blurs counts is simulated: pixels are rounded, and small coefficients to
zero. Colours that were clipped between the saves are not, so clipped blocks are not compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jpegqf.arrays import F32, F64, I64
from jpegqf.evidence.blocks import cut, evenly_spread, first_of_each, joined, transposed_blocks
from jpegqf.evidence.dct import FORWARD, INVERSE
from jpegqf.evidence.synthesis import synthesized, whole_levels
from jpegqf.history.last_save import LastSave
from jpegqf.pixels.luma import Luma

SIDE, SIDE_FOR_MISSES = 256, 128
"""Most pixels of a side of the parts that are made again: to compare tables, and to see whether one fits at all.

What neighbouring tables differ in may show in few blocks; a table or a grid that is wrong shows in most.
"""
MOST_PARTS, CLEAR_LEAD = 4, 8.0
"""Most parts that are made again, and the lead (natural logarithm) of one table, four standard errors, that ends it."""
MOST_PLACES, SAMPLED = 6, 4
"""Most parts along an axis to choose from, and one in how many rows and columns tells their structure."""
FEWEST_BLOCKS = 16
"""Fewest blocks that can be compared for anything to be told."""
MISS_MARGIN = 0.25
"""By how much, grey levels, a coefficient must lie outside the interval that rounds to the image's for a miss.

Chosen on training scenes: from 0.15 to 0.5 tables are told apart alike.
"""


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

        The others have minus half the square of the number of standard errors, over blocks, by which they have more
        misses a block than the best. All 0 where too little can be compared.
        """
        misses, log_likelihoods = np.zeros((len(tables), 0)), np.zeros(len(tables))
        for part in self._parts(SIDE):
            of_part = np.array([part.misses(steps) for steps in self._as_stored(tables)])
            misses = np.concatenate([misses, of_part.reshape(len(tables), -1)], axis=1)
            if misses.shape[1] >= FEWEST_BLOCKS:
                more = misses - misses[misses.sum(axis=1).argmin()]
                log_likelihoods = -0.5 * more.sum(axis=1) ** 2 / np.maximum((more**2).sum(axis=1), 1)
                if np.count_nonzero(log_likelihoods > -CLEAR_LEAD) == 1:
                    break
        return log_likelihoods

    def misses(self, table: I64) -> float | None:
        """Misses a block with a first table, int64 (64,), row-major, in part of the image; None of too few blocks."""
        (steps,), counted = self._as_stored(table[None]), np.zeros(0)
        for part in self._parts(SIDE_FOR_MISSES):
            counted = np.concatenate([counted, part.misses(steps)])
            if len(counted) >= FEWEST_BLOCKS:
                return float(counted.mean())
        return None

    def _as_stored(self, tables: I64) -> F32:
        """Tables (tables, 64) in the image's orientation, float32."""
        return (transposed_blocks(tables) if self.transposed else tables).astype(np.float32)

    def _parts(self, side: int) -> Iterator["Part"]:
        """Parts of the image, at most ``side`` pixels a side, those with the most structure first."""
        image = self.last.marked or self.last
        table = self.last.table.reshape(64).astype(np.float32)
        for luma in sorted(_parts_of(image.luma, side), key=_structure, reverse=True)[:MOST_PARTS]:
            yield Part(luma, table, self.grid)


@dataclass(frozen=True)
class Part:
    """Part of an image that is made again: whole blocks of its last save, whose table is ``steps``, float32 (64,).

    ``grid``: as in :class:`Remaking`.
    """

    luma: Luma
    steps: F32
    grid: tuple[int, int]

    def misses(self, first_steps: F32) -> I64:
        """How many AC coefficients of each compared block come out otherwise with a first table: int64 (blocks,).

        ``first_steps``: float32 (64,), row-major. DC is left out: a level more or less, from the conversion of colours,
        moves it by eight.
        """
        levels = whole_levels(synthesized(self._of_first_grid, first_steps))
        remade, (rows, columns) = self._plane.copy(), self._inner
        height, width = remade[rows, columns].shape
        remade[rows, columns] = joined(levels, height // 8, width // 8)
        again = cut(remade)[self._compared] @ FORWARD / self.steps
        outside = (np.abs(again - self._multiples[self._compared]) - np.float32(0.5)) * self.steps
        out: I64 = np.count_nonzero(outside[:, 1:] > MISS_MARGIN, axis=1)
        return out

    @cached_property
    def _multiples(self) -> F32:
        """The last save's coefficients in its steps, whole numbers, float32 (blocks, 64)."""
        levels = cut(self.luma.plane).astype(np.float32) - 128
        out: F32 = np.rint(levels @ FORWARD / self.steps)
        return out

    @cached_property
    def _plane(self) -> F32:
        """What the last decoder had before it rounded, less 128, float32 (height, width)."""
        height, width = self.luma.shape
        return joined(self._multiples * self.steps @ INVERSE, height // 8, width // 8)

    @cached_property
    def _inner(self) -> tuple[slice, slice]:
        """Rows and columns of the whole blocks of the first grid."""
        ends = [
            max(first, side - (side - first) % 8) for first, side in zip(self.grid[::-1], self.luma.shape, strict=True)
        ]
        return slice(self.grid[1], ends[0]), slice(self.grid[0], ends[1])

    @cached_property
    def _of_first_grid(self) -> F32:
        """The coefficients on the first grid, float32 (blocks, 64)."""
        out: F32 = cut(self._plane[self._inner]) @ FORWARD
        return out

    @cached_property
    def _compared(self) -> I64:
        """Places of the last save's blocks that are compared: distinct, unclipped, within the first grid's blocks.

        A clipped pixel beside one may lie in the same block of the first grid; to leave these out too tells less.
        """
        sound = np.zeros(self.luma.shape, bool)
        sound[self._inner] = ~self.luma.clipped()[self._inner]
        places = np.flatnonzero(cut(sound).all(axis=1))
        out: I64 = places[first_of_each(np.ascontiguousarray(cut(self.luma.plane)[places]))]
        return out


def _parts_of(luma: Luma, side: int) -> list[Luma]:
    """Parts next to each other, whole blocks, at most ``side`` pixels a side; of a large image some, evenly spaced."""
    cuts = [np.linspace(0, pixels // 8, -(-pixels // side) + 1).astype(int) * 8 for pixels in luma.shape]
    tall, wide = (evenly_spread(np.stack([ends[:-1], ends[1:]], axis=1), MOST_PLACES).tolist() for ends in cuts)
    return [luma.crop(top, left, end - top, right - left) for top, end in tall for left, right in wide]


def _structure(part: Luma) -> float:
    """Standard deviation of the grey levels times the share of the pixels that are not clipped."""
    seen = part.viewed(lambda plane: plane[::SAMPLED, ::SAMPLED])
    return float(seen.plane.std() * (1 - seen.clipped().mean())) if seen.plane.size else 0.0
