"""What the shipped predictor says of files made, deterministically, from a folder of clean images: 33 conditions.

    python -m bench.conditions --images DIR [--n 300] [--only NAME ...] [--summary FILE] [--csv FILE] [--peers]
    python -m bench.conditions --from-csv FILE [--summary FILE]

Regions of 256 to 1024 pixels (less where the image is smaller); quality, chroma subsampling, progression and Huffman
tables are drawn. Every answer is :func:`jpegqf.inspect`'s, given the bytes that a user would have: JPEG or PNG.
``--peers`` also asks ImageMagick and exiftool, where they are installed, about the JPEG files.
"""

import argparse
import csv
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

import jpegqf
from bench.accuracy import lossless_images
from bench.conditions.catalogue import CONDITIONS, Condition
from bench.conditions.figures import summarised
from bench.conditions.goals import all_tables
from bench.conditions.making import Case, LeftOutError, Rng, TruePart
from bench.conditions.peers import Peers
from bench.conditions.rows import Row, read_rows, write_rows
from bench.conditions.tables_of_the_wild import known_as
from bench.summary import write_summary
from jpegqf.record import Region
from jpegqf.train.dataset import find_scenes
from jpegqf.train.synthesis import luma_of

TOLD = (
    "status", "reason", "pixel_qf", "pixel_qf_low", "pixel_qf_high", "pixel_confidence", "jpeg_probability", "grid_x",
    "grid_y", "qf", "first_qf", "recompressed_probability", "verdict", "regions", "jpeg_share", "header_match",
    "encoder", "encoder_quality", "pixel_encoder", "pixel_codec", "pixel_subsampling", "pixel_qf_chroma",
)  # fmt: skip
"""Columns of a record that a row keeps."""
TEXTS = ("reason", "header_match", "encoder", "pixel_encoder", "pixel_codec", "pixel_subsampling")
"""Those that are texts, empty where there is nothing."""
CLIPPED, DARK, SMOOTH = 0.1, 40.0, 2.0
"""Content classes: share of clipped pixels; mean level; median over 8x8 blocks of the standard deviation."""


@dataclass(frozen=True)
class Scene:
    """A clean image of a folder, with what its manifest says of it, if there is one."""

    path: Path
    name: str
    source: str = ""
    kind: str = ""


def scenes_of(folder: Path, held_out: bool) -> list[Scene]:
    """The lossless images of a folder, sorted; ``held_out``: those alone that training with it keeps out."""
    paths = sorted(find_scenes(folder).held_out) if held_out else lossless_images(folder)
    known: dict[str, dict[str, str]] = {}
    if (folder / "manifest.csv").exists():
        with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
            known = {row["file"]: row for row in csv.DictReader(file)}
    if not paths:
        raise SystemExit(f"no lossless image is held out in {folder}")
    names = [path.relative_to(folder).as_posix() for path in paths]
    told = [known.get(name, {}) for name in names]
    return [
        Scene(path, name, row.get("source", ""), row.get("kind", ""))
        for path, name, row in zip(paths, names, told, strict=True)
    ]


def generator(seed: int, condition: Condition, index: int) -> Rng:
    """The generator of one file."""
    return np.random.default_rng((seed, condition.number, index))


def open_clean(path: Path) -> Image.Image:
    """A clean image as RGB or L."""
    with Image.open(path) as opened:
        return opened.convert("L" if opened.mode in ("L", "1") else "RGB")


