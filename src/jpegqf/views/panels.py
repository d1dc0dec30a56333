"""The panels of a picture of evidence, drawn on axes of matplotlib: image, map, posterior, histograms with combs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import I64
from jpegqf.inspection.findings import Findings
from jpegqf.inspection.regions import FoundRegion
from jpegqf.model.prediction import Prediction
from jpegqf.pixels.grid import Grid
from jpegqf.pixels.luma import Luma
from jpegqf.views.explain import between
from jpegqf.views.plotted import coefficient_histogram
from jpegqf.views.quality_map import PieceQualities

BEST, RIVAL, EARLIER, REGION = "#D55E00", "#0072B2", "#009E73", "#CC79A7"
"""Colours that the colour-blind tell apart (Okabe and Ito 2008): last save, next best, earlier save, regions."""
COUNTS, BLANK = "#999999", "#eeeeee"
"""Colours of histograms, and of pieces that show no quality."""
TITLE, SMALL = 9.5, 8
"""Sizes of letters in points."""
LONGEST_SIDE = 1200
"""Most pixels of a side of the image as it is drawn."""
MOST_ASPECT = 8
"""Images that are longer than this many times their width are drawn stretched: they would be lines."""
MOST_NUMBERED = 14
"""Most pieces along a side of a map that have their quality written on them."""
LEAST_LABELLED = 0.04
"""Least share of the image's longer side that a region must have to have its quality written on it."""
MOST_TEETH = 16
"""Most multiples of a step that are drawn: more of them hide the histogram."""
HALF_BAR = 0.5
"""Half the width of a bar of the posterior, in qualities."""
FULL_HEIGHT, UPPER_HALF, LOWER_HALF = (0.0, 1.0), (0.5, 1.0), (0.0, 0.5)
"""Bottom and top of a comb's lines, as shares of the height of the axes."""
SPAN: dict[str, Any] = {"alpha": 0.35, "linewidth": 0}
"""How an interval is shaded."""
NamedTable = tuple[str, I64]
"""A name and the table, int64 (8, 8), whose multiples are drawn."""


def show_luma(axes: Any, found: Findings, luma: Luma, patches: list[tuple[int, int, int]]) -> None:
    """Draw the plane that was judged, with the boxes of its regions where it is a mixture, else of the patches."""
    height, width = luma.shape
    step = max(1, max(height, width) // LONGEST_SIDE)
    axes.imshow(luma.plane[::step, ::step], cmap="gray", vmin=0, vmax=255, extent=(0, width, height, 0),
                aspect=aspect_of(luma))  # fmt: skip
    axes.tick_params(labelsize=SMALL)
    last = found.prediction
    turned = ", turned as it was saved" if last and last.has_grid and last.grid.turned else ""
    stretched = ", stretched" if aspect_of(luma) == "auto" else ""
    if found.is_mixture and found.regions and last:
        for region in found.regions.regions:
            _draw_region(axes, region, last.grid, max(height, width))
        axes.set_title(f"luma{turned}{stretched}: regions saved as JPEG, with quality", fontsize=TITLE)
        return
    for row, column, side in patches:
        _draw_box(axes, column, row, side, side, BEST)
    judged = f": {len(patches)} patches judged" if patches else ""
    axes.set_title(f"luma{turned}{stretched}{judged}", fontsize=TITLE)


def aspect_of(luma: Luma) -> str:
    """How matplotlib is to draw a plane, and the map of its pieces: as it is, or stretched."""
    return "equal" if max(luma.shape) <= MOST_ASPECT * min(luma.shape) else "auto"


def _draw_region(axes: Any, region: FoundRegion, shown_from: Grid, longest: int) -> None:
    """Draw the box of a region with its quality, over a plane that starts at the first lines of ``shown_from``."""
    box, prediction = region.box, region.prediction
    x, y, wide, high = box.x - shown_from.x, box.y - shown_from.y, box.width, box.height
    if shown_from.turned:
        x, y, wide, high = y, x, high, wide
    _draw_box(axes, x, y, wide, high, REGION)
    if max(wide, high) < LEAST_LABELLED * longest:
        return
    low, top = prediction.interval()
    quality = str(prediction.rounded) if prediction.names_a_quality else f"{low} to {top}"
    axes.text(x, y, quality, color="black", backgroundcolor=REGION, fontsize=SMALL, verticalalignment="top",
              clip_on=True)  # fmt: skip


def _draw_box(axes: Any, x: int, y: int, wide: int, high: int, color: str) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), wide, high, fill=False, edgecolor=color, linewidth=1.2))


