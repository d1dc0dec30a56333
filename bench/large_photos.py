"""Whole photographs of 6 megapixels and more: patches spread over the image beside its first 24 in raster order.

    python -m bench.large_photos --images DIR [--n 60] [--csv docs/large-photos.csv]

Each photograph is decoded and saved anew as JPEG at a drawn quality; few blocks are not let decide, so that the patches
do. ``DIR``: photographs as cameras save them. One row for each file and order of patches.
"""

import argparse
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.summary import write_rows
from jpegqf.errors import ImageError
from jpegqf.evidence import patches
from jpegqf.inspection.inspector import default_predictor
from jpegqf.model.predictor import Predictor
from jpegqf.pixels.decode import decode_luma
from jpegqf.train.synthesis import compress

LEAST_PIXELS = 6_000_000
ORDERS = ("spread", "raster")
COLUMNS = ("image", "width", "height", "quality", "order", "answer", "confidence")


@contextmanager
def in_order(order: str) -> Iterator[None]:
    """Patches in one of ORDERS: as they ship, or in raster order as the seed tool takes them."""
    shipped = patches.spread_order

    def raster(rows: int, columns: int) -> NDArray[np.int64]:
        return np.arange(rows * columns)

    patches.spread_order = shipped if order == "spread" else raster
    try:
        yield
    finally:
        patches.spread_order = shipped


def large_photos(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    """The sound photographs of LEAST_PIXELS and more."""
    for path in sorted(folder.iterdir()):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image = Image.open(path)
                if image.width * image.height >= LEAST_PIXELS and image.mode in ("RGB", "L"):
                    image.load()
                    yield path.name, image
        except (OSError, SyntaxError, ValueError):
            continue


def answer(predictor: Predictor, data: bytes) -> tuple[int | None, float | None]:
    """Quality and confidence that the patches tell of a JPEG."""
    decoded = decode_luma(data)
    try:
        prediction = predictor.examine(decoded.luma, decoded.own_luma, search=False)
    except ImageError:
        return None, None
    return prediction.rounded, round(prediction.confidence, 4)


def main() -> None:
    """Make, judge in both orders, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="folder of photographs")
    parser.add_argument("--n", type=int, default=60, help="files (default %(default)s)")
    parser.add_argument("--csv", type=Path, help="write one row per file and order here")
    arguments = parser.parse_args()
    shipped = default_predictor()
    config = replace(shipped.model.config, decisive=None)
    predictor = replace(shipped, model=replace(shipped.model, config=config))
    photos, rows = list(large_photos(arguments.images)), []
    if not photos:
        parser.error(f"{arguments.images} has no photograph of {LEAST_PIXELS} pixels or more")
    for index in range(arguments.n):
        name, image = photos[index % len(photos)]
        rng = np.random.default_rng((0, index))
        quality = int(rng.integers(5, 101))
        data = compress(image, quality, rng)
        for order in ORDERS:
            with in_order(order):
                rows.append((name, image.width, image.height, quality, order, *answer(predictor, data)))
    for order in ORDERS:
        errors = [abs(row[5] - row[3]) for row in rows if row[4] == order and row[5] is not None]
        exact = sum(error == 0 for error in errors) / len(errors)
        print(f"{order}: {len(errors)} of {arguments.n} judged, {exact:.2%} exact, MAE {np.mean(errors):.3f}")
    if arguments.csv:
        write_rows(arguments.csv, COLUMNS, (dict(zip(COLUMNS, row, strict=True)) for row in rows))


if __name__ == "__main__":
    main()
