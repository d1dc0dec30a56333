"""The constants of ``table_match.expected_distortion``, from training scenes and the tables that are for fitting."""

import numpy as np

from bench.equivalents.metrics import real_quality
from jpegqf.arrays import F64, I64
from jpegqf.jpeg.table_match import BUSY, CALM, CALM_WEIGHT, DECAY, laplacian_error, mixed_scales

START = (BUSY, CALM, CALM_WEIGHT, DECAY)
"""Where the search begins: what ships."""
FACTORS = (1.2, 1.1, 1.05, 1.02, 1.01)
"""By what each constant is multiplied and divided in turn, as long as that helps."""


def loss(constants: tuple[float, ...], steps: I64, truth: F64) -> float:
    """Mean difference to equal PSNR and SSIM, and a tenth of its 95th percentile; ``truth`` (2, n)."""
    scales, weights = mixed_scales(*constants)
    off = np.abs(real_quality(lambda some: laplacian_error(some[:, None], scales).sum(-1) @ weights, steps) - truth)
    return float(off.mean() + 0.1 * np.percentile(off, 95))


def fitted(steps: I64, truth: F64) -> tuple[tuple[float, ...], float]:
    """The constants at which no step of FACTORS makes the loss smaller, and that loss."""
    best: tuple[float, ...] = START
    least = loss(START, steps, truth)
    for factor in FACTORS:
        better = True
        while better:
            better = False
            for place in range(4):
                for by in (factor, 1 / factor):
                    tried = tuple(value * (by if i == place else 1) for i, value in enumerate(best))
                    if (now := loss(tried, steps, truth)) < least:
                        best, least, better = tried, now, True
    return best, least
