"""Findings -> a picture of the evidence."""

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import I64
from jpegqf.errors import MissingExtraError
from jpegqf.evidence.blocks import cut_blocks
from jpegqf.evidence.dct import FORWARD
from jpegqf.evidence.patches import corners
from jpegqf.inspection.findings import Findings
from jpegqf.inspection.regions import FoundRegion
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.model.prediction import Prediction
from jpegqf.model.predictor import Predictor
from jpegqf.pixels.grid import Grid
from jpegqf.pixels.luma import Luma
from jpegqf.views.explain import next_best
from jpegqf.views.quality_map import PieceQualities, quality_map

PLOTTED_FREQUENCIES = ((0, 1), (1, 0), (1, 1), (2, 2))
"""(row, column) of the DCT coefficients whose histograms are shown: low ones are seldom all zero."""
HALF_BAR = 0.5
"""Half the width of a bar of the posterior, in qualities."""
FULL_HEIGHT, UPPER_HALF, LOWER_HALF = (0.0, 1.0), (0.5, 1.0), (0.0, 0.5)
"""Bottom and top of a comb's lines, as shares of the height of the axes."""


def plot(found: Findings, predictor: Predictor, title: str, target: str | BinaryIO) -> bool:
    """Write a PNG picture of the evidence: patches, quality map, posterior, histograms with the best table's comb.

    Returns whether there was anything to draw. Raises MissingExtraError without matplotlib; OSError if ``target``
    cannot be written.
    """
    luma, region = found.predicted_plane, found.largest_region
    prediction, table = found.prediction, found.table_of_plane
    if luma is None or region is None or prediction is None or table is None:
        return False
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError('plots need matplotlib: pip install "jpegqf[plot]"') from None
    figure = Figure(figsize=(13, 9), layout="constrained")
    figure.suptitle(title)
    grid = figure.add_gridspec(3, 4)
    _show_luma(figure.add_subplot(grid[0:2, 0:2]), found, luma, predictor)
    _show_map(figure, figure.add_subplot(grid[0:1, 2:4]), quality_map(predictor, luma, found))
    show_posterior(figure.add_subplot(grid[1:2, 2:4]), prediction)
    coefficients = coefficients_of(region)
    second = next_best(prediction)
    best, rival = (f"QF {prediction.rounded}", table), (f"next best QF {second}", ijg_luma(second))
    for place, frequency in enumerate(PLOTTED_FREQUENCIES):
        show_histogram(figure.add_subplot(grid[2, place]), coefficients, frequency, best, rival)
    figure.savefig(target, dpi=100, format="png")
    return True


def coefficients_of(luma: Luma) -> NDArray[np.float32]:
    """DCT coefficients of the different blocks without clipped pixels, grid at the first pixel; (blocks, 64)."""
    blocks = cut_blocks([luma.crop(0, 0, 1024, 1024)])
    sound = ~(blocks.low | blocks.high).any(axis=1)
    out: NDArray[np.float32] = (blocks.pixels[sound].astype(np.float32) - 128) @ FORWARD
    return out


def patches_used(luma: Luma, predictor: Predictor) -> list[tuple[int, int, int]]:
    """Row and column of the first pixel, and side, of each patch judged; none where the image is used as a whole."""
    rule = predictor.model.config.patch_rule
    return [(top, left, rule.size) for top, left in corners(luma, rule)]


