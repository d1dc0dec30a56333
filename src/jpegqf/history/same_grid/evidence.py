"""Counts of an image's coefficients on the grid of its last save -> evidence of an earlier save on that grid.

A block saved at step q1 and again at q2 holds multiples of q1, blurred by the pixels' rounding in between,
rounded to multiples of q2: some multiples of q2 turn up too often, others too seldom. For each candidate
first table and each low AC frequency, the counts of |k2| are compared under two models that share one
smooth prior: quantized by q2 alone, or by q1, blurred, and by q2 (Fridrich & Lukas, "Estimation of primary quantization
matrix in double compressed JPEG images", DFRWS 2003, compares such histograms). DC, which has no such prior, is asked
by ``jpegqf.history.dc_steps``. The log likelihood ratios add up over frequencies. A prior that misfits looks like
structure too, so a small network, fitted on single and double saves by ``python -m jpegqf.train.history``, weighs the
best candidate's evidence against what is expected.

An earlier save leaves no usable trace where its steps are nearly those of the last save, where hardly a coefficient
differs from zero (smooth or mostly flat images), and where it was finer than the last. Where no first table is found
on this grid, ``jpegqf.history.other_grid.evidence`` tries the 63 others.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jpegqf.arrays import F32, F64, I64, median
from jpegqf.history.classifier import lead, of_ijg, signed_log
from jpegqf.history.dc_steps import dc_ratios
from jpegqf.history.first_tables import (
    asked_steps,
    coarser_tables,
    first_tables,
    sums_over_frequencies,
    transposed_frequencies,
)
from jpegqf.history.naming import TableEvidence
from jpegqf.history.same_grid.counts import SameGridCounts, bins_of, mixture_of, probabilities, reweighted
from jpegqf.jpeg.ijg import MAX_STEP
from jpegqf.kernels.compiled import kernels

FLOOR = 1e-4
"""Probability spread evenly over the multiples, so that one odd coefficient changes the evidence by little."""
UNTOUCHED_SHARES = (0.05, 0.01, 0.2, 0.5)
"""Shares of coefficients without a trace (clipped between the saves) that are tried; one holds for all frequencies."""


@dataclass(frozen=True)
class SameGridEvidence:
    """Evidence for each candidate first table, natural logarithms.

    ``candidates``, int64 (candidates,): their indices in :func:`jpegqf.history.first_tables.first_tables`. ``total``,
    float64 (candidates,), is the log likelihood ratio against a single save, and ``expected`` its mean if the candidate
    were true. ``of_best`` and ``expected_of_best``, float64 (frequencies,): the same at each frequency, DC first, of
    the candidate with the most evidence. ``of_steps`` and ``frequencies``: as in :class:`TableEvidence`.
    ``prior_misfit``, float64 (frequencies - 1,), is how badly each AC prior fits the counts (Kullback-Leibler
    divergence times the count).
    """

    candidates: I64
    total: F64
    expected: F64
    of_best: F64
    expected_of_best: F64
    of_steps: F64
    frequencies: I64
    prior_misfit: F64
    counts: SameGridCounts

    @property
    def of_tables(self) -> TableEvidence:
        """What speaks for each first table, summed over the frequencies."""
        return TableEvidence(self.candidates, self.total, self.of_steps, self.frequencies)

    @property
    def for_naming(self) -> TableEvidence:
        """The same: all frequencies name a table here."""
        return self.of_tables

    @property
    def expected_total(self) -> F64:
        """What to expect if each candidate were true, float64 (candidates,)."""
        return self.expected

    @property
    def grid(self) -> tuple[int, int]:
        """Column and row of the grid's first lines."""
        return 0, 0

    @cached_property
    def statistics(self) -> F64:
        """What classifiers take, float64 (STATISTICS,).

        The best candidate's evidence, of DC and of AC too, what was expected, and the evidence of its rivals.
        """
        total, counts, by_frequency = self.total, self.counts, self.of_best
        best, every = int(total.argmax()), len(by_frequency)
        sorted_votes = np.sort(by_frequency)[::-1]
        expected = float(self.expected[best])
        dc, expected_dc = float(by_frequency[0]), float(self.expected_of_best[0])
        sums = first_tables().sums[self.candidates]
        return np.array([
            signed_log(total[best]), signed_log(expected), total[best] / (expected + 5),
            signed_log(lead(self.of_tables)), signed_log(total[best] - median(total)),
            signed_log(sorted_votes[2:].sum()),
            np.count_nonzero(by_frequency > 1) / every, np.count_nonzero(by_frequency < -1) / every,
            signed_log(np.maximum(np.minimum(by_frequency, 4), -4).sum()), signed_log(median(self.expected)),
            math.log(sums[best] / sums.min()), math.log(float(counts.nonzero.sum())),
            signed_log(float(self.prior_misfit.sum())), math.log(counts.step), math.log1p(counts.blocks),
            *of_ijg(self.of_tables, self.expected),
            signed_log(dc), dc / (expected_dc + 5), signed_log(total[best] - dc),
            float(total[best] - dc) / (expected - expected_dc + 5),
        ])  # fmt: skip


