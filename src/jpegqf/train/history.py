"""``python -m jpegqf.train.history --data DIR``: fit the classifiers of earlier saves and write their JSON."""

import argparse
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from jpegqf.arrays import F64
from jpegqf.history import classifier
from jpegqf.history.classifier import EARLIER_SAVE_SEEN, Classifier, Look, joined_statistics
from jpegqf.history.earlier_save import OTHER_GRID_GLANCES
from jpegqf.history.first_tables import first_tables
from jpegqf.history.last_save import LastSave
from jpegqf.history.naming import TableEvidence, likely_first_table
from jpegqf.history.other_grid.evidence import looks_at_other_grids
from jpegqf.history.same_grid.looks import SameGrid
from jpegqf.jpeg.ijg import ijg_chroma, ijg_luma
from jpegqf.jpeg.table_match import equivalent_quality
from jpegqf.pixels.decode import decode_luma
from jpegqf.train.dataset import find_scenes
from jpegqf.train.drawing import draw_ramp, draw_scene
from jpegqf.train.other_tables import Tables, draw_tables
from jpegqf.train.synthesis import compress_with, draw_region

GAP = 5
"""Least difference of the two qualities in the samples drawn to be detectable: first at least this much lower."""
LOWEST_FIRST, LOWEST_LAST = 5, 15
"""Lowest qualities drawn for the first and the last of two saves."""
SINGLE, LOWER, ANY = 0.45, 0.45, 0.1
"""Shares of the samples: saved once; saved first at a quality GAP or more below the last; first at any quality."""
MOVED = 0.1
"""Share of the double saves that are on two grids: the classifier of the same grid must not report them."""
SHIFTED_GAP = 10
"""GAP of the samples for another grid."""
SHIFTED_SINGLE, SHIFTED_LOWER, SHIFTED_ALIGNED = 0.5, 0.4, 0.1
"""Shares of the samples for another grid: saved once; twice on two grids; twice on one grid.

The first quality of double saves is SHIFTED_GAP or more below the last."""
FINER_GAP, HIGHEST_LAST, FINER_SINGLE = 3, 92, 0.5
"""Least difference, highest last quality and share of single saves of the samples for finer earlier saves."""
DRAWN, RAMPS = 0.2, 0.08
"""Shares of the scenes that are drawn, and that are ramps.

Gradients, shapes, text and pixel art repeat what photographs do not; the stairs of a ramp have a step of their own.
"""
OTHER_TABLES, UNLISTED = 0.3, 0.25
"""Share of the saves whose tables are not the IJG's, and share of these whose tables are in no list."""
SINGLE_WEIGHT = {"aligned": 5.0, "finer": 40.0, "shifted": 5.0}
"""Weight in the loss of samples without a detectable earlier save; above 1 it lowers false alarms."""
TRUSTS = (0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.56, 0.8, 1.0)
"""What ``Classifier.trust`` is chosen from: the largest whose intervals hold HELD of the first qualities."""
HELD = 0.965
GLANCE_WEIGHT = 0.5
"""The same for a glance, which must not miss what full effort finds."""
HIDDEN = 32
"""Units of the hidden layer."""
TRAINING_STEPS = 1500
LEARNING_RATE = 0.01
WEIGHT_DECAY = 0.3


@dataclass(frozen=True)
class Saves:
    """A sample: JPEG bytes, the tables of the last save and of the first (None: saved once), and the first's grid."""

    data: bytes
    last: Tables
    first: Tables | None
    grid: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Measured:
    """What a classifier takes, float64; whether there is an earlier save that must be found; and its quality.

    ``of_tables``: the evidence by which a first table is named.
    """

    values: F64
    is_earlier: bool
    quality: int | None
    of_tables: TableEvidence


def draw_ijg(low: int, high: int, rng: np.random.Generator) -> Tables:
    """The IJG tables of a quality in this range."""
    quality = int(rng.integers(low, high + 1))
    return Tables(ijg_luma(quality), ijg_chroma(quality), quality)


def draw_any(low: int, high: int, rng: np.random.Generator) -> Tables:
    """Tables of a quality in this range: the IJG's, a known encoder's or, now and then, nobody's."""
    if rng.random() >= OTHER_TABLES:
        return draw_ijg(low, high, rng)
    known = first_tables()
    inside = np.flatnonzero((known.quality >= low) & (known.quality <= high))
    for _ in range(MOST_DRAWS):
        if rng.random() >= UNLISTED:
            one = int(rng.choice(inside))
            luma = known.steps[one].reshape(8, 8)
            return Tables(luma, luma, int(known.quality[one]))
        luma, chroma = (steps.reshape(8, 8) for steps in draw_tables(rng)[0])
        quality = equivalent_quality(luma)
        if low <= quality <= high:
            return Tables(luma, chroma, quality)
    return draw_ijg(low, high, rng)


