"""``python -m jpegqf.train.history --data DIR``: fit the two classifiers of earlier saves and write their JSON."""

import argparse
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from jpegqf.arrays import F64
from jpegqf.history import classifier, other_grid, same_grid
from jpegqf.history.classifier import EARLIER_SAVE_SEEN, Classifier
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.pixels.decode import decode_luma
from jpegqf.train.dataset import find_scenes
from jpegqf.train.synthesis import compress, draw_region

GAP = 5
"""Least difference of the two qualities in the samples drawn to be detectable: first at least this much lower."""
LOWEST_LAST = 15
"""Lowest quality drawn for the last of two saves."""
SINGLE, LOWER, ANY = 0.45, 0.45, 0.1
"""Shares of the samples: saved once; saved first at a quality GAP or more below the last; first at any quality."""
MOVED = 0.1
"""Share of the double saves that are on two grids: the classifier of the same grid must not report them."""
SHIFTED_GAP = 10
"""GAP of the samples for another grid."""
SHIFTED_SINGLE, SHIFTED_LOWER, SHIFTED_ALIGNED = 0.5, 0.4, 0.1
"""Shares of the samples for another grid: saved once; twice on two grids; twice on one grid.

The first quality of double saves is SHIFTED_GAP or more below the last."""
NAMED_WITHIN = 5
"""An earlier save on another grid counts as found if its grid is right and its quality at most this far off."""
SINGLE_WEIGHT = {"aligned": 1.0, "shifted": 8.0}
"""Weight in the loss of samples without a detectable earlier save; above 1 it lowers false alarms."""
HIDDEN = 8
"""Units of the hidden layer."""
TRAINING_STEPS = 1500
LEARNING_RATE = 0.01
WEIGHT_DECAY = 3e-3


@dataclass(frozen=True)
class Saves:
    """A sample: JPEG bytes, last quality, first quality (None: saved once), and the first save's grid (x, y)."""

    data: bytes
    last: int
    first: int | None
    grid: tuple[int, int] = (0, 0)


Measured = tuple[F64, bool]
"""Statistics of the evidence, float64, and whether there is an earlier save that must be found."""


def draw_qualities(rng: np.random.Generator, lowest_last: int) -> tuple[int | None, int]:
    """First (None: single save) and last quality, drawn as the shares above say."""
    kind = rng.choice(3, p=(SINGLE, LOWER, ANY))
    if kind == 0:
        return None, int(rng.integers(1, 101))
    last = int(rng.integers(lowest_last, 101))
    return int(rng.integers(5, last - GAP + 1) if kind == 1 else rng.integers(1, 101)), last


def save_twice(
    region: Image.Image, first: int | None, last: int, rng: np.random.Generator, grid: tuple[int, int] = (0, 0)
) -> bytes:
    """JPEG bytes at ``last``, of pixels that were decoded from a JPEG at ``first`` if that is given.

    They are cropped in between so that the first save's grid begins at column and row ``grid``.
    """
    if first is None:
        return compress(region, last, rng)
    left, top = (-offset % 8 for offset in grid)
    with Image.open(io.BytesIO(compress(region, first, rng))) as earlier:
        return compress(earlier.crop((left, top, *earlier.size)), last, rng)


def _region(scenes: list[Path], rng: np.random.Generator) -> Image.Image:
    """Of a random scene, half the time varied in scale, tone and noise, else a plain region of 256 to 512 pixels."""
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
    region = _region(scenes, rng)
    first, last = draw_qualities(rng, LOWEST_LAST)
    grid = _grid(rng) if first is not None and rng.random() < MOVED else (0, 0)
    return Saves(save_twice(region, first, last, rng, grid), last, first, grid)