@dataclass(frozen=True)
class _Lifts:
    """What earlier saves at some steps change of the counts of AC frequencies.

    Arrays of all frequencies, one after the other. ``counts``, float32: how often each |k2| occurs, ``bins[f]`` of them
    of frequency f. ``steps``, int64: the earlier steps, ``asked[f]`` of them. ``single``, float32, as counts:
    probability of each |k2| after a single save. ``lifts``, float32, ``asked[f]`` times ``bins[f]``: by how much an
    earlier save at each of the steps raises it, as a share of it.
    """

    counts: F32
    bins: I64
    steps: I64
    asked: I64
    single: F32
    lifts: F32

    def each(self) -> Iterator[tuple[F32, I64, F32, F32]]:
        """Of each frequency: counts (bins,), steps (steps,), single (bins,) and lifts (steps, bins)."""
        ends, after = np.cumsum(self.bins)[:-1], np.cumsum(self.asked)[:-1]
        lifts = np.split(self.lifts, np.cumsum(self.asked * self.bins)[:-1])
        return zip(
            np.split(self.counts, ends), np.split(self.steps, after), np.split(self.single, ends),
            [of_one.reshape(-1, bins) for of_one, bins in zip(lifts, self.bins.tolist(), strict=True)], strict=True,
        )  # fmt: skip

    def found_and_expected(self, untouched: float) -> tuple[F64, F64]:
        """Log likelihood ratio of each step, and its mean if that step were true: float64 (frequencies, 256).

        0 for steps that were not asked.
        """
        compiled = kernels()
        if compiled is not None:
            return compiled.lift_ratios(
                self.bins, self.counts, self.single, self.asked, self.steps, self.lifts, 1 - untouched
            )
        found, expected = np.zeros((2, len(self.bins), MAX_STEP + 1))
        for f, (counts, steps, single, lifts) in enumerate(self.each()):
            raised = 1 + np.float32(1 - untouched) * lifts
            ratio = np.log(raised)
            found[f, steps] = ratio @ counts
            expected[f, steps] = counts.sum() * np.einsum("sb,sb->s", single * raised, ratio)
        return found, expected

    def likeliest_share(self, table: I64) -> float:
        """The untouched share under which a first table is likeliest, of these AC steps, int64 (frequencies,)."""
        row = np.flatnonzero(self.steps == np.repeat(table, self.asked)) - (np.cumsum(self.asked) - self.asked)
        sizes, bins = self.asked * self.bins, self.bins
        first = np.cumsum(sizes) - sizes + row * bins - (np.cumsum(bins) - bins)
        lifts = self.lifts[np.repeat(first, bins) + np.arange(len(self.counts))]
        touched = 1 - np.array(UNTOUCHED_SHARES, np.float32)[:, None]
        return UNTOUCHED_SHARES[int((np.log(1 + touched * lifts) @ self.counts).argmax())]

    def misfits(self) -> F64:
        """For each frequency, the Kullback-Leibler divergence of its counts from a single save's probabilities.

        Times their number; float64 (frequencies,).
        """
        starts = np.concatenate([[0], np.cumsum(self.bins)[:-1]])
        total = np.repeat(np.add.reduceat(self.counts, starts), self.bins)
        terms = self.counts * np.log(np.maximum(self.counts, 1e-9) / total / self.single)
        out: F64 = np.add.reduceat(terms.astype(np.float64), starts)
        return out


