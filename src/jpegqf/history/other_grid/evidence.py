"""Histograms of an image's coefficients on all grids -> an earlier save on another grid (cropped in between).

An image saved at step q1 holds, on that save's grid, multiples of q1. Cropped and saved again on another grid,
it still does, blurred by the last save's rounding errors, each spread by the change of grid over four blocks. (Bianchi
& Piva, "Detection of nonaligned double JPEG compression based on integer periodicity maps", IEEE TIFS 2012, look for
the same period in the DC coefficients.)

All 63 other grids are tried. At most one of them is the earlier grid. The others show how the coefficients of the same
image are distributed where nothing was quantized, so no model of images is needed. For each candidate quality and low
frequency the pooled histogram, gathered in cells one step wide and blurred, is the density to expect on the earlier
grid; its log likelihood ratio against the pooled histogram itself adds up over coefficients and frequencies. A small
network, fitted on single and double saves by ``python -m jpegqf.train.history``, weighs the best grid's evidence
against what is expected and against the other grids'.

An earlier save leaves no usable trace where the last save was coarser or nearly as coarse, and where hardly a
coefficient differs from zero.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jpegqf.arrays import F32, F64, I16, I64, Bool, median
from jpegqf.history.classifier import lead, of_ijg, signed_log
from jpegqf.history.first_tables import (
    asked_steps,
    coarser_ijg_tables,
    coarser_tables,
    first_tables,
    only_ijg,
    transposed_frequencies,
)
from jpegqf.history.naming import TableEvidence
from jpegqf.history.other_grid.counts import OtherGridCounts, count_other_grids, windows_of
from jpegqf.history.other_grid.steps import StepRatios, step_ratios
from jpegqf.jpeg.ijg import MAX_STEP
from jpegqf.pixels.luma import Luma

NAMING_INDEX_SUM = 3
"""The first table is named by frequencies whose two indices add up to at most this.

At higher ones, where most coefficients round to zero, small misfits add up and favour a table beside the true one.
"""
COARSER = 1.1
"""Least ratio of the sum of a candidate's steps to that of the last table: finer earlier saves cannot be seen."""
GLANCES = (1, 3)
"""What the indices of the frequencies that are looked at first add up to, at most: 3 frequencies, then 10.

A ninth, and a quarter, of the time of all, to tell most single saves: DC alone finds three in four of what all do.
"""
LOWEST = 5
"""Lowest candidate quality: lower ones leave little but DC, so that every flat image fits them."""


@dataclass(frozen=True)
class OtherGridEvidence:
    """Evidence of the best of the other grids for each candidate first table, natural logarithms.

    ``best_grid``, 1..63: 8 times the row of its first lines plus their column. ``candidates``, int64 (candidates,):
    indices in :func:`jpegqf.history.first_tables.first_tables`. ``found``, float32 (candidates, frequencies), is the
    log likelihood ratio on that grid minus the median of the grids. ``expected``, the same shape, is its mean if the
    candidate were true. ``elsewhere``, float32 (62, frequencies): that of the best candidate on each of the other
    grids. ``rivals``, float32 (62,): the most that any IJG table has there. ``ratios``: what all of it is made of;
    ``places``, int16 (candidates, frequencies): where the candidates' steps are among its own.
    """

    best_grid: int
    candidates: I64
    found: F32
    expected: F32
    elsewhere: F32
    rivals: F32
    ratios: StepRatios
    places: I16
    counts: OtherGridCounts

    @property
    def grid(self) -> tuple[int, int]:
        """Column and row of the best grid's first lines."""
        y, x = divmod(self.best_grid, 8)
        return x, y

    @cached_property
    def of_tables(self) -> TableEvidence:
        """What speaks for each first table, summed over the frequencies."""
        return self._summed_over(np.ones(len(self.counts.used), bool))

    @property
    def for_naming(self) -> TableEvidence:
        """The same, summed over the low frequencies, by which a table is named."""
        row, column = np.divmod(self.counts.used, 8)
        return self._summed_over(row + column <= NAMING_INDEX_SUM)

    def _summed_over(self, chosen: Bool) -> TableEvidence:
        of_steps = np.zeros((len(self.counts.used), MAX_STEP + 1))
        frequency = np.repeat(np.arange(len(of_steps)), self.ratios.asked)
        of_steps[frequency, self.ratios.steps] = self.ratios.found[:, self.best_grid - 1]
        total = self.found[:, chosen].sum(axis=1, dtype=np.float64)
        return TableEvidence(self.candidates, total, of_steps[chosen], self.counts.used[chosen])

    @cached_property
    def expected_total(self) -> F64:
        """What to expect if each candidate were true, summed over the frequencies, float64 (candidates,)."""
        out: F64 = self.expected.sum(axis=1, dtype=np.float64)
        return out

    @property
    def best(self) -> int:
        """Place of the candidate with the most evidence."""
        return int(self.of_tables.total.argmax())

    @cached_property
    def statistics(self) -> F64:
        """What classifiers take, float64 (STATISTICS,).

        The best grid's evidence, what was expected, and the evidence of the other grids.
        """
        total, last, place, every = self.of_tables.total, self.counts.table, self.best, len(self.counts.used)
        best, expected = float(total[place]), float(self.expected_total[place])
        by_frequency, above = self.found[place], self.elsewhere.max(axis=0)
        rival, usual = self.rivals.max(), float(median(self.rivals))
        same = self.elsewhere.sum(axis=1)
        x, y = (min(offset, 8 - offset) for offset in self.grid)
        return np.array([
            signed_log(best), signed_log(expected), best / (expected + 5), signed_log(best - rival),
            (best - rival) / (expected + 5), signed_log((best - rival) / (rival - usual + 1)),
            signed_log(best - same.max()), (best - same.max()) / (expected + 5), signed_log(best / (same.std() + 1)),
            signed_log(lead(self.of_tables)), signed_log(np.sort(by_frequency)[:-2].sum()),
            np.count_nonzero(by_frequency >= above) / every, np.count_nonzero(by_frequency < -1) / every,
            signed_log(np.maximum(np.minimum(by_frequency, 4), -4).sum()), signed_log(float(by_frequency[0])),
            (8 - x) * (8 - y) / 64, math.log(first_tables().sums[self.candidates[place]] / last.sum()),
            math.log(last[self.counts.used].sum() / every), math.log(self.counts.windows),
            *of_ijg(self.of_tables, self.expected_total),
        ])  # fmt: skip


