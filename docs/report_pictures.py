"""Make docs/report.png and docs/report-groups.png: a report on a small collection of public-domain images.

PYTHONPATH=tests python -m docs.report_pictures [--folder DIR]
"""

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from browser import chromium, opened
from docs.saving import decoded, jpeg

REPOSITORY = Path(__file__).parents[1]

SCENES = ("astronaut", "chelsea", "coffee", "camera", "brick", "grass")
"""Public domain (NASA) and CC0, as scikit-image ships them; all lossless."""
EACH = 60
WIDTH = 1200
SIDE = 192
PICTURES = {"report.png": ("body", "#verdicts"), "report-groups.png": ("#evidence", "#groups")}
"""Each picture with the parts of the page from which and to which it reaches."""
MARGIN = 24


def make_collection(folder: Path) -> None:
    """Three sources: saved once, saved twice, and made up, which are mostly PNGs; and some broken files."""
    random = np.random.default_rng(1)
    loaded = [Image.fromarray(getattr(skimage.data, name)()).convert("RGB") for name in SCENES]
    scenes = [scene.resize((scene.width * 7 // 10, scene.height * 7 // 10)) for scene in loaded]  # some were JPEGs
    for source in ("camera", "forum", "generated"):
        (folder / source).mkdir(parents=True)
        for i in range(EACH):
            scene = scenes[int(random.integers(len(scenes)))]
            left, top = (int(random.integers(0, side - SIDE)) for side in scene.size)
            clean = scene.crop((left, top, left + SIDE, top + SIDE))
            place = folder / source / f"{i:03d}"
            if source == "camera":
                place.with_suffix(".jpg").write_bytes(jpeg(clean, int(random.choice([90, 92, 95, 96, 98]))))
            elif source == "forum":
                place.with_suffix(".jpg").write_bytes(_saved_twice(clean, random, cropped=i % 3 == 0))
            else:
                was_jpeg = random.random() < 0.2
                image = decoded(jpeg(clean, int(random.integers(70, 96)))) if was_jpeg else clean
                image.save(place.with_suffix(".png"))
    (folder / "forum" / "060 cut off.jpg").write_bytes(jpeg(loaded[0], 90)[:9000])
    (folder / "forum" / "061 empty.jpg").write_bytes(b"")
    (folder / "camera" / "060 flat.jpg").write_bytes(jpeg(Image.new("RGB", (256, 256), "gray"), 95))


def _saved_twice(clean: Image.Image, random: np.random.Generator, cropped: bool) -> bytes:
    """A coarse save, sometimes a crop off its grid, and a fine save."""
    if random.random() < 0.2:
        return jpeg(clean, int(random.integers(60, 96)))
    once = decoded(jpeg(clean, int(random.integers(45, 85))))
    again = once.crop((3, 5, SIDE - 5, SIDE - 3)) if cropped else once
    return jpeg(again, int(random.choice([95, 95, 95, 92])))


def take_pictures(page: Path, into: Path) -> None:
    """The parts of the page that PICTURES names, in 256 colours."""
    with (
        chromium() as browser,
        opened(browser, page.as_uri(), viewport={"width": WIDTH, "height": 1000}, color_scheme="light") as watched,
    ):
        for name, (start, end) in PICTURES.items():
            first, last = (watched.page.locator(place).bounding_box() for place in (start, end))
            top = first["y"] + (MARGIN if start != "body" else 0)
            bottom = last["y"] + last["height"] + MARGIN
            clip = {"x": 0, "y": top, "width": WIDTH, "height": bottom - top}
            taken = watched.page.screenshot(full_page=True, clip=clip)
            with Image.open(io.BytesIO(taken)) as image:
                image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(into / name, optimize=True)


def main() -> None:
    """Make the collection, scan it, report on it, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="keep collection, results and page here, which must be new")
    with tempfile.TemporaryDirectory() as scratch:
        folder = parser.parse_args().folder or Path(scratch) / "made"
        make_collection(folder / "collection")
        command = [sys.executable, "-m", "jpegqf"]
        scan = [*command, "scan", "collection", "--recursive", "--quiet", "-o", "rows.db"]
        subprocess.run(scan, cwd=folder, check=False)  # noqa: S603 - our own command; 3 tells of the broken files
        report = [*command, "report", "rows.db", "--thumbnails", "-o", "report.html"]
        subprocess.run(report, cwd=folder, check=True)  # noqa: S603 - our own command
        take_pictures(folder / "report.html", REPOSITORY / "docs")


if __name__ == "__main__":
    main()
