"""How often `jpegqf restore` gives the JPEG back, how large it is, and how long it takes, by kind of image.

    python -m bench.restore --images DIR --n 10 --negatives 200 --summary docs/restore-summary.csv

Scenes of 300 pixels and more are drawn from a folder of lossless images with a manifest, each saved as JPEG by Pillow
and decoded again. Every second one is cut to sides that are no multiple of 8. Images that are no JPEG's, or no longer,
must never be restored: of them ``--negatives`` are tried a kind, of scenes of 160 pixels and more. When all scenes
were tried, parts of them are drawn at random, with other sides, qualities and edits: so there is no end to them.
Seconds are the processor's, on one core. The last kind are scenes enlarged to 12 megapixels, with the most memory of
the process.
"""

import argparse
import csv
import io
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.summary import write_rows
from jpegqf.coefficients.restored import restore
from jpegqf.errors import ImageError
from jpegqf.inspection.inspector import Inspector
from jpegqf.jpeg.ijg import scaled
from jpegqf.jpeg.known_tables import MOZJPEG_LUMA, Family
from jpegqf.jpeg.listed_tables import listed_tables
from jpegqf.jpeg.ruled_tables import ffmpeg_table
from jpegqf.jpeg.table_match import equivalent_quality

Pixels = NDArray[np.uint8]
SEED = 20
SMALLEST, SMALLEST_NEGATIVE = 300, 160
"""Least sides of scenes that are saved as JPEGs, and of those that are not, pixels."""
SAMPLINGS = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}
"""Pillow's names of them."""
QUALITIES = (75, 85, 90, 95)


@dataclass(frozen=True)
class Made:
    """Pixels to restore, and the JPEG they come from; None of what is no JPEG's."""

    pixels: Pixels
    jpeg: bytes | None


Maker = Callable[[Image.Image, np.random.Generator], Made]


def saved(image: Image.Image, **options: object) -> Made:
    """An image as a JPEG saved with these options of Pillow's, and decoded."""
    file = io.BytesIO()
    image.save(file, "JPEG", optimize=True, **options)
    return Made(np.asarray(Image.open(file)), file.getvalue())


def of_quality(quality: int, sampling: str) -> Maker:
    """Saved at an IJG quality; ``sampling`` may be gray."""

    def make(image: Image.Image, _: np.random.Generator) -> Made:
        if sampling == "gray":
            return saved(image.convert("L"), quality=quality)
        return saved(image, quality=quality, subsampling=SAMPLINGS[sampling])

    return make


def clipped(image: Image.Image, rng: np.random.Generator) -> Made:
    """With more contrast, so that skies and shadows are clipped, a black border, and a quality from 70 to 85."""
    pixels = np.clip((np.asarray(image).astype(np.float32) - 110) * 1.5 + 128, 0, 255).astype(np.uint8)
    pixels[:, :20] = pixels[:, -20:] = 0
    return saved(Image.fromarray(pixels), quality=int(rng.integers(70, 86)), subsampling=2)


def other_tables(image: Image.Image, rng: np.random.Generator) -> Made:
    """Saved with tables of mozjpeg, ffmpeg, Photoshop or a camera of an equivalent quality of 50 to 85."""
    pairs = [(scaled(np.array(MOZJPEG_LUMA[3]), q).reshape(64),) * 2 for q in range(60, 86, 5)]
    pairs += [(ffmpeg_table(q), ffmpeg_table(q)) for q in (2, 3, 4, 5)]
    for table in listed_tables():
        if table.chroma and table.family in (Family.ADOBE, Family.CAMERA) and max(table.luma + table.chroma) < 256:
            pairs.append((np.array(table.luma), np.array(table.chroma)))
    pairs = [pair for pair in pairs if 50 <= equivalent_quality(pair[0].astype(np.int64)) <= 85]
    luma, chroma = pairs[int(rng.integers(len(pairs)))]
    tables = [luma.tolist(), chroma.tolist()]
    return saved(image, qtables=tables, subsampling=int(rng.choice([0, 2])))


def edited(image: Image.Image, rng: np.random.Generator) -> Made:
    """With more contrast than the JPEG it was."""
    pixels = of_quality(int(rng.integers(60, 93)), "4:2:0")(image, rng).pixels
    factor = float(rng.uniform(1.03, 1.2))
    return Made(np.clip(np.rint(pixels * factor - 4), 0, 255).astype(np.uint8), None)


def retouched(image: Image.Image, rng: np.random.Generator) -> Made:
    """With a few pixels of the JPEG changed."""
    pixels = of_quality(int(rng.integers(60, 93)), "4:2:0")(image, rng).pixels.copy()
    top, left = (int(rng.integers(side - 12)) for side in pixels.shape[:2])
    pixels[top : top + 12, left : left + 12] = rng.integers(0, 256, (12, 12, 3))
    return Made(pixels, None)


def resized(image: Image.Image, rng: np.random.Generator) -> Made:
    """Made smaller since."""
    before = Image.fromarray(of_quality(int(rng.integers(60, 93)), "4:2:0")(image, rng).pixels)
    factor = float(rng.uniform(0.6, 0.95))
    size = (int(before.width * factor), int(before.height * factor))
    return Made(np.asarray(before.resize(size, Image.Resampling.BICUBIC)), None)


def webp(image: Image.Image, rng: np.random.Generator) -> Made:
    """A lossy WebP's pixels."""
    file = io.BytesIO()
    image.save(file, "WEBP", quality=int(rng.integers(50, 96)))
    return Made(np.asarray(Image.open(file).convert("RGB")), None)


def never(image: Image.Image, _: np.random.Generator) -> Made:
    """The scene as it is."""
    return Made(np.asarray(image), None)


