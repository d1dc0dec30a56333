"""Accuracy of the shipped predictor on JPEGs made, deterministically, from a folder of clean images.

    python -m bench.accuracy --images DIR [--n 2763] [--summary FILE] [--csv FILE]

Regions of 256 to 1024 pixels (less where the image is smaller), quality 1 to 99, three chroma subsamplings,
baseline, optimized and progressive. The JPEGs are written as files and read by ``jpegqf.infer.predict.predict_file``.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile
from tqdm import tqdm

from bench.summary import Part, Summary, given, mean, share, write_rows, write_summary
from jpegqf.infer.predict import predict_file
from jpegqf.model.checkpoint import load_model
from jpegqf.model.prediction import Prediction
from jpegqf.model.predictor import Aggregation, Predictor

SUFFIXES = {".webp", ".png", ".bmp", ".tif", ".tiff", ".ppm"}
SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")
BANDS = ((1, 9), (10, 29), (30, 49), (50, 69), (70, 89), (90, 95), (96, 99))
SEED = {"MAE": "0.1541", "Acc@1": "99.78 %", "Acc@2": "99.86 %", "Acc@5": "99.93 %"}
"""Published by the public CNN tool for its own 2,763 images."""
WITHIN = {"exact": 0, "within 1": 1, "within 2": 2, "within 5": 5}
TITLES = {
    "judged": "coverage", "MAE": "MAE", "exact": "exact", "within 1": "Acc@1", "within 2": "Acc@2",
    "within 5": "Acc@5", "inside": "in the 95 % interval",
}  # fmt: skip
"""What a table calls each figure."""
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
    answer = predict_file(predictor, target)
    known = (path.name, region.width, region.height, subsampling if chroma else "gray", quality)
    if isinstance(answer, Prediction):
        low, high = answer.interval()
        return Row(*known, answer.rounded, low, high, round(float(answer.probability.max()), 4), "")
    return Row(*known, None, None, None, None, answer.message)


def lossless_images(folder: Path) -> list[Path]:
    """The images of ``folder`` and below that have no JPEG traces by their suffix, sorted; ends without one."""
    images = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not images:
        raise SystemExit(f"no lossless image ({' '.join(sorted(SUFFIXES))}) in {folder}")
    return images


def judge_all(folder: Path, count: int, seed: int, predictor: Predictor) -> Iterator[Row]:
    """``count`` rows over the images of ``folder``, each image as often as the others."""
    images = lossless_images(folder)
    order = np.random.default_rng(seed).permutation(len(images))
    with tempfile.TemporaryDirectory() as scratch:
        for i in range(count):
            path = images[order[i % len(images)]]
            yield make_and_judge(path, predictor, Path(scratch) / "region.jpg", np.random.default_rng((seed, i)))


def part_of(rows: list[Row], condition: str, by: str = "", name: str = "") -> Part:
    """Figures of these rows: of the share that was judged, and of what was judged."""
    judged = [row for row in rows if row.predicted is not None]
    errors = np.array([abs((row.predicted or 0) - row.quality) for row in judged], np.float64)
    figures = {"judged": share(len(judged), len(rows)), "MAE": mean(errors)}
    for title, bound in WITHIN.items():
        figures[title] = share(int((errors <= bound).sum()), len(judged))
    inside = sum((row.low or 0) <= row.quality <= (row.high or 0) for row in judged)
    return Part(condition, by, name, len(rows), given({**figures, "inside": share(inside, len(judged))}))


def summarised(rows: list[Row], aggregation: str) -> Summary:
    """Figures of all rows, and by band of true quality."""
    parts = [part_of(rows, aggregation)]
    for first, last in BANDS:
        if part := [row for row in rows if first <= row.quality <= last]:
            parts.append(part_of(part, aggregation, "quality", f"{first}–{last}"))
    return Summary(parts)


def overall_table(summary: Summary) -> str:
    """Coverage, errors and intervals, in Markdown, beside what the seed publishes."""
    part = summary.parts[0]
    lines = []
    for name, title in TITLES.items():
        value = part.get(name)
        lines.append(f"| {title} | {value.shown(4) if value else '–'} | {SEED.get(title, '–')} |")
    return "\n".join([f"| {part.n} JPEGs | jpegqf | the CNN tool, on its own images |", "|---|---|---|", *lines])


def band_table(summary: Summary) -> str:
    """Figures by band of true quality, in Markdown."""
    lines = ["| QF | judged | MAE | exact | Acc@1 |", "|---|---|---|---|---|"]
    for part in summary.parts[1:]:
        if (error := part.get("MAE")) and (exact := part.get("exact")) and (close := part.get("within 1")):
            cells = (part.part, str(error.count), error.plain(4), exact.plain(), close.plain())
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def aggregation_line(name: str, summary: Summary) -> str:
    """One way to bring patches together, in a line of a table."""
    values = [summary.parts[0].get(figure) for figure in ("MAE", "exact", "within 1", "within 5")]
    return f"| {' | '.join([name, *(value.plain(4) if value else '–' for value in values)])} |"


def main() -> None:
    """Make, judge, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="folder of clean, lossless images")
    parser.add_argument("--n", type=int, default=2763, help="JPEGs to make (default %(default)s, as the seed's test)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ckpt", type=Path, help="checkpoint (default: the bundled one)")
    parser.add_argument("--aggregation", choices=("evidence", "median"), default="evidence")
    parser.add_argument("--summary", type=Path, help="write what the tables are made of here")
    parser.add_argument("--csv", type=Path, help="write one row per JPEG here")
    arguments = parser.parse_args()
    aggregation: Aggregation = arguments.aggregation
    predictor = Predictor(load_model(arguments.ckpt), aggregation=aggregation)
    rows = list(tqdm(judge_all(arguments.images, arguments.n, arguments.seed, predictor), total=arguments.n))
    if arguments.csv:
        write_rows(arguments.csv, [field.name for field in fields(Row)], map(asdict, rows))
    if all(row.predicted is None for row in rows):
        raise SystemExit("no image could be judged")
    summary = summarised(rows, aggregation)
    if arguments.summary:
        write_summary(arguments.summary, summary)
    print(overall_table(summary), band_table(summary), sep="\n\n")


if __name__ == "__main__":
    main()
