"""Make docs/terminal-scan.svg and docs/terminal-story.svg: what the command prints on a terminal.

PYTHONPATH=tests python -m docs.terminal_pictures
"""

import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import skimage.data
from PIL import Image
from rich.console import Console
from rich.text import Text

from conftest import on_a_terminal
from docs.saving import decoded, jpeg

DOCS = Path(__file__).parent
WIDTH = 100
"""Columns of the terminal, as ``on_a_terminal`` has them."""
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""What loads letters from the network: the viewer's own are good enough."""


def make_photos(folder: Path) -> None:
    """One image of each kind of answer, from photos in the public domain and under CC0 that scikit-image ships."""
    astronaut, cat, cup = (
        Image.fromarray(getattr(skimage.data, name)()) for name in ("astronaut", "chelsea", "coffee")
    )
    (folder / "astronaut.jpg").write_bytes(jpeg(astronaut, 85))
    (folder / "broken.jpg").write_bytes(jpeg(cup, 80)[:9000])
    (folder / "cat-cropped-and-saved-again.jpg").write_bytes(jpeg(decoded(jpeg(cat, 60)).crop((3, 5, 440, 290)), 92))
    decoded(jpeg(cat, 77)).save(folder / "cat.png")
    pasted = decoded(jpeg(astronaut, 60))
    pasted.paste(decoded(jpeg(cup.resize((512, 512)), 92)).crop((160, 96, 416, 288)), (160, 96))
    pasted.save(folder / "collage.png")
    cup.save(folder / "cup-as-it-was-taken.png")
    cup.save(folder / "cup.webp", quality=70)


@contextmanager
def within(folder: str | Path) -> Iterator[None]:
    """Work in a folder."""
    earlier = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(earlier)


def picture(command: str, printed: str) -> str:
    """An SVG of a terminal with a command and what it printed."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ {command}", style="bold"))
    console.print(Text.from_ansi(printed.rstrip("\n")))
    return FONTS.sub("", console.export_svg(title="", unique_id="jpegqf"))


def main() -> int:
    """Run both commands and draw what they print."""
    with tempfile.TemporaryDirectory() as work, within(work):
        photos = Path("photos")
        photos.mkdir()
        make_photos(photos)
        for name, words in (("scan", ["photos"]), ("story", ["photos/cat-cropped-and-saved-again.jpg"])):
            svg = picture(" ".join(["jpegqf", *words]), on_a_terminal(*words))
            (DOCS / f"terminal-{name}.svg").write_text(svg, encoding="utf-8")
            print(f"terminal-{name}.svg: {len(svg)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