def other_grid_evidence(
    counts: OtherGridCounts | None,
    candidates: I64 | None = None,
    transposed: bool = False,
    look: OtherGridEvidence | None = None,
) -> OtherGridEvidence | None:
    """Evidence for every candidate first table on the best of the other grids; None without counts or candidates.

    ``candidates`` and ``transposed``: as in :func:`jpegqf.history.same_grid.evidence.same_grid_evidence`; those that
    would leave no trace on another grid are left out. ``look``: the evidence for the same candidates from the
    frequencies that were counted first; it is added to.
    """
    if counts is None:
        return None
    if candidates is None:
        candidates = coarser_tables(counts.table)
    tables = first_tables()
    candidates = candidates[
        (tables.sums[candidates] >= COARSER * counts.table.sum()) & (tables.quality[candidates] >= LOWEST)
    ]
    if not len(only_ijg(candidates)):
        return None
    earlier = transposed_frequencies(counts.used) if transposed else counts.used
    new = asked_steps(candidates, earlier if look is None else earlier[len(look.counts.used) :])
    ratios, places = step_ratios(counts, new.steps, new.asked), new.places
    if look is not None:
        places = np.concatenate([look.places, places + np.int16(len(look.ratios.steps))], axis=1)
        ratios = look.ratios.followed_by(ratios)
    return _of_best_grid(ratios, candidates, places, counts)


def _of_best_grid(ratios: StepRatios, candidates: I64, places: I16, counts: OtherGridCounts) -> OtherGridEvidence:
    """The evidence of the grid that an IJG table or any other speaks most for.

    ``places``, int16 (candidates, frequencies): of the candidates' steps among the ratios'.
    """
    most = _summed(ratios.found, places[first_tables().is_ijg[candidates]]).max(axis=0)
    free = np.maximum.reduceat(ratios.found, ratios.starts).sum(axis=0)
    best, total = 0, -np.inf
    for grid in {int(most.argmax()), int(free.argmax())}:
        evidence = float(_summed(ratios.found[:, grid : grid + 1], places).max())
        if evidence > total:
            best, total = grid, evidence
    of_grid = ratios.found[:, best][places]
    of_candidate = ratios.found[places[of_grid.sum(axis=1).argmax()]]
    return OtherGridEvidence(
        best + 1, candidates, of_grid, ratios.expected[places], _without(best, of_candidate).T,
        _without(best, most), ratios, places, counts,
    )  # fmt: skip


def _without(grid: int, of_grids: F32) -> F32:
    """The others of (..., GRIDS - 1): ``np.delete`` takes ten times as long."""
    return np.concatenate([of_grids[..., :grid], of_grids[..., grid + 1 :]], axis=-1)


def _summed(found: F32, places: I16) -> F32:
    """Evidence for tables on each grid, summed over frequencies, float32 (tables, grids); ``places`` (tables, ...)."""
    total = np.zeros((len(places), found.shape[1]), np.float32)
    for place in places.T:
        total += found.take(place, axis=0)
    return total


def looks_at_other_grids(luma: Luma, last_table: I64) -> Iterator[list[OtherGridEvidence]]:
    """The looks so far: at each of GLANCES, for IJG tables; at last at all frequencies, for all tables.

    Ends at once where there is too little evidence. ``last_table``: int (8, 8), row = vertical frequency.
    """
    windows = windows_of(luma, last_table)
    candidates = coarser_ijg_tables(last_table)
    counts, look = None, None
    looks: list[OtherGridEvidence] = []
    for index_sum in GLANCES:
        counts = count_other_grids(windows, index_sum, counts)
        look = other_grid_evidence(counts, candidates, look=look)
        if look is None:
            return
        looks = [*looks, look]
        yield looks
    everything = other_grid_evidence(count_other_grids(windows, counted=counts))
    if everything is not None:
        yield [*looks, everything]
