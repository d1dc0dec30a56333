"""What speaks for each first table -> the table that is named, and the interval of its quality."""

from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F64, I64
from jpegqf.history.first_tables import FAMILIES, first_tables
from jpegqf.history.remaking import Remaking
from jpegqf.jpeg.ijg import INTEGER_STEPS, MAX_STEP, QUALITIES
from jpegqf.jpeg.known_tables import Family
from jpegqf.jpeg.table_match import laplacian_error, mixed_scales

INTERVAL_SHARE = 0.95
"""Probability that an interval of qualities holds."""
NAMING_TRUST = 0.2
"""What the evidence is multiplied by, at least, where one quality is named."""
WORTH_REMAKING, MOST_REMADE = 0.003, 12
"""Probability from which a first table is tried by remaking the image, and the most that are."""
COARSE_ENOUGH = 1.4
"""Least ratio of a first table's sum of steps to that of the last one for it to be tried.

Multiples of finer steps give back any image.
"""
MOST_AGAINST_OTHERS = 5.0
"""Most (natural logarithm) that is held against such a table that was not tried: else what is against the second best.
"""
WIDEST = 20
"""Most qualities that an interval may span for one quality to be named."""
UNLISTED_SHARE = 0.05
"""Share of earlier saves to expect whose table is in no list."""
SHAPE_DEVIATION = 1.5
"""Standard deviation of an unlisted table's equivalent quality that comes from the frequencies that are not seen."""
IGNORED = 1e4
"""Probabilities smaller than the largest by this factor count as none."""
LISTED_SHARE = 0.5
"""Probability from which the table is taken as one of the known ones."""
FAMILY_SHARE = 0.8
"""Probability from which the family of encoders is named."""


@dataclass(frozen=True)
class FirstTable:
    """What is known of an earlier save's luma table: its equivalent IJG quality, and who wrote it.

    ``quality``, 1..100: that of the likeliest table, None where the interval spans more than WIDEST. ``low`` and
    ``high``: the 95 % interval. ``family``: None where no family of encoders is clearly the likeliest. ``table``: index
    in :func:`jpegqf.history.first_tables.first_tables` of the likeliest table, None where it is in no list.
    """

    quality: int | None
    low: int
    high: int
    family: Family | None
    table: int | None = None


@dataclass(frozen=True)
class TableEvidence:
    """What speaks for each first table: natural logarithms of likelihood ratios against a single save.

    ``candidates``, int64 (candidates,): indices in :func:`first_tables`. ``total``, float64 (candidates,).
    ``of_steps``, float64 (frequencies, 256): of each step at each of the ``frequencies``, int64 (frequencies,),
    row-major; 0 for steps that were not asked. Without frequencies the table is one of the candidates.
    """

    candidates: I64
    total: F64
    of_steps: F64
    frequencies: I64


def likely_first_table(
    evidence: TableEvidence, trust: float, even: bool = False, remaking: Remaking | None = None
) -> FirstTable:
    """The earlier save's table, given the evidence and, where it leaves several open, by ``remaking`` the image.

    ``trust`` multiplies the evidence, which takes frequencies as independent and their noise as known: with the
    fitted one, 95 % intervals hold 95 % of the truths. The quality is named with at least NAMING_TRUST, or else a
    common one would win against clear evidence. ``even``: every IJG quality is as common as another.
    """
    told = np.zeros(len(evidence.candidates))
    of_quality, of_table = _probabilities(evidence, trust, even, told)
    if remaking is not None:
        told = _told_by_remaking(evidence.candidates, of_table, remaking)
    if told.any():
        of_quality, of_table = _probabilities(evidence, trust, even, told)
    best, table = int(of_quality.argmax()), None
    if of_table.sum() >= LISTED_SHARE:
        clearer = _log_likelihoods(evidence, max(trust, NAMING_TRUST), even) + told
        table = int(evidence.candidates[clearer.argmax()])
        best = int(first_tables().quality[table])
    low = high = best
    while of_quality[low : high + 1].sum() < INTERVAL_SHARE:
        below, above = of_quality[:low].sum(), of_quality[high + 1 :].sum()
        if below > above:
            low = int(np.flatnonzero(of_quality[:low])[-1])
        else:
            high += 1 + int(np.flatnonzero(of_quality[high + 1 :])[0])
    named = best if high - low <= WIDEST else None
    return FirstTable(named, low, high, _family(evidence.candidates, of_table), table)


