"""What DC tells, in luma and in chroma, of a first save at a higher quality on the same grid.

    python -m bench.finer_first --images DIR [--n 12000] [--summary FILE]

n regions of 256 to 512 pixels, half of them saved once, at quality 30 to 92, the others first at 3 or more above it.
Each is judged by the most evidence for an earlier DC step finer than the last (``jpegqf.history.dc_steps``): of luma,
of both chroma planes together, and of either. Seen is what exceeds the evidence that one single save in 200 reaches;
for "either" each of the two thresholds is that of one in 400. Chroma is taken as the decoder has it before it
upsamples.
"""

import argparse
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from bench.accuracy import lossless_images
from bench.history import FINER_GAPS, region_of
from bench.summary import Part, Summary, given, share, write_summary
from jpegqf.arrays import I64, U8, Bool
from jpegqf.history.dc_steps import dc_ratios
from jpegqf.history.same_grid.counts import count_same_grid
from jpegqf.jpeg.ijg import ijg_chroma, ijg_luma
from jpegqf.pixels.luma import Luma

FALSE_ALARMS = 1 / 200
FULL, HALVED = "4:4:4", "4:2:0"
"""Chroma of luma's size, and of half of it across and down."""
FIGURES = ("luma", "chroma", "either")
FINEST_LAST, COARSEST_LAST, LEAST_GAP = 92, 30, 3
NOTHING = -100.0
"""Evidence of a plane that has too little to be asked, natural logarithm."""


@dataclass(frozen=True)
class Judged:
    """A JPEG's first quality (None: saved once), last one, and the evidence of luma and of chroma."""

    first: int | None
    last: int
    luma: float
    chroma: float


def save(image: Image.Image, quality: int, subsampling: str) -> bytes:
    """JPEG bytes with the IJG tables."""
    out = io.BytesIO()
    steps = [of(quality).reshape(64).tolist() for of in (ijg_luma, ijg_chroma)]
    image.save(out, "JPEG", qtables=steps, subsampling=subsampling)
    return out.getvalue()


def decoded(data: bytes, divisor: int) -> U8:
    """Luma and chroma, uint8 (height, width, 3), at a size divided by 1 or 2."""
    with Image.open(io.BytesIO(data)) as image:
        image.draft("YCbCr", (image.width // divisor, image.height // divisor))
        return np.asarray(image)


def planes_of(data: bytes, subsampling: str) -> list[U8]:
    """Luma and both chroma planes, uint8, as they were coded.

    Halved chroma libjpeg gives when it decodes at half size: luma then has half of its frequencies, chroma all.
    """
    whole = decoded(data, 1)
    of_chroma = decoded(data, 2) if subsampling == HALVED else whole
    return [whole[..., 0], of_chroma[..., 1], of_chroma[..., 2]]


def evidence(planes: list[U8], last_table: I64) -> float:
    """The most that any finer DC step has in all of the planes together, natural logarithm."""
    last = int(last_table[0, 0])
    if last == 1:
        return NOTHING
    steps, found = np.arange(1, last), np.zeros(last - 1)
    counted = [count_same_grid(Luma(np.ascontiguousarray(plane)), last_table) for plane in planes]
    asked = [counts for counts in counted if counts is not None]
    for counts in asked:
        found += dc_ratios(counts.dc, last, steps)[0]
    return float(found.max()) if asked else NOTHING


def judged(path: Path, number: int, seed: int, subsampling: str) -> Judged:
    """One JPEG, saved twice half of the time."""
    rng = np.random.default_rng((seed, number))
    image, last = region_of(path, 512, rng).convert("RGB"), int(rng.integers(COARSEST_LAST, FINEST_LAST + 1))
    first = int(rng.integers(last + LEAST_GAP, 101)) if rng.random() < 0.5 else None
    if first is not None:
        image = Image.open(io.BytesIO(save(image, first, subsampling)))
    luma, *chroma = planes_of(save(image, last, subsampling), subsampling)
    return Judged(first, last, evidence([luma], ijg_luma(last)), evidence(chroma, ijg_chroma(last)))


def seen(every: list[Judged]) -> dict[str, Bool]:
    """By figure, whether each is seen as saved before, bool (n,)."""
    of_planes = {name: np.array([getattr(one, name) for one in every]) for name in ("luma", "chroma")}
    single = np.array([one.first is None for one in every])

    def above(name: str, alarms: float) -> Bool:
        found: Bool = of_planes[name] > np.quantile(of_planes[name][single], 1 - alarms, method="higher")
        return found

    half = FALSE_ALARMS / 2
    either = above("luma", half) | above("chroma", half)
    return {"luma": above("luma", FALSE_ALARMS), "chroma": above("chroma", FALSE_ALARMS), "either": either}


def parts_of(every: list[Judged], condition: str) -> list[Part]:
    """Shares seen: of all first saves at a higher quality, and by how much higher."""
    shown = seen(every)
    gaps = np.array([0 if one.first is None else one.last - one.first for one in every])
    bounds = [(gaps.min(), -LEAST_GAP), *FINER_GAPS]
    parts = []
    for number, (low, high) in enumerate(bounds):
        among = (gaps >= low) & (gaps <= high)
        figures = {name: share(int(shown[name][among].sum()), int(among.sum())) for name in FIGURES}
        name = f"{-high} to {-low}" if number else "all"
        parts.append(Part(condition, "gap" if number else "", name, int(among.sum()), given(figures)))
    return parts


def table(summary: Summary) -> str:
    """All figures, in Markdown."""
    lines = [f"| first above last by | subsampling | n | {' | '.join(FIGURES)} |", "|---|---|---|---|---|---|"]
    names = [part.part for part in summary.parts if part.condition == FULL]
    for part in sorted(summary.parts, key=lambda part: names.index(part.part)):
        cells = [value.plain() if (value := part.get(name)) else "–" for name in FIGURES]
        lines.append(f"| {part.part} | {part.condition} | {part.n} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Make, judge, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="folder of clean, lossless images")
    parser.add_argument("--n", type=int, default=12_000, help="JPEGs to make of each subsampling (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--summary", type=Path, help="write what the table is made of here")
    asked = parser.parse_args()
    images = lossless_images(asked.images)
    order = np.random.default_rng(asked.seed).permutation(len(images))
    summary = Summary()
    for subsampling in (FULL, HALVED):
        numbers = tqdm(range(asked.n), desc=subsampling)
        every = [judged(images[order[i % len(images)]], i, asked.seed, subsampling) for i in numbers]
        summary.parts += parts_of(every, subsampling)
    if asked.summary:
        write_summary(asked.summary, summary)
    print(table(summary))


if __name__ == "__main__":
    main()
