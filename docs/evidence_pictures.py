"""Make the four pictures of docs/how-it-works.md, and docs/evidence.png, from photos that scikit-image ships.

python -m docs.evidence_pictures
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
from matplotlib.figure import Figure
from PIL import Image

from jpegqf.arrays import F32, I64, U8
from jpegqf.evidence.blocks import block_lattice
from jpegqf.evidence.synthesis import agreement
from jpegqf.inspection.inspector import Inspector
from jpegqf.inspection.to_record import to_record
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.model.checkpoint import load_model
from jpegqf.model.predictor import Predictor
from jpegqf.pixels.codec import full_range_share
from jpegqf.pixels.luma import Luma
from jpegqf.pixels.video_range import rounding
from jpegqf.views.panels import BEST, BLANK, COUNTS, EARLIER, RIVAL
from jpegqf.views.plot import evidence_figure
from jpegqf.views.plotted import coefficient_histogram, coefficients_of

DOCS = Path(__file__).parent
SIZE, DPI = (8.0, 3.0), 125
"""Of a picture in inches, and its pixels an inch."""
COLOURS_KEPT = 64
"""Of a picture's palette: drawings need few, and the file stays small."""
LAST, EARLIER_QUALITY, AGAIN = 75, 60, 90
"""Qualities of the saves that are shown: one save, and 60 under 90."""
FREQUENCY = (1, 0)
"""(row, column) of the coefficient that is shown."""
MOST_SHOWN = 46.0
"""Largest coefficient on the axes."""
HEADROOM = 6
"""Of the axes above the highest bar, for the legend."""
WINDOW = 20
"""Differences of colours that are shown, from minus this to this."""


def photo() -> Image.Image:
    """Eileen Collins, NASA, public domain: 512x512 RGB, never a JPEG as scikit-image ships it."""
    return Image.fromarray(skimage.data.astronaut())


def saved(image: Image.Image, quality: int) -> Image.Image:
    """The pixels after one JPEG save."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling=0)
    with Image.open(out) as opened:
        return opened.convert("RGB")


def samples(image: Image.Image) -> U8:
    """Pixels, uint8 (height, width, 3)."""
    return np.asarray(image)


def coefficients(image: Image.Image) -> F32:
    """DCT coefficients of luma, float32 (blocks, 64)."""
    return coefficients_of(Luma.from_rgb(samples(image)))


def _histogram(axes: Any, found: F32, title: str) -> None:
    counts, edges = coefficient_histogram(found, FREQUENCY, 1)
    axes.stairs(counts, edges, fill=True, color=COUNTS)
    axes.set(
        xlim=(0, MOST_SHOWN),
        yscale="log",
        ylim=(0.7, HEADROOM * counts.max()),
        xlabel=f"|DCT coefficient| at {FREQUENCY}",
    )
    axes.minorticks_off()
    axes.set_title(title, fontsize=10)


def _teeth(axes: Any, quality: int, color: str, style: str) -> None:
    step = int(ijg_luma(quality)[FREQUENCY])
    for multiple in range(step, int(MOST_SHOWN), step):
        axes.axvline(multiple, color=color, linestyle=style, linewidth=0.9)
    axes.plot([], [], color=color, linestyle=style, label=f"multiples of {step}, the step of {quality}")


def draw_comb(figure: Figure) -> None:
    """The same coefficients before and after a save."""
    before, after = figure.subplots(1, 2)
    _histogram(before, coefficients(photo()), "never saved as JPEG")
    _histogram(after, coefficients(saved(photo(), LAST)), f"saved at {LAST}")
    _teeth(after, LAST, BEST, "-")
    before.set_ylabel("blocks")
    after.legend(fontsize=8, loc="upper right")


def shares_that_return(image: Image.Image) -> list[float]:
    """Share of the blocks that come back under the table of each quality, 1 to 100."""
    settings = load_model(device="cpu").config.evidence
    lattice = block_lattice(Luma.from_rgb(samples(image)), 0, 0)
    asked = np.count_nonzero(lattice.informative)
    tables = (ijg_luma(quality).reshape(64).astype(np.float32) for quality in range(1, 101))
    found = (agreement(lattice, table, settings.pixel_tolerance, settings.clip_rounds) for table in tables)
    return [float(np.count_nonzero(blocks) / asked) for blocks in found]


def draw_synthesis(figure: Figure) -> None:
    """How many blocks come back, pixel by pixel, under each quality's table."""
    axes = figure.subplots()
    once, never = shares_that_return(saved(photo(), LAST)), shares_that_return(photo())
    qualities = np.arange(1, 101)
    axes.bar(qualities, once, color=BEST, width=0.9, label=f"saved at {LAST}")
    axes.plot(qualities, never, color=RIVAL, linestyle="--", label="never saved as JPEG")
    axes.set(xlim=(0, 101), ylim=(0, 1.05), xlabel="quality of the table tried", ylabel="blocks that come back")
    axes.set_title("blocks that come back, pixel by pixel, when they are quantized again", fontsize=10)
    axes.legend(fontsize=8, loc="upper left")


