"""Rows -> figures with 95 % intervals, and tables in Markdown."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.accuracy import mean_interval
from bench.conditions.making import CONDITIONS
from bench.conditions.rows import Row
from jpegqf.train.figures import wilson

Rows = list[Row]
Test = Callable[[Row], bool]

SEEN_AT = 0.5
"""Probability from which a grid, or an earlier save, counts as said."""
ANSWERED = ("single", "png", "cropped", "small", "patch", "turned", "decoders", "encoders", "last", "rgb", "edited")
"""Conditions with a quality to name from pixels. Calibration is asked of all but ``edited``, which has no target."""
CALIBRATED = ANSWERED[:-1]
BINS = 15
"""Equal-width bins of confidence (Guo et al., ICML 2017)."""


@dataclass(frozen=True)
class Value:
    """A figure of ``count`` rows with its 95 % interval, where it has one."""

    value: float
    count: int
    low: float | None = None
    high: float | None = None
    percent: bool = True

    def plain(self) -> str:
        """The figure alone."""
        return f"{100 * self.value:.2f} %" if self.percent else f"{self.value:.3f}"

    def __str__(self) -> str:
        """The figure and its interval."""
        if self.low is None or self.high is None:
            return self.plain()
        factor, digits = (100, 2) if self.percent else (1, 3)
        return f"{self.plain()} [{factor * self.low:.{digits}f}, {factor * self.high:.{digits}f}]"


def share(rows: Iterable[Row], test: Test) -> Value | None:
    """Share of rows that pass, with Wilson's interval; None of no rows."""
    passed = [test(row) for row in rows]
    if not passed:
        return None
    part = sum(passed) / len(passed)
    return Value(part, len(passed), *wilson(part, len(passed)))


def mean(errors: NDArray[np.float64]) -> Value | None:
    """Mean error with its bootstrap interval."""
    return Value(float(errors.mean()), len(errors), *mean_interval(errors), percent=False) if len(errors) else None


def detected(row: Row) -> bool:
    """A JPEG grid is said to be there."""
    return row.jpeg_probability is not None and row.jpeg_probability >= SEEN_AT


def judged(row: Row) -> bool:
    """A quality is named from the pixels."""
    return row.pixel_qf is not None and detected(row)


def seen_twice(row: Row) -> bool:
    """An earlier save is said to be there."""
    return row.recompressed_probability is not None and row.recompressed_probability >= SEEN_AT


def named(row: Row) -> bool:
    """An earlier save's quality is named."""
    return seen_twice(row) and row.first_qf is not None


def _error(row: Row) -> int:
    return abs((row.pixel_qf or 0) - (row.true_qf or 0))


def judged_share(rows: Rows) -> Value | None:
    """Share of files with a quality named from the pixels."""
    return share(rows, judged)


def within(rows: Rows, bound: int) -> Value | None:
    """Share of judged rows at most ``bound`` off."""
    return share(filter(judged, rows), lambda row: _error(row) <= bound)


def exact(rows: Rows) -> Value | None:
    """Share of judged rows that are right."""
    return within(rows, 0)


def mae(rows: Rows) -> Value | None:
    """Mean absolute error of judged rows."""
    return mean(np.array([_error(row) for row in rows if judged(row)], np.float64))


def ece(rows: Rows) -> Value | None:
    """Expected calibration error of pixel_confidence over judged rows."""
    told = [row for row in rows if judged(row) and row.pixel_confidence is not None]
    if not told:
        return None
    sure = np.array([row.pixel_confidence for row in told], np.float64)
    right = np.array([_error(row) == 0 for row in told], np.float64)
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [abs(float((sure - right)[place == i].sum())) for i in range(BINS)]
    return Value(sum(gaps) / len(told), len(told))


def _inside(row: Row) -> bool:
    return (row.pixel_qf_low or 0) <= (row.true_qf or 0) <= (row.pixel_qf_high or 0)


