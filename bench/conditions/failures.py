"""Picture of the worst cases of one condition, made again from its rows.

    python -m bench.conditions.failures --csv FILE --images DIR --condition NAME [--most 12] -o failures.png

Wrong answers come first, the surest of them on top. Each line shows the image, the posterior with truth and answer, and
two histograms of DCT coefficients with the combs of both. Needs matplotlib.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from bench.conditions.catalogue import CONDITIONS
from bench.conditions.figures import OF_TABLES, OF_WRITERS
from bench.conditions.making import EXIF_TURNS, Case, Turn
from bench.conditions.measures import detected, named, seen_twice, writer_right
from bench.conditions.rows import Row, read_rows
from bench.conditions.run import build
from jpegqf.arrays import I64
from jpegqf.errors import ImageError
from jpegqf.inspection.inspector import default_predictor
from jpegqf.jpeg.header import read_header
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.model.prediction import Prediction
from jpegqf.pixels.decode import decode_luma
from jpegqf.pixels.luma import Luma
from jpegqf.views.panels import NamedTable, show_histogram, show_posterior
from jpegqf.views.plotted import PLOTTED_FREQUENCIES, coefficients_of

HISTORY = ("once", "first", "first_shifted", "first_finer")
NO_GRID = ("never", "resized")


def badness(row: Row) -> float:
    """How sure the row's wrong answer is, 0..2; a missing one is below every wrong one; nothing wrong: -1."""
    if row.condition == "once":
        return row.recompressed_probability or 0.0 if seen_twice(row) else -1.0
    if row.condition in HISTORY:
        wrong = named(row) and row.first_qf != row.true_first
        return 1 + (row.recompressed_probability or 0) if wrong else -float(seen_twice(row))
    if row.condition in OF_TABLES:
        told = row.condition not in OF_WRITERS or writer_right(row)
        return -1.0 if told and row.verdict in ("consistent", "resaved") else 1.0
    if row.condition == "video":
        return -1.0 if row.pixel_qf is None else row.pixel_confidence or 0.0
    if row.condition in NO_GRID:
        return row.jpeg_probability or 0.0 if detected(row) else -1.0
    if row.pixel_qf is None:
        return 0.0
    return 1 + (row.pixel_confidence or 0) if row.pixel_qf != row.true_qf else -1.0


def worst(rows: list[Row], condition: str, most: int) -> list[Row]:
    """At most so many wrong rows of a condition, the surest first."""
    wrong = [row for row in rows if row.condition == condition and not row.issue and badness(row) >= 0]
    return sorted(wrong, key=lambda row: (-badness(row), row.index))[:most]


def rebuilt(row: Row, folder: Path) -> Case:
    """The very file that a row tells of."""
    paths = [folder / name for name in (row.image, row.other) if name]
    return build(CONDITIONS[row.condition], paths, row.seed, row.index)


def caption(row: Row) -> str:
    """What is true and what was said, in lines."""
    lines = [f"#{row.index} {row.image}", f"{row.content}, {row.subsampling} {row.variant}".strip()]
    if row.condition in HISTORY:
        said = f"{row.first_qf} (probability {row.recompressed_probability})"
        return "\n".join([*lines, f"first {row.true_first}, last {row.true_qf}; said first {said}"])
    said = f"{row.pixel_qf} ({row.pixel_qf_low}–{row.pixel_qf_high}, confidence {row.pixel_confidence})"
    grid = f"grid {row.true_grid_x},{row.true_grid_y}; said {row.grid_x},{row.grid_y}, p = {row.jpeg_probability}"
    return "\n".join([*lines, f"truth {row.true_qf}; said {said}", grid])


def _aligned(case: Case) -> Luma:
    """Luma from the true grid on."""
    luma = decode_luma(case.data).luma
    left, top = case.grid or (0, 0)
    height, width = luma.plane.shape
    return luma.crop(top, left, height - top, width - left)


def _swapped(case: Case) -> bool:
    """Whether the file was turned so that rows became columns, and its table with them."""
    turns = {f"exif {number}": turn for number, turn in EXIF_TURNS.items()} | {turn.name.lower(): turn for turn in Turn}
    return turns.get(case.variant) in (Turn.TRANSPOSE, Turn.TRANSVERSE, Turn.ROTATE_90, Turn.ROTATE_270)


def true_comb(row: Row, case: Case) -> NamedTable | None:
    """The table to be told: an earlier save's, or that of the last save's header, turned as the file was."""
    if row.condition in HISTORY:
        return (f"truth, first QF {row.true_first}", ijg_luma(row.true_first)) if row.true_first else None
    table = read_header(case.jpeg).luma if case.jpeg else None
    if table is None or row.true_qf is None:
        return None
    steps = table.steps.reshape(8, 8)
    return f"truth, QF {row.true_qf}", steps.T if _swapped(case) else steps


def _telling(one: I64, other: I64) -> list[tuple[int, int]]:
    """Two frequencies at which two tables differ, low ones first; the usual ones if none does."""
    ranked = sorted((row + column, row, column) for row, column in np.argwhere(one != other).tolist() if row + column)
    return ([(row, column) for _, row, column in ranked] + list(PLOTTED_FREQUENCIES))[:2]


def _said(luma: Luma) -> Prediction | None:
    try:
        return default_predictor().examine(luma)
    except ImageError:
        return None


def draw(figure: Any, grid: Any, place: int, row: Row, case: Case) -> None:
    """One line of the picture."""
    luma = _aligned(case)
    picture, posterior, *histograms = (figure.add_subplot(grid[place, column]) for column in range(4))
    picture.imshow(luma.plane, cmap="gray", vmin=0, vmax=255)
    picture.set_axis_off()
    picture.set_title(caption(row), fontsize=7, loc="left")
    said = _said(luma)
    if said is None:
        return
    show_posterior(posterior, said)
    if row.true_qf is not None:
        posterior.axvline(row.true_qf, color="tab:blue", linestyle=":")
    told = row.first_qf if row.condition in HISTORY else row.pixel_qf
    answer = (f"QF {told or said.rounded}", ijg_luma(told or said.rounded))
    truth = true_comb(row, case) or answer
    coefficients = coefficients_of(luma)
    for axes, frequency in zip(histograms, _telling(answer[1], truth[1]), strict=True):
        show_histogram(axes, coefficients, frequency, answer, truth)


def main() -> None:
    """Choose, build again, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, required=True, help="what --csv of python -m bench.conditions wrote")
    parser.add_argument("--images", type=Path, required=True, help="the folder that they were made from")
    parser.add_argument("--condition", choices=list(CONDITIONS), required=True)
    parser.add_argument("--most", type=int, default=12, help="cases to show (default %(default)s)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="picture to write")
    arguments = parser.parse_args()
    rows = worst(read_rows(arguments.csv), arguments.condition, arguments.most)
    if not rows:
        raise SystemExit(f"nothing is wrong in {arguments.condition}")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(18, 3.4 * len(rows)), layout="constrained")
    grid = figure.add_gridspec(len(rows), 4)
    for place, row in enumerate(rows):
        draw(figure, grid, place, row, rebuilt(row, arguments.images))
    figure.savefig(arguments.output, dpi=80)
    print(f"{len(rows)} cases in {arguments.output}")


if __name__ == "__main__":
    main()
