"""Metrics of quantization tables beside measured distortion.

    python -m bench.equivalents --data DIR --tables CSV --out docs/equivalents-summary.csv

``DIR``: folders ``train`` and ``val`` of lossless scenes, each with its manifest.csv. ``CSV``: a column ``luma`` of
tables found in files. The figures are of scenes in ``val`` and of one half of the tables; ``--fit`` instead prints the
constants that fit the scenes in ``train`` and the other half best.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np

from bench.equivalents.distortion import mean_coefficients, measured
from bench.equivalents.fit import START, fitted, loss
from bench.equivalents.metrics import CHOSEN, Metric, chosen, metrics
from bench.equivalents.tables import FITTED, PUBLISHED, Table, all_tables, bent_tables
from bench.summary import Part, Summary, Value, given, mean, share, write_summary
from jpegqf.arrays import F64, I64
from jpegqf.jpeg.ijg import ijg_luma_all
from jpegqf.jpeg.table_match import EQUIVALENT_ERROR, table_error

REFERENCES = ("PSNR", "SSIM")
ERROR_EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.5)
"""Distances from the table of the quality named, between which figures are told apart."""


def differences(qualities: I64, truth: F64) -> dict[str, Value | None]:
    """How far qualities (n,) are from those of equal distortion (2, scenes, n): of their mean, and of each scene."""
    figures: dict[str, Value | None] = {}
    for name, each in zip(REFERENCES, truth, strict=True):
        off = np.abs(qualities - each.mean(0))
        figures[f"{name}, mean"] = mean(off)
        figures[f"{name}, 95 %"] = _number(np.percentile(off, 95), len(off))
        figures[f"{name}, largest"] = _number(off.max(), len(off))
        one = np.abs(qualities - each)
        figures[f"{name} of one scene, mean"] = _number(one.mean(), one.size)
        figures[f"{name} of one scene, 95 %"] = _number(np.percentile(one, 95), one.size)
    return figures


def _number(value: float, count: int) -> Value:
    return Value(float(value), count, percent=False)


def steadiness(metric: Metric, steps: I64) -> dict[str, Value | None]:
    """Of all tables with one step larger by one: how many have no higher quality, and how many move by 1 at most."""
    larger = (steps[:, None] + np.eye(64, dtype=np.int64)).reshape(-1, 64)
    change = metric(larger) - np.repeat(metric(steps), 64)
    return {
        "not raised by a larger step": share(int((change <= 0).sum()), len(change)),
        "moved by 1 at most": share(int((np.abs(change) <= 1).sum()), len(change)),
    }


def errors(steps: I64) -> F64:
    """Distance of each table from that of the quality which is named for it."""
    logs = np.log(ijg_luma_all())
    return np.array([table_error(one, logs[quality - 1]) for one, quality in zip(steps, chosen(steps), strict=True)])


def by_error(kind: str, steps: I64, truth: F64) -> list[Part]:
    """The chosen metric's figures by distance from the table of the quality named, for a kind of tables."""
    apart, parts = errors(steps), []
    for low, high in pairwise(ERROR_EDGES):
        here = (apart >= low) & (apart < high)
        if here.any():
            figures = given(differences(chosen(steps[here]), truth[:, :, here]))
            parts.append(Part(CHOSEN, f"error, {kind}", f"{low:g}–{high:g}", int(here.sum()), figures))
    return parts


def by_family(tables: list[Table], steps: I64, truth: F64) -> list[Part]:
    """The chosen metric's figures by where tables come from, and how many are beyond the bound."""
    parts = []
    for family in dict.fromkeys(table.family for table in tables):
        here = np.array([table.family == family for table in tables])
        beyond = int((errors(steps[here]) > EQUIVALENT_ERROR).sum())
        figures = differences(chosen(steps[here]), truth[:, :, here]) | {"beyond the bound": share(beyond, here.sum())}
        parts.append(Part(CHOSEN, "family", family, int(here.sum()), given(figures)))
    return parts


def published(data: Path, tables: list[Table]) -> Summary:
    """All figures, of the half of the tables that nothing was fitted on; bent tables count by distance only."""
    kept = [table for table in tables if table.half == PUBLISHED]
    steps, bent = np.stack([table.steps for table in kept]), np.stack([table.steps for table in bent_tables()])
    truth = measured(data / "val", [*steps, *bent])
    known = truth[:, :, : len(steps)]
    summary = Summary()
    for name, metric in metrics(mean_coefficients(data / "train")).items():
        figures = differences(metric(steps), known) | steadiness(metric, steps)
        summary.parts.append(Part(name, "", "", len(steps), given(figures)))
    wild = np.stack([table.steps for table in tables if table.family == "wild"])
    beyond = share(int((errors(wild) > EQUIVALENT_ERROR).sum()), len(wild))
    summary.parts.append(Part(CHOSEN, "half", "both, wild", len(wild), given({"beyond the bound": beyond})))
    summary.parts += by_family(kept, steps, known)
    summary.parts += by_error("of encoders", steps, known) + by_error("bent", bent, truth[:, :, len(steps) :])
    return summary


def show(summary: Summary) -> None:
    """The figures that matter, one line a part."""
    print(f"{'':58} {'n':>4}  PSNR mean, 95 %, largest  SSIM mean, 95 %, largest  not raised")
    for part in summary.parts:
        names = [f"{name}, {figure}" for name in REFERENCES for figure in ("mean", "95 %", "largest")]
        values = "".join(f"{value.value:8.2f}" for name in names if (value := part.get(name)))
        raised = part.get("not raised by a larger step") or part.get("beyond the bound") or ""
        print(f"{part.condition + ' ' + part.by + ' ' + part.part:58} {part.n:4}{values}  {raised}")


def table(summary: Summary) -> str:
    """How far each metric is from equal PSNR and SSIM, in qualities, in Markdown."""
    lines = ["| metric | PSNR: mean, 95 %, largest | SSIM: mean, 95 %, largest |", "|---|---|---|"]
    for part in summary.parts:
        if not part.by:
            cells = []
            for name in REFERENCES:
                values = [part.get(f"{name}, {figure}") for figure in ("mean", "95 %", "largest")]
                cells.append(", ".join("–" if value is None else f"{value.value:.2f}" for value in values))
            lines.append(f"| {part.condition} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the scenes")
    parser.add_argument("--tables", type=Path, required=True, help="tables found in files")
    parser.add_argument("--out", type=Path, help="write the summary here")
    parser.add_argument("--fit", action="store_true", help="print the constants that fit best, and nothing else")
    arguments = parser.parse_args()
    tables = all_tables(arguments.tables)
    if arguments.fit:
        steps = np.stack([table.steps for table in tables if table.half == FITTED])
        truth = measured(arguments.data / "train", list(steps)).mean(1)
        print(f"as shipped: {START}, loss {loss(START, steps, truth):.3f}; best: {fitted(steps, truth)}")
        return
    summary = published(arguments.data, tables)
    show(summary)
    if arguments.out:
        write_summary(arguments.out, summary)


if __name__ == "__main__":
    main()