MOST_DRAWS = 50
"""Tables that are drawn at most until one has a quality in a range."""


def save_with(image: Image.Image, tables: Tables, rng: np.random.Generator) -> bytes:
    """JPEG bytes of an image, with subsampling, progression and Huffman tables drawn."""
    return compress_with(image, [tables.luma.reshape(64).tolist(), tables.chroma.reshape(64).tolist()], rng)


def save_twice(
    region: Image.Image, first: Tables | None, last: Tables, rng: np.random.Generator, grid: tuple[int, int] = (0, 0)
) -> Saves:
    """A sample saved with ``last``, of pixels that were decoded from a JPEG with ``first`` if that is given.

    They are cropped in between so that the first save's grid begins at column and row ``grid``.
    """
    if first is None:
        return Saves(save_with(region, last, rng), last, None)
    left, top = (-offset % 8 for offset in grid)
    with Image.open(io.BytesIO(save_with(region, first, rng))) as earlier:
        return Saves(save_with(earlier.crop((left, top, *earlier.size)), last, rng), last, first, grid)


def _region(scenes: list[Path], rng: np.random.Generator) -> Image.Image:
    """Drawn, or of a random scene: half the time varied in scale, tone and noise, else of 256 to 512 pixels."""
    kind = rng.random()
    if kind < DRAWN + RAMPS:
        return draw_scene(rng) if kind < DRAWN else draw_ramp(rng)
    with Image.open(scenes[rng.integers(len(scenes))]) as file:
        scene = file.convert("RGB")
    if rng.random() < 0.5:
        return draw_region(scene, rng)
    width, height = (min(side, int(rng.integers(256, 513))) for side in scene.size)
    left, top = int(rng.integers(scene.width - width + 1)), int(rng.integers(scene.height - height + 1))
    return scene.crop((left, top, left + width, top + height))


def _grid(rng: np.random.Generator) -> tuple[int, int]:
    """Column and row of a grid other than the last save's."""
    y, x = divmod(int(rng.integers(1, 64)), 8)
    return x, y


def draw_same_grid(scenes: list[Path], rng: np.random.Generator) -> Saves:
    """One sample of a random scene for the classifier of the same grid."""
    region, kind = _region(scenes, rng), rng.choice(3, p=(SINGLE, LOWER, ANY))
    if kind == 0:
        return save_twice(region, None, draw_any(1, 100, rng), rng)
    last = draw_ijg(LOWEST_LAST, 100, rng)
    first = draw_any(LOWEST_FIRST, last.quality - GAP, rng) if kind == 1 else draw_any(1, 100, rng)
    return save_twice(region, first, last, rng, _grid(rng) if rng.random() < MOVED else (0, 0))


def draw_other_grid(scenes: list[Path], rng: np.random.Generator) -> Saves:
    """One sample of a random scene for the classifier of other grids."""
    region = _region(scenes, rng)
    kind = rng.choice(3, p=(SHIFTED_SINGLE, SHIFTED_LOWER, SHIFTED_ALIGNED))
    if kind == 0:
        return save_twice(region, None, draw_any(1, 100, rng), rng)
    last = draw_ijg(LOWEST_LAST, 100, rng)
    first = draw_any(LOWEST_FIRST, last.quality - SHIFTED_GAP, rng)
    return save_twice(region, first, last, rng, _grid(rng) if kind == 1 else (0, 0))


Looks = tuple[Measured | None, Mapping[str, Measured | None]]
"""What full effort shows, None without evidence; and what glances do, by the names of their classifiers."""


def draw_finer(scenes: list[Path], rng: np.random.Generator) -> Saves:
    """One sample for the classifier of finer earlier saves: saved once, or first at a higher quality."""
    region = _region(scenes, rng)
    if rng.random() < FINER_SINGLE:
        return save_twice(region, None, draw_any(LOWEST_LAST, HIGHEST_LAST, rng), rng)
    last = draw_ijg(LOWEST_LAST, HIGHEST_LAST, rng)
    first = draw_any(last.quality + FINER_GAP, 100, rng)
    return save_twice(region, first, last, rng, _grid(rng) if rng.random() < MOVED else (0, 0))


