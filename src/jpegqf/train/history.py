"""``python -m jpegqf.train.history --data DIR``: fit the decision of ``jpegqf.history`` and write its JSON."""

import argparse
import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from jpegqf import history
from jpegqf.decode import decode_luma
from jpegqf.tables import ijg_luma
from jpegqf.train.dataset import find_scenes
from jpegqf.train.synthesis import compress, draw_region

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

GAP = 5
"""Qualities that the first save is below the last, in the samples that must be found."""
LOWEST_LAST = 15
SINGLE, LOWER, ANY = 0.45, 0.45, 0.1
"""Shares of single saves, saves after one GAP or more below, and after one of any quality."""
SINGLE_WEIGHT = 2.0
"""Single saves weigh more, so that probability 0.5 lies where few of them pass."""
HIDDEN = 8
STEPS = 1500
LEARNING_RATE = 0.01
WEIGHT_DECAY = 3e-3


@dataclass(frozen=True)
class Saves:
    """JPEG bytes, last quality, and first quality or None."""

    data: bytes
    last: int
    first: int | None


def draw_qualities(rng: np.random.Generator, lowest_last: int) -> tuple[int | None, int]:
    """First (None: single save) and last quality, drawn as the shares above say."""
    kind = rng.choice(3, p=(SINGLE, LOWER, ANY))
    if kind == 0:
        return None, int(rng.integers(1, 101))
    last = int(rng.integers(lowest_last, 101))
    return int(rng.integers(5, last - GAP + 1) if kind == 1 else rng.integers(1, 101)), last


def save_twice(region: Image.Image, first: int | None, last: int, rng: np.random.Generator) -> bytes:
    """JPEG bytes at ``last``, of pixels that were decoded from a JPEG at ``first`` if that is given."""
    if first is None:
        return compress(region, last, rng)
    with Image.open(io.BytesIO(compress(region, first, rng))) as earlier:
        earlier.load()
        return compress(earlier, last, rng)


def _region(scene: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Half the time varied in scale, tone and noise, else a plain region of 256 to 512 pixels."""
    if rng.random() < 0.5:
        return draw_region(scene, rng)
    width, height = (min(side, int(rng.integers(256, 513))) for side in scene.size)
    left, top = int(rng.integers(scene.width - width + 1)), int(rng.integers(scene.height - height + 1))
    return scene.crop((left, top, left + width, top + height))


def draw(scenes: list[Path], rng: np.random.Generator) -> Saves:
    """One sample of a random scene."""
    with Image.open(scenes[rng.integers(len(scenes))]) as file:
        region = _region(file.convert("RGB"), rng)
    first, last = draw_qualities(rng, LOWEST_LAST)
    return Saves(save_twice(region, first, last, rng), last, first)


def collect(scenes: list[Path], count: int, seed: int) -> tuple[F64, F64]:
    """Statistics (n, STATISTICS) and whether there was an earlier save at a lower quality (n,)."""
    rng = np.random.default_rng(seed)
    rows, truth = [], []
    for _ in tqdm(range(count)):
        saves = draw(scenes, rng)
        evidence = history.gather(decode_luma(saves.data).luma, ijg_luma(saves.last))
        if evidence is not None:
            rows.append(history.statistics(evidence))
            truth.append(saves.first is not None and saves.first < saves.last)
    return np.array(rows), np.array(truth, np.float64)


def _rounded(parameter: torch.Tensor) -> F64:
    """A fitted tensor as it is stored: five digits decide nothing less."""
    out: F64 = parameter.detach().numpy().astype(np.float64)
    return out.round(5)


def fit(values: F64, truth: F64, seed: int) -> history.Decision:
    """Full-batch logistic regression through one hidden layer (AdamW)."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # too small a network to share
    mean, scale = values.mean(axis=0), values.std(axis=0) + 1e-6
    x = torch.tensor(np.clip((values - mean) / scale, -5, 5), dtype=torch.float32)
    y = torch.tensor(truth, dtype=torch.float32)
    weight = torch.where(y > 0, 1.0, SINGLE_WEIGHT)
    inner, outer = torch.nn.Linear(x.shape[1], HIDDEN), torch.nn.Linear(HIDDEN, 1)
    parameters = [*inner.parameters(), *outer.parameters()]
    optimizer = torch.optim.AdamW(parameters, LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    loss_of = torch.nn.BCEWithLogitsLoss(weight=weight)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(outer(torch.tanh(inner(x)))[:, 0], y)
        loss.backward()
        optimizer.step()
        schedule.step()
    return history.Decision(
        np.round(mean, 5), np.round(scale, 5), _rounded(inner.weight.T), _rounded(inner.bias),
        _rounded(outer.weight[0]), float(_rounded(outer.bias)[0]),
    )  # fmt: skip


def report(decision: history.Decision, values: F64, truth: F64) -> dict[str, float]:
    """Share of earlier saves found and of others that pass for one, at probability 0.5."""
    found = np.array([decision.probability(row) for row in values]) >= history.SEEN_AT
    return {"found": round(float(found[truth > 0].mean()), 4), "false": round(float(found[truth == 0].mean()), 4)}


def _write(decision: history.Decision, command: str, held_out: dict[str, float], target: Path) -> None:
    arrays = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in vars(decision).items()}
    content = {"command": command, "held_out": held_out, **arrays}
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in content.items()]
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def main() -> None:
    """Draw, fit, write."""
    parser = argparse.ArgumentParser(prog="python -m jpegqf.train.history", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of clean images, with manifest.csv if any")
    parser.add_argument("--out", type=Path, default=Path(history.__file__).with_suffix(".json"))
    parser.add_argument("--samples", type=int, default=8_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    scenes = find_scenes(arguments.data)
    fitted = collect(scenes.fitted, arguments.samples, arguments.seed)
    held_out = collect(scenes.held_out, arguments.samples // 6, arguments.seed + 1)
    decision = fit(*fitted, arguments.seed)
    figures = report(decision, *held_out)
    command = f"python -m jpegqf.train.history --data DIR --samples {arguments.samples} --seed {arguments.seed}"
    _write(decision, command, figures, arguments.out)
    print(f"held-out scenes: {figures}; wrote {arguments.out}")


if __name__ == "__main__":
    main()
