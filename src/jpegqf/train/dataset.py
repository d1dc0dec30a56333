"""Folder of clean images -> scenes, split by group -> shards of evidence on disk, made once, in parallel."""

import csv
import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jpegqf.evidence.features import evidence
from jpegqf.evidence.settings import FEATURES, EvidenceSettings, PatchRule
from jpegqf.train.drawing import draw_scene, soften
from jpegqf.train.synthesis import SMALLEST_SIDE, Shares, draw_sample
from jpegqf.train.views import draw_view

SHARD = 1000
"""Samples per shard: the unit that an interrupted run does not repeat."""
SUFFIXES = {".webp", ".png", ".bmp", ".tif", ".tiff", ".ppm"}


@dataclass(frozen=True)
class Scenes:
    """Image files, by part: scenes that are fitted on, and scenes held out."""

    fitted: list[Path]
    held_out: list[Path]


def find_scenes(folder: Path, held_out_share: float = 0.1) -> Scenes:
    """Split the clean images of ``folder`` by scene, stable under added files.

    ``manifest.csv`` (columns ``file``, ``group``) names the scene of each file; without it each file is
    its own scene. Raises ValueError if the folder holds no usable image.
    """
    manifest = folder / "manifest.csv"
    if manifest.exists():
        with manifest.open(newline="", encoding="utf-8") as rows:
            groups = {folder / row["file"]: row["group"] for row in csv.DictReader(rows)}
    else:
        groups = {p: p.stem for p in sorted(folder.rglob("*")) if p.suffix.lower() in SUFFIXES}
    parts: tuple[list[Path], list[Path]] = ([], [])
    for path, group in sorted(groups.items()):
        fraction = int.from_bytes(hashlib.sha256(group.encode()).digest()[:4], "big") / 2**32
        with Image.open(path) as image:
            if min(image.size) >= SMALLEST_SIDE:
                parts[fraction < held_out_share].append(path)
    if not parts[0] or not parts[1]:
        raise ValueError(f"{folder} holds too few clean images of {SMALLEST_SIDE} pixels and more to train on")
    return Scenes(*parts)


@dataclass(frozen=True)
class Part:
    """A kind of samples: what happens to the images, and the share of scenes that are softened, or drawn instead."""

    shares: Shares
    softened: float = 0.0
    drawn: float = 0.0


GENERAL = Part(Shares())
PLAIN = Part(Shares(never=0.3, other_tables=0.12), softened=0.4, drawn=0.6)
"""Scenes with little in them: where most errors and false alarms are."""


@dataclass(frozen=True)
class ShardJob:
    """All that determines a shard's content."""

    scenes: list[Path]
    seed: tuple[int, ...]
    part: Part
    rule: PatchRule
    settings: EvidenceSettings
    target: Path


def _draw_scene(job: ShardJob, rng: np.random.Generator) -> Image.Image:
    kind = rng.random() if job.part.softened + job.part.drawn > 0 else 1.0
    if kind < job.part.drawn:
        return draw_scene(rng)
    with Image.open(job.scenes[rng.integers(len(job.scenes))]) as file:
        scene = file.convert("RGB")
    return soften(scene, rng) if kind < job.part.drawn + job.part.softened else scene


def make_shard(job: ShardJob) -> Path:
    """Draw SHARD samples, write ``target`` (.npz: x float16 (n, 100, FEATURES), quality uint8 (n,), 0 for none)."""
    rng = np.random.default_rng(job.seed)
    x = np.empty((SHARD, 100, FEATURES), np.float16)
    quality = np.empty(SHARD, np.uint8)
    for i in range(SHARD):
        sample = draw_sample(_draw_scene(job, rng), rng, job.part.shares)
        view = draw_view(sample, job.rule, job.settings, rng)
        x[i] = evidence(view.patches, job.settings)
        quality[i] = view.quality
    part = job.target.with_suffix(".part.npz")
    np.savez(part, x=x, quality=quality)
    os.replace(part, job.target)
    return job.target


def make_shards(
    scenes: list[Path],
    part: Part,
    samples: int,
    seed: tuple[int, ...],
    folder: Path,
    rule: PatchRule,
    settings: EvidenceSettings,
    progress: Callable[[int, int], None],
) -> list[Path]:
    """Make the shards that ``folder`` lacks, on all cores; a shard's name carries what determines it."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [asdict(one) for one in (rule, settings, part)]
    recipe = json.dumps([*numbers, FEATURES, sorted(path.name for path in scenes), seed])
    key = hashlib.sha256(recipe.encode()).hexdigest()[:12]
    count = -(-samples // SHARD)
    targets = [folder / f"{key}-{i:04d}.npz" for i in range(count)]
    jobs = [ShardJob(scenes, (*seed, i), part, rule, settings, t) for i, t in enumerate(targets) if not t.exists()]
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        for made, _ in enumerate(pool.imap_unordered(make_shard, jobs), start=count - len(jobs) + 1):
            progress(made, count)
    return targets


def load_shards(paths: list[Path]) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
    """Evidence (n, 100, FEATURES) and quality (n,) of all shards."""
    x = np.empty((len(paths) * SHARD, 100, FEATURES), np.float16)
    quality = np.empty(len(paths) * SHARD, np.int64)
    for i, path in enumerate(paths):
        with np.load(path, allow_pickle=False) as shard:
            x[i * SHARD : (i + 1) * SHARD] = shard["x"]
            quality[i * SHARD : (i + 1) * SHARD] = shard["quality"]
    return x, quality
