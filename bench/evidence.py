"""How long the evidence of one image takes that a card of ``jpegqf serve`` shows: processor seconds on one core.

    python -m bench.evidence --images DIR [--csv docs/evidence.csv]

The JPEGs of DIR that can be judged as they are, and decoded and saved as PNG, by their megapixels. What is timed is one
look and all evidence, as ``/v1/explain`` gives it; reading the file is not.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one core

import argparse
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from bench.summary import write_rows
from jpegqf.errors import ImageError
from jpegqf.inspection.inspector import Inspector, default_predictor
from jpegqf.inspection.to_record import to_record
from jpegqf.views.evidence_view import view_evidence

SIZES = ((0.0, 1.0), (1.0, 4.0), (4.0, 16.0), (16.0, 64.0))
"""Megapixels of the groups: from the first number on, below the second."""
ROUNDS = 2
"""The faster one of so many counts: others use the machine, too."""
COLUMNS = ("container", "megapixels", "images", "median", "p95", "most", "within_1_s")


@dataclass(frozen=True)
class Timed:
    """One image: its container, its size in megapixels, processor seconds."""

    container: str
    megapixels: float
    seconds: float


def seconds_of(data: bytes, inspector: Inspector) -> float | None:
    """Processor seconds of all evidence; None where the pixels are not judged."""
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        found = inspector.look(data, "image")
        view_evidence(found, to_record(found), default_predictor())
        taken.append(time.process_time() - start)
        if found.prediction is None:
            return None
    return min(taken)


def as_png(data: bytes) -> bytes:
    """The pixels of an image as PNG."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        image.convert("RGB").save(out, "PNG", compress_level=1)
    return out.getvalue()


def timed(folder: Path) -> Iterator[Timed]:
    """Every JPEG of the folder that can be judged, and its PNG."""
    inspector = Inspector()
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        try:
            with Image.open(path) as image:
                megapixels = image.width * image.height / 1e6
                if image.format not in ("JPEG", "MPO"):
                    continue
            for container, sent in (("JPEG", data), ("PNG", as_png(data))):
                seconds = seconds_of(sent, inspector)
                if seconds is not None:
                    yield Timed(container, megapixels, seconds)
        except (OSError, ImageError, ValueError):  # broken on purpose
            continue


def rows(found: list[Timed]) -> Iterator[dict[str, str]]:
    """A row for each container and size that occurs."""
    for container in ("JPEG", "PNG"):
        for low, high in SIZES:
            taken = [each.seconds for each in found if each.container == container and low <= each.megapixels < high]
            if taken:
                figures = (np.median(taken), np.quantile(taken, 0.95), max(taken))
                shown = (f"{figure:.2f}" for figure in figures)
                within = sum(seconds <= 1 for seconds in taken)
                values = (container, f"{low:g}–{high:g}", str(len(taken)), *shown, str(within))
                yield dict(zip(COLUMNS, values, strict=True))


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="a folder of JPEGs")
    parser.add_argument("--csv", type=Path, help="write the rows here")
    asked = parser.parse_args()
    told = list(rows(list(timed(asked.images))))
    for row in told:
        print(", ".join(f"{name} {value}" for name, value in row.items()))
    if asked.csv:
        write_rows(asked.csv, COLUMNS, told)


if __name__ == "__main__":
    main()
