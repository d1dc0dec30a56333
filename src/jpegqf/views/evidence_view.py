"""One image -> all its evidence as plain numbers, texts and lists, for a page or a program to show."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from jpegqf.inspection.findings import Findings
from jpegqf.jpeg.encoders import HeaderEvidence
from jpegqf.jpeg.header import Header
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.model.prediction import Prediction
from jpegqf.model.predictor import Predictor
from jpegqf.pixels.enlargement import NOT_ENLARGED, Enlargement
from jpegqf.pixels.grid import ALIGNED, Grid
from jpegqf.record import Record
from jpegqf.views.explain import explain_lines, next_best, ties
from jpegqf.views.plotted import PLOTTED_FREQUENCIES, coefficient_histogram, coefficients_of, patches_used
from jpegqf.views.quality_map import PieceQualities, earlier_map, quality_map

DIGITS = 5
"""Probabilities are rounded to this many: a chart shows no more."""
USUAL_SEGMENTS = ("JFIF", "Exif", "XMP", "ICC")
"""What files from cameras and editors mostly bear; what is absent was stripped, or never written."""


@dataclass(frozen=True)
class Tie:
    """Another quality that is possible, too."""

    quality: int
    probability: float


@dataclass(frozen=True)
class Posterior:
    """What the pixels tell of the quality of the last save.

    ``probability``: of qualities 1 to 100, given that there was a save. ``low`` to ``high``: the 95 % interval.
    ``grid_x``, ``grid_y``: where the grid starts, pixels 0-7; ``turned``: by 90 degrees since.
    """

    quality: int
    probability: list[float]
    low: int
    high: int
    ties: list[Tie]
    jpeg_probability: float
    grid_x: int
    grid_y: int
    turned: bool


@dataclass(frozen=True)
class Histogram:
    """|DCT coefficient| of one frequency: ``counts`` of bins ``width`` wide from 0 on.

    ``row`` is the vertical frequency. ``step``: of the most probable quality's table; ``rival_step``: of the next.
    """

    row: int
    column: int
    width: float
    counts: list[int]
    step: int
    rival_step: int


@dataclass(frozen=True)
class Patch:
    """A square of the stored image that was judged, in pixels."""

    x: int
    y: int
    side: int


@dataclass(frozen=True)
class QualityMap:
    """Quality of each square piece of the stored image, row by row; null where it shows no JPEG grid.

    The first piece starts at (``x``, ``y``); pieces are ``side`` pixels wide and high.
    """

    x: int
    y: int
    side: int
    quality: list[list[int | None]]
    confidence: list[list[float | None]]


@dataclass(frozen=True)
class TableOfQuality:
    """A quality and the luma table it stands for, 8 rows of 8 steps, in the orientation of the save."""

    quality: int
    steps: list[list[int]]


@dataclass(frozen=True)
class Pixels:
    """Evidence from the pixels. ``best`` and ``rival``: tables of the two most probable qualities."""

    posterior: Posterior
    best: TableOfQuality
    rival: TableOfQuality
    histograms: list[Histogram]
    patches: list[Patch]
    map: QualityMap


@dataclass(frozen=True)
class Table:
    """A quantization table of the file: ``role`` luma, chroma, other or unused; 8 rows of 8 steps."""

    role: str
    slot: int
    steps: list[list[int]]


@dataclass(frozen=True)
class Segment:
    """An APPn segment: its number, its identifier and its size in bytes."""

    app: int
    identifier: str
    bytes: int


@dataclass(frozen=True)
class FileFacts:
    """Evidence from the JPEG header, and what is odd or absent in the file.

    ``match_error``: root of the weighted mean of squared log ratios of steps to the named IJG table.
    ``made_by``: maker, model and software of the EXIF data. ``orientation``: EXIF's, which is not applied.
    ``notes``: peculiarities, in words. ``absent``: usual segments that are not there: stripped, or never written.
    """

    encoder: str
    encoder_by: str
    encoder_quality: float | None
    distance: float | None
    alternatives: list[str]
    match_error: float | None
    kind: str | None
    precision: int | None
    color: str | None
    huffman: str | None
    scans: int | None
    restart_interval: int | None
    made_by: list[str]
    orientation: int | None
    segments: list[Segment]
    comments: list[str]
    notes: list[str]
    absent: list[str]
    tables: list[Table]


@dataclass(frozen=True)
class Evidence:
    """All evidence of one image. ``words``: in English sentences. ``file``: null for what is no JPEG.

    ``pixels``: null where they cannot be judged; the record's reason says why. ``earlier``: quality of an earlier save
    of each piece, null where none was found or where it cannot be told; null as a whole for what is no JPEG file.
    """

    words: list[str]
    file: FileFacts | None
    pixels: Pixels | None
    earlier: QualityMap | None = None


def view_evidence(found: Findings, record: Record, predictor: Predictor) -> Evidence:
    """Evidence of an image from its findings and their record."""
    file = _file_facts(found.header, found.header_evidence)
    pixels = _pixels(found, found.prediction, predictor) if found.prediction else None
    return Evidence(_words(explain_lines(found, record)), file, pixels, _earlier(found))


def _earlier(found: Findings) -> QualityMap | None:
    """The map of earlier saves of a JPEG whose history was looked at; None if no piece shows one."""
    luma, header = found.judged_luma, found.header
    turned = found.header_evidence is not None and found.header_evidence.turned
    if found.history is None or luma is None or header is None or header.luma is None:
        return None
    steps = header.luma.steps
    pieces = earlier_map(luma.transposed(), steps.T) if turned else earlier_map(luma, steps)
    return None if np.isnan(pieces.quality).all() else _map(pieces, ALIGNED, turned, NOT_ENLARGED)


def _words(lines: list[str]) -> list[str]:
    """Without the first line, which names the file."""
    return [" ".join(line.split()) for line in lines[1:]]


def _pixels(found: Findings, prediction: Prediction, predictor: Predictor) -> Pixels | None:
    """Of the largest region, where the image is not one save all over; the map is of the whole image."""
    luma, region = found.predicted_plane, found.largest_region
    if luma is None or region is None:
        return None
    table, second = found.table_of_plane, next_best(prediction)
    if table is None:
        return None
    best = TableOfQuality(prediction.rounded, table.tolist())
    rival = TableOfQuality(second, ijg_luma(second).tolist())
    coefficients = coefficients_of(region)
    grid, enlarged = prediction.grid, found.enlargement
    used = [] if found.is_mixture else patches_used(luma, predictor)
    return Pixels(
        posterior=_posterior(prediction),
        best=best,
        rival=rival,
        histograms=[_histogram(coefficients, frequency, best, rival) for frequency in PLOTTED_FREQUENCIES],
        patches=[_patch(row, column, side, grid, enlarged) for row, column, side in used],
        map=_map(quality_map(predictor, luma, found), grid, grid.turned, enlarged),
    )


def _posterior(prediction: Prediction) -> Posterior:
    low, high = prediction.interval()
    return Posterior(
        quality=prediction.rounded,
        probability=[round(value, DIGITS) for value in prediction.probability.tolist()],
        low=low,
        high=high,
        ties=[Tie(quality, round(probability, DIGITS)) for quality, probability in ties(prediction)],
        jpeg_probability=round(prediction.jpeg_probability, DIGITS),
        grid_x=prediction.grid.x,
        grid_y=prediction.grid.y,
        turned=prediction.grid.turned,
    )


def _histogram(coefficients: Any, frequency: tuple[int, int], best: TableOfQuality, rival: TableOfQuality) -> Histogram:
    row, column = frequency
    step = best.steps[row][column]
    counts, edges = coefficient_histogram(coefficients, frequency, step)
    return Histogram(row, column, float(edges[1]), counts.tolist(), step, rival.steps[row][column])


def _patch(row: int, column: int, side: int, grid: Grid, enlarged: Enlargement) -> Patch:
    """From the grid, where it was judged, to the stored image."""
    across, down = (row, column) if grid.turned else (column, row)
    x, y = enlarged.stored(grid.x + across, grid.y + down)
    return Patch(x, y, enlarged.factor * side)


def _map(pieces: PieceQualities, grid: Grid, turned: bool, enlarged: Enlargement) -> QualityMap:
    quality, confidence = (np.atleast_2d(each.T if turned else each) for each in (pieces.quality, pieces.confidence))
    x, y = enlarged.stored(grid.x, grid.y)
    return QualityMap(
        x=x,
        y=y,
        side=enlarged.factor * pieces.side,
        quality=[[None if math.isnan(value) else int(value) for value in row] for row in quality.tolist()],
        confidence=[[None if math.isnan(value) else round(value, 3) for value in row] for row in confidence.tolist()],
    )


def _file_facts(header: Header | None, found: HeaderEvidence | None) -> FileFacts | None:
    if header is None or found is None:
        return None
    facts, frame, encoder = header.facts, header.frame, found.encoder
    names = {app.identifier for app in header.apps}
    return FileFacts(
        encoder=encoder.name,
        encoder_by=encoder.by,
        encoder_quality=encoder.quality,
        distance=encoder.distance,
        alternatives=[f"{name} at {quality}" for name, quality in encoder.alternatives],
        match_error=_match_error(found),
        kind=frame.kind if frame else None,
        precision=frame.precision if frame else None,
        color=header.color,
        huffman=header.huffman,
        scans=header.scans,
        restart_interval=header.restart_interval,
        made_by=[part for part in (facts.make, facts.model, facts.software) if part],
        orientation=facts.orientation,
        segments=[Segment(app.number, app.identifier, app.size) for app in header.apps],
        comments=list(header.comments),
        notes=list(header.notes),
        absent=[name for name in USUAL_SEGMENTS if name not in names],
        tables=_tables(header),
    )


def _match_error(found: HeaderEvidence) -> float | None:
    error = found.luma.error if found.luma else None
    return None if error is None or not math.isfinite(error) else round(error, DIGITS)


def _tables(header: Header) -> list[Table]:
    return [Table(_role(header, table), table.slot, table.steps.tolist()) for table in header.tables]


def _role(header: Header, table: Any) -> str:
    if table is header.luma:
        return "luma"
    if table is header.chroma:
        return "chroma"
    return "other" if any(used is table for used in header.component_tables) else "unused"