def coverage(rows: Rows) -> Value | None:
    """Share of intervals, of files with a grid, that hold the truth."""
    return share((row for row in rows if detected(row) and row.pixel_qf_low), _inside)


def wide_coverage(rows: Rows) -> Value | None:
    """The same over the intervals that hold more than one quality."""
    several = (row for row in rows if detected(row) and row.pixel_qf_low and row.pixel_qf_low != row.pixel_qf_high)
    return share(several, _inside)


def grid_right(rows: Rows) -> Value | None:
    """Share of judged rows whose grid is named where it is."""
    return share(
        (row for row in rows if judged(row) and row.true_grid_x is not None),
        lambda row: (row.grid_x, row.grid_y) == (row.true_grid_x, row.true_grid_y),
    )


def grid_found(rows: Rows) -> Value | None:
    """Share of files said to show a JPEG grid."""
    return share(rows, detected)


def answered(rows: Rows) -> Value | None:
    """Share of files with a final answer."""
    return share(rows, lambda row: row.qf is not None)


def twice_found(rows: Rows) -> Value | None:
    """Share of files said to have been saved before."""
    return share(rows, seen_twice)


def first_exact(rows: Rows) -> Value | None:
    """Share of named first qualities that are right."""
    return share(filter(named, rows), lambda row: row.first_qf == row.true_first)


def first_mae(rows: Rows) -> Value | None:
    """Mean absolute error of named first qualities."""
    return mean(np.array([abs((row.first_qf or 0) - (row.true_first or 0)) for row in rows if named(row)], np.float64))


def of(rows: Rows, condition: str) -> Rows:
    """The rows of one condition."""
    return [row for row in rows if row.condition == condition]


def table(head: str, lines: Sequence[Sequence[object]]) -> str:
    """A Markdown table; None is shown as a dash. ``head``: its first line, cells apart by ``|``."""
    out = [f"| {head} |", "|" + "---|" * (head.count("|") + 1)]
    return "\n".join(out + [f"| {' | '.join('–' if cell is None else str(cell) for cell in line)} |" for line in lines])


def answers_table(rows: Rows) -> str:
    """Every condition with a quality to name."""
    head = (
        "condition | n | judged | exact | Acc@1 | MAE | ECE | in the interval | in an interval of several | grid right"
    )
    figures = (judged_share, exact, lambda part: within(part, 1), mae, ece, coverage, wide_coverage, grid_right)
    parts = [(name, of(rows, name)) for name in ANSWERED]
    parts.append(("together, edited apart", [row for row in rows if row.condition in CALIBRATED]))
    lines = [[name, len(part), *(figure(part) for figure in figures)] for name, part in parts if part]
    return table(head, lines)


def grid_table(rows: Rows) -> str:
    """False alarms and detection of a JPEG grid, and answers on resized images."""
    saved, clean = of(rows, "png"), of(rows, "never")
    parts = [("never saved as JPEG", clean)]
    parts += [
        (f"never: {kind}", [r for r in clean if r.variant == kind]) for kind in ("original", "downscaled", "drawing")
    ]
    parts.append(("png, QF 1–95", [row for row in saved if (row.true_qf or 0) <= 95]))
    parts.append(("png, QF 96–100", [row for row in saved if (row.true_qf or 0) > 95]))
    parts.append(("resized", of(rows, "resized")))
    lines = [[name, len(part), grid_found(part), answered(part)] for name, part in parts if part]
    return table("files | n | said to show a grid | given a quality", lines)


def history_table(rows: Rows) -> str:
    """Earlier saves: false alarms, detection, first quality; by gap where the first was finer."""
    parts = [(name, of(rows, name)) for name in ("once", "first", "first_shifted")]
    finer = of(rows, "first_finer")
    for low, high in ((1, 4), (5, 9), (10, 19), (20, 39), (40, 70)):
        gap = [row for row in finer if low <= (row.true_first or 0) - (row.true_qf or 0) <= high]
        parts.append((f"first_finer by {low}–{high}", gap))
    lines = []
    for name, part in parts:
        if part:
            silent = share(part, lambda row: row.recompressed_probability is None)
            double = [] if name == "once" else part
            lines.append([name, len(part), twice_found(part), silent, first_exact(double), first_mae(double)])
    return table("files | n | said to be saved before | no answer | first QF exact, of those named | MAE", lines)


