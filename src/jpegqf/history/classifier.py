"""An earlier save as found, and the fitted classifier that decides whether there was one."""

import json
import math
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from jpegqf.arrays import F64, I64, median

EARLIER_SAVE_SEEN = 0.5
"""Probability, 0..1, from which an earlier save is reported."""
NEARBY = 2
"""Qualities whose difference is at most this count as the same when the lead of the best candidate is taken."""
CLEAR_MARGIN = 2.0
"""Least lead (natural logarithm) over candidates further than NEARBY for a first quality to be named."""
FEWEST_EXPECTED = 3.0
"""Least median over candidates of the expected evidence (natural logarithm) for "no earlier save" to be reported.

With less, an earlier save would leave no trace, so its absence means nothing.
"""


@dataclass(frozen=True)
class History:
    """What is known of an earlier save; a field is None where it cannot be determined.

    ``first_quality`` is the IJG quality of the earlier save, 1..99. ``recompressed_probability``, 0..1, is the
    probability that there was one at a lower quality; the prior odds are about one to two. ``grid`` is the column and
    row, 0..7, of its first grid lines in this image, (0, 0) where both saves share a grid. ``evidence`` is the log
    likelihood ratio (natural logarithm) of the best first quality against a single save.
    """

    first_quality: int | None
    recompressed_probability: float | None
    grid: tuple[int, int] | None = None
    evidence: float = field(default=0.0, compare=False)

    @property
    def found(self) -> bool:
        """Whether an earlier save is reported: its probability reaches EARLIER_SAVE_SEEN."""
        return self.recompressed_probability is not None and self.recompressed_probability >= EARLIER_SAVE_SEEN


@dataclass(frozen=True)
class Classifier:
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
def load_classifier(name: str) -> Classifier:
    """A classifier that ships with the package: "aligned" for the same grid, "shifted" for another grid."""
    raw = json.loads(Path(__file__).with_name("classifier.json").read_text(encoding="utf-8"))[name]
    names = ("mean", "scale", "hidden", "hidden_bias", "output")
    mean, scale, hidden, hidden_bias, output = (np.array(raw[name], np.float64) for name in names)
    return Classifier(mean, scale, hidden, hidden_bias, output, float(raw["output_bias"]))


def signed_log(x: float) -> float:
    """sign(x) log(1 + |x|): compresses sums that span five decades, and keeps their order and sign."""
    return math.copysign(math.log1p(abs(x)), x)


def lead(quality: I64, total: F64) -> float:
    """Evidence of the best candidate minus that of the best one further than NEARBY from it (minus 0 without such).

    ``quality`` int64 and ``total``, natural logarithms, float64: (candidates,) each.
    """
    best = int(total.argmax())
    far = total[np.abs(quality - quality[best]) > NEARBY]
    return float(total[best] - (far.max() if len(far) else 0))


def conclude(quality: I64, total: F64, expected: F64, probability: float, grid: tuple[int, int]) -> History:
    """The history that the evidence supports.

    ``total`` and ``expected``, float64 (candidates,), are the log likelihood ratio found for each candidate quality and
    its expectation if that candidate were true. ``probability`` is the classifier's, ``grid`` as in :class:`History`.
    """
    if probability < EARLIER_SAVE_SEEN:
        powerless = median(expected) < FEWEST_EXPECTED
        return History(None, None if powerless else probability)
    first_quality = int(quality[total.argmax()]) if lead(quality, total) >= CLEAR_MARGIN else None
    return History(first_quality, probability, grid, float(total.max()))