def content_of(region: Image.Image) -> str:
    """A clean region is clipped, dark, smooth or busy; the first that fits."""
    luma = luma_of(region)
    levels = np.asarray(region)
    ends = (levels == 0) | (levels == 255)
    if (ends if ends.ndim == 2 else ends.any(axis=2)).mean() > CLIPPED:
        return "clipped"
    if luma.plane.mean() < DARK:
        return "dark"
    height, width = (side // 8 * 8 for side in luma.plane.shape)
    blocks = luma.plane[:height, :width].reshape(height // 8, 8, width // 8, 8)
    return "smooth" if np.median(blocks.std(axis=(1, 3))) < SMOOTH else "busy"


def judge(case: Case, condition: Condition) -> dict[str, Any]:
    """What the predictor says of a file, the columns TOLD."""
    with known_as(condition.known()) if condition.known else nullcontext():
        record = jpegqf.inspect(case.data) if condition.whole else jpegqf.inspect(case.data, only="pixels")
    values = record.to_dict()
    told = {name: "" if name in TEXTS and values[name] is None else values[name] for name in TOLD}
    told |= told_of_table(case.table, record.pixel_table) if case.table else {}
    return told | (told_of_parts(case.parts, record.region_list or ()) if case.parts else {})


def told_of_table(table: tuple[int, ...], told: tuple[int | None, ...] | None) -> dict[str, int]:
    """How many of 64 steps are told, and how many of those wrongly."""
    pairs = [(one, true) for one, true in zip(told or (), table, strict=bool(told)) if one is not None]
    return {"steps_named": len(pairs), "steps_wrong": sum(one != true for one, true in pairs)}


def told_of_parts(parts: tuple[TruePart, ...], regions: tuple[Region, ...]) -> dict[str, Any]:
    """What the regions say of the parts: the largest error of their qualities, and the overlap with the last one.

    The region of a part is the one that overlaps it most; ``part_error`` is None if a part has none, or no quality.
    """
    if not regions:
        return {"overlap": 0.0}
    nearest = [max(regions, key=lambda region: overlap(part, region)) for part in parts]
    pairs = list(zip(parts, nearest, strict=True))
    named = all(region.pixel_qf is not None and overlap(part, region) > 0 for part, region in pairs)
    errors = [abs((region.pixel_qf or 0) - part.quality) for part, region in pairs]
    return {"overlap": round(overlap(*pairs[-1]), 4), "part_error": max(errors) if named else None}


def overlap(part: TruePart, region: Region) -> float:
    """Intersection over union of two boxes, 0-1."""
    across = min(part.x + part.width, region.x + region.width) - max(part.x, region.x)
    down = min(part.y + part.height, region.y + region.height) - max(part.y, region.y)
    common = max(0, across) * max(0, down)
    return common / (part.width * part.height + region.width * region.height - common)


def build(condition: Condition, paths: list[Path], seed: int, index: int) -> Case:
    """The file of one condition, seed and index, from one clean image or two. Raises LeftOutError."""
    first, *others = map(open_clean, paths)
    return condition.build(first, generator(seed, condition, index), *others)


def make_and_judge(name: str, scene: Scene, seed: int, index: int, other: Scene) -> tuple[Row, Case | None]:
    """One file and its row; whatever goes wrong is in the row. ``other``: the second image where a condition needs one.

    Raises LeftOutError.
    """
    condition, case = CONDITIONS[name], None
    known: dict[str, Any] = {"condition": name, "index": index, "seed": seed, "image": scene.name, "kind": scene.kind}
    known |= {"other": other.name} if condition.pair else {}
    try:
        paths = [scene.path, *([other.path] if condition.pair else [])]
        case = build(condition, paths, seed, index)
        known |= truth_of(case)
        known |= judge(case, condition)
    except LeftOutError:
        raise
    except Exception as error:  # one bad image must not end a run of hours
        known["issue"] = f"{type(error).__name__}: {error}"
    return Row(**known), case


def truth_of(case: Case) -> dict[str, Any]:
    """What is true of a file, and what may explain an error."""
    grid = case.grid or (None, None)
    sampling = jpegqf.inspect(case.jpeg, only="header").subsampling if case.jpeg else None
    return {
        "content": content_of(case.region), "width": case.region.width, "height": case.region.height,
        "variant": case.variant, "subsampling": sampling or "", "true_qf": case.quality,
        "true_encoder": case.writer[0].value if case.writer else "",
        "true_encoder_quality": float(case.writer[1]) if case.writer else None,
        "true_grid_x": grid[0], "true_grid_y": grid[1], "true_first": case.first, "true_verdict": case.verdict,
    }  # fmt: skip


def judge_all(name: str, scenes: list[Scene], count: int, seed: int) -> Iterator[tuple[Row, Case | None]]:
    """At most ``count`` rows of one condition, each image as often as the others; images left out give none."""
    order = np.random.default_rng((seed, CONDITIONS[name].number)).permutation(len(scenes))
    for index in range(count):
        try:
            scene, other = (scenes[order[at % len(scenes)]] for at in (index, index + 1))
            yield make_and_judge(name, scene, seed, index, other)
        except LeftOutError:
            continue


def run(arguments: argparse.Namespace) -> list[Row]:
    """All rows that were asked for."""
    scenes = scenes_of(arguments.images, arguments.held_out)
    clean = [scene for scene in scenes if scene.source not in arguments.not_clean]
    rows: list[Row] = []
    with Peers(arguments.peers) as peers:
        for name in arguments.only or CONDITIONS:
            source = clean if name == "never" else scenes
            judged = judge_all(name, source, arguments.n, arguments.seed)
            rows += peers.asked(tqdm(judged, total=arguments.n, desc=name))
    return rows


def main() -> None:
    """Make, judge, write, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--images", type=Path, help="folder of clean, lossless images")
    source.add_argument("--from-csv", type=Path, help="print the tables of an earlier run")
    parser.add_argument("--n", type=int, default=300, help="files per condition (default %(default)s)")
    parser.add_argument("--only", nargs="+", choices=list(CONDITIONS), help="these conditions alone")
    parser.add_argument("--held-out", action="store_true", help="only scenes that training on this folder keeps out")
    parser.add_argument(
        "--not-clean", nargs="*", default=["BIDS/BSDS500"], metavar="SOURCE",
        help="sources of the manifest that were JPEGs once: left out of 'never' (default %(default)s)",
    )  # fmt: skip
    parser.add_argument("--peers", action="store_true", help="ask ImageMagick and exiftool too")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--summary", type=Path, help="write what the tables are made of here")
    parser.add_argument("--csv", type=Path, help="write one row per file here")
    arguments = parser.parse_args()
    rows = read_rows(arguments.from_csv) if arguments.from_csv else run(arguments)
    if arguments.csv:
        write_rows(arguments.csv, rows)
    summary = summarised(rows)
    if arguments.summary:
        write_summary(arguments.summary, summary)
    print(all_tables(summary))