def reached() -> set[tuple[int, int]]:
    """Differences of red and blue to green that libjpeg's YCbCr -> RGB gives, within the window."""
    jfif = rounding("BT.601", True)
    green = np.rint(jfif.green_u.table[:, None] + jfif.green_v.table)
    red, blue = np.rint(jfif.red.table)[None] - green, np.rint(jfif.blue.table)[:, None] - green
    found = np.stack([red.ravel(), blue.ravel()], axis=1).astype(np.int64)
    return set(map(tuple, found[(np.abs(found) <= WINDOW).all(axis=1)].tolist()))


def _differences(pixels: U8) -> I64:
    """The different ones of unclipped pixels (n, 3) within the window, int64 (n, 2)."""
    whole = pixels[(pixels > 0).all(axis=1) & (pixels < 255).all(axis=1)].astype(np.int64)
    found = np.unique(whole[:, [0, 2]] - whole[:, [1]], axis=0)
    return found[(np.abs(found) <= WINDOW).all(axis=1)]


def draw_lattice(figure: Figure) -> None:
    """The colours of the photo, and of the same after a save, over those that a JPEG's decoder can make."""
    possible = reached()
    for axes, image, title in zip(
        figure.subplots(1, 2), (photo(), saved(photo(), LAST)), ("never saved as JPEG", f"saved at {LAST}"), strict=True
    ):
        axes.scatter(*zip(*possible, strict=True), s=18, marker="s", color=BLANK, edgecolor=COUNTS, linewidth=0.4)
        found = [tuple(pair) for pair in _differences(samples(image).reshape(-1, 3)).tolist()]
        for within, color in ((True, RIVAL), (False, BEST)):
            some = [pair for pair in found if (pair in possible) == within]
            if some:
                axes.scatter(*zip(*some, strict=True), s=4, color=color)
        share = full_range_share(samples(image))
        axes.set_title(f"{title}: {100 * (share or 0):.0f} % on the lattice", fontsize=10)
        axes.set(xlim=(-WINDOW, WINDOW), ylim=(-WINDOW, WINDOW), xlabel="red less green", aspect="equal")
    figure.axes[0].set_ylabel("blue less green")


def draw_first_save(figure: Figure) -> None:
    """Coefficients of a photo saved twice: the coarse comb of the first save stands within the fine one of the last."""
    axes = figure.subplots()
    twice = saved(saved(photo(), EARLIER_QUALITY), AGAIN)
    _histogram(axes, coefficients(twice), f"saved at {EARLIER_QUALITY}, then at {AGAIN}")
    _teeth(axes, EARLIER_QUALITY, EARLIER, "-")
    _teeth(axes, AGAIN, BEST, ":")
    axes.set_ylabel("blocks")
    axes.legend(fontsize=8, loc="upper right")


PICTURES: dict[str, tuple[Callable[[Figure], None], tuple[float, float]]] = {
    "how-comb.png": (draw_comb, SIZE),
    "how-synthesis.png": (draw_synthesis, SIZE),
    "how-lattice.png": (draw_lattice, (8.0, 4.0)),
    "how-first-save.png": (draw_first_save, SIZE),
}
"""Each file with what draws it, and its size in inches."""


def write_small(figure: Figure, name: str, dpi: int = DPI, colours: int = COLOURS_KEPT) -> None:
    """Write a figure with a palette of some ``colours``."""
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=dpi, format="png")
    with Image.open(drawn) as image:
        image.convert("RGB").quantize(colours, Image.Quantize.MAXCOVERAGE).save(DOCS / name, optimize=True)
    print(f"{name}: {(DOCS / name).stat().st_size} bytes")


def example() -> Figure:
    """What ``jpegqf explain --plot`` draws of a photo with a part pasted in that was saved at another quality."""
    pasted = saved(photo(), EARLIER_QUALITY)
    cup = Image.fromarray(skimage.data.coffee()).resize((512, 512))
    pasted.paste(saved(cup, AGAIN).crop((160, 96, 416, 288)), (160, 96))
    predictor = Predictor(load_model(device="cpu"))
    png = io.BytesIO()
    pasted.save(png, "PNG")
    found = Inspector(predictor).look(png.getvalue(), "collage.png")
    figure: Figure = evidence_figure(found, to_record(found), predictor)
    return figure


def main() -> int:
    """Draw all four, and the example of docs/scan.md."""
    for name, (draw, size) in PICTURES.items():
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        write_small(figure, name)
    write_small(example(), "evidence.png", dpi=100, colours=256)
    return 0


if __name__ == "__main__":
    sys.exit(main())
