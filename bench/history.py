"""How well an earlier save is found, on JPEGs made, deterministically, from a folder of clean images.

    python -m bench.history --images DIR [--n 2000] [--summary FILE] [--csv FILE]

Of n regions of 256 to 512 pixels (less where the image is smaller), one half is saved once, at quality 1
to 100. Of the others nine in ten are saved at 5 or more below the last quality (30 to 100) and then at the
last, the rest at any first quality. Then n / 2 more regions are saved, cropped so that the grid moves, and saved
again: three in four at 10 or more below the last quality (30 to 100), the rest at any first quality above that.
Chroma subsampling, progression and Huffman tables are drawn.

Then n / 10 of each of KINDS: common first qualities, first tables of other encoders, pages of text, and single saves of
what is no photograph or has another encoder's tables.
"""

import argparse
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from tqdm import tqdm

from bench.accuracy import SUBSAMPLINGS, lossless_images
from bench.conditions.pages import WORDS
from bench.summary import Part, Summary, Value, given, mean, share, write_rows, write_summary
from jpegqf.history.classifier import EARLIER_SAVE_SEEN
from jpegqf.history.earlier_save import earlier_save
from jpegqf.history.first_tables import FAMILIES, first_tables
from jpegqf.jpeg.ijg import ijg_chroma, ijg_luma
from jpegqf.jpeg.known_tables import Family
from jpegqf.pixels.decode import decode_luma
from jpegqf.train.drawing import draw_scene
from jpegqf.train.other_tables import Tables

Slices = tuple[tuple[int, int], ...]

FINER = "a higher quality first"
ONCE, ONE_GRID, TWO_GRIDS = "saved once", "saved twice on one grid", "saved twice on two grids"
OTHER_ENCODERS = (Family.FFMPEG, Family.ADOBE, Family.JPEGLI, Family.MOZJPEG, Family.CAMERA)
LAST_BANDS = ((1, 29), (30, 49), (50, 69), (70, 84), (85, 94), (95, 100))
GAPS = ((5, 6), (7, 9), (10, 14), (15, 24), (25, 39), (40, 95))
CLOSE = ((1, 4), (0, 0), (-4, -1), (-99, -5))
FINER_GAPS = ((-5, -3), (-9, -6), (-14, -10), (-24, -15), (-39, -25), (-69, -40))
SHIFTED_GAP = 10
SHIFTED_GAPS = ((10, 12), (13, 17), (18, 24), (25, 39), (40, 95))
SHIFTED_CLOSE = ((7, 9), (4, 6), (1, 3), (-4, 0), (-9, -5), (-19, -10), (-99, -20))


@dataclass(frozen=True)
class Row:
    """One JPEG and what was said of it; ``first`` is empty for a single save, answers where nothing was said.

    ``kind``: one of KINDS, or empty. ``first`` and ``first_quality``: the equivalent one where the table is another
    encoder's. ``grid_x`` and ``grid_y`` are where the first save's grid begins, ``told_x`` and ``told_y`` where it was
    said to.
    """

    kind: str
    image: str
    width: int
    height: int
    first: int | None
    last: int
    grid_x: int
    grid_y: int
    first_quality: int | None
    first_low: int | None
    first_high: int | None
    probability: float | None
    told_x: int | None
    told_y: int | None

    @property
    def found(self) -> bool:
        """Called saved before."""
        return self.probability is not None and self.probability >= EARLIER_SAVE_SEEN

    @property
    def held(self) -> bool:
        """The interval holds the first quality."""
        return (self.first_low or 0) <= (self.first or 0) <= (self.first_high or 0)

    @property
    def gap(self) -> int:
        """Last minus first quality, of a double save."""
        return self.last - (self.first or 0)

    @property
    def shifted(self) -> bool:
        """Saved on two grids."""
        return (self.grid_x, self.grid_y) != (0, 0)

    @property
    def grid_told(self) -> bool:
        """The first grid is said to be where it is."""
        return (self.told_x, self.told_y) == (self.grid_x, self.grid_y)


def _save(image: Image.Image, tables: Tables, rng: np.random.Generator) -> bytes:
    out = io.BytesIO()
    chroma = {} if image.mode == "L" else {"subsampling": SUBSAMPLINGS[rng.integers(3)]}
    steps = [plane.reshape(64).tolist() for plane in (tables.luma, tables.chroma)]
    image.save(out, "JPEG", qtables=steps, optimize=rng.random() < 0.5, progressive=rng.random() < 0.3, **chroma)
    return out.getvalue()


