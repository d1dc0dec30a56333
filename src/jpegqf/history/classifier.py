"""An answer about an earlier save, and the fitted decision that both ways of looking for one end in."""

import json
import math
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from jpegqf.arrays import F64, I64, median

SEEN_AT = 0.5
"""From this probability on the image counts as saved before."""
NEARBY = 2
"""Qualities this close to each other are not told apart when a margin is taken."""
CLEAR_MARGIN = 2.0
"""Lead over candidates further than NEARBY that a first quality needs to be named."""
FEWEST_EXPECTED = 3.0
"""Evidence (natural logarithms) that half of the candidates would have to leave for "no trace" to mean something."""


@dataclass(frozen=True)
class History:
    """An earlier save; None: cannot be told.

    ``first_quality`` is its IJG quality, 1..99; ``recompressed_probability`` the probability, 0..1, that
    there was one at a lower quality (at odds of about one to two before looking); ``grid`` the column and
    row, 0..7, of its first grid line in this image: (0, 0) where both saves share a grid; ``evidence`` for the best
    first quality, natural logarithm.
    """

    first_quality: int | None
    recompressed_probability: float | None
    grid: tuple[int, int] | None = None
    evidence: float = field(default=0.0, compare=False)

    @property
    def found(self) -> bool:
        """Whether there was an earlier save."""
        return self.recompressed_probability is not None and self.recompressed_probability >= SEEN_AT


@dataclass(frozen=True)
class Decision:
    """A network with one hidden layer over standardized statistics; fitted numbers, kept in ``classifier.json``."""

    mean: F64
    scale: F64
    hidden: F64
    hidden_bias: F64
    output: F64
    output_bias: float

    def probability(self, values: F64) -> float:
        """Probability that the image was saved before, 0..1, of its statistics, as many as ``mean`` has."""
        inner = np.tanh(np.clip((values - self.mean) / self.scale, -5, 5) @ self.hidden + self.hidden_bias)
        return float(1 / (1 + np.exp(-(inner @ self.output + self.output_bias))))


@lru_cache(maxsize=2)
def decision(name: str) -> Decision:
    """The decision that ships with the package for saves on the same grid (aligned) or on another (shifted)."""
    raw = json.loads(Path(__file__).with_name("classifier.json").read_text(encoding="utf-8"))[name]
    names = ("mean", "scale", "hidden", "hidden_bias", "output")
    mean, scale, hidden, hidden_bias, output = (np.array(raw[name], np.float64) for name in names)
    return Decision(mean, scale, hidden, hidden_bias, output, float(raw["output_bias"]))


def signed_log(x: float) -> float:
    """Signed logarithm: keeps order and sign of sums that span five decades."""
    return math.copysign(math.log1p(abs(x)), x)


def lead(quality: I64, total: F64) -> float:
    """Evidence of the best candidate less that of the best further than NEARBY from it, or less none."""
    best = int(total.argmax())
    far = total[np.abs(quality - quality[best]) > NEARBY]
    return float(total[best] - (far.max() if len(far) else 0))


def conclude(quality: I64, total: F64, expected: F64, probability: float, grid: tuple[int, int]) -> History:
    """Say what can be said, and no more, from evidence found and expected of each candidate, (candidates,) each."""
    if probability < SEEN_AT:
        powerless = median(expected) < FEWEST_EXPECTED
        return History(None, None if powerless else probability)
    named = int(quality[total.argmax()]) if lead(quality, total) >= CLEAR_MARGIN else None
    return History(named, probability, grid, float(total.max()))