def draw_other_grid(scenes: list[Path], rng: np.random.Generator) -> Saves:
    """One sample of a random scene for the classifier of other grids."""
    region = _region(scenes, rng)
    kind = rng.choice(3, p=(SHIFTED_SINGLE, SHIFTED_LOWER, SHIFTED_ALIGNED))
    if kind == 0:
        last = int(rng.integers(1, 101))
        return Saves(compress(region, last, rng), last, None)
    grid = _grid(rng) if kind == 1 else (0, 0)
    last = int(rng.integers(LOWEST_LAST, 101))
    first = int(rng.integers(5, last - SHIFTED_GAP + 1))
    return Saves(save_twice(region, first, last, rng, grid), last, first, grid)


def measure_same_grid(saves: Saves) -> Measured | None:
    """Statistics of the same grid, and whether there was an earlier save on it at a lower quality.

    None without evidence.
    """
    evidence = same_grid.same_grid_evidence(decode_luma(saves.data).luma, ijg_luma(saves.last))
    if evidence is None:
        return None
    earlier = saves.first is not None and saves.first < saves.last
    return same_grid.same_grid_statistics(evidence), earlier and saves.grid == (0, 0)


def measure_other_grid(saves: Saves) -> Measured | None:
    """Statistics of the other grids, and whether the best candidate has the right grid and nearly the right quality.

    None without evidence.
    """
    evidence = other_grid.other_grid_evidence(decode_luma(saves.data).luma, ijg_luma(saves.last))
    if evidence is None:
        return None
    near = saves.first is not None and abs(evidence.quality[evidence.best[1]] - saves.first) <= NAMED_WITHIN
    return other_grid.other_grid_statistics(evidence), bool(near) and evidence.grid == saves.grid


def collect(
    draw_one: Callable[[list[Path], np.random.Generator], Saves],
    measure_one: Callable[[Saves], Measured | None],
    scenes: list[Path],
    count: int,
    seed: int,
) -> tuple[F64, F64]:
    """Statistics (n, statistics) and truth (n,) of ``count`` samples, less those that have no evidence."""
    rng = np.random.default_rng(seed)
    measured = [measure_one(draw_one(scenes, rng)) for _ in tqdm(range(count))]
    rows = [one for one in measured if one is not None]
    return np.array([values for values, _ in rows]), np.array([truth for _, truth in rows], np.float64)


def _rounded(parameter: torch.Tensor) -> F64:
    """A fitted tensor as it is stored, float64 of five decimals: more digits change no prediction."""
    out: F64 = parameter.detach().numpy().astype(np.float64)
    return out.round(5)


def fit_classifier(values: F64, truth: F64, single_weight: float, seed: int) -> Classifier:
    """Full-batch logistic regression through one hidden layer (AdamW)."""
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
        _rounded(outer.weight[0]), float(_rounded(outer.bias)[0]),
    )  # fmt: skip


def held_out_figures(fitted_classifier: Classifier, values: F64, truth: F64) -> dict[str, float]:
    """Share of earlier saves found and of others that pass for one, at probability 0.5."""
    found = np.array([fitted_classifier.probability(row) for row in values]) >= EARLIER_SAVE_SEEN
    return {"found": round(float(found[truth > 0].mean()), 4), "false": round(float(found[truth == 0].mean()), 4)}


Fitted = dict[str, tuple[Classifier, dict[str, float]]]
"""Name of a classifier ("aligned": same grid, "shifted": another) -> it and its figures on held-out scenes."""


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
    parser.add_argument("--samples", type=int, default=8_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    scenes = find_scenes(arguments.data)
    count, seed = arguments.samples, arguments.seed
    fitted: Fitted = {}
    ways = {"aligned": (draw_same_grid, measure_same_grid), "shifted": (draw_other_grid, measure_other_grid)}
    for name, way in ways.items():
        fitted_classifier = fit_classifier(*collect(*way, scenes.fitted, count, seed), SINGLE_WEIGHT[name], seed)
        held_out = collect(*way, scenes.held_out, count // 6, seed + 1)
        fitted[name] = fitted_classifier, held_out_figures(fitted_classifier, *held_out)
        print(f"{name}, held-out scenes: {fitted[name][1]}")
    command = f"python -m jpegqf.train.history --data DIR --samples {count} --seed {seed}"
    write_classifiers(fitted, command, arguments.out)


if __name__ == "__main__":
    main()
