"""Likelihoods of steps -> how well tables explain an image: known ones, some nearly known, and a free one."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import TypeVar

import numpy as np

from jpegqf.arrays import F64, I64
from jpegqf.jpeg.all_tables import FREE_SHARE, KnownTables, Writer
from jpegqf.jpeg.ijg import MAX_STEP
from jpegqf.jpeg.known_tables import Family
from jpegqf.jpeg.table_match import equivalent_qualities
from jpegqf.tables.free_table import FLAT, free_steps, log_sum

T = TypeVar("T", bound=Hashable)

CERTAIN = 0.98
"""Probability from which a step, or a writer, is named. Measured on training scenes with tables of no list: of the
steps named so, 99.8 % are right, and in 96 % of the images all of them are."""
NEAR, CHANGED, MOST_NEAR = 0.3, 0.15, 256
"""How many tables that are nearly a known one are expected for each that is one, how many steps of such a table are
others, and how many such tables are looked at: an image that tells few steps leaves it open whether the others are the
known table's."""
CHANGED_BY = 0.12
"""Standard deviation of the logarithm of a step that is not the known table's, around that."""
OTHER_DC = 0.02
"""Share of tables that differ from a known one in the step of DC alone, or whose image was made brighter since."""
SLIGHT = 1e-6
"""Probability below which a known table is left out."""
DRAWN = 64
"""Free tables that are drawn to find which qualities they are equivalent to."""


@dataclass(frozen=True)
class Fit:
    """How well tables explain an image: known ones, some that are nearly a known one, and a free one.

    ``rows``: of the known tables that may be it; ``weights``: the probability of each; ``own_dc``: the probability of
    each that the step of DC is its own too.

    ``near_rows``, ``near_weights``: the same of tables that differ from a known one in some steps; ``unchanged``: the
    probability of each step 1..255 at each frequency, if such a known table has it, that it was not changed, float64
    (255, 64).

    ``free``: the probability of a table like none, and ``free_steps`` those of its steps, float64 (255, 64).
    ``known_evidence`` and ``evidence``: log probabilities of the image under the known tables, and under all.
    """

    known: KnownTables
    rows: I64
    weights: F64
    own_dc: F64
    near_rows: I64
    near_weights: F64
    unchanged: F64
    free: float
    free_steps: F64
    known_evidence: float
    evidence: float

    @classmethod
    def of(cls, likelihoods: F64, known: KnownTables) -> "Fit":
        """The fit to log-likelihoods (255, 64)."""
        free_of_steps, free_evidence = free_steps(likelihoods)
        free_evidence += np.log(FREE_SHARE)
        rows, scores = _likeliest(likelihoods[:, 1:], known, free_evidence - likelihoods[:, 0].max())
        own = np.log(1 - OTHER_DC) + likelihoods[known.steps[rows, 0] - 1, 0]
        either = np.logaddexp(own, np.log(OTHER_DC) + log_sum(likelihoods[:, 0] + np.log(FLAT)))
        near, unchanged = _nearly(likelihoods)
        near_rows, near_scores = _likeliest(near, known, free_evidence)
        most_likely = np.argsort(-near_scores)[:MOST_NEAR]
        near_rows, near_scores = near_rows[most_likely], near_scores[most_likely] + np.log(NEAR)
        scores = scores + either
        known_evidence = float(np.logaddexp.reduce(scores, initial=-np.inf))
        together = np.logaddexp.reduce(
            [known_evidence, free_evidence, np.logaddexp.reduce(near_scores, initial=-np.inf)]
        )
        weights, near_weights = np.exp(scores - together), np.exp(near_scores - together)
        free = float(np.exp(free_evidence - together))
        return cls(
            known, rows, weights, np.exp(own - either), near_rows, near_weights, unchanged, free, free_of_steps,
            known_evidence, float(together),
        )  # fmt: skip

    @property
    def unknown(self) -> float:
        """Probability that the table is not exactly a known one."""
        return float(self.free + self.near_weights.sum())

    def steps(self) -> F64:
        """Probability of each step, float64 (255, 64); what a step of DC is that is not the table's own is not told."""
        out, frequency = self.unknown_steps(), np.arange(64)
        for row, weight, own_dc in zip(self.rows, self.weights, self.own_dc, strict=True):
            out[self.known.steps[row] - 1, frequency] += weight * np.append(own_dc, np.ones(63))
        return out

    def unknown_steps(self) -> F64:
        """Probability of each step of a table that is not exactly a known one, float64 (255, 64)."""
        out, changed, frequency = np.zeros((MAX_STEP, 64)), np.full(64, self.free), np.arange(64)
        for row, weight in zip(self.near_rows, self.near_weights, strict=True):
            table = self.known.steps[row] - 1
            kept = weight * self.unchanged[table, frequency]
            out[table, frequency] += kept
            changed += weight - kept
        return out + changed * self.free_steps

    def ijg(self) -> float:
        """Probability that the table is one of the IJG's, or nearly."""
        rows, weights = np.append(self.rows, self.near_rows), np.append(self.weights, self.near_weights)
        of_ijg = [self.known.writers[int(row)].family == Family.IJG for row in rows]
        return float(weights[of_ijg].sum())

    def writer(self) -> Writer | None:
        """Who writes the table: family, name and quality as far as each is certain, None if not even the family is."""
        exact = self._certain(lambda writer: writer)
        named = self._certain(lambda writer: (writer.family, writer.name))
        family = self._certain(lambda writer: writer.family)
        if family in (None, Family.UNKNOWN):
            return None
        return exact or (Writer(*named) if named else Writer(family, ""))

    def _certain(self, part: Callable[[Writer], T]) -> T | None:
        """The part of a known table's writer that is certain, or None."""
        total: dict[T, float] = {}
        for row, weight in zip(self.rows, self.weights, strict=True):
            key = part(self.known.writers[row])
            total[key] = total.get(key, 0.0) + float(weight)
        return next((key for key, weight in total.items() if weight >= CERTAIN), None)

    def equivalent(self) -> F64:
        """Probability of each equivalent quality 1..100, float64 (100,)."""
        out = np.zeros(100)
        np.add.at(out, equivalent_qualities(self.known.steps[self.rows].astype(np.int64)) - 1, self.weights)
        if self.unknown > SLIGHT:
            drawn = _drawn(self.unknown_steps() / self.unknown)
            np.add.at(out, equivalent_qualities(drawn) - 1, self.unknown / DRAWN)
        probability: F64 = out / out.sum()
        return probability