def _measured(look: Look | None, looks: Sequence[Look | None], saves: Saves, finer: bool = False) -> Measured | None:
    """What a look shows, None without one, of which an earlier save must be found that is on its grid and coarser.

    ``finer``: one at a higher quality than the last instead. ``looks``: what the classifier takes.
    """
    if look is None:
        return None
    first, last = saves.first.quality if saves.first else None, saves.last.quality
    earlier = first is not None and (first > last if finer else first < last) and look.grid == saves.grid
    return Measured(joined_statistics(looks), earlier, first, look.for_naming)


def measure_same_grid(saves: Saves) -> Looks:
    """What the same grid shows of a lower quality."""
    same_grid = SameGrid(LastSave(decode_luma(saves.data).luma, saves.last.luma))
    glance = _measured(same_grid.glance, [same_grid.glance], saves)
    return _measured(same_grid.coarser, same_grid.looks, saves), {"aligned glance": glance}


def measure_finer(saves: Saves) -> Looks:
    """What the same grid shows of a higher quality; there is no glance."""
    same_grid = SameGrid(LastSave(decode_luma(saves.data).luma, saves.last.luma))
    return _measured(same_grid.finer, same_grid.looks, saves, finer=True), {}


def measure_other_grid(saves: Saves) -> Looks:
    """What the other grids show of a lower quality."""
    all_looks = looks_at_other_grids(decode_luma(saves.data).luma, saves.last.luma)
    measured = [_measured(looks[-1], looks, saves) for looks in all_looks]
    return measured[-1] if measured else None, dict(zip(SHIFTED_GLANCES, measured, strict=False))


SHIFTED_GLANCES = tuple(name for name, _ in OTHER_GRID_GLANCES)
"""Names of the classifiers of glances at other grids, the first look first."""


@dataclass(frozen=True)
class Way:
    """How to draw a sample for a classifier, how to measure it, and the names of its glances' classifiers."""

    draw: Callable[[list[Path], np.random.Generator], Saves]
    measure: Callable[[Saves], Looks]
    glances: tuple[str, ...] = ()


WAYS = {
    "aligned": Way(draw_same_grid, measure_same_grid, ("aligned glance",)),
    "finer": Way(draw_finer, measure_finer),
    "shifted": Way(draw_other_grid, measure_other_grid, SHIFTED_GLANCES),
}
"""By the name of the classifier."""


def collect(way: Way, scenes: list[Path], count: int, seed: int) -> list[Looks]:
    """``count`` samples."""
    rng = np.random.default_rng(seed)
    return [way.measure(way.draw(scenes, rng)) for _ in tqdm(range(count))]


def of_full_effort(looks: list[Looks]) -> list[Measured]:
    """What full effort shows, of the samples that have evidence."""
    return [full for full, _ in looks if full is not None]


def of_glances(looks: list[Looks], name: str, full_effort: Classifier) -> list[Measured]:
    """What the glance of this name shows, which must find what full effort does, whether true or not."""
    kept = [(full, glances.get(name)) for full, glances in looks]
    return [
        replace(glance, is_earlier=full_effort.probability(full.values) >= EARLIER_SAVE_SEEN)
        for full, glance in kept
        if full is not None and glance is not None
    ]


def _arrays(measured: list[Measured]) -> tuple[F64, F64]:
    """Statistics (n, statistics) and truth (n,)."""
    return np.array([one.values for one in measured]), np.array([one.is_earlier for one in measured], np.float64)


def held_share(measured: list[Measured], trust: float) -> float:
    """Share of the earlier saves whose quality is in its interval; each first quality is as common as another."""
    held = []
    for one in measured:
        if one.is_earlier and one.quality is not None:
            first = likely_first_table(one.of_tables, trust, even=True)
            held.append(first.low <= one.quality <= first.high)
    return float(np.mean(held))


def fit_trust(measured: list[Measured]) -> float:
    """The largest of TRUSTS whose intervals hold HELD of the first qualities, else the smallest."""
    return max((trust for trust in TRUSTS if held_share(measured, trust) >= HELD), default=TRUSTS[0])


def found_by(fitted: Classifier, measured: list[Measured]) -> list[Measured]:
    """Those that the classifier takes for saved before: of these alone an interval is told."""
    return [one for one in measured if fitted.probability(one.values) >= EARLIER_SAVE_SEEN]