def _ijg(quality: int) -> Tables:
    return Tables(ijg_luma(quality), ijg_chroma(quality), quality)


def _qualities(rng: np.random.Generator) -> tuple[int | None, int]:
    """First (None: single save) and last quality."""
    if rng.random() < 0.5:
        return None, int(rng.integers(1, 101))
    last = int(rng.integers(30, 101))
    return int(rng.integers(5, last - 4) if rng.random() < 0.9 else rng.integers(1, 101)), last


def _shifted_qualities(rng: np.random.Generator) -> tuple[int, int]:
    """First and last quality of a save on another grid."""
    last = int(rng.integers(30, 101))
    bound = last - SHIFTED_GAP + 1
    return int(rng.integers(5, bound) if rng.random() < 0.75 else rng.integers(bound, 101)), last


def _other_tables(low: int, high: int, rng: np.random.Generator) -> Tables:
    """Of an encoder that is not the IJG's, each family as often as another, of an equivalent quality in this range."""
    known = first_tables()
    families = [FAMILIES[family] for family in known.family]
    family = OTHER_ENCODERS[rng.integers(len(OTHER_ENCODERS))]
    inside = [i for i, quality in enumerate(known.quality) if low <= quality <= high and families[i] == family]
    one = int(rng.choice(inside))
    luma = known.steps[one].reshape(8, 8)
    return Tables(luma, luma, int(known.quality[one]))


