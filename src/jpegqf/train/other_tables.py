"""Quantization tables that are not the IJG's, as other encoders and cameras write them."""

from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import I64
from jpegqf.jpeg.ijg import MAX_STEP, ijg_chroma, ijg_luma, scaled
from jpegqf.jpeg.jpegli import jpegli_table, quality_to_distance
from jpegqf.jpeg.known_tables import MOZJPEG_CHROMA, MOZJPEG_LUMA
from jpegqf.jpeg.table_match import match_ijg

TablePair = tuple[I64, I64]
"""Luma and chroma steps, int64 (64,) each, row-major."""


@dataclass(frozen=True)
class Tables:
    """The tables of a save: luma int64 (8, 8), chroma (8, 8), and luma's quality, or the equivalent one."""

    luma: I64
    chroma: I64
    quality: int


def _mozjpeg(rng: np.random.Generator) -> TablePair:
    """One of the eight bases that mozjpeg adds to the IJG's."""
    number, quality = int(rng.integers(1, 9)), int(rng.integers(2, 100))
    bases = (np.array(base[number]) for base in (MOZJPEG_LUMA, MOZJPEG_CHROMA))
    luma, chroma = (scaled(base, quality) for base in bases)
    return luma, chroma


def _jpegli(rng: np.random.Generator) -> TablePair:
    distance = quality_to_distance(rng.uniform(15, 99))
    subsampled = bool(rng.random() < 0.5)
    return jpegli_table(distance, "Y", subsampled), jpegli_table(distance, "Cr", subsampled)


def _bent(rng: np.random.Generator) -> TablePair:
    """An IJG table, tilted towards low or high frequencies and unevenly changed, as in cameras and editors."""
    quality = int(rng.integers(2, 100))
    rows, columns = np.indices((8, 8))
    slant = rng.normal(0, 0.05) * (rows + columns) + rng.normal(0, 0.01) * (rows - columns)
    factor = np.exp(slant + rng.normal(0, rng.uniform(0, 0.3), (8, 8)) + rng.normal(0, 0.2))
    luma, chroma = (np.clip(np.rint(t * factor), 1, MAX_STEP) for t in (ijg_luma(quality), ijg_chroma(quality)))
    return luma.astype(np.int64), chroma.astype(np.int64)


def draw_tables(rng: np.random.Generator) -> tuple[TablePair, int]:
    """Tables, and the luma table's IJG-equivalent quality (``table_match.match_ijg``), 1..100."""
    while True:
        luma, chroma = (_mozjpeg, _jpegli, _bent)[rng.choice(3, p=(0.4, 0.2, 0.4))](rng)
        quality = match_ijg(luma).quality
        if quality is not None:
            return (luma.reshape(64), chroma.reshape(64)), quality
