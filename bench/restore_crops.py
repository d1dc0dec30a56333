"""How often `jpegqf restore --crop` gives a JPEG that covers a crop, and how long it takes, by kind of crop.

    python -m bench.restore_crops --images DIR --n 5 --summary docs/restore-crops.csv

The scenes are those of `bench.restore`, saved by Pillow, decoded, and cut: at any pixel to sides of 200 to 320 pixels,
or to tiles of 256 pixels that start at multiples of 16. After 30 seconds no further search is begun.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image

from bench.restore import COLUMNS, SAMPLINGS, SEED, Outcome, Pixels, row_of, saved, scenes
from bench.summary import write_rows
from jpegqf.coefficients.restored import restore
from jpegqf.errors import ImageError
from jpegqf.inspection.inspector import Inspector

KINDS = [(75, "gray"), (75, "4:4:4"), (75, "4:2:0")]
"""Quality and subsampling of crops at any pixel."""
TILES = [(75, "4:2:0")]
"""The same of tiles."""
SIDES, TILE = (200, 320), 256
SECONDS = 30.0
"""After which no further search is begun."""


def cut(pixels: Pixels, tile: bool, rng: np.random.Generator) -> Pixels:
    """A part of an image at any place, or a tile."""
    sides = [TILE if tile else int(rng.integers(*SIDES)) for _ in (0, 1)]
    top, left = (int(rng.integers(0, whole - side + 1)) for whole, side in zip(pixels.shape, sides, strict=False))
    if tile:
        top, left = top // 16 * 16, left // 16 * 16
    return np.ascontiguousarray(pixels[top : top + sides[0], left : left + sides[1]])


def outcomes(quality: int, sampling: str, tile: bool, paths: list[Path], inspector: Inspector) -> Iterator[Outcome]:
    """One for each scene."""
    for number, path in enumerate(paths):
        rng = np.random.default_rng([SEED, number])
        image = Image.open(path).convert("L" if sampling == "gray" else "RGB")
        options = {} if sampling == "gray" else {"subsampling": SAMPLINGS[sampling]}
        crop = cut(saved(image, quality=quality, **options).pixels, tile, rng)
        started = perf_counter()
        try:
            found = restore(crop, crop=True, seconds=SECONDS, inspector=inspector)
        except ImageError:
            found = None
        yield Outcome(found is not None, perf_counter() - started, crop.shape[0] * crop.shape[1] / 1e6, None)


def main() -> None:
    """Measure, print, and write the summary after each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--n", type=int, default=6)
    parser.add_argument("--summary", type=Path)
    asked = parser.parse_args()
    paths, inspector, rows = scenes(asked.images, asked.n), Inspector(), []
    for tile, (quality, sampling) in [(False, kind) for kind in KINDS] + [(True, kind) for kind in TILES]:
        name = f"{'tiles' if tile else 'crops'}, QF {quality}, {sampling}"
        rows.append(row_of(name, list(outcomes(quality, sampling, tile, paths, inspector))))
        print(*rows[-1].values(), sep="  ", flush=True)
        if asked.summary:
            write_rows(asked.summary, COLUMNS, rows)


if __name__ == "__main__":
    main()
