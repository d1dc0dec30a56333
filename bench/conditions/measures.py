"""Rows of a condition -> one measured value: what share is judged, right, told, within an interval."""

from collections.abc import Callable, Iterable

import numpy as np

from bench.conditions.rows import Row
from bench.summary import Value, mean, ratio, share
from jpegqf.inspection.to_record import MPEG
from jpegqf.jpeg.ijg import scaled
from jpegqf.jpeg.known_tables import MOZJPEG_LUMA
from jpegqf.record import STEPS, Verdict

Rows = list[Row]
Test = Callable[[Row], bool]
Figure = Callable[[Rows], Value | None]

SEEN_AT = 0.5
"""Probability from which a grid, or an earlier save, counts as said."""
MIXTURES = ("partial", "composite")
"""Verdicts on mixtures."""
BINS = 15
"""Equal-width bins of confidence (Guo et al., ICML 2017)."""
CONFIDENT = 0.9
"""Confidence from which a quality counts as told confidently."""
FLAT = "mozjpeg table 1 "
"""How a variant with a flat base begins: several qualities write one table, and the middle one is told."""
STEP_COUNTS = ("steps_named", "steps_wrong")
"""Columns of the number of steps that are told, and of those that are wrong."""


def passing(rows: Iterable[Row], test: Test) -> Value | None:
    """Share of rows that pass; None of no rows."""
    passed = [test(row) for row in rows]
    return share(sum(passed), len(passed))


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
    return passing(rows, judged)


def within(rows: Rows, bound: int) -> Value | None:
    """Share of judged rows at most ``bound`` off."""
    return passing(filter(judged, rows), lambda row: _error(row) <= bound)


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
    return passing((row for row in rows if detected(row) and row.pixel_qf_low), _inside)


def wide_coverage(rows: Rows) -> Value | None:
    """The same over the intervals that hold more than one quality."""
    several = (row for row in rows if detected(row) and row.pixel_qf_low and row.pixel_qf_low != row.pixel_qf_high)
    return passing(several, _inside)


def grid_right(rows: Rows) -> Value | None:
    """Share of judged rows whose grid is named where it is."""
    return passing(
        (row for row in rows if judged(row) and row.true_grid_x is not None),
        lambda row: (row.grid_x, row.grid_y) == (row.true_grid_x, row.true_grid_y),
    )


def grid_found(rows: Rows) -> Value | None:
    """Share of files said to show a JPEG grid."""
    return passing(rows, detected)


def answered(rows: Rows) -> Value | None:
    """Share of files with a final answer."""
    return passing(rows, lambda row: row.qf is not None)


def twice_found(rows: Rows) -> Value | None:
    """Share of files said to have been saved before."""
    return passing(rows, seen_twice)


def first_exact(rows: Rows) -> Value | None:
    """Share of named first qualities that are right."""
    return passing(filter(named, rows), lambda row: row.first_qf == row.true_first)


def first_mae(rows: Rows) -> Value | None:
    """Mean absolute error of named first qualities."""
    return mean(np.array([abs((row.first_qf or 0) - (row.true_first or 0)) for row in rows if named(row)], np.float64))


def of(rows: Rows, condition: str) -> Rows:
    """The rows of one condition."""
    return [row for row in rows if row.condition == condition]


def silent(rows: Rows) -> Value | None:
    """Share of files of whose history nothing is said."""
    return passing(rows, lambda row: row.recompressed_probability is None)


def confidence(rows: Rows) -> Value | None:
    """Mean pixel_confidence of judged rows."""
    sure = [row.pixel_confidence for row in rows if judged(row) and row.pixel_confidence is not None]
    return Value(float(np.mean(sure)), len(sure)) if sure else None


def failed(rows: Rows) -> Value | None:
    """Share of files without any answer, by an error."""
    return passing(rows, lambda row: bool(row.issue))


def verdict_right(rows: Rows) -> Value | None:
    """Share of files with the verdict that is asked for."""
    return passing(rows, lambda row: row.verdict == row.true_verdict)