def _nearly(likelihoods: F64) -> tuple[F64, F64]:
    """Of each step 1..255 of a known table, float64 (255, 64): the log-likelihood if it may have been changed.

    And the probability that it was not.
    """
    highest = likelihoods.max(axis=0)
    changed = _changed_steps() @ np.exp(likelihoods - highest)
    kept = np.log(1 - CHANGED) + likelihoods
    either = np.logaddexp(kept, np.log(CHANGED) + np.log(np.maximum(changed, 1e-300)) + highest)
    return either, np.exp(kept - either)


@lru_cache(maxsize=1)
def _changed_steps() -> F64:
    """Probability of each step (second axis) in the place of each step of a known table, float64 (255, 255)."""
    logs = np.log(np.arange(1, MAX_STEP + 1))
    around = np.exp(-(((logs - logs[:, None]) / CHANGED_BY) ** 2) / 2)
    steps: F64 = around / around.sum(axis=1, keepdims=True)
    return steps


def _likeliest(likelihoods: F64, known: KnownTables, other: float) -> tuple[I64, F64]:
    """Rows and scores of the known tables that are not out of the question beside ``other`` or the best of them.

    ``likelihoods`` are those of the last n frequencies, float64 (255, n). A score is a log probability. Frequencies are
    added in the order of how much they tell; a table is dropped once even the best steps at those that are left could
    not bring it back.
    """
    best, every = likelihoods.max(axis=0), known.steps[:, 64 - likelihoods.shape[1] :]
    order = np.argsort(likelihoods.min(axis=0) - best)
    rows, scores = np.arange(len(known)), known.log_prior + best.sum()
    for part in np.split(order, SPLITS):
        scores = scores + (likelihoods[every[rows[:, None], part] - 1, part] - best[part]).sum(axis=1)
        kept = scores >= other + np.log(SLIGHT)
        rows, scores = rows[kept], scores[kept]
    kept = scores >= scores.max(initial=-np.inf) + np.log(SLIGHT)
    return rows[kept], scores[kept]


SPLITS = (4, 12, 28)
"""How many frequencies are added before tables are dropped."""


def _drawn(probability: F64) -> I64:
    """DRAWN tables with steps of these probabilities (255, 64); int64 (DRAWN, 64)."""
    below = probability.cumsum(axis=0)
    quantiles = _quantiles() * below[-1]
    columns = [np.searchsorted(below[:, f], quantiles[:, f]) for f in range(64)]
    drawn: I64 = np.minimum(np.stack(columns, axis=1), MAX_STEP - 1) + 1
    return drawn


@lru_cache(maxsize=1)
def _quantiles() -> F64:
    """Where in each frequency's distribution each drawn step is, 0..1, float64 (DRAWN, 64).

    Frequencies that nothing tells depart from what is expected of them partly together: a table is coarser or finer
    there as a whole. So each normal quantile is a sum of one that all frequencies share, in order, and one of its own,
    in the order of the multiples of an odd number modulo DRAWN.
    """
    frequency, places, normal = np.arange(64), np.arange(DRAWN), NormalDist()
    even = np.array([normal.inv_cdf((place + 0.5) / DRAWN) for place in places.tolist()])
    own = even[(places[:, None] * (2 * frequency + 1) + frequency) % DRAWN]
    mixed = SHARED**0.5 * even[:, None] + (1 - SHARED) ** 0.5 * own
    quantiles: F64 = np.array([[normal.cdf(value) for value in row] for row in mixed.tolist()])
    return quantiles


SHARED = 0.5
"""Share of the variance of steps that nothing tells which all of them have in common."""