def _log_likelihoods(evidence: TableEvidence, trust: float, even: bool) -> F64:
    """Of each candidate, prior included, up to a constant: float64 (candidates,)."""
    tables = first_tables()
    out: F64 = trust * evidence.total + (tables.even if even else tables.log_prior)[evidence.candidates]
    return out


def _told_by_remaking(candidates: I64, shares: F64, remaking: Remaking) -> F64:
    """What remaking the image adds to the log likelihood of each candidate, float64 (candidates,).

    ``shares``, float64 (candidates,): their probabilities without it.
    """
    told, tables = np.zeros(len(candidates)), first_tables()
    coarse = tables.sums[candidates] >= COARSE_ENOUGH * remaking.last.table.sum()
    tried = np.argsort(-np.where(coarse, shares, 0), kind="stable")[:MOST_REMADE]
    tried = tried[coarse[tried] & (shares[tried] >= WORTH_REMAKING)]
    if len(tried) > 1:
        of_tried = remaking.log_likelihoods(tables.steps[candidates[tried]])
        told[coarse] = max(float(np.sort(of_tried)[-2]), -MOST_AGAINST_OTHERS)
        told[tried] = of_tried
    return told


def _probabilities(evidence: TableEvidence, trust: float, even: bool, told: F64) -> tuple[F64, F64]:
    """Probability of each equivalent quality 0..100, float64 (101,), and of each candidate, (candidates,).

    ``told``, float64 (candidates,), is added to what the evidence gives.
    """
    logs, steps = _log_likelihoods(evidence, trust, even) + told, trust * evidence.of_steps
    unlisted = float((steps.max(axis=1) - np.log(MAX_STEP)).sum() + np.log(UNLISTED_SHARE)) if len(steps) else -np.inf
    most = max(unlisted, float(logs.max()))
    likely, of_unlisted = np.exp(logs - most), float(np.exp(unlisted - most))
    of_quality = np.bincount(first_tables().quality[evidence.candidates], likely, 101).astype(np.float64)
    if of_unlisted > of_quality.sum() / IGNORED:
        of_quality += of_unlisted * _unlisted_quality(steps, evidence.frequencies)
    return of_quality / of_quality.sum(), likely / (likely.sum() + of_unlisted)


def _unlisted_quality(steps: F64, frequencies: I64) -> F64:
    """Probability of each equivalent quality 0..100 of a table in no list, float64 (101,).

    ``steps``: log likelihood of each step 0..255, (frequencies, 256). The table's distortion at these frequencies is
    compared with that of the IJG's, as in :func:`jpegqf.jpeg.table_match.expected_distortion`.
    """
    scales, weights = mixed_scales()
    every = np.maximum(np.arange(MAX_STEP + 1), 1)[:, None, None]
    errors = np.einsum("sbf,b->fs", laplacian_error(every, scales[:, frequencies]), weights)
    likely = np.exp(steps - steps.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    means = (likely * errors).sum(axis=1)
    spread = np.sqrt(((likely * errors**2).sum(axis=1) - means**2).clip(0).sum())
    of_ijg = errors[np.arange(len(frequencies)), INTEGER_STEPS[::-1][:, frequencies]].sum(axis=1)
    low, middle, high = np.interp(means.sum() + np.array([spread, 0, -spread]), of_ijg, QUALITIES[::-1])
    deviation = np.hypot((high - low) / 2, SHAPE_DEVIATION)
    of_quality: F64 = np.exp(-0.5 * ((np.arange(101) - middle) / deviation) ** 2)
    of_quality[0] = 0
    of_quality[of_quality < 1 / IGNORED] = 0
    of_quality /= of_quality.sum()
    return of_quality


def _family(candidates: I64, likely: F64) -> Family | None:
    """The family of encoders whose tables have at least FAMILY_SHARE of the probability, if it has a name."""
    tables = first_tables()
    shares = np.bincount(tables.family[candidates], likely, len(FAMILIES))
    best = FAMILIES[int(shares.argmax())]
    return best if shares.max() >= FAMILY_SHARE and best != Family.UNKNOWN else None
