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
on this grid, ``jpegqf.history.other_grid`` tries the 63 others.
"""

import math
from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F32, F64, I64, median
from jpegqf.history.classifier import Classifier, History, conclude, lead, named, of_ijg, signed_log
from jpegqf.history.dc_steps import dc_ratios
from jpegqf.history.first_tables import TableEvidence, coarser_tables, distinct_steps, first_tables, tables_at
from jpegqf.history.same_grid_counts import SameGridCounts, bins_of, mixture_of, probabilities, reweighted
from jpegqf.jpeg.ijg import MAX_STEP

FLOOR = 1e-4
"""Probability spread evenly over the multiples, so that one odd coefficient changes the evidence by little."""
UNTOUCHED_SHARES: F32 = np.array([0.05, 0.01, 0.2, 0.5], np.float32)
"""Shares of coefficients without a trace (clipped between the saves) that are tried; one holds for all frequencies."""


@dataclass(frozen=True)
class SameGridEvidence:
    """Evidence for each candidate first table, natural logarithms.

    ``candidates``, int64 (candidates,): their indices in :func:`jpegqf.history.first_tables.first_tables`. ``found``,
    float64 (candidates, frequencies), is the log likelihood ratio against a single save, and ``expected`` its mean if
    the candidate were true; the first frequency is DC. ``of_steps`` and ``frequencies``: as in :class:`TableEvidence`.
    ``prior_misfit``, float64 (frequencies - 1,), is how badly each AC prior fits the counts (Kullback-Leibler
    divergence times the count).
    """

    candidates: I64
    found: F64
    expected: F64
    of_steps: F64
    frequencies: I64
    prior_misfit: F64
    counts: SameGridCounts

    @property
    def of_tables(self) -> TableEvidence:
        """What speaks for each first table, summed over the frequencies."""
        return TableEvidence(self.candidates, self.found.sum(axis=1), self.of_steps, self.frequencies)


@dataclass(frozen=True)
class _Lifts:
    """What earlier saves at some steps change of one frequency's counts.

    ``single``, float32 (bins,): probability of each |k2| after a single save. ``lift``, float32 (steps, bins): by how
    much an earlier save at each of the ``steps`` raises it, as a share of it.
    """

    counts: F32
    steps: I64
    single: F32
    lift: F32

    def ratio(self, untouched: float) -> F32:
        """Log likelihood ratio of each step and |k2|, float32 (steps, bins)."""
        out: F32 = np.log(1 + np.float32(1 - untouched) * self.lift)
        return out

    def found_and_expected(self, untouched: float) -> tuple[F32, F32]:
        """Log likelihood ratio of each step, and its mean if that step were true."""
        ratio = self.ratio(untouched)
        double = self.single * (1 + np.float32(1 - untouched) * self.lift)
        return ratio @ self.counts, self.counts.sum() * np.einsum("sb,sb->s", double, ratio)

    def misfit(self) -> float:
        """Kullback-Leibler divergence of the counts from a single save's probabilities, times their number."""
        filled = self.counts > 0
        shares = self.counts[filled] / self.counts.sum()
        return float(self.counts[filled] @ np.log(shares / self.single[filled]))


def _lifts(counts: F32, steps: I64, last: int, prior: F32) -> _Lifts:
    """For one AC frequency: its ``counts``, the earlier ``steps`` asked, the ``last`` step and the ``prior``."""
    tables = probabilities(last)[:, :, : len(counts)]
    single = _floored(prior @ tables[0], last)
    mass = tables[steps]
    # One round of fitting the scales, so that they keep the smooth prior's shape.
    weights = reweighted(counts[None], mass, prior[None], prior @ mass)
    return _Lifts(counts, steps, single, _floored(mixture_of(weights, mass), last) / single - 1)


def _floored(mixture: F32, last: int) -> F32:
    """The mixture with a share FLOOR of its mass spread evenly over the bins that the ``last`` step has."""
    return (1 - np.float32(FLOOR)) * mixture + np.float32(FLOOR / bins_of(last))