def _lifts(counts: SameGridCounts, steps: I64, asked: I64) -> _Lifts:
    """What earlier steps change of the counts of each AC frequency f; ``asked[f]`` of the ``steps`` are of that."""
    lasts = counts.table[counts.used]
    masses = [probabilities(last) for last in lasts.tolist()]
    flat, bins = np.concatenate(counts.counts), np.array([len(of_one) for of_one in counts.counts])
    share, floors = 1 - FLOOR, (FLOOR / bins_of(lasts)).astype(np.float32)
    compiled = kernels()
    if compiled is not None:
        single, lifts = compiled.step_lifts(bins, flat, masses, counts.priors, asked, steps, share, floors)
        return _Lifts(flat, bins, steps, asked, single, lifts)
    singles, all_lifts = [], []
    of_each = np.split(steps, np.cumsum(asked)[:-1])
    for of_one, of_steps, prior, mass, floor in zip(counts.counts, of_each, counts.priors, masses, floors, strict=True):
        before, after = mass[0, :, : len(of_one)], mass[of_steps, :, : len(of_one)]
        # One round of fitting the scales, so that they keep the smooth prior's shape.
        weights = reweighted(of_one[None], after, prior[None], prior @ after)
        singles.append(np.float32(share) * (prior @ before) + floor)
        lifts = (np.float32(share) * mixture_of(weights, after) + floor) / singles[-1] - 1
        all_lifts.append(lifts.ravel())
    return _Lifts(flat, bins, steps, asked, np.concatenate(singles), np.concatenate(all_lifts))


def same_grid_evidence(
    counts: SameGridCounts | None, candidates: I64 | None = None, transposed: bool = False
) -> SameGridEvidence | None:
    """Evidence for every candidate first table; None if there is nothing to count or no candidate.

    ``candidates``, int64: indices in :func:`jpegqf.history.first_tables.first_tables`; None: those that are coarser
    than the last table. ``transposed``: of an image that was turned by 90 degrees after its first save.
    """
    if counts is None:
        return None
    if candidates is None:
        candidates = coarser_tables(counts.table)
    if not len(candidates):
        return None
    frequencies = np.concatenate([[0], counts.used])
    earlier = transposed_frequencies(frequencies) if transposed else frequencies
    all_steps = asked_steps(candidates, earlier)
    asked, of_dc, of_ac = all_steps.asked, *np.split(all_steps.steps, all_steps.asked[:1])
    found, expected = np.zeros((2, len(frequencies), MAX_STEP + 1))
    found[0, of_dc], expected[0, of_dc] = dc_ratios(counts.dc, int(counts.table[0]), of_dc)
    lifts = _lifts(counts, of_ac, asked[1:])
    found[1:], expected[1:] = lifts.found_and_expected(UNTOUCHED_SHARES[0])
    total = sums_over_frequencies(found, candidates, earlier)
    share = lifts.likeliest_share(_table(candidates, total, earlier)[1:])
    if share != UNTOUCHED_SHARES[0]:
        found[1:], expected[1:] = lifts.found_and_expected(share)
        total = sums_over_frequencies(found, candidates, earlier)
    of_best = np.arange(len(frequencies)), _table(candidates, total, earlier)
    return SameGridEvidence(
        candidates, total, sums_over_frequencies(expected, candidates, earlier), found[of_best], expected[of_best],
        found, frequencies, lifts.misfits(), counts,
    )  # fmt: skip


def _table(candidates: I64, total: F64, frequencies: I64) -> I64:
    """The steps at these frequencies of the candidate that has the most in ``total``, int64 (frequencies,)."""
    steps: I64 = first_tables().steps[candidates[total.argmax()], frequencies]
    return steps
