"""Findings -> one figure of the evidence for a report: words, image, map, posterior, histograms; PNG, SVG or PDF."""

import textwrap
import warnings
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from jpegqf.inspection.findings import Findings
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.model.prediction import Prediction
from jpegqf.model.predictor import Predictor
from jpegqf.optional import missing
from jpegqf.record import Record
from jpegqf.terminal_table import shortened
from jpegqf.version import __version__
from jpegqf.views import panels
from jpegqf.views.explain import next_best
from jpegqf.views.plotted import PLOTTED_FREQUENCIES, coefficients_of, patches_used
from jpegqf.views.quality_map import quality_map
from jpegqf.views.story import story

WIDTH, TOP, BOTTOM, LINE = 12.0, 3.6, 2.6, 0.21
"""Of the figure, of its row with the image, of its row of histograms, and of a line of words; inches."""
DPI = 150
"""Pixels an inch of a PNG: 1800 across."""
LINE_CHARACTERS, LABEL_CHARACTERS = 150, 10
"""Most characters of a line of words, and those of its label."""
MOST_NAME = 100
"""Most characters of the title."""
MARGIN, LABEL_WIDTH = 0.01, 0.065
"""Of the words, in shares of the figure's width."""
FAINT = "#555555"
"""The colour of labels."""
FONTS = ("DejaVu Sans", "Noto Sans CJK JP", "Noto Sans CJK SC", "Hiragino Sans", "Yu Gothic", "Microsoft YaHei")
"""Those that are installed are asked for each letter in turn: names of files may be Chinese or Japanese."""


def plot(found: Findings, record: Record, predictor: Predictor, target: str | BinaryIO, form: str = "png") -> bool:
    """Write a picture of the evidence of one image; ``record`` is that of the findings.

    ``form``: png, svg or pdf. Returns whether there was anything to draw. Raises MissingExtraError without matplotlib;
    OSError if ``target`` cannot be written.
    """
    if found.prediction is None or found.predicted_plane is None:
        return False
    try:
        import matplotlib
        from matplotlib.font_manager import fontManager
    except ImportError:
        raise missing("a picture", "matplotlib", "plot") from None
    fonts = [name for name in FONTS if name in fontManager.get_font_names()]
    same: Any = {"font.family": fonts, "svg.hashsalt": "jpegqf"}  # the same findings give the same file
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form)
    with matplotlib.rc_context(same), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a name in letters that the fonts lack
        evidence_figure(found, record, predictor).savefig(target, dpi=DPI, format=form, metadata=undated)
    return True


def evidence_figure(found: Findings, record: Record, predictor: Predictor) -> Any:
    """The picture as a figure of matplotlib; ``found`` has a prediction."""
    from matplotlib.figure import Figure

    lines = story_lines(found, record)
    heights = [LINE * (len(lines) + 1), TOP, BOTTOM]
    figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
    rows: Any = figure.subfigures(3, 1, height_ratios=heights)
    _show_words(rows[0], lines)
    _show_images(rows[1], found, record, predictor)
    _show_histograms(rows[2], found)
    return figure


def story_lines(found: Findings, record: Record) -> list[str]:
    """The story of the image in lines that fit the figure; the first is the file's, for the title."""
    told = story(found, record)
    lines = [told[0].words]
    for label, words in told[1:]:
        first, *more = textwrap.wrap(words, LINE_CHARACTERS) or [""]
        lines += [f"{label:<{LABEL_CHARACTERS}}{first}", *(" " * LABEL_CHARACTERS + line for line in more)]
    return lines


def _show_words(figure: Any, lines: list[str]) -> None:
    for number, line in enumerate(lines):
        place = 1 - (number + 1.2) / (len(lines) + 1)
        if not number:
            name = shortened(line, MOST_NAME)
            figure.text(MARGIN, place, name, va="center", fontsize=12, fontweight="bold", parse_math=False)
            continue
        label, words = line[:LABEL_CHARACTERS], line[LABEL_CHARACTERS:]
        weight = "bold" if label.startswith("verdict") else "normal"
        figure.text(MARGIN, place, label, va="center", fontsize=9, color=FAINT)
        figure.text(MARGIN + LABEL_WIDTH, place, words, va="center", fontsize=9, fontweight=weight, parse_math=False)
    made_by = f"jpegqf {__version__}"
    figure.text(1 - MARGIN, 1 - 1.2 / (len(lines) + 1), made_by, va="center", ha="right", fontsize=7, color=FAINT)


def _show_images(figure: Any, found: Findings, record: Record, predictor: Predictor) -> None:
    """The middle row: the plane judged, the quality of its pieces, the qualities that are possible."""
    luma, prediction, stored = found.predicted_plane, found.prediction, found.judged_luma
    if luma is None or prediction is None or stored is None:
        return
    if not prediction.has_grid:
        image, words = figure.subplots(1, 2)
        panels.show_luma(image, found, stored, [])
        panels.show_no_grid(words, prediction)
        return
    image, pieces, qualities = figure.subplots(1, 3)
    panels.show_luma(image, found, luma, patches_used(luma, predictor))
    panels.show_map(figure, pieces, quality_map(predictor, luma, found), panels.aspect_of(luma))
    panels.show_posterior(qualities, prediction, _earlier(record))


def _earlier(record: Record) -> tuple[int, int] | None:
    """The 95 % interval of the quality of an earlier save."""
    if record.first_qf_low is None or record.first_qf_high is None:
        return None
    return record.first_qf_low, record.first_qf_high


def _show_histograms(figure: Any, found: Findings) -> None:
    """The lower row: coefficients, and the combs of the table of the last save and of the next best quality's."""
    region, prediction, table = found.largest_region, found.prediction, found.table_of_plane
    if region is None or prediction is None or table is None:
        return
    coefficients = coefficients_of(region)
    every = figure.subplots(1, len(PLOTTED_FREQUENCIES))
    every[0].set_ylabel("blocks", fontsize=panels.SMALL)
    for axes, frequency in zip(every, PLOTTED_FREQUENCIES, strict=True):
        _show_histogram(axes, coefficients, frequency, prediction, found)
    if prediction.has_grid:
        _show_legend(figure, found, prediction)


def _show_histogram(
    axes: Any, coefficients: NDArray[np.float32], frequency: tuple[int, int], prediction: Prediction, found: Findings
) -> None:
    table, second = found.table_of_plane, next_best(prediction)
    if prediction.has_grid and table is not None:
        panels.show_histogram(axes, coefficients, frequency, ("", table), ("", ijg_luma(second)))
    else:
        panels.show_histogram_alone(axes, coefficients, frequency)


def _show_legend(figure: Any, found: Findings, prediction: Prediction) -> None:
    """What the two combs are."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    own = found.table is not None and not found.table.ijg
    last = f"{'the table shown, near ' if own else ''}quality {prediction.rounded}"
    handles = [
        Patch(color=panels.COUNTS, label="blocks of the image (logarithmic)"),
        Line2D([], [], color=panels.BEST, label=f"multiples of the step of the last save: {last}"),
        Line2D([], [], color=panels.RIVAL, linestyle="--", label=f"of the next best: quality {next_best(prediction)}"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=panels.SMALL, frameon=False)
