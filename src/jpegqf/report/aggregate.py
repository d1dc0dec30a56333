"""Batches of rows -> counts, and the rows worth showing; one pass in bounded memory."""

import heapq
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from jpegqf.arrays import F64
from jpegqf.outputs.base import Batch
from jpegqf.record import Status, Verdict
from jpegqf.report.grouping import MOST_GROUPS, Bounded, Grouping, GroupName

MOST_NAMES = 50
"""Encoders, formats and models told apart."""
MOST_CAUSES = 500
"""Different messages of images that were not judged."""
LONGEST_PATH = 4096
LONGEST_TEXT = 300


class ListedImage(NamedTuple):
    """What is shown of an image; names and meanings as in a record."""

    path: str
    status: str
    message: str | None
    format: str | None
    width: int | None
    height: int | None
    qf: int | None
    header_qf: int | None
    pixel_qf: int | None
    first_qf: int | None
    encoder: str | None
    verdict: str
    verdict_text: str | None


NEEDED = (*ListedImage._fields, "reason", "model")
"""Columns that are read."""


class Cause(NamedTuple):
    """Why images were not judged; numbers in the message are written N."""

    status: str
    reason: GroupName
    message: GroupName


class Top:
    """The ``most`` rows with the highest scores, the earlier of two equal ones."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[float, int, ListedImage]] = []

    def offer(self, scores: F64, batch: Batch, start: int) -> None:
        """Consider the rows of a batch, whose first is number ``start``."""
        least = self._heap[0][0] if len(self._heap) >= self._most else -np.inf
        for i in np.flatnonzero(scores > least).tolist():
            entry = (float(scores[i]), -(start + i))
            if len(self._heap) < self._most:
                heapq.heappush(self._heap, (*entry, _row(batch, i)))
            elif entry > self._heap[0][:2]:
                heapq.heapreplace(self._heap, (*entry, _row(batch, i)))

    def ranked(self) -> list[tuple[int, ListedImage]]:
        """Number and row, highest score first."""
        return [(-number, row) for _, number, row in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]


@dataclass
class Aggregate:
    """What the rows of a collection add up to. ``worst`` and ``drawn`` rows are kept for the table.

    Counters hold numbers of rows by: ``pairs`` (header QF, pixel QF, re-saved), ``firsts`` (last QF, first QF),
    ``encoders`` (name, header QF), ``formats`` (name, QF), ``groups`` (name, QF), ``group_verdicts`` (name, verdict).
    """

    grouping: Grouping
    worst: int
    drawn: int
    rows: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    models: Counter[GroupName] = field(default_factory=Counter)
    pairs: Counter[tuple[int | None, int | None, bool]] = field(default_factory=Counter)
    firsts: Counter[tuple[int, int]] = field(default_factory=Counter)
    encoders: Counter[tuple[GroupName, int | None]] = field(default_factory=Counter)
    formats: Counter[tuple[GroupName, int | None]] = field(default_factory=Counter)
    groups: Counter[tuple[GroupName, int | None]] = field(default_factory=Counter)
    group_verdicts: Counter[tuple[GroupName, str]] = field(default_factory=Counter)
    causes: Counter[Cause] = field(default_factory=Counter)
    examples: dict[Cause, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._bounded = {name: Bounded(MOST_NAMES) for name in ("encoder", "format", "model")}
        self._bounded_groups = Bounded(MOST_GROUPS)
        self._worst = Top(self.worst)
        # Of the rows drawn those among the worst are dropped, so as many more are needed.
        self._drawn = Top(self.worst + self.drawn)
        self._random = np.random.default_rng(0)

    @property
    def groups_full(self) -> bool:
        """Whether there were more groups than are told apart."""
        return self._bounded_groups.full

    def add(self, batch: Batch) -> None:
        """Count a batch with the columns NEEDED and the grouping's."""
        verdicts = batch["verdict"]
        resaved = [verdict == Verdict.RESAVED.value for verdict in verdicts]
        encoder, form, model = (self._bounded[name](batch[name]) for name in ("encoder", "format", "model"))
        groups = self._bounded_groups(self.grouping.names(batch))
        self.verdicts.update(verdicts)
        self.statuses.update(batch["status"])
        self.models.update(model)
        self.pairs.update(zip(batch["header_qf"], batch["pixel_qf"], resaved, strict=True))
        self.encoders.update(zip(encoder, batch["header_qf"], strict=True))
        self.formats.update(zip(form, batch["qf"], strict=True))
        self.groups.update(zip(groups, batch["qf"], strict=True))
        self.group_verdicts.update(zip(groups, verdicts, strict=True))
        self._count_firsts(batch)
        self._count_causes(batch)
        self._worst.offer(badness(batch, resaved), batch, self.rows)
        self._drawn.offer(self._random.random(len(verdicts)), batch, self.rows)
        self.rows += len(verdicts)

    def _count_firsts(self, batch: Batch) -> None:
        both = zip(batch["qf"], batch["first_qf"], strict=True)
        self.firsts.update((last, first) for last, first in both if first is not None and last is not None)

    def _count_causes(self, batch: Batch) -> None:
        for i, status in enumerate(batch["status"]):
            if status != Status.OK.value:
                message = batch["message"][i]
                words = message and re.sub(r"\d+", "N", message[:LONGEST_TEXT])
                cause = Cause(status, (batch["reason"][i] or "")[:LONGEST_TEXT] or None, words)
                if cause not in self.causes and len(self.causes) >= MOST_CAUSES:
                    cause = Cause(status, None, None)
                self.causes[cause] += 1
                self.examples.setdefault(cause, batch["path"][i][:LONGEST_PATH])

    def table(self) -> list[ListedImage]:
        """The rows kept: the worst, worst first, then those drawn at random from the others, in the files' order."""
        worst = self._worst.ranked()
        taken = {number for number, _ in worst}
        drawn = [entry for entry in self._drawn.ranked() if entry[0] not in taken][: self.drawn]
        return [row for _, row in worst] + [row for _, row in sorted(drawn, key=lambda entry: entry[0])]


def badness(batch: Batch, resaved: Sequence[bool]) -> F64:
    """What the table is ordered by, float64 (rows): re-saved images by the qualities lost on the way, then those whose
    header and pixels disagree, then composites, then those that were JPEGs in part, then those that are broken or
    skipped, then the others; the last of these and the parts lowest quality first.
    """
    verdicts, statuses = np.array(batch["verdict"]), np.array(batch["status"])
    qf, header, pixel, first = (
        np.array(batch[name], dtype=np.float64) for name in ("qf", "header_qf", "pixel_qf", "first_qf")
    )
    lost = np.nan_to_num(header - np.where(np.isnan(first), pixel, first))
    score = 100 - np.nan_to_num(qf, nan=100.0)
    score = np.where(statuses == Status.SKIPPED.value, 1000, score)
    score = np.where(statuses == Status.ERROR.value, 2000, score)
    score = np.where(verdicts == Verdict.PARTIAL.value, 2200 + 100 - np.nan_to_num(qf, nan=100.0), score)
    score = np.where(verdicts == Verdict.COMPOSITE.value, 2500, score)
    score = np.where(verdicts == Verdict.MISMATCH.value, 3000 + np.abs(lost), score)
    return np.where(resaved, 4000 + lost, score)


def _row(batch: Batch, i: int) -> ListedImage:
    row = ListedImage(*(batch[name][i] for name in ListedImage._fields))
    texts: dict[str, Any] = {
        name: value[: LONGEST_PATH if name == "path" else LONGEST_TEXT]
        for name, value in row._asdict().items()
        if isinstance(value, str)
    }
    return row._replace(**texts)
