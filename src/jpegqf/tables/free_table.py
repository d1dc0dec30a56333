"""Likelihoods of steps -> probability of each step at each frequency, for a table that is in no list.

Tables change smoothly from one frequency to the next: seen beside those of Annex K (ITU-T T.81), the steps of
neighbours are alike. So what some frequencies tell says what to expect of the others, which decides between a step and
its multiples where few coefficients do.
"""

from functools import lru_cache

import numpy as np

from jpegqf.arrays import F64
from jpegqf.jpeg.ijg import IJG_LUMA, MAX_STEP

ROUNDS = 3
"""How often the expected steps are found anew from the probabilities."""
SPREAD = 0.25
"""Standard deviation of the logarithm of a step around what its neighbours lead to expect."""
UNEXPECTED = 0.15
"""Share of steps that follow no neighbour."""
REACH = 1.5
"""Distance, in frequencies, at which a neighbour counts 0.6 as much as the nearest."""
UNSURE = 0.03
"""Least variance of a neighbour's logarithm: tables are not perfectly smooth."""
DC_WEIGHT = 0.3
"""Weight of the step of DC as a neighbour: many encoders choose it apart."""
RIDGE = (0.05, 3.0, 3.0)
"""Weights that hold level and slopes of the local fit near those of Annex K."""
LOGS = np.log(np.arange(1, MAX_STEP + 1))
BASE = np.log(np.array(IJG_LUMA, np.float64))
FLAT = (1 / np.arange(1, MAX_STEP + 1)) / (1 / np.arange(1, MAX_STEP + 1)).sum()
"""Probability of each step if nothing is known: even in its logarithm."""


def log_sum(logs: F64) -> F64:
    """Logarithm of the sum of exponentials along the first axis."""
    greatest = logs.max(axis=0)
    out: F64 = greatest + np.log(np.exp(logs - greatest).sum(axis=0))
    return out


def free_steps(likelihoods: F64) -> tuple[F64, float]:
    """Probability of each step at each frequency, float64 (255, 64), columns sum to 1; and the log evidence of all.

    ``likelihoods`` are those of ``jpegqf.tables.step_likelihood.step_likelihoods``. The evidence is the log
    probability of the coefficients under any such table, to be compared with that under a known one.
    """
    prior = np.repeat(np.log(FLAT)[:, None], 64, axis=1)
    for _ in range(ROUNDS):
        posterior = likelihoods + prior
        prior = _around(_expected(np.exp(posterior - log_sum(posterior))))
    posterior = likelihoods + prior
    evidence = log_sum(posterior)
    return np.exp(posterior - evidence), float(evidence.sum())


def _expected(probability: F64) -> F64:
    """Logarithm of the step that the other frequencies lead to expect at each one, float64 (64,).

    A weighted local linear fit of the logarithms less those of Annex K, without the frequency itself.
    """
    mean = LOGS @ probability
    variance = np.maximum(LOGS**2 @ probability - mean**2, 0)
    design, weights = _neighbours()
    weights = weights / (variance + UNSURE)
    normal = np.einsum("fnp,fn,fnq->fpq", design, weights, design) + np.diag(RIDGE)
    right = np.einsum("fnp,fn->fp", design, weights * (mean - BASE))
    fitted: F64 = np.linalg.solve(normal, right[..., None])[:, 0, 0] + BASE
    return fitted


@lru_cache(maxsize=1)
def _neighbours() -> tuple[F64, F64]:
    """Design of the local fits, (64, 64, 3): one, rows and columns away; and the weight of each neighbour, (64, 64)."""
    rows, columns = (index.reshape(64) for index in np.indices((8, 8)))
    down, across = rows - rows[:, None], columns - columns[:, None]
    weights = np.exp(-(down**2 + across**2) / (2 * REACH**2))
    weights[:, 0] *= DC_WEIGHT
    np.fill_diagonal(weights, 0)
    return np.stack([np.ones((64, 64)), down, across], axis=-1), weights


def _around(expected: F64) -> F64:
    """Log probability of each step around the expected ones, float64 (255, 64)."""
    normal = np.exp(-(((LOGS[:, None] - expected) / SPREAD) ** 2) / 2)
    normal /= np.maximum(normal.sum(axis=0), 1e-300)
    out: F64 = np.log((1 - UNEXPECTED) * normal + UNEXPECTED * FLAT[:, None])
    return out