def show_map(figure: Any, axes: Any, pieces: PieceQualities, aspect: str) -> None:
    """Draw the quality of each piece as a colour, and as a number where there is room; grey where none shows."""
    axes.set_facecolor(BLANK)
    image = axes.imshow(pieces.quality, cmap="viridis", vmin=1, vmax=100, aspect=aspect)
    axes.set_title(f"quality of each {pieces.side}x{pieces.side} piece", fontsize=TITLE)
    axes.set_xticks([])
    axes.set_yticks([])
    if not np.isfinite(pieces.quality).any():
        _say_within(axes, "no piece shows a JPEG\nsave on this grid")
        return
    if max(pieces.quality.shape) <= MOST_NUMBERED:
        for (row, column), quality in np.ndenumerate(pieces.quality):
            axes.text(column, row, "–" if np.isnan(quality) else f"{quality:.0f}", fontsize=6, ha="center", va="center",
                      color="white" if quality < 60 else "black")  # fmt: skip
    bar = figure.colorbar(image, ax=axes, shrink=0.8)
    bar.set_label("quality factor (grey: none)", fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL)


def show_no_grid(axes: Any, prediction: Prediction) -> None:
    """Say in place of map and posterior that there is no quality to tell."""
    axes.set_axis_off()
    shown = f"{prediction.jpeg_probability:.2f}"
    _say_within(axes, f"no JPEG grid (probability of one: {shown}),\nso there is no quality to tell")


def _say_within(axes: Any, words: str) -> None:
    """Words in the middle of a panel that has nothing to draw."""
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=TITLE)


def show_posterior(axes: Any, prediction: Prediction, earlier: tuple[int, int] | None = None) -> None:
    """Draw the distribution over qualities with its 95 % interval; without a grid only that there is none.

    ``earlier``: the 95 % interval of the quality of an earlier save.
    """
    if not prediction.has_grid:
        show_no_grid(axes, prediction)
        return
    low, high = prediction.interval()
    axes.bar(np.arange(1, 101), prediction.probability, color=COUNTS, width=1.0)
    axes.axvspan(low - HALF_BAR, high + HALF_BAR, color=BEST, label=f"last save: {between(low, high)}", **SPAN)
    if earlier:
        axes.axvspan(earlier[0] - HALF_BAR, earlier[1] + HALF_BAR, color=EARLIER, **SPAN)
        for quality in set(earlier):
            axes.axvline(quality, color=EARLIER, linestyle="--", linewidth=1)
        axes.plot([], [], color=EARLIER, linestyle="--", label=f"earlier save: {between(*earlier)}")
    axes.set(xlim=(0, 101), ylim=(0, 1.3))
    axes.set_yticks([0, 0.5, 1])
    axes.set_xlabel("quality factor", fontsize=SMALL)
    axes.set_ylabel("probability", fontsize=SMALL)
    axes.tick_params(labelsize=SMALL)
    axes.set_title(f"quality; probability of a JPEG grid: {prediction.jpeg_probability:.2f}", fontsize=TITLE)
    side = "left" if prediction.rounded > 50 else "right"
    axes.legend(fontsize=SMALL, loc=f"upper {side}", title="95 % interval", title_fontsize=SMALL, framealpha=0.9)


def show_histogram(
    axes: Any, coefficients: NDArray[np.float32], frequency: tuple[int, int], best: NamedTable, rival: NamedTable
) -> None:
    """Draw |coefficient| of one frequency, the best table's comb above and a rival's below where they differ."""
    step, other = (int(table[frequency]) for _, table in (best, rival))
    counts, edges = coefficient_histogram(coefficients, frequency, step)
    _show_counts(axes, counts, edges)
    end = min(float(edges[-1]), MOST_TEETH * step)
    axes.set_xlim(0, end)
    _draw_comb(axes, step, end, BEST, "-", UPPER_HALF if other != step else FULL_HEIGHT)
    if other != step:
        _draw_comb(axes, other, end, RIVAL, "--", LOWER_HALF)
    steps = f"step {step}" + (" of both" if other == step else f", next best {other}")
    axes.set_title(f"frequency {frequency}\n{steps}", fontsize=TITLE)


def show_histogram_alone(axes: Any, coefficients: NDArray[np.float32], frequency: tuple[int, int]) -> None:
    """Draw |coefficient| of one frequency where no table is known."""
    _show_counts(axes, *coefficient_histogram(coefficients, frequency, 1))
    axes.set_title(f"frequency {frequency}", fontsize=TITLE)


def _show_counts(axes: Any, counts: NDArray[np.int64], edges: NDArray[np.float64]) -> None:
    axes.stairs(counts, edges, fill=True, color=COUNTS)
    axes.set_xlim(0, float(edges[-1]))
    axes.set_xlabel("|DCT coefficient|", fontsize=SMALL)
    axes.tick_params(labelsize=SMALL)
    if counts.any():
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.7)
        axes.minorticks_off()
    else:
        _say_within(axes, "every block has\nclipped pixels")


def _draw_comb(axes: Any, step: int, end: float, color: str, style: str, span: tuple[float, float]) -> None:
    for multiple in np.arange(step, end, step):
        axes.axvline(multiple, *span, color=color, linestyle=style, linewidth=0.7)