def finest(image: Image.Image, rng: np.random.Generator) -> Made:
    """Saved at a quality from 96 to 100, with chroma of full size or subsampled."""
    return saved(image, quality=int(rng.integers(96, 101)), subsampling=int(rng.choice([0, 2])))


def enlarged(image: Image.Image, _: np.random.Generator) -> Made:
    """Enlarged to 12 megapixels and saved at 75."""
    return saved(image.resize((4000, 3000), Image.Resampling.LANCZOS), quality=75, subsampling=2)


def kinds() -> dict[str, Maker]:
    """All kinds by name, those that take longest last."""
    found = {f"QF {q}, {s}": of_quality(q, s) for q in QUALITIES for s in ("gray", *SAMPLINGS)}
    fine = {name: found.pop(name) for name in list(found) if name.startswith("QF 95")}
    more: dict[str, Maker] = {"clipped, QF 70-85, 4:2:0": clipped, "other encoders' tables": other_tables}
    return found | more | NEGATIVES | {LARGEST: enlarged} | fine | {"QF 96-100, 4:4:4 or 4:2:0": finest}


LARGEST, OF_LARGEST = "12 MP, QF 75, 4:2:0", 3
"""The kind of large images, and how many of them are tried at most."""
NEGATIVES: dict[str, Maker] = {
    "never a JPEG": never, "edited since": edited, "retouched since": retouched, "resized since": resized,
    "lossy WebP": webp,
}  # fmt: skip


def scenes(folder: Path, most: int, least: int = SMALLEST) -> list[Path]:
    """Scenes whose sides are at ``least`` so many pixels, one of each group, drawn by SEED."""
    with open(folder / "manifest.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if min(int(row["width"]), int(row["height"])) >= least]
    groups = {row["group"]: folder / row["file"] for row in rows}
    order = np.random.default_rng(SEED).permutation(len(groups))
    every = sorted(groups.values())
    return [every[place] for place in order[:most].tolist()]


def part_of(image: Image.Image, rng: np.random.Generator, least: int) -> Image.Image:
    """A part of a scene at any place, whose sides are at ``least`` so many pixels."""
    width, height = (int(rng.integers(min(least, side), side + 1)) for side in image.size)
    left, top = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


@dataclass(frozen=True)
class Outcome:
    """Of one image: whether it was restored, seconds, megapixels, and the size against the original's."""

    restored: bool
    seconds: float
    megapixels: float
    size: float | None


def outcomes(kind: Maker, paths: list[Path], images: int, least: int, inspector: Inspector) -> Iterator[Outcome]:
    """Those of so many images; ``least``: least side of the parts of scenes that are drawn again."""
    for number in range(images):
        path = paths[number % len(paths)]
        rng = np.random.default_rng([SEED, number])
        image = Image.open(path).convert("RGB")
        if number >= len(paths):
            image = part_of(image, rng, least)
        elif number % 2:
            image = image.crop((0, 0, image.width - int(rng.integers(1, 16)), image.height - int(rng.integers(1, 16))))
        made = kind(image, rng)
        started = time.process_time()
        try:
            found = restore(made.pixels, inspector=inspector)
        except ImageError:
            found = None
        seconds, pixels = time.process_time() - started, made.pixels.shape[0] * made.pixels.shape[1] / 1e6
        size = len(found.jpeg) / len(made.jpeg) if found and made.jpeg else None
        yield Outcome(found is not None, seconds, pixels, size)


COLUMNS = (
    "kind", "images", "restored", "share", "size_least", "size_most", "seconds_median", "seconds_most", "peak_mib"
)  # fmt: skip
"""``seconds``: of the processor. ``peak_mib``: most memory of the process until then."""


def row_of(name: str, found: list[Outcome]) -> dict[str, object]:
    """A line of the summary."""
    sizes = [one.size for one in found if one.size is not None]
    restored = sum(one.restored for one in found)
    return dict(
        zip(
            COLUMNS,
            (
                name, len(found), restored, round(restored / len(found), 3),
                round(min(sizes), 4) if sizes else "", round(max(sizes), 4) if sizes else "",
                round(median(one.seconds for one in found), 3), round(max(one.seconds for one in found), 2),
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            ),
            strict=True,
        )
    )  # fmt: skip


def rows_of(summary: Path) -> dict[str, dict[str, object]]:
    """The rows of a summary that exists, by kind."""
    with open(summary, newline="", encoding="utf-8") as file:
        return {row["kind"]: dict(row) for row in csv.DictReader(file)}


def main() -> None:
    """Measure, print, and write the summary after each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--n", type=int, default=6, help="images of each kind of JPEG")
    parser.add_argument("--negatives", type=int, default=20, help="images of each kind that is none")
    parser.add_argument("--kinds", default="", help="only kinds whose names hold this text; others' rows are kept")
    parser.add_argument("--summary", type=Path)
    asked = parser.parse_args()
    inspector = Inspector()
    rows = rows_of(asked.summary) if asked.kinds and asked.summary and asked.summary.exists() else {}
    for name, kind in kinds().items():
        if asked.kinds in name:
            least = SMALLEST_NEGATIVE if name in NEGATIVES else SMALLEST
            images = asked.negatives if name in NEGATIVES else min(asked.n, OF_LARGEST) if name == LARGEST else asked.n
            paths = scenes(asked.images, images, least)
            rows[name] = row_of(name, list(outcomes(kind, paths, images, least, inspector)))
            print(*rows[name].values(), sep="  ", flush=True)
            if asked.summary:
                write_rows(asked.summary, COLUMNS, [rows[kind] for kind in kinds() if kind in rows])


if __name__ == "__main__":
    main()
