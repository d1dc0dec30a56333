"""Luma of a JPEG that was edited since -> the quality whose steps, all multiplied by one factor, explain it best.

Contrast, levels and multiplication stretch all coefficients alike, and with them the multiples of the steps that they
lie on: those of quality 80 made 1.1 times as large look like a coarser quality's, but no whole steps have just these
sizes. Curves and gamma stretch dark and bright parts differently, so that large multiples are blurred. So every quality
is tried with every factor, with several widths of the error that rounding and the edit leave.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jpegqf.arrays import F32, F64, I64
from jpegqf.evidence.blocks import contrasting_blocks, evenly_spread
from jpegqf.evidence.dct import FORWARD
from jpegqf.evidence.likelihood import BINS_PER_UNIT, histogram
from jpegqf.jpeg.ijg import STEPS
from jpegqf.pixels.luma import Luma

LATTICE, LEAST_SPAN = 40, 5
"""Most rows and most columns of blocks looked at, and fewest grey levels that a block must span."""
FEWEST_BLOCKS, MOST_BLOCKS = 20, 600
"""Fewest blocks that tell anything, and the most that are looked at."""
BINS = 400
"""Bins of a coefficient's magnitude: up to 100 grey levels. Larger coefficients are left out."""
FACTORS = np.exp(np.arange(-45, 46) / 100)
"""Factors that are tried: 0.64 to 1.57."""
RATIO = 0.005
"""Logarithm of the ratio of one step to the next of those whose likelihood is computed."""
SMALLEST, LARGEST = 0.5, 420.0
"""Smallest and largest of these steps."""
ERRORS = tuple((width, blur) for width in (0.3, 0.42, 0.6) for blur in (0.0, 0.02, 0.05))
"""Standard deviations of a coefficient's error, grey levels, and as a share of the coefficient."""
MOST_BLUR = 0.02
"""Largest share of the coefficient that is trusted: with more, steps that are not the image's fit too."""
OUTLIERS = 0.03
"""Share of the coefficients that lie anywhere between two multiples."""
UNCHANGED, SPREAD = 3.0, 0.15
"""Nats by which a factor of 1 is likelier than those beside it, and the scale of the logarithm of the others."""
NEIGHBOURS = 2
"""Qualities to each side that do not count as rivals: a factor makes up for their difference."""
TRUSTED_LEAD = 20.0
"""Nats by which the best quality must be likelier than all that are no neighbours."""
LEAST_CHANGE, MOST_CHANGE = 0.015, 0.3
"""Least and largest logarithm of a factor that is trusted; gaps between grey levels seem to be steps at larger ones."""
FINEST = 95
"""Highest quality that is trusted: for finer ones any gaps between grey levels may be taken."""


@dataclass(frozen=True)
class ScaledSteps:
    """The quality, 1..100, whose steps times ``factor`` explain the coefficients best.

    ``lead``: nats by which it is likelier than qualities that are no neighbours of it. ``error``: one of ERRORS.
    """

    quality: int
    factor: float
    lead: float
    error: tuple[float, float]

    @property
    def sound(self) -> bool:
        """Whether the steps of no other quality explain the coefficients, whatever the factor."""
        return self.lead >= TRUSTED_LEAD and self.error[1] <= MOST_BLUR and self.quality <= FINEST

    @property
    def trusted(self) -> bool:
        """Whether an edit surely made the steps what they are. Measured on edited JPEGs of training scenes."""
        return self.sound and bool(LEAST_CHANGE <= abs(np.log(self.factor)) <= MOST_CHANGE)


