"""jpegli's quantization tables by distance, and the way back from tables to distance and quality."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jpegqf.arrays import F64, I64
from jpegqf.jpeg.ijg import MAX_STEP
from jpegqf.jpeg.known_tables import JPEGLI_420, JPEGLI_420_CHROMA, JPEGLI_CB, JPEGLI_CR, JPEGLI_EXPONENT, JPEGLI_Y

KNEE = 1.5
"""Distance up to which steps grow linearly."""
SLACK = 2e-5
"""Relative tolerance of each bound: the bases are known to six digits, and the encoder computes in 32 bits."""
UNBOUNDED = 1e4
"""Distance that stands for no upper bound."""


@dataclass(frozen=True)
class Distance:
    """Butteraugli distances ``low``..``high`` that give a file's tables, and the middle of them."""

    low: float
    high: float

    @property
    def distance(self) -> float:
        """The middle of what the tables admit."""
        return (self.low + self.high) / 2

    @property
    def quality(self) -> float:
        """Quality on jpegli's scale: the whole number whose distance the tables admit, else the middle's, to 0.1."""
        for quality in (round(distance_to_quality(self.distance)), 100):
            if self.low <= quality_to_distance(quality) <= self.high:
                return float(quality)
        return round(distance_to_quality(self.distance), 1)


def quality_to_distance(quality: float) -> float:
    """The distance jpegli takes for a quality 1..100: 0.09 a point from 30 up, a parabola below."""
    if quality >= 100:
        return 0.01
    if quality >= 30:
        return 0.1 + 0.09 * (100 - quality)
    return 53 / 3000 * quality * quality - 23 / 20 * quality + 25


def distance_to_quality(distance: float) -> float:
    """Inverse of :func:`quality_to_distance`, clipped to 1..100."""
    if distance <= 6.4:
        return float(min(100 - (distance - 0.1) / 0.09, 100))
    a, b = 53 / 3000, -23 / 20
    root = max(b * b - 4 * a * (25 - distance), 0.0) ** 0.5
    return float(max((-b - root) / (2 * a), 1))


def jpegli_table(distance: float, plane: str = "Y", subsampled: bool = False) -> I64:
    """Table for a distance: int64 (8, 8), steps 1..255; ``plane`` "Y", "Cb" or "Cr"; ``subsampled``: 4:2:0."""
    base, exponent = _base(plane, subsampled)
    grown = np.maximum(distance / 2, KNEE * (distance / KNEE) ** exponent) if distance > KNEE else distance
    return np.clip(np.floor(base * grown + 0.5), 1, MAX_STEP).astype(np.int64).reshape(8, 8)


def match_jpegli(tables: Sequence[I64], subsampled: bool = False) -> Distance | None:
    """Distances at which jpegli writes these tables (luma; luma and chroma; or luma, Cb, Cr), or None.

    Each table: int64 of 64 steps. With one chroma table jpegli was given a quality and uses Cr's for both.
    A table without any step between 1 and 255 bounds nothing, and is no match by itself.
    """
    planes = {1: ("Y",), 2: ("Y", "Cr"), 3: ("Y", "Cb", "Cr")}.get(len(tables))
    if planes is None or min(int(table.min()) for table in tables) < 1:
        return None
    bounds = [_bounds(table.reshape(64), plane, subsampled) for table, plane in zip(tables, planes, strict=True)]
    low, high = max(pair[0] for pair in bounds), min(pair[1] for pair in bounds)
    if low > high or low <= 0 or high >= UNBOUNDED:
        return None
    return Distance(low, high)


def _bounds(steps: I64, plane: str, subsampled: bool) -> tuple[float, float]:
    base, exponent = _base(plane, subsampled)
    low = np.where(steps > 1, _ungrow((steps - 0.5) / base, exponent), 0.0)
    high = np.where(steps < MAX_STEP, _ungrow((steps + 0.5) / base, exponent), UNBOUNDED)
    return float(low.max()) * (1 - SLACK), float(high.min()) * (1 + SLACK)


def _ungrow(scale: F64, exponent: F64) -> F64:
    """Distance at which a step has grown to ``scale`` times its base."""
    beyond = np.minimum(2 * scale, KNEE * (scale / KNEE) ** (1 / exponent))
    result: F64 = np.where(scale <= KNEE, scale, beyond)
    return result


@lru_cache(maxsize=8)
def _base(plane: str, subsampled: bool) -> tuple[F64, F64]:
    """Steps per unit of distance, and the exponents beyond the knee; float (64,) each."""
    base = _symmetric({"Y": JPEGLI_Y, "Cb": JPEGLI_CB, "Cr": JPEGLI_CR}[plane])
    if subsampled:
        base = base * JPEGLI_420
        if plane != "Y":
            base = base * _symmetric(JPEGLI_420_CHROMA)
    return base, _symmetric(JPEGLI_EXPONENT)


def _symmetric(upper: Sequence[float]) -> F64:
    table = np.zeros((8, 8))
    table[np.triu_indices(8)] = upper
    result: F64 = (table + table.T - np.diag(table.diagonal())).reshape(64)
    return result
