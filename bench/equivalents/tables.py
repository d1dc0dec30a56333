"""Luma tables that are not the IJG's: those found in files, those of other encoders, and bent ones."""

import csv
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jpegqf.arrays import I64
from jpegqf.jpeg.ijg import FREQUENCY_WEIGHTS, MAX_STEP, ijg_luma, ijg_luma_all, scaled
from jpegqf.jpeg.jpegli import jpegli_table, quality_to_distance
from jpegqf.jpeg.known_tables import MOZJPEG_LUMA
from jpegqf.jpeg.ruled_tables import ffmpeg_table

FITTED, PUBLISHED = 0, 1
"""Remainder by two of the CRC-32 of a table's steps: the half that constants are fitted on, and the other."""
BENT = 600
MOST_BENT = 2.0
"""Largest distance (``table_error``) of a bent table from the IJG's that it was bent from."""


@dataclass(frozen=True)
class Table:
    """Luma steps, int64 (64,), and the family they belong to."""

    family: str
    steps: I64

    @property
    def half(self) -> int:
        """FITTED or PUBLISHED."""
        return zlib.crc32(self.steps.astype("<u2").tobytes()) % 2


def all_tables(path: Path) -> list[Table]:
    """Every table once; without the IJG's own."""
    with path.open(newline="", encoding="utf-8") as file:
        wild = [np.array(row["luma"].split(), np.int64) for row in csv.DictReader(file)]
    tables = [Table("wild", steps) for steps in wild]
    for base in range(1, 9):
        tables += [Table("mozjpeg", scaled(np.array(MOZJPEG_LUMA[base]), quality)) for quality in range(3, 99, 5)]
    distances = [quality_to_distance(quality) for quality in range(15, 100)]
    tables += [Table("jpegli", jpegli_table(distance).reshape(64)) for distance in distances]
    tables += [Table("ffmpeg", ffmpeg_table(scale)) for scale in range(1, 32)]
    known = {steps.tobytes() for steps in ijg_luma_all()}
    once = {table.steps.tobytes(): table for table in reversed(tables) if table.steps.tobytes() not in known}
    return list(reversed(once.values()))


def bent_tables() -> list[Table]:
    """IJG tables tilted and unevenly changed, 0 to MOST_BENT away: as strange as files hold them, and stranger."""
    rng = np.random.default_rng(0)
    return [Table("bent", _bent(rng)) for _ in range(BENT)]


def _bent(rng: np.random.Generator) -> I64:
    rows, columns = np.indices((8, 8))
    slant = rng.normal(0, 0.33) * (rows + columns - 4) + rng.normal(0, 0.1) * (rows - columns)
    change = (slant + rng.normal(0, rng.uniform(0, 1), (8, 8))).reshape(64)
    change *= rng.uniform(0, MOST_BENT) / np.sqrt(change**2 @ FREQUENCY_WEIGHTS)
    steps = ijg_luma(int(rng.integers(2, 99))).reshape(64) * np.exp(change)
    result: I64 = np.clip(np.rint(steps), 1, MAX_STEP).astype(np.int64)
    return result