def edits_table(rows: Rows) -> str:
    """Each mild edit."""
    part, lines = of(rows, "edited"), []
    for name in sorted({row.variant for row in part}):
        some = [row for row in part if row.variant == name]
        sure = [row.pixel_confidence for row in some if judged(row) and row.pixel_confidence is not None]
        confidence = Value(float(np.mean(sure)), len(sure)) if sure else None
        lines.append([name, len(some), judged_share(some), exact(some), mae(some), confidence, ece(some)])
    return table("edit | n | judged | exact | MAE | mean confidence | ECE", lines)


def variants_table(rows: Rows) -> str:
    """Conditions whose files come in kinds: turns, decoders, encoders."""
    lines = []
    for condition in ("turned", "decoders", "encoders"):
        part = of(rows, condition)
        for name in sorted({_kind(row.variant) for row in part}):
            some = [row for row in part if _kind(row.variant) == name]
            lines.append(
                [f"{condition}: {name}", len(some), judged_share(some), exact(some), mae(some), grid_right(some)]
            )
    return table("files | n | judged | exact | MAE | grid right", lines)


def _kind(variant: str) -> str:
    """A variant without its setting."""
    name = variant.split(" at ")[0]
    return name.split(" ")[0] if name.startswith(("jpegli", "exif")) else name


def _slices(rows: Rows) -> list[tuple[str, Rows]]:
    """The same rows, cut by quality, subsampling, size, and content as told and as measured."""
    bands = ((1, 9), (10, 29), (30, 49), (50, 69), (70, 89), (90, 95), (96, 100))
    out = [(f"QF {low}–{high}", [r for r in rows if low <= (r.true_qf or 0) <= high]) for low, high in bands]
    sizes = (("under 256 px", 0, 255), ("256–511 px", 256, 511), ("512 px and more", 512, 9999))
    out += [(name, [r for r in rows if low <= min(r.width, r.height) <= high]) for name, low, high in sizes]
    keys: tuple[Callable[[Row], str], ...] = (
        lambda row: row.subsampling,
        lambda row: f"kind: {row.kind}" if row.kind else "",
        lambda row: f"content: {row.content}",
    )
    for key in keys:
        out += [(name, [r for r in rows if key(r) == name]) for name in sorted({key(row) for row in rows} - {""})]
    return [(name, part) for name, part in out if part]


def slices_table(rows: Rows, condition: str) -> str:
    """One condition by quality, size, subsampling and content."""
    lines = []
    for name, part in _slices(of(rows, condition)):
        lines.append([name, len(part), judged_share(part), exact(part), within(part, 1), mae(part), grid_right(part)])
    return table(f"{condition} | n | judged | exact | Acc@1 | MAE | grid right", lines)


def peers_table(rows: Rows) -> str:
    """Readers of headers beside this package, on the same files; empty where none was asked."""
    readers = {"header_qf": "jpegqf, header", "pixel_qf": "jpegqf, pixels"}
    lines: list[list[object]] = []
    for condition in CONDITIONS:
        part = [row for row in of(rows, condition) if row.header_qf is not None]
        for column, name in (readers | {"imagemagick": "ImageMagick", "exiftool": "exiftool"}).items():
            answers = [(getattr(row, column), row.true_qf) for row in part]
            told = [abs(said - truth) for said, truth in answers if said is not None and truth is not None]
            errors = np.array(told, np.float64)
            if told:
                right = float((errors == 0).mean())
                cells = (Value(len(told) / len(part), len(part)), Value(right, len(told), *wilson(right, len(told))))
                lines.append([condition, name, *cells, mean(errors)])
    return table("files | reader | answers | exact, of those answered | MAE", lines) if lines else ""