def parts_within(rows: Rows, bound: int) -> Value | None:
    """Share of the files with the right verdict whose parts all have qualities at most ``bound`` off."""
    told = [row for row in rows if row.verdict == row.true_verdict]
    return passing(told, lambda row: row.part_error is not None and row.part_error <= bound)


def overlapping(rows: Rows, bound: float) -> Value | None:
    """Share of all files whose (last) part overlaps its region by at least ``bound``."""
    return passing(rows, lambda row: (row.overlap or 0) >= bound)


def called_mixed(rows: Rows) -> Value | None:
    """Share of files said to be mixtures."""
    return passing(rows, lambda row: row.verdict in MIXTURES)


def told_as(rows: Rows, *verdicts: Verdict) -> Value | None:
    """Share of files with one of these verdicts."""
    return passing(rows, lambda row: row.verdict in verdicts)


def writer_right(row: Row) -> bool:
    """The encoder that wrote the file is told, and its own quality."""
    if row.encoder != row.true_encoder or row.encoder_quality is None:
        return False
    told, truth = row.encoder_quality, row.true_encoder_quality or 0
    return told == truth or (row.variant.startswith(FLAT) and _flat_step(told) == _flat_step(truth))


def _flat_step(quality: float) -> int:
    """The step of mozjpeg's flat table at a quality: several qualities share it."""
    return int(scaled(np.array(MOZJPEG_LUMA[1][0]), int(quality)))


def steps_named(rows: Rows) -> Value | None:
    """Share of all steps that are told."""
    named = np.array([row.steps_named or 0 for row in rows], np.float64)
    return ratio(named, np.full(len(named), float(STEPS)))


def steps_right(rows: Rows) -> Value | None:
    """Share of the told steps that are right."""
    named, wrong = (np.array([getattr(row, name) or 0 for row in rows], np.float64) for name in STEP_COUNTS)
    return ratio(named - wrong, named)


def no_step_wrong(rows: Rows) -> Value | None:
    """Share of the files with told steps of which none is wrong."""
    return passing((row for row in rows if row.steps_named), lambda row: row.steps_wrong == 0)


def table_named(rows: Rows) -> Value | None:
    """Share of files of which all 64 steps are told and right."""
    return passing(rows, lambda row: (row.steps_named, row.steps_wrong) == (STEPS, 0))


def given_quality(rows: Rows, least: float = 0) -> Value | None:
    """Share of files with a quality from the pixels of at least this confidence."""
    return passing(rows, lambda row: row.pixel_qf is not None and (row.pixel_confidence or 0) >= least)


def told_as_video(rows: Rows) -> Value | None:
    """Share of files said to be frames of a video codec."""
    return passing(rows, lambda row: row.pixel_encoder == MPEG)


def told_as_codec(rows: Rows, *codecs: str) -> Value | None:
    """Share of files whose colours are said to come from one of these codecs."""
    return passing(rows, lambda row: row.pixel_codec in codecs)


def sampling_told(rows: Rows) -> Value | None:
    """Share of the files of QF 20 to 95 that have chroma whose subsampling is told."""
    return passing(filter(_has_chroma, rows), lambda row: bool(row.pixel_subsampling))


def sampling_right(rows: Rows) -> Value | None:
    """Share of those told, of files of QF 20 to 95, that are right."""
    told = [row for row in rows if _has_chroma(row) and row.pixel_subsampling]
    return passing(told, lambda row: row.pixel_subsampling == row.subsampling)


def _has_chroma(row: Row) -> bool:
    return row.subsampling not in ("", "gray") and 20 <= (row.true_qf or 0) <= 95


def chroma_exact(rows: Rows) -> Value | None:
    """Share of the named qualities of chroma that are right."""
    return passing((row for row in rows if row.pixel_qf_chroma), lambda row: row.pixel_qf_chroma == row.true_qf)


def inside_or_none(rows: Rows) -> Value | None:
    """Share of files whose interval holds the truth, or of which no quality is named."""
    return passing(rows, lambda row: not judged(row) or _inside(row))


def confident_and_wrong(rows: Rows) -> Value | None:
    """Share of files with a wrong quality that is told confidently."""
    return passing(rows, lambda row: judged(row) and (row.pixel_confidence or 0) >= CONFIDENT and _error(row) > 0)