def _rounded(parameter: torch.Tensor) -> F64:
    """A fitted tensor as it is stored, float64 of five decimals: more digits change no prediction."""
    out: F64 = parameter.detach().numpy().astype(np.float64)
    return out.round(5)


def fit_classifier(measured: list[Measured], single_weight: float, seed: int, trust: float = 1.0) -> Classifier:
    """Full-batch logistic regression through one hidden layer (AdamW); ``trust`` as it is."""
    values, truth = _arrays(measured)
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # too small a network to share
    mean, scale = values.mean(axis=0), values.std(axis=0) + 1e-6
    x = torch.tensor(np.clip((values - mean) / scale, -5, 5), dtype=torch.float32)
    y = torch.tensor(truth, dtype=torch.float32)
    weight = torch.where(y > 0, 1.0, single_weight)
    inner, outer = torch.nn.Linear(x.shape[1], HIDDEN), torch.nn.Linear(HIDDEN, 1)
    parameters = [*inner.parameters(), *outer.parameters()]
    optimizer = torch.optim.AdamW(parameters, LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, TRAINING_STEPS)
    loss_of = torch.nn.BCEWithLogitsLoss(weight=weight)
    for _ in range(TRAINING_STEPS):
        optimizer.zero_grad()
        loss = loss_of(outer(torch.tanh(inner(x)))[:, 0], y)
        loss.backward()
        optimizer.step()
        schedule.step()
    return Classifier(
        np.round(mean, 5), np.round(scale, 5), _rounded(inner.weight.T), _rounded(inner.bias),
        _rounded(outer.weight[0]), float(_rounded(outer.bias)[0]), trust,
    )  # fmt: skip


def held_out_figures(fitted_classifier: Classifier, measured: list[Measured]) -> dict[str, float]:
    """Share of earlier saves found, of others that pass for one, at probability 0.5; of intervals that hold."""
    values, truth = _arrays(measured)
    found = np.array([fitted_classifier.probability(row) for row in values]) >= EARLIER_SAVE_SEEN
    shares = (found[truth > 0].mean(), found[truth == 0].mean(), held_share(measured, fitted_classifier.trust))
    return {name: round(float(share), 4) for name, share in zip(("found", "false", "held"), shares, strict=True)}


Fitted = dict[str, tuple[Classifier, dict[str, float]]]
"""Name of a classifier -> it and its figures on held-out scenes.

"aligned" and "finer": the same grid, "shifted": another; with "glance": of little effort."""


def _content(fitted_classifier: Classifier, held_out: dict[str, float]) -> str:
    arrays = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in vars(fitted_classifier).items()}
    lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in {"held_out": held_out, **arrays}.items()]
    return "{\n" + ",\n".join(lines) + "\n }"


def write_classifiers(fitted: Fitted, command: str, target: Path) -> None:
    """The JSON that ``jpegqf.history.classifier`` reads, one array a line."""
    parts = [f" {json.dumps(name)}: {_content(*one)}" for name, one in fitted.items()]
    target.write_text("{\n" + ",\n".join([f' "command": {json.dumps(command)}', *parts]) + "\n}\n", encoding="utf-8")


def main() -> None:
    """Draw, fit, write."""
    parser = argparse.ArgumentParser(prog="python -m jpegqf.train.history", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of clean images, with manifest.csv if any")
    parser.add_argument("--out", type=Path, default=Path(classifier.__file__).with_suffix(".json"))
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    scenes = find_scenes(arguments.data)
    count, seed = arguments.samples, arguments.seed
    fitted: Fitted = {}
    for name, way in WAYS.items():
        looks, held_out = collect(way, scenes.fitted, count, seed), collect(way, scenes.held_out, count // 6, seed + 1)
        measured = of_full_effort(looks)
        full = fit_classifier(measured, SINGLE_WEIGHT[name], seed)
        full = replace(full, trust=fit_trust(found_by(full, measured)))
        fitted[name] = full, held_out_figures(full, of_full_effort(held_out))
        for of_glance in way.glances:
            glance = fit_classifier(of_glances(looks, of_glance, full), GLANCE_WEIGHT, seed, full.trust)
            fitted[of_glance] = glance, held_out_figures(glance, of_glances(held_out, of_glance, full))
    for name, (_, figures) in fitted.items():
        print(f"{name}, held-out scenes: {figures}")
    command = f"python -m jpegqf.train.history --data DIR --samples {count} --seed {seed}"
    write_classifiers(fitted, command, arguments.out)


if __name__ == "__main__":
    main()