def region_of(path: Path, largest: int, rng: np.random.Generator) -> Image.Image:
    """A random part of an image, a side of it ``largest`` pixels at most and half of that at least; gray stays gray."""
    with Image.open(path) as opened:
        image = opened.convert("L" if opened.mode in ("L", "1") else "RGB")
    width, height = (min(side, int(rng.integers(largest // 2, largest + 1))) for side in image.size)
    left, top = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def _text_page(rng: np.random.Generator) -> Image.Image:
    """Black words on white, of 10 to 27 pixels."""
    width, height = (int(side) for side in rng.integers(400, 900, 2))
    image, size = Image.new("RGB", (width, height), "white"), int(rng.integers(10, 28))
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    for top in range(20, height - 30, 3 * size // 2):
        pen.text((20, top), " ".join(rng.choice(WORDS, int(rng.integers(1, 14)))), "black", font)
    return image


def _gradient(rng: np.random.Generator) -> Image.Image:
    """From one colour to another, across, down, or out from a point."""
    width, height = (int(side) for side in rng.integers(300, 700, 2))
    down, across = np.mgrid[:height, :width]
    middle = rng.random(2) * (width, height)
    kinds = (across / width, down / height, np.hypot(across - middle[0], down - middle[1]) / (width + height))
    first, last = rng.integers(0, 256, (2, 3))
    return Image.fromarray(np.rint(first + (last - first) * kinds[rng.integers(3)][..., None]).astype(np.uint8))


@dataclass(frozen=True)
class Saves:
    """An image to be saved: with the tables of the last save, and of the first if there is one, on its ``grid``."""

    image: Image.Image
    last: Tables
    first: Tables | None = None
    grid: tuple[int, int] = (0, 0)


def _other_grid(rng: np.random.Generator) -> tuple[int, int]:
    """Column and row where a grid that is not the last save's begins."""
    y, x = divmod(int(rng.integers(1, 64)), 8)
    return x, y


def _on_one_grid(region: Image.Image, rng: np.random.Generator) -> Saves:
    first, last = _qualities(rng)
    return Saves(region, _ijg(last), None if first is None else _ijg(first))


def _on_two_grids(region: Image.Image, rng: np.random.Generator) -> Saves:
    first, last = _shifted_qualities(rng)
    return Saves(region, _ijg(last), _ijg(first), _other_grid(rng))


def _finer_first(region: Image.Image, rng: np.random.Generator) -> Saves:
    last = int(rng.integers(30, 93))
    return Saves(region, _ijg(last), _ijg(int(rng.integers(last + 3, 101))))


def _by_another_encoder(region: Image.Image, rng: np.random.Generator, moved: bool) -> Saves:
    last = int(rng.integers(90, 99))
    return Saves(region, _ijg(last), _other_tables(30, last - 10, rng), _other_grid(rng) if moved else (0, 0))


Make = Callable[[Image.Image, np.random.Generator], Saves]
"""Region and random generator -> what is to be saved."""
KINDS: dict[str, Make] = {
    "75, cropped, 95": lambda region, rng: Saves(region, _ijg(95), _ijg(75), _other_grid(rng)),
    "50, cropped, 95": lambda region, rng: Saves(region, _ijg(95), _ijg(50), _other_grid(rng)),
    "another encoder first, one grid": lambda region, rng: _by_another_encoder(region, rng, False),
    "another encoder first, two grids": lambda region, rng: _by_another_encoder(region, rng, True),
    "text twice": lambda region, rng: Saves(
        _text_page(rng), _ijg(int(rng.integers(85, 96))), _ijg(int(rng.integers(40, 76)))
    ),
    "text once": lambda region, rng: Saves(_text_page(rng), _ijg(int(rng.integers(30, 101)))),
    "gradient once": lambda region, rng: Saves(_gradient(rng), _ijg(int(rng.integers(30, 101)))),
    "drawing once": lambda region, rng: Saves(draw_scene(rng), _ijg(int(rng.integers(30, 101)))),
    "another encoder once": lambda region, rng: Saves(region, _other_tables(20, 98, rng)),
    FINER: _finer_first,
}
"""What is asked beside the conditions that qualities are drawn for."""


def make_and_judge(
    kind: str, path: Path, largest: int, make: Make,
    rng: np.random.Generator,
) -> tuple[Row, float]:  # fmt: skip
    """Save a region of ``path`` once or twice, and ask for its history; the row, and milliseconds spent asking."""
    saves = make(region_of(path, largest, rng), rng)
    image, (x, y) = saves.image, saves.grid
    if saves.first is not None:
        with Image.open(io.BytesIO(_save(image, saves.first, rng))) as earlier:
            image = earlier.crop((-x % 8, -y % 8, *earlier.size))
    decoded = decode_luma(_save(image, saves.last, rng))
    started = time.perf_counter()
    said = earlier_save(decoded.luma, saves.last.luma, colours=decoded.colours)
    spent = 1000 * (time.perf_counter() - started)
    probability = None if said.recompressed_probability is None else round(said.recompressed_probability, 4)
    told, first = said.grid or (None, None), said.first
    low, high = (first.low, first.high) if first else (None, None)
    row = Row(
        kind, path.name, *image.size, saves.first.quality if saves.first else None, saves.last.quality, x, y,
        first.quality if first else None, low, high, probability, *told,
    )  # fmt: skip
    return row, spent


def judge_all(images: list[Path], count: int, largest: int, seed: int) -> Iterator[tuple[Row, float]]:
    """``count`` rows and times, half as many on another grid, a tenth of each of KINDS; each image as often."""
    order = np.random.default_rng(seed).permutation(len(images))
    drawn: list[tuple[str, Make, int]] = [("", _on_one_grid, count), ("", _on_two_grids, count // 2)]
    drawn += [(kind, make, count // 10) for kind, make in KINDS.items()]
    ways = [(kind, make) for kind, make, number in drawn for _ in range(number)]
    for i, (kind, make) in enumerate(tqdm(ways)):
        path = images[order[i % len(images)]]
        yield make_and_judge(kind, path, largest, make, np.random.default_rng((seed, i)))


def part_of(rows: list[Row], condition: str, by: str, name: str) -> list[Part]:
    """Found, grid, no answer, and of those found: first quality named, exact, off by; nothing of no rows."""
    found = [row for row in rows if row.found]
    told = [row for row in found if row.first_quality is not None]
    errors = np.array([abs((row.first_quality or 0) - (row.first or 0)) for row in told], np.float64)
    figures = {
        "found": share(len(found), len(rows)),
        "silent": share(sum(row.probability is None for row in rows), len(rows)),
    }
    if condition != ONCE:
        figures["grid told"] = share(sum(row.grid_told for row in found), len(found))
        figures["first named"] = share(len(told), len(found))
        figures |= {"first exact": share(int((errors == 0).sum()), len(told)), "first MAE": mean(errors)}
        figures["interval holds"] = share(sum(row.held for row in found), len(found))
        figures["interval width"] = mean(np.array([(row.first_high or 0) - (row.first_low or 0) for row in found]))
    return [Part(condition, by, name, len(rows), given(figures))] if rows else []


def sliced(
    rows: list[Row], condition: str, by: str, name: str, slices: Slices, key: Callable[[Row], int]
) -> list[Part]:
    """Parts: the rows whose ``key`` lies in each slice."""
    out = []
    for low, high in slices:
        part = [row for row in rows if low <= key(row) <= high]
        out += part_of(part, condition, by, f"{name} {low}…{high}")
    return out


def _last(row: Row) -> int:
    return row.last


def _gap(row: Row) -> int:
    return row.gap


def _twice(rows: list[Row], condition: str, least: int, gaps: Slices, close: Slices) -> list[Part]:
    """Double saves: those asked for, cut by last quality and by gap, and those that are not."""
    lower = [row for row in rows if row.gap >= least]
    return [
        *part_of(lower, condition, "", f"first {least} or more below last"),
        *sliced(lower, condition, "last", "last", LAST_BANDS, _last),
        *sliced(lower, condition, "gap", "last - first", gaps, _gap),
        *sliced(rows, condition, "outside", "outside the target: last - first", close, _gap),
    ]


def summarised(rows: list[Row]) -> Summary:
    """Single saves, double saves on one grid, and on two."""
    drawn = [row for row in rows if not row.kind]
    single = [row for row in drawn if row.first is None]
    double = [row for row in drawn if row.first is not None and not row.shifted]
    moved = [row for row in drawn if row.shifted]
    kinds = [[row for row in rows if row.kind == kind] for kind in KINDS]
    return Summary([
        *sliced(single, ONCE, "last", "last", ((1, 100), *LAST_BANDS), _last),
        *_twice(double, ONE_GRID, GAPS[0][0], GAPS, CLOSE),
        *_twice(moved, TWO_GRIDS, SHIFTED_GAP, SHIFTED_GAPS, SHIFTED_CLOSE),
        *(part for rows in kinds if rows for part in part_of(rows, _condition(rows[0]), "kind", rows[0].kind)),
        *sliced([row for row in rows if row.kind == FINER], ONE_GRID, FINER, "last - first", FINER_GAPS, _gap),
    ])  # fmt: skip


def _condition(row: Row) -> str:
    """The table that a row belongs to."""
    return ONCE if row.first is None else TWO_GRIDS if row.shifted else ONE_GRID


def _counted(value: Value | None) -> str:
    return f"{value.passed}/{value.count}" if value else "0/0"


def _shared(value: Value | None) -> str:
    """A share with its interval, to a tenth of a percent."""
    if value is None or value.low is None or value.high is None:
        return "–"
    return f"{_counted(value)} = {100 * value.value:.1f} % [{100 * value.low:.1f}, {100 * value.high:.1f}]"


def _line(part: Part) -> str:
    """One line of a table."""
    silent, exact, error = (part.get(name) for name in ("silent", "first exact", "first MAE"))
    holds, width = part.get("interval holds"), part.get("interval width")
    cells = [part.part, _shared(part.get("found"))]
    if part.condition != ONCE:
        cells.append(_counted(part.get("grid told")))
    cells.append(str(silent.passed if silent else 0))
    if part.condition != ONCE:
        cells += [_counted(part.get("first named")), str(exact.passed) if exact else "–"]
        cells += [error.plain() if error else "–", _counted(holds), width.plain(1) if width else "–"]
    return f"| {' | '.join(cells)} |"


def tables(summary: Summary) -> str:
    """All figures, in Markdown."""
    heads = "found | grid told | no answer | first named | exact | MAE | interval holds | mean width |"
    heads += "\n|---|---|---|---|---|---|---|---|---|"
    single = f"| {ONCE} | called saved before | no answer |\n|---|---|---|"
    made = []
    for name, head in ((ONCE, single), (ONE_GRID, f"| {ONE_GRID} | {heads}"), (TWO_GRIDS, f"| {TWO_GRIDS} | {heads}")):
        made.append("\n".join([head, *(_line(part) for part in summary.parts if part.condition == name)]))
    return "\n\n".join(made)


def main() -> None:
    """Make, judge, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="folder of clean, lossless images")
    parser.add_argument(
        "--n", type=int, default=2000, help="JPEGs to make, and half as many on another grid (default %(default)s)"
    )
    parser.add_argument("--largest", type=int, default=512, help="longest side of a region (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--summary", type=Path, help="write what the tables are made of here")
    parser.add_argument("--csv", type=Path, help="write one row per JPEG here")
    arguments = parser.parse_args()
    images = lossless_images(arguments.images)
    judged = list(judge_all(images, arguments.n, arguments.largest, arguments.seed))
    rows = [row for row, _ in judged]
    if arguments.csv:
        write_rows(arguments.csv, [field.name for field in fields(Row)], map(asdict, rows))
    summary = summarised(rows)
    if arguments.summary:
        write_summary(arguments.summary, summary)
    print(tables(summary))
    print(f"\n{np.median([spent for _, spent in judged]):.1f} ms per image (median; decoding not counted)")


if __name__ == "__main__":
    main()
