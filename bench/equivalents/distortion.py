"""Luma quantized with any table, how far it is from what it was, and the IJG quality that does as much harm."""

import csv
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from jpegqf.arrays import F32, F64, I64, U8
from jpegqf.evidence.dct import FORWARD, INVERSE
from jpegqf.jpeg.ijg import ijg_luma_all

SIDE = 256
"""Side of the pieces of luma that are quantized."""
SCENES, SCENES_A_SOURCE = 64, 16
LEAST_DEVIATION = 10
"""Standard deviation of a piece in levels: below, it is empty sky or paper."""
LEFT_OUT = ("BSDS500", "wallpaper", "background", "desktop", "stellarium")
"""Names in sources that are left out: downscaled too little, or many drawn or painted pictures among them."""
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""Constants of SSIM (Wang et al., 2004)."""


def scenes(folder: Path) -> Iterator[U8]:
    """Middles of SCENES photographs, uint8 (SIDE, SIDE) of luma: one a scene, few a source, none with JPEG traces."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: zlib.crc32(row["group"].encode()))
    groups: set[str] = set()
    sources: list[str] = []
    for row in rows:
        enough = len(sources) == SCENES or sources.count(row["source"]) == SCENES_A_SOURCE
        if enough or row["group"] in groups or not _clean(row):
            continue
        with Image.open(folder / row["file"]) as image:
            left, top = (image.width - SIDE) // 2, (image.height - SIDE) // 2
            plane = np.asarray(image.convert("L").crop((left, top, left + SIDE, top + SIDE)))
        if plane.std() < LEAST_DEVIATION:
            continue
        groups.add(row["group"])
        sources.append(row["source"])
        yield plane


def _clean(row: dict[str, str]) -> bool:
    lossless = row["how"].startswith("lossless original") or "downscaled" in row["how"]
    large = min(int(row["width"]), int(row["height"])) >= SIDE
    return row["kind"] == "photo" and lossless and large and not any(name in row["source"] for name in LEFT_OUT)


LEFT_OUT = ("BSDS500", "wallpaper", "background", "desktop", "stellarium")
"""Names in sources that are left out: downscaled too little, or many drawn or painted pictures among them."""


def _window() -> F32:
    """Gaussian of 11 samples and sigma 1.5 at each place, float32 (SIDE - 10, SIDE): a product with it is a filter."""
    weights = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window = np.zeros((SIDE - 10, SIDE), np.float32)
    for place in range(len(window)):
        window[place, place : place + 11] = weights / weights.sum()
    return window


WINDOW = _window()


def _smooth(plane: F32) -> F32:
    return (WINDOW @ plane @ WINDOW.T).astype(np.float32, copy=False)


class Scene:
    """A piece of luma that is quantized, and how far what comes back is from it."""

    def __init__(self, plane: U8) -> None:
        self.plane: F32 = plane.astype(np.float32)
        self.coefficients: F32 = _blocks(self.plane - 128) @ FORWARD
        self.mean = _smooth(self.plane)
        self.variance = _smooth(self.plane**2) - self.mean**2

    def quantized(self, steps: I64) -> F32:
        """Pixels after quantization of the coefficients with 64 steps, whole and 0..255."""
        wide = steps.astype(np.float32)
        blocks = (np.rint(self.coefficients / wide) * wide) @ INVERSE
        count = SIDE // 8
        plane = blocks.reshape(count, count, 8, 8).swapaxes(1, 2).reshape(SIDE, SIDE)
        result: F32 = np.clip(np.rint(plane + 128), 0, 255)
        return result

    def distortion(self, steps: I64) -> tuple[float, float]:
        """Mean squared error, and 1 - SSIM (Wang et al., 2004), as means over the piece."""
        other = self.quantized(steps)
        mean = _smooth(other)
        variance = _smooth(other**2) - mean**2
        covariance = _smooth(self.plane * other) - self.mean * mean
        above = (2 * self.mean * mean + C1) * (2 * covariance + C2)
        below = (self.mean**2 + mean**2 + C1) * (self.variance + variance + C2)
        return float(((self.plane - other) ** 2).mean()), 1 - float((above / below).mean())


def _blocks(plane: F32) -> F32:
    count = SIDE // 8
    return plane.reshape(count, 8, count, 8).swapaxes(1, 2).reshape(-1, 64)


def equal_quality(values: F64, ijg: F64) -> F64:
    """Real IJG quality 1..100 of equal distortion: ``values`` (n,) between those of the IJG tables (100,)."""
    falling = np.minimum.accumulate(ijg)
    result: F64 = np.interp(np.log(values), np.log(falling)[::-1], np.arange(100, 0, -1))
    return result


def measured(folder: Path, tables: Sequence[I64]) -> F64:
    """Real IJG qualities of equal PSNR and of equal SSIM, float (2, scenes, tables)."""
    every = [*ijg_luma_all(), *tables]
    found = []
    for plane in scenes(folder):
        scene = Scene(plane)
        values = np.array([scene.distortion(steps) for steps in every]).T
        found.append([equal_quality(one[100:], one[:100]) for one in values])
    return np.array(found).swapaxes(0, 1)


def mean_coefficients(folder: Path) -> F64:
    """Mean magnitude of each coefficient over the scenes of a folder, float (64,), in levels."""
    each = [np.abs(Scene(plane).coefficients).mean(0) for plane in scenes(folder)]
    result: F64 = np.mean(each, axis=0, dtype=np.float64)
    return result
