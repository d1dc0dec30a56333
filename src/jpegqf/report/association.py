"""Groups of images by bands of compression -> how much they differ, as an effect size and in words."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BANDS = ((1, 49), (50, 69), (70, 79), (80, 84), (85, 89), (90, 94), (95, 97), (98, 100))
"""Qualities that are counted together: narrower where images are many and differences are seen."""
NO_TRACE = len(BANDS)
"""The band after those of qualities: images that show no trace of a JPEG save."""
FEWEST = 30
"""Images of a group below which nothing is said about it."""
EFFECTS = ((0.5, "large"), (0.3, "medium"), (0.1, "small"), (0.0, "negligible"))
"""Cohen's conventions for w (Statistical Power Analysis for the Behavioral Sciences, 1988, p. 227)."""
SIGNIFICANT = 0.001


@dataclass(frozen=True)
class Association:
    """How a table of ``groups`` by bands, of ``images`` in all, departs from groups that are all alike.

    ``v``: Cramér's V with Bergsma's correction for bias, 0 (alike) to 1 (the group tells the band).
    ``w``: Cohen's effect size that goes with it. ``chi2``, ``df``, ``p``: Pearson's test; ``rough`` where more than a
    fifth of the cells expect fewer than 5 images. ``guess``: share of right answers, groups weighted alike, of one who
    sees the band alone and names the group; ``chance`` where bands tell nothing.
    """

    groups: int
    images: int
    v: float
    w: float
    chi2: float
    df: int
    p: float
    rough: bool
    guess: float
    chance: float

    @property
    def effect(self) -> str:
        """Large, medium, small or negligible; negligible too where chance explains it."""
        size = next(word for least, word in EFFECTS if self.w >= least)
        return size if self.p < SIGNIFICANT else "negligible"


def band_of(quality: int) -> int:
    """The band that a quality of 1 to 100 falls into."""
    return next(band for band, (low, high) in enumerate(BANDS) if low <= quality <= high)


def associate(counts: NDArray[np.int64]) -> Association | None:
    """The figures of a table of counts, int64 (groups, bands); None unless two groups and two bands have images.

    V: Bergsma, "A bias-correction for Cramér's V and Tschuprow's T", J. of the Korean Statistical Society 42 (2013).
    """
    table = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    rows, columns = table.shape
    if rows < 2 or columns < 2:
        return None
    n = int(table.sum())
    expected = table.sum(axis=1, keepdims=True) * (table.sum(axis=0, keepdims=True) / n)
    chi2 = float(((table - expected) ** 2 / expected).sum())
    df = (rows - 1) * (columns - 1)
    phi2 = max(0.0, chi2 / n - df / (n - 1))
    corrected = [k - (k - 1) ** 2 / (n - 1) for k in (rows, columns)]
    v = math.sqrt(phi2 / max(min(corrected) - 1, 1e-9))
    rough = bool((expected < 5).mean() > 0.2)
    return Association(
        rows, n, min(v, 1.0), math.sqrt(phi2), chi2, df, chi2_tail(chi2, df), rough, _guess(table), 1 / rows
    )


def chi2_tail(chi2: float, df: int) -> float:
    """Probability that a chi-square variable with ``df`` degrees of freedom is above ``chi2``, exactly.

    By the recurrence over df in steps of 2: Abramowitz and Stegun, 26.4.4 and 26.4.5.
    """
    if chi2 <= 0:
        return 1.0
    half = chi2 / 2
    tail, start = (math.erfc(math.sqrt(half)), 1) if df % 2 else (math.exp(-half), 2)
    for k in range(start, df, 2):
        tail += math.exp(k / 2 * math.log(half) - half - math.lgamma(k / 2 + 1))
    return min(1.0, tail)


def _guess(table: NDArray[np.int64]) -> float:
    """Balanced accuracy of naming the likeliest group of each band, learnt on one half and tried on the other."""
    half = np.random.default_rng(0).binomial(table, 0.5)
    scores = []
    for learnt, tried in ((half, table - half), (table - half, half)):
        shares = learnt / np.maximum(learnt.sum(axis=1, keepdims=True), 1)
        named = shares.argmax(axis=0)
        right = tried[named, np.arange(table.shape[1])]
        totals = tried.sum(axis=1)
        score = sum(right[named == group].sum() / total for group, total in enumerate(totals) if total)
        scores.append(score / max(1, (totals > 0).sum()))
    return float(np.mean(scores))


def total_variation(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """How far each group's shares of bands are from those of all other groups: 0 alike, 1 nothing in common."""
    others = counts.sum(axis=0, keepdims=True) - counts

    def shares(table: NDArray[np.int64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
        return found

    distance: NDArray[np.float64] = np.abs(shares(counts) - shares(others)).sum(axis=1) / 2
    return distance
