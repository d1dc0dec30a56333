"""What the pixels of one image say: a distribution over qualities, and the grid."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from jpegqf.arrays import F64
from jpegqf.jpeg.ijg import QUALITIES
from jpegqf.pixels.grid import ALIGNED, Grid
from jpegqf.pixels.luma import Luma

SURE = 0.9
"""Probability from which a grid, or a quality, counts as certain; at a certain grid no other is looked for."""
GRID_SEEN = 0.5
"""Probability of a JPEG grid from which the image counts as having one."""
BEYOND_DOUBT = 0.999
"""Probability of a quality from which no further plane is asked."""
MOST_DOUBT = 20
"""Qualities that the 95 % interval may span for one of them to be named; beyond, the interval alone is given."""
USUAL_MASS = 0.95
"""Probability that an interval of qualities holds, unless told otherwise."""


@dataclass(frozen=True)
class Prediction:
    """What the pixels say about one image."""

    quality: float
    """Calibrated point prediction, 1..100: the most probable quality (``evidence``) or the median of the patches'."""
    probability: F64
    """Probability of each quality 1..100 given that there was a save, float64 (100,), sum 1."""
    jpeg_probability: float
    """Probability, 0..1, that the image was saved as JPEG and still has that 8x8 grid, starting at ``grid``."""
    grid: Grid = ALIGNED
    by_few_blocks: bool = False
    """Whether a few blocks decided it, all of which come back under one table of the IJG's."""
    by_green: bool = False
    """Whether this comes from the green channel, tried where luma leaves doubt: some JPEGs code red, green and blue."""

    @property
    def confidence(self) -> float:
        """Probability, 0..1, of the most probable quality."""
        return float(self.probability.max())

    @property
    def sure(self) -> bool:
        """Whether both the grid and the quality are certain: their probabilities reach SURE."""
        return min(self.jpeg_probability, self.confidence) >= SURE

    @property
    def beyond_doubt(self) -> bool:
        """Whether nothing else need be asked about the quality."""
        return self.by_few_blocks or self.confidence >= BEYOND_DOUBT

    @property
    def has_grid(self) -> bool:
        """Whether the pixels show a JPEG grid: without one, a quality would be invented."""
        return self.jpeg_probability >= GRID_SEEN

    @property
    def names_a_quality(self) -> bool:
        """Whether the 95 % interval is narrow enough to name one quality."""
        low, high = self.interval()
        return high - low <= MOST_DOUBT

    @property
    def rounded(self) -> int:
        """The quality factor as a whole number, 1..100."""
        return int(np.clip(np.rint(self.quality), 1, 100))

    def plane_of(self, luma: Luma) -> Luma:
        """The plane that the prediction comes from, luma or green."""
        green = luma.of_green() if self.by_green else None
        return green or luma

    def place(self, luma: Luma) -> Luma:
        """The same from the first whole block of the grid on."""
        return self.grid.place(self.plane_of(luma))

    @cached_property
    def _usual_interval(self) -> tuple[int, int]:
        return self._shortest_run(USUAL_MASS)

    def interval(self, mass: float = USUAL_MASS) -> tuple[int, int]:
        """Shortest run of qualities that holds at least ``mass`` of the probability, inclusive."""
        return self._usual_interval if mass == USUAL_MASS else self._shortest_run(mass)

    def _shortest_run(self, mass: float) -> tuple[int, int]:
        total = np.concatenate([[0.0], np.cumsum(self.probability)])
        last = np.searchsorted(total, total[:100] + mass - 1e-9)
        length = np.where(last <= 100, last - np.arange(100), 101)
        first = 99 - int(length[::-1].argmin())  # among equally short runs, that of the higher qualities
        return first + 1, int(last[first])


def combined(tried: list[Prediction]) -> Prediction:
    """The most probable grid, with the qualities of all grids tried, each weighted by the odds of a grid there."""
    best = max(tried, key=lambda prediction: prediction.jpeg_probability)
    odds = np.array([prediction.jpeg_probability / max(1 - prediction.jpeg_probability, 1e-9) for prediction in tried])
    probability = np.average([prediction.probability for prediction in tried], axis=0, weights=odds + 1e-12)
    return replace(best, quality=float(QUALITIES[probability.argmax()]), probability=probability)