def _show_luma(axes: Any, found: Findings, luma: Luma, predictor: Predictor) -> None:
    """Draw the plane, with the boxes of its regions where it is a mixture, else with the patches judged."""
    height, width = luma.shape
    step = max(1, max(height, width) // 1200)
    axes.imshow(luma.plane[::step, ::step], cmap="gray", vmin=0, vmax=255, extent=(0, width, height, 0))
    if found.is_mixture and found.regions and found.prediction:
        for region in found.regions.regions:
            _draw_region(axes, region, found.prediction.grid)
        axes.set_title("luma, and the regions that were saved as JPEG")
        return
    used = patches_used(luma, predictor)
    for row, column, side in used:
        _draw_box(axes, column, row, side, side, "tab:orange")
    axes.set_title(f"luma, {len(used)} patches used" if used else "luma, used as a whole")


def _draw_region(axes: Any, region: FoundRegion, shown_from: Grid) -> None:
    """Draw the box of a region with its quality, over a plane that starts at the first lines of ``shown_from``."""
    box, prediction = region.box, region.prediction
    x, y, wide, high = box.x - shown_from.x, box.y - shown_from.y, box.width, box.height
    if shown_from.turned:
        x, y, wide, high = y, x, high, wide
    _draw_box(axes, x, y, wide, high, "tab:red")
    low, top = prediction.interval()
    quality = f"QF {prediction.rounded}" if prediction.names_a_quality else f"QF {low}-{top}"
    axes.text(x, y, quality, color="white", backgroundcolor="tab:red", fontsize=8, verticalalignment="top")


def _draw_box(axes: Any, x: int, y: int, wide: int, high: int, color: str) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), wide, high, fill=False, edgecolor=color, linewidth=1.5))


def _show_map(figure: Any, axes: Any, pieces: PieceQualities) -> None:
    image = axes.imshow(pieces.quality, cmap="viridis", vmin=1, vmax=100)
    axes.set_title(f"quality of each {pieces.side}x{pieces.side} piece (blank: none on this grid)")
    axes.set_xticks([])
    axes.set_yticks([])
    figure.colorbar(image, ax=axes, label="QF")


def show_posterior(axes: Any, prediction: Prediction) -> None:
    """Draw the distribution over qualities, and its 95 % interval."""
    low, high = prediction.interval()
    axes.bar(np.arange(1, 101), prediction.probability, color="tab:blue")
    axes.axvspan(low - HALF_BAR, high + HALF_BAR, color="tab:orange", alpha=0.2, label=f"95 % interval {low}-{high}")
    axes.set(xlabel="quality factor", ylabel="probability", xlim=(0, 101), ylim=(0, 1.05))
    axes.set_title(f"posterior; JPEG grid with probability {prediction.jpeg_probability:.2f}")
    axes.legend()


NamedTable = tuple[str, I64]
"""A name and the table, int64 (8, 8), whose multiples are drawn."""


def coefficient_histogram(
    coefficients: NDArray[np.float32], frequency: tuple[int, int], step: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Counts (n,) and edges (n + 1,) of |coefficient| at one (row, column), up to some multiples of ``step``."""
    values = np.abs(coefficients[:, 8 * frequency[0] + frequency[1]])
    end = max(6 * step, float(np.quantile(values, 0.9)) if len(values) else 0.0)
    edges = np.arange(0, end + 0.5, max(0.25, end / 200))
    return np.histogram(values[values <= end], bins=edges)[0], edges


def show_histogram(
    axes: Any, coefficients: NDArray[np.float32], frequency: tuple[int, int], best: NamedTable, rival: NamedTable
) -> None:
    """Draw |coefficient| of one frequency, the best table's comb above and a rival's below where they differ."""
    step, other = (int(table[frequency]) for _, table in (best, rival))
    counts, edges = coefficient_histogram(coefficients, frequency, step)
    axes.stairs(counts, edges, fill=True, color="tab:gray")
    axes.set_yscale("log")
    end = float(edges[-1])
    _draw_comb(axes, step, end, "tab:orange", UPPER_HALF if other != step else FULL_HEIGHT)
    if other != step:
        _draw_comb(axes, other, end, "tab:blue", LOWER_HALF)
    axes.set_title(f"|coefficient| {frequency}: step {step} of {best[0]}, {other} of {rival[0]}", fontsize=8)


def _draw_comb(axes: Any, step: int, end: float, color: str, span: tuple[float, float]) -> None:
    for multiple in np.arange(step, end, step):
        axes.axvline(multiple, *span, color=color, linewidth=0.6)
