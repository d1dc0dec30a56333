"""What tables are made of: figures of groups of files, with their 95 % intervals, and the CSV of them."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jpegqf.train.figures import wilson

COLUMNS = ("condition", "by", "part", "n", "figure", "kind", "value", "count", "low", "high")


@dataclass(frozen=True)
class Value:
    """A figure of ``count`` files with its 95 % interval, where it has one; a share of them, or a mean."""

    value: float
    count: int
    low: float | None = None
    high: float | None = None
    percent: bool = True

    @property
    def passed(self) -> int:
        """How many files a share is."""
        return round(self.value * self.count)

    def plain(self, digits: int = 3) -> str:
        """The figure alone; ``digits``: those of a mean."""
        return f"{100 * self.value:.2f} %" if self.percent else f"{self.value:.{digits}f}"

    def shown(self, digits: int = 3) -> str:
        """The figure and its interval."""
        if self.low is None or self.high is None:
            return self.plain(digits)
        factor, digits = (100, 2) if self.percent else (1, digits)
        return f"{self.plain(digits)} [{factor * self.low:.{digits}f}, {factor * self.high:.{digits}f}]"

    def __str__(self) -> str:
        return self.shown()


Figures = dict[str, Value]


@dataclass(frozen=True)
class Part:
    """``n`` files of a condition and their figures by name: all of them, or ``part`` of a cut ``by`` something."""

    condition: str
    by: str
    part: str
    n: int
    figures: Figures

    def get(self, figure: str) -> Value | None:
        """A figure; None if there was nothing to measure."""
        return self.figures.get(figure)


@dataclass
class Summary:
    """Parts in the order of the tables."""

    parts: list[Part] = field(default_factory=list)

    def whole(self, condition: str) -> Part | None:
        """All files of a condition; None if there are none."""
        return self.part(condition, "", "")

    def part(self, condition: str, by: str, name: str) -> Part | None:
        """One part; None if it has no files."""
        return next((part for part in self.cut(condition, by) if part.part == name), None)

    def cut(self, condition: str, *by: str) -> list[Part]:
        """The parts of a condition, cut by each of ``by``."""
        return [part for part in self.parts if part.condition == condition and part.by in by]


def share(passed: int, count: int) -> Value | None:
    """A share with Wilson's interval; None of no files."""
    return Value(passed / count, count, *wilson(passed / count, count)) if count else None


def mean(errors: NDArray[np.float64]) -> Value | None:
    """Mean of errors (n,) with its 95 % bootstrap interval (Efron, 1979), 2,000 resamples; None of none."""
    if not len(errors):
        return None
    values, counts = np.unique(errors, return_counts=True)
    drawn = np.random.default_rng(0).multinomial(len(errors), counts / len(errors), size=2000)
    low, high = np.quantile(drawn @ values / len(errors), (0.025, 0.975))
    return Value(float(errors.mean()), len(errors), float(low), float(high), percent=False)


def ratio(parts: NDArray[np.float64], wholes: NDArray[np.float64]) -> Value | None:
    """The sum of ``parts`` over that of ``wholes``, (n,) each, one a file; None of nothing.

    Its interval is the bootstrap's over files, 2,000 resamples: what is counted in one file is alike.
    """
    if not wholes.sum():
        return None
    drawn = np.random.default_rng(0).multinomial(len(parts), np.full(len(parts), 1 / len(parts)), size=2000)
    low, high = np.quantile((drawn @ parts) / np.maximum(drawn @ wholes, 1), (0.025, 0.975))
    return Value(float(parts.sum() / wholes.sum()), len(parts), float(low), float(high))


def given(figures: dict[str, Value | None]) -> Figures:
    """Without the figures of which there was nothing to measure."""
    return {name: value for name, value in figures.items() if value is not None}


def _lines(summary: Summary) -> Iterator[tuple[object, ...]]:
    for part in summary.parts:
        for name, value in part.figures.items():
            numbers = ("" if x is None else f"{x:.8g}" for x in (value.low, value.high))
            kind = "share" if value.percent else "mean"
            known = (part.condition, part.by, part.part, part.n, name, kind)
            yield (*known, repr(float(value.value)), value.count, *numbers)


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows as CSV under these columns."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_summary(path: Path, summary: Summary) -> None:
    """A CSV with one row per figure."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(_lines(summary))


def read_summary(path: Path) -> Summary:
    """What :func:`write_summary` wrote."""
    parts: dict[tuple[str, str, str], Part] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            key = (row["condition"], row["by"], row["part"])
            low, high = (float(row[name]) if row[name] else None for name in ("low", "high"))
            value = Value(float(row["value"]), int(row["count"]), low, high, row["kind"] == "share")
            parts.setdefault(key, Part(*key, int(row["n"]), {})).figures[row["figure"]] = value
    return Summary(list(parts.values()))
