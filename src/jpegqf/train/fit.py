"""Evidence and qualities -> weights and calibrator; resumes after the last finished epoch."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from jpegqf.model.config import Calibrator, Width
from jpegqf.model.network import CandidateScorer
from jpegqf.train.figures import Figures, figures

Data = tuple[NDArray[np.float16], NDArray[np.int64]]
"""Evidence (n, 100, FEATURES) and quality 1..100, or 0 for none (n,)."""


@dataclass(frozen=True)
class Recipe:
    """How to fit: one-cycle AdamW (Loshchilov & Hutter, ICLR 2019; Smith & Topin, 2018)."""

    epochs: int = 12
    batch: int = 64
    peak_rate: float = 3e-3
    weight_decay: float = 1e-3
    seed: int = 0


def targets(quality: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index of each quality among the network's 101 outputs; none (0) is the last."""
    return (quality - 1) % 101


def _batch(data: Data, rows: NDArray[np.int64], device: str) -> tuple[torch.Tensor, torch.Tensor]:
    x, quality = data
    return torch.from_numpy(x[rows]).to(device).float(), torch.from_numpy(targets(quality[rows])).to(device)


def _new_network(data: Data, width: Width, device: str) -> CandidateScorer:
    """A network whose inputs are standardized by a sample of the data."""
    network = CandidateScorer(width)
    sample = torch.from_numpy(data[0][:3000]).float().flatten(0, 1)
    network.mean.copy_(sample.mean(0))
    network.deviation.copy_(sample.std(0) + 0.05)
    return network.to(device)


def _run_epoch(
    network: CandidateScorer,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    data: Data,
    order: NDArray[np.int64],
    batch: int,
) -> float:
    """One pass in the given order; returns the mean loss."""
    network.train()
    device = str(network.mean.device)
    losses = []
    for start in range(0, len(order) - batch + 1, batch):
        x, target = _batch(data, order[start : start + batch], device)
        loss = functional.nll_loss(network(x), target)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return float(np.mean(losses))


def log_probabilities(network: CandidateScorer, x: NDArray[np.float16], batch: int = 500) -> NDArray[np.float64]:
    """Uncalibrated log-probabilities, float64 (n, 101), of evidence (n, 100, FEATURES)."""
    network.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(x), batch):
            part = torch.from_numpy(x[start : start + batch]).to(network.mean.device).float()
            parts.append(network(part).cpu().numpy())
    return np.concatenate(parts).astype(np.float64)


def fit(
    fitted: Data,
    held_out: Data,
    width: Width,
    recipe: Recipe,
    state: Path,
    device: str,
    report: Callable[[int, float, Figures], None],
) -> CandidateScorer:
    """Train, or go on from ``state`` (written after each epoch); reports loss and held-out figures."""
    torch.manual_seed(recipe.seed)
    network = _new_network(fitted, width, device)
    optimizer = torch.optim.AdamW(network.parameters(), recipe.peak_rate, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * (len(fitted[1]) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.peak_rate, total_steps=steps, pct_start=0.1)
    parts: dict[str, Any] = {"network": network, "optimizer": optimizer, "schedule": schedule}
    first = _resume(parts, state, device)
    for epoch in range(first, recipe.epochs):
        torch.manual_seed(1000 * recipe.seed + epoch + 1)  # of each epoch, so that a resumed run drops the same
        order = np.random.default_rng((recipe.seed, epoch)).permutation(len(fitted[1]))
        loss = _run_epoch(network, optimizer, schedule, fitted, order, recipe.batch)
        _save({"epoch": epoch + 1, **{name: part.state_dict() for name, part in parts.items()}}, state)
        report(epoch + 1, loss, figures(log_probabilities(network, held_out[0]), held_out[1]))
    return network


def _save(content: dict[str, object], state: Path) -> None:
    part = state.with_suffix(".part")
    torch.save(content, part)
    os.replace(part, state)


def _resume(parts: dict[str, Any], state: Path, device: str) -> int:
    """Restore an interrupted run; returns the epoch to go on with."""
    if not state.exists():
        return 0
    saved = torch.load(state, map_location=device, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    return int(saved["epoch"])


def fit_calibrator(log_probability: NDArray[np.float64], quality: NDArray[np.int64]) -> Calibrator:
    """The temperature of least negative log-likelihood on held-out scenes (golden-section search)."""

    def loss(log_temperature: float) -> float:
        calibrated = Calibrator(math.exp(log_temperature)).apply(log_probability)
        return float(-calibrated[np.arange(len(quality)), targets(quality)].mean())

    low, high = math.log(0.25), math.log(4)
    golden = (math.sqrt(5) - 1) / 2
    while high - low > 1e-4:
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return Calibrator(math.exp((low + high) / 2))
