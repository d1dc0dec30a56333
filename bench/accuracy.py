"""Accuracy of the shipped predictor on JPEGs made, deterministically, from a folder of clean images.

    python -m bench.accuracy --images DIR [--n 2763] [--csv docs/accuracy.csv]

Regions of 256 to 1024 pixels (less where the image is smaller), quality 1 to 99, three chroma subsamplings,
baseline, optimized and progressive. The JPEGs are written as files and read by ``Predictor.predict_file``.
"""

import argparse
import csv
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile
from tqdm import tqdm

from jpegqf.engine import Aggregation, Prediction, Predictor
from jpegqf.model import load_model
from jpegqf.train.figures import Figures, figures_of, wilson

SUFFIXES = {".webp", ".png", ".bmp", ".tif", ".tiff", ".ppm"}
SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")
BANDS = ((1, 9), (10, 29), (30, 49), (50, 69), (70, 89), (90, 95), (96, 99))
SEED = {"MAE": "0.1541", "Acc@1": "99.78 %", "Acc@2": "99.86 %", "Acc@5": "99.93 %"}
"""Published by the public CNN tool for its own 2,763 images."""
ImageFile.MAXBLOCK = max(ImageFile.MAXBLOCK, 1 << 24)  # optimized saves of noise need one large buffer


@dataclass(frozen=True)
class Row:
    """One JPEG and what was said of it; ``predicted``, ``low``, ``high`` are empty if it was not judged."""

    image: str
    width: int
    height: int
    subsampling: str
    quality: int
    predicted: int | None
    low: int | None
    high: int | None
    confidence: float | None
    issue: str


