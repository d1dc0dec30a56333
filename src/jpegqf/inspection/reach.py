"""A grid, and a table or votes -> how far a JPEG save reaches in an image, and the blocks that are its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jpegqf.arrays import F32, F64, I64, U8, Bool
from jpegqf.evidence.blocks import (
    MOST_BLOCKS,
    BlockLattice,
    block_lattice,
    blocks_at,
    evenly_spread,
    first_of_each,
    joined,
    lattice_step,
)
from jpegqf.evidence.dct import FORWARD
from jpegqf.evidence.grid_votes import GridVotes
from jpegqf.evidence.settings import EvidenceSettings
from jpegqf.evidence.synthesis import agreement, given_back
from jpegqf.jpeg.ijg import MAX_STEP, STEPS
from jpegqf.pixels.grid import Grid
from jpegqf.pixels.luma import Luma
from jpegqf.tables.check import share_expected
from jpegqf.tables.reading import TableReading, read_blocks

TABLE_SAMPLE, FEWEST_FOR_A_TABLE = 96, 8
"""Most and fewest unclipped blocks by which a table is found."""
FINEST_DECISIVE = 93
"""Finest quality under whose table nearly all blocks of its own save come back."""
LEAST_RETURNING, LEAST_RETURNING_FINE = 0.2, 0.12
"""Least share of a sample that must come back under a table up to FINEST_DECISIVE, and under a finer one."""
RETURNING = 0.95
"""Share of the unclipped blocks of a save that come back under its table up to FINEST_DECISIVE; measured: 0.92 to 1."""
RETURNING_BY_CHANCE = 0.03
"""Share of other blocks that come back under a table; measured: below 0.03 but for sparse ones of a coarser save."""
CLIPPED_BEFORE, CLIPPED_WEIGHT = 0.3, 10
"""Share of a save's blocks with black or white pixels that come back, before any is seen beside unclipped ones that do,
and how many blocks that is worth; measured: 0.7 to 1 up to FINEST_DECISIVE."""
WELL_INSIDE = 4
"""Returning neighbours, of eight, beside which a block must be of the save: across a straight edge there are three."""
LEAST_RELIABLE = 0.6
"""Share of such blocks, where some were seen, below which they say nothing."""
NO_EVIDENCE = 2 * RETURNING_BY_CHANCE
"""Share taken for blocks where single channels were clipped, whose luma may be far off; measured: 0.06 (coloured text)
to 1. So one that does not come back says nothing, unless others like it do."""
LONE, LONE_ELSEWHERE = 0.2, 0.95
"""Share of returning blocks without a coefficient of one step: of a save itself, and of a coarser one, whose
coefficients are larger multiples."""
GROWN = 1.25
"""Least growth of a box, as a ratio of areas, that is taken over: smaller differences are those of a coarse lattice."""
BLANK = -0.01
"""Nats of a place that tells nothing: a box holds no more of them than it must."""
MOST_OWN = 4096
"""Most blocks of a region that are judged together."""
MOSAIC_COLUMNS = 64
"""Blocks in a row of the image that they are laid out to."""


@dataclass(frozen=True)
class Box:
    """A rectangle of the stored image, in pixels."""

    x: int
    y: int
    width: int
    height: int

    def holds(self, tops: I64, lefts: I64) -> Bool:
        """Which of these rows and columns are inside, bool (rows, columns)."""
        down = (tops >= self.y) & (tops < self.y + self.height)
        return down[:, None] & ((lefts >= self.x) & (lefts < self.x + self.width))

    def grown(self, margin: int) -> "Box":
        """The box with this many pixels more on each side."""
        return Box(self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin)

    def overlaps(self, other: "Box") -> bool:
        """Whether the two have a pixel in common."""
        across = min(self.x + self.width, other.x + other.width) > max(self.x, other.x)
        return across and min(self.y + self.height, other.y + other.height) > max(self.y, other.y)


def largest_sum(weights: F64) -> tuple[float, slice, slice]:
    """The rectangle of the greatest sum, 0 or more: the sum, its rows and its columns, of weights (rows, columns)."""
    rows, columns = weights.shape
    sums = np.zeros((rows + 1, columns + 1))
    sums[1:, 1:] = weights.cumsum(axis=0).cumsum(axis=1)
    best = 0.0, slice(0, 0), slice(0, 0)
    for top in range(rows):
        band = sums[top + 1 :] - sums[top]
        lowest = np.minimum.accumulate(band, axis=1)
        gain = band - lowest
        row, end = divmod(int(gain.argmax()), columns + 1)
        if gain[row, end] > best[0]:
            first = int(np.flatnonzero(band[row, : end + 1] == lowest[row, end])[0])
            best = float(gain[row, end]), slice(top, top + 1 + row), slice(first, end)
    return best


@dataclass(frozen=True)
class Reach:
    """How far one save reaches: its box, and for each place of a lattice the evidence for this save against none.

    ``ratio``: log-likelihood ratios in nats, float64 (tops, lefts), above 0 for the save; ``tops`` and ``lefts``: first
    pixel row and column of each place, ``side`` pixels wide and high.
    """

    grid: Grid
    box: Box
    ratio: F64
    tops: I64
    lefts: I64
    side: int
    lone: Bool
    """Places that come back under the table, but have larger multiples of its steps alone: of a coarser save, maybe."""
    clipped: Bool
    """Places with clipped pixels."""

    def doubted(self, tops: I64, lefts: I64) -> Bool:
        """Whether the places around these rows and columns speak against the save, bool (rows, columns)."""
        rows, columns = (
            np.clip(np.searchsorted(known, asked), 0, len(known) - 1)
            for known, asked in ((self.tops, tops), (self.lefts, lefts))
        )
        out: Bool = _sums_around(self.ratio)[rows][:, columns] < 0
        return out

    def around(self, others: Sequence["Reach"]) -> "Reach":
        """The same with the box that it has if the places of other saves speak neither for nor against it."""
        ratio = self.ratio.copy()
        for other in others:
            ratio[other.box.holds(self.tops, self.lefts) & ~other.doubted(self.tops, self.lefts)] = BLANK
        _, rows, columns = largest_sum(ratio)
        box = _box(self.tops, self.lefts, rows, columns, self.side)
        larger = box.width * box.height > GROWN * self.box.width * self.box.height
        return replace(self, box=box) if larger else self

    def contradicted(self, others: Sequence[Box] = ()) -> tuple[float, Box]:
        """The rectangle that most speaks against this save and is in none of ``others``: nats, and the rectangle."""
        against = -self.ratio
        for other in others:
            against[other.holds(self.tops, self.lefts)] = -CLEARLY
        total, rows, columns = largest_sum(against)
        return total, _box(self.tops, self.lefts, rows, columns, self.side)

    def fails(self, others: Sequence[Box]) -> bool:
        """Whether a rectangle outside of ``others`` clearly has blocks that do not come back under the table.

        Larger multiples alone do not say so, and clipped blocks only if there are many.
        """
        without_lone = replace(self, ratio=np.where(self.lone, 0.0, self.ratio))
        unclipped = replace(self, ratio=np.where(self.clipped | self.lone, 0.0, self.ratio))
        found, clearly = (each.contradicted(others)[0] for each in (unclipped, without_lone))
        return found >= CONTRADICTION or clearly >= CLEAR_CONTRADICTION

    def own_blocks(self, luma: Luma) -> Luma | None:
        """The blocks of this save, laid side by side as an image of their own; None if there is none.

        Evidence is made of single blocks, so it does not matter where they were.
        """
        tops, lefts = self._blocks_in(self.box, luma)
        return _laid_out(luma, tops, lefts, ~self.doubted(tops, lefts))

    def other_blocks(self, luma: Luma, box: Box) -> Luma | None:
        """The blocks of a box that speaks against this save, laid out in the same way.

        Where the save reaches around the box, all of them: the doubted ones alone would be a choice. Else those that
        are outside of it.
        """
        tops, lefts = self._blocks_in(box, luma)
        middle = np.array([box.y + box.height // 2]), np.array([box.x + box.width // 2])
        if self.box.holds(*middle).any():
            return _laid_out(luma, tops, lefts, np.ones((len(tops), len(lefts)), bool))
        return _laid_out(luma, tops, lefts, self.doubted(tops, lefts) & ~self.box.holds(tops, lefts))

    def _blocks_in(self, box: Box, luma: Luma) -> tuple[I64, I64]:
        """First rows and columns of at most MOST_OWN blocks of this grid in a box."""
        step = lattice_step(box.height, box.width, MOST_OWN)
        height, width = luma.shape
        tops = np.arange(box.y + (self.grid.y - box.y) % 8, min(box.y + box.height, height) - 7, step)
        lefts = np.arange(box.x + (self.grid.x - box.x) % 8, min(box.x + box.width, width) - 7, step)
        return tops, lefts


CONTRADICTION, CLEAR_CONTRADICTION = 25.0, 100.0
"""Log-likelihood ratios, in nats, from which a rectangle speaks against the save around it, and does so clearly."""
CLEARLY = 10.0
"""Nats by which a place of another region is kept out of a rectangle."""


def _sums_around(ratio: F64) -> F64:
    """Sums over each place and its neighbours, 3x3."""
    padded = np.pad(ratio, 1)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    out: F64 = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    return out


def _laid_out(luma: Luma, tops: I64, lefts: I64, kept: Bool) -> Luma | None:
    """The blocks that are ``kept``, bool (tops, lefts), as an image of MOSAIC_COLUMNS blocks a row."""
    rows, columns = np.nonzero(kept)
    across = min(MOSAIC_COLUMNS, len(rows))
    if not across:
        return None
    down = len(rows) // across
    rows, columns = 8 * rows[: across * down], 8 * columns[: across * down]

    def laid(plane: U8) -> U8:
        blocks = plane[rows[:, None, None] + np.arange(8)[:, None], columns[:, None, None] + np.arange(8)]
        out: U8 = joined(blocks, down, across)
        return out

    return luma.tiles(tops, lefts, 8).viewed(laid)


@dataclass(frozen=True)
class Table:
    """Steps of a table, float32 (64,), and the share of its own blocks that come back under it, 0-1."""

    steps: F32
    returning: float = RETURNING


def table_of(luma: Luma, votes: GridVotes, grid: Grid, windows: Bool, settings: EvidenceSettings) -> Table | None:
    """The IJG table under which most blocks of these windows come back, else another table that they show.

    None where too few come back and they show none: the image was edited since, perhaps.
    """
    sample = blocks_at(luma, votes.tops + grid.y, votes.lefts + grid.x)
    sound = np.flatnonzero(windows & sample.informative & ~sample.clipped)
    if len(sound) < FEWEST_FOR_A_TABLE:
        return None
    some = evenly_spread(sound, TABLE_SAMPLE)
    share = given_back(sample.pixels.reshape(-1, 64)[some], STEPS, settings.pixel_tolerance).mean(axis=1)
    best = int(share.argmax())
    if best < FINEST_DECISIVE and share[best] >= LEAST_RETURNING:
        return Table(STEPS[best])
    pixels = sample.pixels.reshape(-1, 64)[sound]
    other = table_read(read_blocks(pixels[first_of_each(pixels)]))
    if other or best < FINEST_DECISIVE or share[best] < LEAST_RETURNING_FINE:
        return other
    return Table(STEPS[best], min(float(share[best]), RETURNING))


def table_read(reading: TableReading | None) -> Table | None:
    """The table that was read from pixels; None if too few of its own blocks come back under it to tell it.

    A step that nothing tells is taken for 1, under which whatever is there comes back.
    """
    if reading is None:
        return None
    steps = np.array([step or 1 for step in reading.steps])
    share = share_expected(np.where([step is None for step in reading.steps], MAX_STEP, steps))
    return Table(steps.astype(np.float32), RETURNING * share) if share >= LEAST_RETURNING else None


def reach_by_table(luma: Luma, grid: Grid, table: Table, settings: EvidenceSettings, most: int = MOST_BLOCKS) -> Reach:
    """The reach of a save with this table: of at most ``most`` blocks, those that come back speak for it."""
    lattice = block_lattice(luma, grid.x, grid.y, most)
    ratio, lone = _ratios(lattice, table, settings)
    _, rows, columns = largest_sum(ratio)
    box = _box(lattice.tops, lattice.lefts, rows, columns, 8)
    if lattice.step > 8 and box.width:
        box = _sharpened(luma, grid, table, settings, box, lattice.step)
    return Reach(grid, box, ratio, lattice.tops, lattice.lefts, 8, lone, lattice.clipped)


def _sharpened(luma: Luma, grid: Grid, table: Table, settings: EvidenceSettings, box: Box, step: int) -> Box:
    """The box that was found with blocks ``step`` pixels apart, from more blocks around it if it is small enough."""
    y, x = max(0, box.y - step), max(0, box.x - step)
    part = luma.crop(y, x, box.y + box.height + step - y, box.x + box.width + step - x)
    lattice = block_lattice(part, (grid.x - x) % 8, (grid.y - y) % 8)
    if lattice.step >= step:
        return box
    _, rows, columns = largest_sum(_ratios(lattice, table, settings)[0])
    return _box(lattice.tops + y, lattice.lefts + x, rows, columns, 8)


def _ratios(lattice: BlockLattice, table: Table, settings: EvidenceSettings) -> tuple[F64, Bool]:
    """Log-likelihood ratio of each block for the table against none, and which blocks are lone (rows, columns)."""
    agrees = agreement(lattice, table.steps, settings.pixel_tolerance, settings.clip_rounds)
    informative, clipped, in_colour = lattice.informative, lattice.clipped, lattice.clipped_in_colour
    sound = informative & ~clipped
    passing, failing = (_sums_around((sound & kind).astype(np.float64)) for kind in (agrees, ~agrees))
    near = (passing >= WELL_INSIDE) & (passing > 4 * failing)
    ends_before = CLIPPED_BEFORE if table.returning >= RETURNING else NO_EVIDENCE
    ratio = np.full(lattice.shape, BLANK)
    for kind, before in ((clipped & ~in_colour, ends_before), (in_colour, NO_EVIDENCE)):
        seen = agrees[kind & informative & near]
        share = (int(seen.sum()) + before * CLIPPED_WEIGHT) / (len(seen) + CLIPPED_WEIGHT)
        unreliable = len(seen) >= CLIPPED_WEIGHT and share < LEAST_RELIABLE
        _judge(ratio, kind & informative, agrees, NO_EVIDENCE if unreliable else max(share, NO_EVIDENCE))
    _judge(ratio, sound, agrees, table.returning)
    lone = agrees & ~clipped & _lone(lattice, table.steps)
    ratio[lone] = np.log(LONE / LONE_ELSEWHERE)
    return ratio, lone


def _judge(ratio: F64, kind: Bool, agrees: Bool, share: float) -> None:
    """Set the log-likelihood ratios of the blocks of one kind, of which ``share`` come back in the save itself."""
    yes, no = float(np.log(share / RETURNING_BY_CHANCE)), float(np.log((1 - share) / (1 - RETURNING_BY_CHANCE)))
    ratio[kind] = np.where(agrees[kind], yes, no)


def _lone(lattice: BlockLattice, steps: F32) -> Bool:
    """Blocks with AC coefficients of which none is one step, bool (rows, columns)."""
    multiple = np.abs(np.rint((lattice.pixels.astype(np.float32) - 128) @ FORWARD / steps))[..., 1:]
    out: Bool = multiple.any(axis=2) & ~(multiple == 1).any(axis=2)
    return out


def reach_by_votes(votes: GridVotes, grid: Grid, inside: tuple[slice, slice], by_chance: float) -> Reach:
    """The reach of a save with an unknown table: votes for its grid speak for it, votes for others against it."""
    voting, windows = votes.grid >= 0, votes.for_grid(grid)
    share = int(np.count_nonzero(windows[inside])) / max(1, int(np.count_nonzero(voting[inside])))
    share = min(max(share, 2 * by_chance), 0.9)
    yes, no = np.log(share / by_chance), np.log((1 - share) / (1 - by_chance))
    ratio, none = np.where(windows, yes, np.where(voting, no, BLANK)), np.zeros_like(windows)
    box = _box(votes.tops, votes.lefts, *inside, votes.step)
    return Reach(grid, box, ratio, votes.tops, votes.lefts, votes.step, none, none)


def _box(tops: I64, lefts: I64, rows: slice, columns: slice, side: int) -> Box:
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return Box(0, 0, 0, 0)
    x, y = int(lefts[columns.start]), int(tops[rows.start])
    return Box(x, y, int(lefts[columns.stop - 1]) + side - x, int(tops[rows.stop - 1]) + side - y)
