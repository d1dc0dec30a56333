"""How often copies of a picture fall into its group, and different pictures would, by ``advise.likeness``.

    python -m bench.likeness --images DIR [--n 220] [--csv docs/likeness.csv]

``DIR``: images, of which one is taken for each name without its ``_crop`` ending, drawn at random from a fixed seed.
Pages of random words are drawn for the last row.
"""

import argparse
import io
import random
import re
import string
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

from bench.summary import write_rows
from jpegqf.advise.likeness import SAME_WITHIN, PictureHash, hash_of

SEED = 11
PAGES = 40
MOST_PIXELS = 10**9
COLUMNS = ("what", "pairs", "grouped", "median_bits", "least_bits", "most_bits")
Copy = Callable[[Image.Image], bytes]


def saved(image: Image.Image, kind: str = "JPEG", quality: int = 90) -> bytes:
    """The bytes of an image in a format at a quality."""
    out = io.BytesIO()
    image.save(out, kind, quality=quality)
    return out.getvalue()


def smaller(image: Image.Image, factor: int) -> Image.Image:
    """The image, each side divided by ``factor``."""
    return image.resize((image.width // factor, image.height // factor))


COPIES: dict[str, Copy] = {
    "saved again at 30": lambda image: saved(image, quality=30),
    "half the size": lambda image: saved(smaller(image, 2)),
    "a third of the size, at 60": lambda image: saved(smaller(image, 3), quality=60),
    "as WebP at 60": lambda image: saved(image, "WEBP", 60),
    "20 % brighter": lambda image: saved(ImageEnhance.Brightness(image).enhance(1.2)),
    "2 % cut off two sides": lambda image: saved(
        image.crop((image.width // 50, image.height // 50, image.width, image.height))
    ),
}


def page(seed: int) -> Image.Image:
    """An A4 page of random words at 150 dots per inch."""
    draw = random.Random(seed)  # noqa: S311
    image = Image.new("RGB", (1240, 1754), "white")
    canvas = ImageDraw.Draw(image)
    for y in range(120, 1650, 34):
        words = ("".join(draw.choices(string.ascii_lowercase, k=draw.randint(2, 9))) for _ in range(16))
        canvas.text((110, y), " ".join(words), fill="black", font_size=20)
    return image


def scenes(folder: Path, most: int) -> list[Path]:
    """At most ``most`` images of different names."""
    first: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        first.setdefault(re.sub(r"_crop\d+", "", path.name), path)
    return random.Random(SEED).sample(list(first.values()), min(most, len(first)))  # noqa: S311


def row(what: str, pairs: list[tuple[PictureHash, PictureHash]]) -> dict[str, object]:
    """Distances of pairs, and how many of them would be one group."""
    both = np.frombuffer(b"".join(one.bits + two.bits for one, two in pairs), np.uint8).reshape(len(pairs), 2, -1)
    bits = np.unpackbits(both[:, 0] ^ both[:, 1], axis=1).sum(axis=1)
    colours = np.array([one.coloured == two.coloured for one, two in pairs])
    grouped = int(((bits <= SAME_WITHIN) & colours).sum())
    figures = (what, len(pairs), grouped, int(np.median(bits)), int(bits.min()), int(bits.max()))
    return dict(zip(COLUMNS, figures, strict=True))


def measured(folder: Path, most: int) -> list[dict[str, object]]:
    """A row for each kind of copy, for different photographs and for different pages."""
    hashes: list[PictureHash] = []
    pairs: dict[str, list[tuple[PictureHash, PictureHash]]] = {what: [] for what in COPIES}
    for path in scenes(folder, most):
        image = Image.open(path).convert("RGB")
        own = hash_of(saved(image), MOST_PIXELS)
        if own is None:
            continue
        hashes.append(own)
        for what, copy in COPIES.items():
            other = hash_of(copy(image), MOST_PIXELS)
            pairs[what] += [(own, other)] if other else []
    pages = [found for seed in range(PAGES) if (found := hash_of(saved(page(seed)), MOST_PIXELS))]
    rows = [row(what, some) for what, some in pairs.items()]
    rows.append(row("different photographs", list(combinations(hashes, 2))))
    return [*rows, row("different pages of text", list(combinations(pages, 2)))]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, metavar="DIR")
    parser.add_argument("--n", type=int, default=220)
    parser.add_argument("--csv", type=Path)
    asked = parser.parse_args()
    rows = measured(asked.images, asked.n)
    for figures in rows:
        print(figures)
    if asked.csv:
        write_rows(asked.csv, COLUMNS, rows)


if __name__ == "__main__":
    main()
