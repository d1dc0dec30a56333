"""Blocks on a grid and a fine quality -> whether the steps of its table, all scaled alike, explain the coefficients.

Video codecs with an 8x8 DCT leave a grid and fine steps, but not the steps of an IJG table, nor whole numbers. A JPEG
that was edited mildly keeps its steps up to one factor, with more noise.
"""

import numpy as np

from jpegqf.arrays import F32, F64
from jpegqf.evidence.blocks import contrasting_blocks, evenly_spread
from jpegqf.evidence.dct import FORWARD
from jpegqf.jpeg.ijg import STEPS
from jpegqf.pixels.luma import Luma

LATTICE = 40
"""Most rows and most columns of blocks looked at, evenly spread."""
MOST_BLOCKS, FEWEST_BLOCKS = 400, 20
"""Most blocks whose coefficients are looked at, and fewest that tell."""
LEAST_SPAN = 5
"""Fewest grey levels that a block must span."""
LARGEST = 60.0
"""Largest coefficient that is looked at: a factor moves the multiples of larger ones too far."""
FACTORS = np.arange(0.96, 1.0601, 0.005, dtype=np.float32)
"""Factors that an edit may have given all steps."""
NOISES = (0.22, 0.29, 0.37, 0.46)
"""Standard deviations, in grey levels, that rounding and an edit may have given the coefficients' errors."""
OUTLIERS = 0.03
"""Share of the coefficients that lie anywhere between two multiples."""


def table_fit(luma: Luma, quality: int) -> float | None:
    """Log-likelihood ratio of the best common factor and noise for the table of ``quality`` against no table at all.

    ``luma``: of an image whose first pixel is on the grid. Above 0 the table explains the coefficients of luma or of
    the green channel, in natural logarithms. None where no coefficient tells: too few blocks, or steps of 1.
    """
    planes = [plane for plane in (luma, luma.of_green()) if plane is not None]
    fits = [fit for plane in planes if (fit := _fit(_coefficients(plane), STEPS[quality - 1])) is not None]
    return max(fits, default=None)


def _fit(coefficients: F32, steps: F32) -> float | None:
    """As :func:`table_fit`, of the coefficients (n, 64) of one plane, and of steps (64,)."""
    told = (coefficients > steps / 2) & (coefficients < LARGEST) & (steps >= 2)
    told[:, 0] = False
    if len(coefficients) < FEWEST_BLOCKS or not told.any():
        return None
    step = np.broadcast_to(steps, told.shape)[told]
    return max(_ratio(coefficients[told], step, factor) for factor in FACTORS)


def _coefficients(luma: Luma) -> F32:
    """Magnitudes (n, 64) of the coefficients of different unclipped blocks that are not flat."""
    pixels = evenly_spread(contrasting_blocks(luma, LATTICE, LEAST_SPAN), MOST_BLOCKS)
    out: F32 = np.abs((pixels.astype(np.float32) - 128) @ FORWARD)
    return out


def _ratio(coefficients: F32, steps: F32, factor: np.float32) -> float:
    """The log-likelihood ratio of the best noise, for one factor."""
    steps = steps * factor
    squares = (coefficients - np.rint(coefficients / steps) * steps) ** 2
    ratios: list[F64] = []
    for noise in NOISES:
        density = steps * (np.exp(squares / (-2 * noise * noise)) / (noise * np.sqrt(2 * np.pi)))
        ratios.append(np.log(OUTLIERS + (1 - OUTLIERS) * density).sum(dtype=np.float64))
    return float(max(ratios))