def scaled_steps(luma: Luma) -> ScaledSteps | None:
    """The steps that explain ``luma``, whose first pixel is on the grid; None if too few blocks tell anything."""
    pixels = evenly_spread(contrasting_blocks(luma, LATTICE, LEAST_SPAN), MOST_BLOCKS)
    if len(pixels) < FEWEST_BLOCKS:
        return None
    counts = histogram((pixels.astype(np.float32) - 128) @ FORWARD, BINS + 1)[1:, :BINS]
    of_multiples, prior = _of_multiples(counts), np.abs(np.log(FACTORS)) / -SPREAD
    prior[len(FACTORS) // 2] += UNCHANGED
    scores = np.stack([_of_candidates(counts @ table + of_multiples) + prior for table in _error_tables()])
    of_qualities = scores.max(axis=(0, 2))
    error, quality, factor = np.unravel_index(int(scores.argmax()), scores.shape)
    rivals = np.abs(np.arange(len(STEPS)) - quality) > NEIGHBOURS
    lead = float(of_qualities[quality] - of_qualities[rivals].max())
    return ScaledSteps(int(quality) + 1, float(FACTORS[factor]), lead, ERRORS[error])


@lru_cache(maxsize=1)
def _steps() -> F32:
    """The steps whose likelihood is computed, float32 (steps,)."""
    steps: F32 = np.exp(np.arange(np.log(SMALLEST), np.log(LARGEST), RATIO)).astype(np.float32)
    return steps


def _magnitudes() -> F32:
    """The magnitude of each bin in grey levels, float32 (BINS, 1)."""
    magnitudes: F32 = np.arange(BINS, dtype=np.float32)[:, None] / np.float32(BINS_PER_UNIT)
    return magnitudes


@lru_cache(maxsize=1)
def _multiples() -> F32:
    """Nearest multiple of each step for the magnitude of each bin, float32 (BINS, steps)."""
    multiples: F32 = np.rint(_magnitudes() / _steps())
    return multiples


@lru_cache(maxsize=1)
def _error_tables() -> list[F32]:
    """For each of ERRORS the log density of the magnitude of each bin around the nearest multiple, (BINS, steps)."""
    steps, magnitude = _steps(), _magnitudes()
    squares = (magnitude - _multiples() * steps) ** 2
    tables = []
    for width, blur in ERRORS:
        variance = width**2 + (blur * magnitude) ** 2
        density = np.exp(squares / (-2 * variance)) / np.sqrt(2 * np.pi * variance)
        tables.append(np.log((1 - OUTLIERS) * density + OUTLIERS / steps).astype(np.float32))
    return tables


def _of_multiples(counts: F32) -> F32:
    """Log probability of the nearest multiples under a Laplacian of the mean magnitude, float32 (63, steps).

    With r = step / (2 b): P(0) = 1 - exp(-r), and P(k) = exp(-2 r k) sinh(r) for the magnitude k.
    """
    number = counts.sum(axis=1, keepdims=True)
    scale = np.maximum(counts @ _magnitudes() / np.maximum(number, 1), 0.05)
    total, nonzero = counts @ _multiples(), counts @ (_multiples() > 0).astype(np.float32)
    ratio = _steps() / (2 * scale)
    log_sinh = np.where(ratio > 20, ratio - np.log(2), np.log(np.sinh(np.minimum(ratio, 20))))
    likelihood: F32 = nonzero * log_sinh - 2 * ratio * total + (number - nonzero) * np.log(-np.expm1(-ratio))
    return likelihood


@lru_cache(maxsize=1)
def _step_numbers() -> I64:
    """Which of the steps are those of each quality times each factor, int64 (100, factors, 63)."""
    wanted = STEPS[:, None, 1:].astype(np.float64) * FACTORS[:, None]
    numbers = np.rint(np.log(wanted / SMALLEST) / RATIO)
    return np.clip(numbers, 0, len(_steps()) - 1).astype(np.int64)


def _of_candidates(likelihood: F32) -> F64:
    """Sums of log-likelihoods (63, steps) over the steps of each quality times each factor, float64 (100, factors)."""
    sums: F64 = likelihood[np.arange(63), _step_numbers()].sum(axis=2, dtype=np.float64)
    return sums
