"""Gathered blocks of many images -> their evidence on a PyTorch device, in batches: as ``features.evidence_of``.

What is made from blocks, histograms and synthesis, is made of a whole batch at once; the formulas that follow are
those of ``features``. Counts are exact; the rest differs by the order in which float32 sums are taken.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jpegqf.arrays import F32
from jpegqf.evidence.dct import FORWARD, INVERSE
from jpegqf.evidence.features import SMALLEST_SHARE, GatheredBlocks, maps_and_totals
from jpegqf.evidence.likelihood import BIN_ROUNDING, BINS, BINS_PER_UNIT, bin_multiples, comb_table
from jpegqf.evidence.settings import FEATURES, EvidenceSettings
from jpegqf.evidence.torch_device import computing
from jpegqf.jpeg.ijg import CANDIDATES, STEPS

MOST_BYTES = 2**29
"""Memory of a batch on the device, roughly; a single image may need more."""
BYTES_OF_IMAGE = 2**23
"""Memory of an image: two histograms, likelihoods of 255 steps at 64 frequencies, and the maps made from them."""
BYTES_OF_BLOCK = 64 * 32
"""Memory of a block: its coefficients, their bins, and temporaries."""
SYNTHESIZED_AT_ONCE = 1024
"""Blocks, over all candidates: 25 MiB a temporary."""

CLIPPED = 3
"""Index of the clipped blocks in ``GatheredBlocks.synthesized``."""


@dataclass(frozen=True)
class _Tables:
    """Constants on the device."""

    forward: Tensor
    inverse: Tensor
    steps: Tensor
    multiples: Tensor
    """Of each step at each bin, float32 (BINS, 255)."""
    zeros: Tensor
    """Which of them are 0."""
    comb: Tensor


@lru_cache(maxsize=2)
def _tables(device: str, noise_sigma: float, outlier_mass: float) -> _Tables:
    multiples = bin_multiples()
    constants = (FORWARD, INVERSE, STEPS, multiples, multiples == 0, comb_table(noise_sigma, outlier_mass))
    return _Tables(*(torch.tensor(constant, dtype=torch.float32).to(device) for constant in constants))


class TorchEvidence:
    """Evidence on a PyTorch device, ``cpu`` or ``cuda``."""

    def __init__(self, device: str) -> None:
        self._device = device

    def __call__(self, images: Sequence[GatheredBlocks], settings: EvidenceSettings) -> F32:
        """Evidence of each image, float32 (images, 100, FEATURES). Raises DeviceError if the device fails."""
        out = np.empty((len(images), CANDIDATES, FEATURES), np.float32)
        with computing():
            tables = _tables(self._device, settings.noise_sigma, settings.outlier_mass)
            for part in _batches(images):
                out[part] = _Batch(images[part], settings, tables).evidence().cpu().numpy()
        return out


def _batches(images: Sequence[GatheredBlocks]) -> Iterator[slice]:
    first, held = 0, 0
    for i, image in enumerate(images):
        size = BYTES_OF_IMAGE + BYTES_OF_BLOCK * len(image.pixels)
        if i > first and held + size > MOST_BYTES:
            yield slice(first, i)
            first, held = i, 0
        held += size
    if images:
        yield slice(first, len(images))


@dataclass(frozen=True)
class _Batch:
    images: Sequence[GatheredBlocks]
    settings: EvidenceSettings
    tables: _Tables

    def evidence(self) -> Tensor:
        """(images, 100, FEATURES)."""
        maps, activity = self._maps_and_activity()
        context = torch.cat([self._there(np.stack([image.context for image in self.images])), activity], dim=1)
        return torch.cat([maps, *self._synthesis(), context[:, None].expand(-1, CANDIDATES, -1)], dim=2)

    def _there(self, values: NDArray[np.generic]) -> Tensor:
        """The same values on the device."""
        return torch.from_numpy(values).to(self.tables.steps.device)

    def _owners(self, sizes: Sequence[int]) -> Tensor:
        """Which image each of so many blocks of each image is of, int64 (blocks,)."""
        return self._there(np.repeat(np.arange(len(self.images)), sizes))

    def _maps_and_activity(self) -> tuple[Tensor, Tensor]:
        """Evidence from histograms, (images, 100, 335), and the logarithm of mean |AC|, (images, 1)."""
        blocks = [len(image.pixels) for image in self.images]
        owner = self._owners(blocks)
        size = (len(self.images), 64, BINS)
        pixels = self._there(np.concatenate([image.pixels for image in self.images]))
        magnitude = ((pixels.float() - 128) @ self.tables.forward).abs()
        place = (magnitude * BINS_PER_UNIT + BIN_ROUNDING).long().clamp_(max=BINS - 1)
        place += (owner[:, None] * 64 + torch.arange(64, device=owner.device)) * BINS
        counted, rich = (
            torch.zeros(size, device=owner.device)
            .view(-1)
            .scatter_add_(0, place.view(-1), self._there(np.concatenate(mask)).float().repeat_interleave(64))
            .view(size)
            for mask in ([image.counted for image in self.images], [image.rich for image in self.images])
        )
        count = counted[:, :1].sum(dim=2, keepdim=True)
        tables = (counted @ self.tables.zeros, counted @ self.tables.multiples, rich @ self.tables.comb)
        maps: Tensor = maps_and_totals(count, *(evidence.transpose(1, 2) for evidence in tables))
        activity = torch.zeros(len(self.images), device=owner.device).index_add_(0, owner, magnitude[:, 1:].mean(dim=1))
        return maps, torch.log1p(activity / self._there(np.array(blocks)))[:, None]

    def _synthesis(self) -> Iterator[Tensor]:
        """How badly each candidate gives rich, low, flat and clipped blocks back, (images, 100, 6) each."""
        for kind in range(4):
            chosen = [image.pixels[image.synthesized[kind]] for image in self.images]
            centred = [pixels.astype(np.float32) - 128 for pixels in chosen]
            marks = [np.zeros((sum(map(len, chosen)), 64), bool)] * 2
            if kind == CLIPPED:
                marks = [np.concatenate(side) for side in zip(*((i.low, i.high) for i in self.images), strict=True)]
            # Drawn blocks have coefficients exactly halfway between two multiples: NumPy's last bit decides here too.
            given = [np.concatenate(centred), np.concatenate([x @ FORWARD for x in centred]), *marks]
            rounds = self.settings.clip_rounds if kind == CLIPPED else 0
            yield self._shares([self._there(x) for x in given], [len(x) for x in chosen], rounds)

    def _shares(self, given: Sequence[Tensor], sizes: Sequence[int], rounds: int) -> Tensor:
        """As ``features._shares``, of the blocks that ``_errors`` takes, so many of each image."""
        owner = self._owners(sizes)
        found = torch.zeros((len(self.images), CANDIDATES, 3), device=owner.device)
        for first in range(0, len(owner), SYNTHESIZED_AT_ONCE):
            part = slice(first, first + SYNTHESIZED_AT_ONCE)
            error = self._errors(rounds, *(x[part, None] for x in given))
            worst, outside = error.amax(dim=2), (error > self.settings.pixel_tolerance).float().mean(dim=2)
            missed = [
                (worst > limit).float() for limit in (self.settings.pixel_tolerance, self.settings.loose_tolerance)
            ]
            found.index_add_(0, owner[part], torch.stack([*missed, outside], dim=2))
        count = self._there(np.array(sizes))[:, None, None]
        shares = found / count.clip(min=1)
        return torch.cat([shares, torch.log(shares + float(SMALLEST_SHARE))], dim=2) * (count > 0)

    def _errors(self, rounds: int, centred: Tensor, coefficients: Tensor, low: Tensor, high: Tensor) -> Tensor:
        """|pixels - synthesis|, (blocks, 100, 64), of blocks (blocks, 1, 64), as ``synthesis.clipped_misfit``.

        Blocks without clipped pixels, flat ones among them, need no rounds.
        """
        for remaining in range(rounds, -1, -1):
            synthesis = torch.round(coefficients / self.tables.steps) * self.tables.steps @ self.tables.inverse
            free = ((centred > synthesis) & low) | ((centred < synthesis) & high)
            nearest = torch.where(free, synthesis, centred)
            if remaining:
                coefficients = nearest @ self.tables.forward
        return (nearest - synthesis).abs()