def draw_region(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A part of an image, 256 to 1024 pixels a side, less where the image is smaller."""
    width, height = (min(side, int(rng.integers(256, 1025))) for side in image.size)
    left, top = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def make_and_judge(path: Path, predictor: Predictor, target: Path, rng: np.random.Generator) -> Row:
    """Write one JPEG of a region of ``path`` to ``target`` and predict it."""
    with Image.open(path) as opened:
        region = draw_region(opened.convert("L" if opened.mode in ("L", "1") else "RGB"), rng)
    quality, subsampling = int(rng.integers(1, 100)), SUBSAMPLINGS[rng.integers(3)]
    chroma = {} if region.mode == "L" else {"subsampling": subsampling}
    region.save(target, quality=quality, optimize=rng.random() < 0.5, progressive=rng.random() < 0.3, **chroma)
    answer = predictor.predict_file(target)
    known = (path.name, region.width, region.height, subsampling if chroma else "gray", quality)
    if isinstance(answer, Prediction):
        low, high = answer.interval()
        return Row(*known, answer.rounded, low, high, round(float(answer.probability.max()), 4), "")
    return Row(*known, None, None, None, None, answer.message)


def judge_all(folder: Path, count: int, seed: int, predictor: Predictor) -> Iterator[Row]:
    """``count`` rows over the images of ``folder``, each image as often as the others."""
    images = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not images:
        raise SystemExit(f"no lossless image ({' '.join(sorted(SUFFIXES))}) in {folder}")
    order = np.random.default_rng(seed).permutation(len(images))
    with tempfile.TemporaryDirectory() as scratch:
        for i in range(count):
            path = images[order[i % len(images)]]
            yield make_and_judge(path, predictor, Path(scratch) / "region.jpg", np.random.default_rng((seed, i)))


def _row(raw: dict[str, str]) -> Row:
    """A row from the texts of a CSV."""

    def whole(name: str) -> int | None:
        return int(raw[name]) if raw[name] else None

    return Row(
        raw["image"], int(raw["width"]), int(raw["height"]), raw["subsampling"], int(raw["quality"]),
        whole("predicted"), whole("low"), whole("high"),
        float(raw["confidence"]) if raw["confidence"] else None, raw["issue"],
    )  # fmt: skip


def read_rows(path: Path) -> list[Row]:
    """Rows of an earlier run's CSV."""
    with path.open(newline="", encoding="utf-8") as file:
        return [_row(raw) for raw in csv.DictReader(file)]


def figures_of_rows(rows: list[Row]) -> Figures:
    """Figures of the judged rows."""
    judged = [row for row in rows if row.predicted is not None]
    predicted = np.array([row.predicted for row in judged], np.float64)
    return figures_of(predicted, np.array([row.quality for row in judged]))


def mean_interval(errors: NDArray[np.float64]) -> tuple[float, float]:
    """95 % bootstrap interval of the mean of errors (n,) (Efron, 1979), 2,000 resamples."""
    values, counts = np.unique(errors, return_counts=True)
    drawn = np.random.default_rng(0).multinomial(len(errors), counts / len(errors), size=2000)
    means = drawn @ values / len(errors)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def share_text(share: float, count: int) -> str:
    """A share of ``count`` in percent, with its 95 % interval."""
    low, high = (100 * bound for bound in wilson(share, count))
    return f"{100 * share:.2f} % [{low:.2f}, {high:.2f}]"


def overall_table(rows: list[Row]) -> str:
    """Coverage, errors and intervals, in Markdown, beside what the seed publishes."""
    found = figures_of_rows(rows)
    inside = sum((row.low or 0) <= row.quality <= (row.high or 0) for row in rows) / found.count
    errors = np.array([abs(row.predicted - row.quality) for row in rows if row.predicted is not None], np.float64)
    mae_low, mae_high = mean_interval(errors)
    lines = (
        ("coverage", share_text(found.count / len(rows), len(rows))),
        ("MAE", f"{found.mae:.4f} [{mae_low:.4f}, {mae_high:.4f}]"),
        ("exact", share_text(found.exact, found.count)),
        ("Acc@1", share_text(found.within_1, found.count)),
        ("Acc@2", share_text(found.within_2, found.count)),
        ("Acc@5", share_text(found.within_5, found.count)),
        ("in the 95 % interval", share_text(inside, found.count)),
    )
    body = [f"| {name} | {value} | {SEED.get(name, '–')} |" for name, value in lines]
    return "\n".join([f"| {len(rows)} JPEGs | jpegqf | the CNN tool, on its own images |", "|---|---|---|", *body])


def band_table(rows: list[Row]) -> str:
    """Figures by band of true quality, in Markdown."""
    lines = ["| QF | judged | MAE | exact | Acc@1 |", "|---|---|---|---|---|"]
    for first, last in BANDS:
        part = [row for row in rows if first <= row.quality <= last and row.predicted is not None]
        if part:
            found = figures_of_rows(part)
            shares = f"{100 * found.exact:.2f} % | {100 * found.within_1:.2f} %"
            lines.append(f"| {first}–{last} | {found.count} | {found.mae:.4f} | {shares} |")
    return "\n".join(lines)


def main() -> None:
    """Make, judge, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="folder of clean, lossless images")
    parser.add_argument("--n", type=int, default=2763, help="JPEGs to make (default %(default)s, as the seed's test)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ckpt", type=Path, help="checkpoint (default: the bundled one)")
    parser.add_argument("--aggregation", choices=("evidence", "median"), default="evidence")
    parser.add_argument("--csv", type=Path, help="write one row per JPEG here")
    arguments = parser.parse_args()
    aggregation: Aggregation = arguments.aggregation
    predictor = Predictor(load_model(arguments.ckpt), aggregation=aggregation)
    rows = list(tqdm(judge_all(arguments.images, arguments.n, arguments.seed, predictor), total=arguments.n))
    if arguments.csv:
        with arguments.csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(Row)], lineterminator="\n")
            writer.writeheader()
            writer.writerows(asdict(row) for row in rows)
    if all(row.predicted is None for row in rows):
        raise SystemExit("no image could be judged")
    print(overall_table(rows), band_table(rows), sep="\n\n")


if __name__ == "__main__":
    main()
