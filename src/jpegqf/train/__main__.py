"""``python -m jpegqf.train --data DIR --out checkpoints/``: the recipe of the shipped weights, as a command."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import F64
from jpegqf.evidence.settings import DecisiveRule, EvidenceSettings, PatchRule
from jpegqf.model.config import Calibrator, ModelConfig, Width
from jpegqf.optional import missing
from jpegqf.train.dataset import GENERAL, PLAIN, SHARD, find_scenes, load_shards, make_shards
from jpegqf.train.figures import Figures, figures, grid_figures
from jpegqf.version import __version__

try:
    import torch

    from jpegqf.train.export import save_pth
    from jpegqf.train.fit import Data, Recipe, fit, fit_calibrator, log_probabilities, targets
except ImportError as absent:
    raise SystemExit(str(missing("training", str(absent.name), "train"))) from None

PLAIN_SHARE = 0.25
"""Of the samples: scenes with little in them."""
HELD_OUT_SAMPLES = (6 * SHARD, 2 * SHARD)


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m jpegqf.train", description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of clean images, with manifest.csv if it has one"
    )
    parser.add_argument("--out", type=Path, default=Path("checkpoints"), help="where model.pth goes")
    parser.add_argument("--work", type=Path, default=Path("outputs/train"), help="evidence and state, to resume from")
    parser.add_argument("--samples", type=int, default=88_000, help="synthetic JPEGs to fit on (default %(default)s)")
    parser.add_argument("--epochs", type=int, default=12, help="passes over them (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="everything drawn depends on it (default %(default)s)")
    parser.add_argument("--name", default="base-4", help="the model's name (default %(default)s)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    arguments = parser.parse_args(argv)
    if arguments.samples < 1 or arguments.epochs < 1:
        parser.error("--samples and --epochs must be at least 1")
    return arguments


def _make_data(arguments: argparse.Namespace, clock: Callable[[], int]) -> list[Data]:
    """Evidence of the fitted and of the held-out scenes, made or found in the work folder."""
    scenes = find_scenes(arguments.data)
    print(f"{len(scenes.fitted)} images to fit on, {len(scenes.held_out)} held out (other scenes)", flush=True)
    folder = arguments.work / "evidence"

    def progress(done: int, total: int) -> None:
        print(f"evidence {done}/{total} shards, {clock()} s", flush=True)

    def made(files: list[Path], counts: tuple[int, int], seed: int) -> Data:
        shards = []
        for kind, (part, count) in enumerate(zip((GENERAL, PLAIN), counts, strict=True)):
            key = (arguments.seed, seed + 2 * kind)
            shards += make_shards(files, part, count, key, folder, PatchRule(), EvidenceSettings(), progress)
        return load_shards(shards)

    plain = round(PLAIN_SHARE * arguments.samples)
    return [
        made(scenes.fitted, (arguments.samples - plain, plain), 0),
        made(scenes.held_out, HELD_OUT_SAMPLES, 1),
    ]


def _calibrated(log_probability: F64, quality: NDArray[np.int64]) -> tuple[Calibrator, dict[str, float]]:
    """Fit the calibrator on half of the held-out samples; figures and loss of the other half."""
    calibrator = fit_calibrator(log_probability[::2], quality[::2])
    rest, truth = calibrator.apply(log_probability[1::2]), quality[1::2]
    loss = float(-rest[np.arange(len(truth)), targets(truth)].mean())
    return calibrator, {**asdict(figures(rest, truth)), **grid_figures(rest, truth), "loss": loss}


def train(arguments: argparse.Namespace, device: str) -> None:
    """Make evidence, fit, calibrate, export."""
    started = time.monotonic()

    def clock() -> int:
        return round(time.monotonic() - started)

    fitted, held_out = _make_data(arguments, clock)
    recipe, width = Recipe(epochs=arguments.epochs, seed=arguments.seed), Width()

    def report(epoch: int, loss: float, found: Figures) -> None:
        scores = f"MAE {found.mae:.4f}  exact {100 * found.exact:.2f} %  Acc@1 {100 * found.within_1:.2f} %"
        print(f"epoch {epoch}/{recipe.epochs}  loss {loss:.4f}  held out: {scores}  {clock()} s", flush=True)

    state = arguments.work / f"state-{arguments.seed}-{len(fitted[1])}-{recipe.epochs}.pt"
    network = fit(fitted, held_out, width, recipe, state, device, report)
    calibrator, scores = _calibrated(log_probabilities(network, held_out[0]), held_out[1])
    training = {"jpegqf": __version__, "samples": len(fitted[1]), **asdict(recipe), "held_out": scores}
    config = ModelConfig(arguments.name, width, PatchRule(), EvidenceSettings(), calibrator, training, DecisiveRule())
    arguments.out.mkdir(parents=True, exist_ok=True)
    save_pth(network, config, arguments.out / "model.pth")
    print(f"calibrator: {calibrator}; on the other half of the held-out samples: {scores}")
    print(f"wrote {arguments.out / 'model.pth'} ({clock()} s)")


def main(argv: list[str] | None = None) -> int:
    """Command line of the training; returns the exit code."""
    arguments = _parse(argv)
    torch.set_num_threads(os.cpu_count() or 1)
    if arguments.device == "cuda" and not torch.cuda.is_available():
        print("--device cuda: PyTorch finds no CUDA device here", file=sys.stderr)
        return 2
    use_cuda = arguments.device != "cpu" and torch.cuda.is_available()
    try:
        train(arguments, "cuda" if use_cuda else "cpu")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # for the worker processes, one of which runs on each core
    raise SystemExit(main())