def _likeliest_share(lifts: list[_Lifts], steps: I64) -> float:
    """The untouched share under which one table, of these steps at the AC frequencies, is likeliest."""
    raised = np.concatenate([
        one.lift[np.searchsorted(one.steps, step)] for one, step in zip(lifts, steps.tolist(), strict=True)
    ])  # fmt: skip
    counts = np.concatenate([one.counts for one in lifts])
    likelihoods = np.log(1 + (1 - UNTOUCHED_SHARES)[:, None] * raised) @ counts
    return float(UNTOUCHED_SHARES[likelihoods.argmax()])


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
    tables = tables_at(candidates, frequencies, transposed)
    lifts = [
        _lifts(of_one, distinct_steps(steps), last, prior)
        for of_one, steps, last, prior in zip(
            counts.counts, tables.T[1:], counts.table[counts.used].tolist(), counts.priors, strict=True
        )
    ]
    found, expected = _of_steps(lifts, float(UNTOUCHED_SHARES[0]))
    dc = distinct_steps(tables[:, 0])
    found[0, dc], expected[0, dc] = dc_ratios(counts.dc, int(counts.table[0]), dc)
    each = np.arange(len(frequencies))
    share = _likeliest_share(lifts, tables[found[each, tables].sum(axis=1).argmax(), 1:])
    if share != UNTOUCHED_SHARES[0]:
        found[1:], expected[1:] = (of_all[1:] for of_all in _of_steps(lifts, share))
    misfit = np.array([one.misfit() for one in lifts])
    return SameGridEvidence(
        candidates, found[each, tables], expected[each, tables], found, frequencies, misfit, counts
    )  # fmt: skip


def _of_steps(lifts: list[_Lifts], untouched: float) -> tuple[F64, F64]:
    """Found and expected log likelihood ratios of each step asked, 0 elsewhere: float64 (1 + frequencies, 256).

    The first row, of DC, is left at zero.
    """
    found, expected = np.zeros((2, 1 + len(lifts), MAX_STEP + 1))
    for i, one in enumerate(lifts, 1):
        found[i, one.steps], expected[i, one.steps] = one.found_and_expected(untouched)
    return found, expected


SAME_GRID_STATISTICS = 21
"""Number of statistics that the classifier takes."""


def same_grid_statistics(evidence: SameGridEvidence) -> F64:
    """What the classifier takes, float64 (SAME_GRID_STATISTICS,).

    The best candidate's evidence, of DC and of AC too, what was expected, and the evidence of its rivals.
    """
    total, counts = evidence.found.sum(axis=1), evidence.counts
    best = int(total.argmax())
    by_frequency = evidence.found[best]
    sorted_votes = np.sort(by_frequency)[::-1]
    expected = float(evidence.expected[best].sum())
    dc, expected_dc = float(by_frequency[0]), float(evidence.expected[best, 0])
    sums = first_tables().steps[evidence.candidates].sum(axis=1)
    return np.array([
        signed_log(total[best]), signed_log(expected), total[best] / (expected + 5),
        signed_log(lead(evidence.of_tables)), signed_log(total[best] - median(total)),
        signed_log(sorted_votes[2:].sum()), float((by_frequency > 1).mean()), float((by_frequency < -1).mean()),
        signed_log(np.clip(by_frequency, -4, 4).sum()), signed_log(median(evidence.expected.sum(axis=1))),
        math.log(sums[best] / sums.min()), math.log(float(counts.nonzero.sum())),
        signed_log(float(evidence.prior_misfit.sum())), math.log(counts.step), math.log1p(counts.blocks),
        *of_ijg(evidence.of_tables, evidence.expected.sum(axis=1)),
        signed_log(dc), dc / (expected_dc + 5), signed_log(total[best] - dc),
        float(total[best] - dc) / (expected - expected_dc + 5),
    ])  # fmt: skip


def conclude_same_grid(evidence: SameGridEvidence | None, classifier: Classifier, even: bool = False) -> History:
    """The history from the evidence on the same grid; all None without evidence.

    ``even``: as in :func:`jpegqf.history.first_tables.likely_first_table`.
    """
    if evidence is None:
        return History(None)
    probability = classifier.probability(same_grid_statistics(evidence))
    history = conclude(evidence.of_tables, evidence.expected.sum(axis=1), probability, (0, 0))
    return named(history, evidence.of_tables, classifier.trust, even)
