"""An earlier save as found, and the fitted classifier that decides whether there was one."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from jpegqf.arrays import F64, median
from jpegqf.history.first_tables import first_tables
from jpegqf.history.last_save import LastSave
from jpegqf.history.naming import FirstTable, TableEvidence, likely_first_table
from jpegqf.history.remaking import Remaking

EARLIER_SAVE_SEEN = 0.5
"""Probability, 0..1, from which an earlier save is reported."""
NEARBY = 2
"""Qualities whose difference is at most this count as the same when the lead of the best candidate is taken."""
FEWEST_EXPECTED = 3.0
"""Least median over candidates of the expected evidence (natural logarithm) for "no earlier save" to be reported.

With less, an earlier save would leave no trace, so its absence means nothing.
"""
LEAST_EVIDENCE = 10.0
"""Least evidence (natural logarithm) of the best first table for an earlier save to be reported.

Of drawn gradients, which have few coefficients, a classifier may think otherwise.
"""


@dataclass(frozen=True)
class History:
    """What is known of an earlier save; a field is None where it cannot be determined.

    ``recompressed_probability``, 0..1, is the probability that there was an earlier save at a lower quality; the prior
    odds are about one to two. ``first`` is its table, as far as it can be told. ``grid`` is the column and row, 0..7,
    of its first grid lines in this image, (0, 0) where both saves share a grid. ``turned``: rows and columns were
    exchanged after the first save.
    """

    recompressed_probability: float | None
    first: FirstTable | None = None
    grid: tuple[int, int] | None = None
    turned: bool = False

    @property
    def found(self) -> bool:
        """Whether an earlier save is reported: its probability reaches EARLIER_SAVE_SEEN."""
        return self.recompressed_probability is not None and self.recompressed_probability >= EARLIER_SAVE_SEEN


STATISTICS = 21
"""Number of statistics of one look at an image."""


class Look(Protocol):
    """Evidence from some frequencies for some first tables, on the last save's grid or on another."""

    @property
    def statistics(self) -> F64:
        """What classifiers take, float64 (STATISTICS,)."""

    @property
    def of_tables(self) -> TableEvidence:
        """What speaks for each first table, summed over the frequencies."""

    @property
    def expected_total(self) -> F64:
        """The same to expect of each if it were true, float64 (candidates,)."""

    @property
    def for_naming(self) -> TableEvidence:
        """What speaks for each first table at the frequencies by which it is named."""

    @property
    def grid(self) -> tuple[int, int]:
        """Column and row, 0..7, of the first lines of the grid that is looked at."""


def joined_statistics(looks: Sequence[Look | None]) -> F64:
    """The statistics of several looks, float64 (looks * STATISTICS,); zeros for a look that had nothing to see.

    What speaks for a first save in one look may drown in the noise of another that takes in more.
    """
    return np.concatenate([np.zeros(STATISTICS) if look is None else look.statistics for look in looks])


@dataclass(frozen=True)
class Classifier:
    """A network with one hidden layer over standardized statistics; fitted numbers, kept in ``classifier.json``.

    ``trust``: what the evidence is multiplied by where first tables are compared; see
    :func:`jpegqf.history.naming.likely_first_table`.
    """

    mean: F64
    scale: F64
    hidden: F64
    hidden_bias: F64
    output: F64
    output_bias: float
    trust: float

    def probability(self, values: F64) -> float:
        """Probability that the image was saved before, 0..1, of its statistics, as many as ``mean`` has."""
        standardized = np.maximum(np.minimum((values - self.mean) / self.scale, 5), -5)
        inner = np.tanh(standardized @ self.hidden + self.hidden_bias)
        return float(1 / (1 + np.exp(-(inner @ self.output + self.output_bias))))


@lru_cache(maxsize=8)
def load_classifier(name: str) -> Classifier:
    """A classifier that ships with the package.

    "aligned": a coarser first save on the same grid; "finer": a finer one there; "shifted": a coarser one on another
    grid; "aligned glance", "shifted glance" and "shifted second glance": the same of little effort. Each takes the
    statistics of all looks up to it, see :func:`joined_statistics`.
    """
    raw = json.loads(Path(__file__).with_name("classifier.json").read_text(encoding="utf-8"))[name]
    names = ("mean", "scale", "hidden", "hidden_bias", "output")
    mean, scale, hidden, hidden_bias, output = (np.array(raw[name], np.float64) for name in names)
    return Classifier(mean, scale, hidden, hidden_bias, output, float(raw["output_bias"]), raw["trust"])


def signed_log(x: float) -> float:
    """sign(x) log(1 + |x|): compresses sums that span five decades, and keeps their order and sign."""
    return math.copysign(math.log1p(abs(x)), x)


def lead(evidence: TableEvidence) -> float:
    """Evidence of the best candidate minus that of the best one further than NEARBY from it (minus 0 without such)."""
    best, quality = int(evidence.total.argmax()), first_tables().quality[evidence.candidates]
    far = evidence.total[np.abs(quality - quality[best]) > NEARBY]
    return float(evidence.total[best] - (far.max() if len(far) else 0))


def of_ijg(evidence: TableEvidence, expected: F64) -> tuple[float, float]:
    """The most evidence for an IJG table, its sign and logarithm, and its ratio to what was expected of that table."""
    ijg = np.flatnonzero(first_tables().is_ijg[evidence.candidates])
    best = ijg[evidence.total[ijg].argmax()] if len(ijg) else int(evidence.total.argmax())
    return signed_log(evidence.total[best]), float(evidence.total[best] / (expected[best] + 5))


def history_of(look: Look | None, looks: Sequence[Look | None], classifier: Classifier) -> History:
    """What a look supports, the first table aside; all None without one.

    ``looks``: what the classifier takes, this look among it.
    """
    if look is None:
        return History(None)
    probability = classifier.probability(joined_statistics(looks))
    return conclude(look.of_tables, look.expected_total, probability, look.grid)


def named_history_of(
    look: Look | None,
    looks: Sequence[Look | None],
    classifier: Classifier,
    last: LastSave,
    even: bool = False,
    turned: bool = False,
) -> History:
    """The same with the first table, if there is an earlier save.

    ``last``: what is looked at; ``turned``: by transposed tables, for an image that was turned by 90 degrees after its
    first save; ``even``: as in :func:`jpegqf.history.naming.likely_first_table`.
    """
    history = history_of(look, looks, classifier)
    if look is None or not history.found:
        return history
    remaking = Remaking(last, look.grid, turned)
    first = likely_first_table(look.for_naming, classifier.trust, even, remaking)
    return replace(history, first=first, turned=turned)


def conclude(evidence: TableEvidence, expected: F64, probability: float, grid: tuple[int, int]) -> History:
    """What the evidence supports, the first table aside.

    ``expected``, float64 (candidates,), is the evidence to expect for each candidate if it were true. ``probability``
    is the classifier's, ``grid`` as in :class:`History`.
    """
    if probability < EARLIER_SAVE_SEEN:
        powerless = median(expected) < FEWEST_EXPECTED
        return History(None if powerless else probability)
    if evidence.total.max() < LEAST_EVIDENCE:
        return History(None)
    return History(probability, grid=grid)
