"""Distributions and true qualities -> accuracy figures, with 95 % intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jpegqf.model.prediction import GRID_SEEN


@dataclass(frozen=True)
class Figures:
    """Accuracy over n judged images; shares are 0..1."""

    count: int
    mae: float
    exact: float
    within_1: float
    within_2: float
    within_5: float


def figures_of(predicted: NDArray[np.float64], quality: NDArray[np.int64]) -> Figures:
    """Figures of point predictions (n,) against true qualities (n,)."""
    error = np.abs(predicted - quality)
    shares = [float((error <= bound).mean()) for bound in (0, 1, 2, 5)]
    return Figures(len(quality), float(error.mean()), *shares)


def figures(log_probability: NDArray[np.float64], quality: NDArray[np.int64]) -> Figures:
    """Figures of the most probable quality in each row (n, 101), over the samples that have one."""
    saved = quality > 0
    return figures_of(log_probability[saved, :100].argmax(axis=1) + 1.0, quality[saved])


def grid_figures(log_probability: NDArray[np.float64], quality: NDArray[np.int64]) -> dict[str, float]:
    """Rates, 0..1, at which a JPEG grid is reported, from log-probabilities (n, 101) and true qualities (n,).

    A true quality of 0 means no grid. ``false_alarms`` is the rate among samples without a grid, ``detected_*`` that
    among samples of these qualities.
    """
    says_saved = log_probability[:, 100] < np.log(1 - GRID_SEEN)
    bands = {
        "false_alarms": quality == 0,
        "detected_1_95": (quality >= 1) & (quality <= 95),
        "detected_96_100": quality > 95,
    }
    return {name: float(says_saved[rows].mean()) for name, rows in bands.items()}


def wilson(share: float, count: int) -> tuple[float, float]:
    """95 % interval of a share, Wilson's score method (JASA 1927)."""
    z = 1.959964
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))
