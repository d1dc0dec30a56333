"""Clean images -> patchworks of any size as JPEG or PNG bytes, and folders of them."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

SHIPPED = ("astronaut", "chelsea", "coffee", "rocket")
"""RGB photographs in the public domain or under CC0 that scikit-image brings along."""
PIECE = 256
SUFFIXES = {".png", ".webp", ".bmp", ".tif", ".tiff", ".ppm"}


@dataclass(frozen=True)
class Material:
    """Square pieces of photographs, PIECE pixels a side."""

    pieces: tuple[Image.Image, ...]

    def picture(self, size: tuple[int, int], number: int) -> Image.Image:
        """A patchwork, width and height in pixels; the same for the same ``number``."""
        rng = np.random.default_rng((number, *size))
        out = Image.new("RGB", size)
        for top in range(0, size[1], PIECE):
            for left in range(0, size[0], PIECE):
                out.paste(self.pieces[rng.integers(len(self.pieces))], (left, top))
        return out

    def jpeg(self, size: tuple[int, int], quality: int, number: int, progressive: bool = False) -> bytes:
        """The patchwork as JPEG, 4:2:0."""
        out = io.BytesIO()
        self.picture(size, number).save(out, "JPEG", quality=quality, progressive=progressive)
        return out.getvalue()

    def png(self, size: tuple[int, int], quality: int, number: int) -> bytes:
        """The same JPEG saved as PNG."""
        out = io.BytesIO()
        with Image.open(io.BytesIO(self.jpeg(size, quality, number))) as image:
            image.save(out, "PNG", compress_level=1)
        return out.getvalue()


def _cut(image: Image.Image) -> list[Image.Image]:
    rgb = image.convert("RGB")
    places = [(x, y) for y in range(0, rgb.height - PIECE + 1, PIECE) for x in range(0, rgb.width - PIECE + 1, PIECE)]
    return [rgb.crop((x, y, x + PIECE, y + PIECE)) for x, y in places]


def material(folder: Path | None) -> Material:
    """Pieces of the clean images in ``folder``, or of what scikit-image ships. Raises SystemExit if there are none."""
    if folder is None:
        images = [Image.fromarray(getattr(skimage.data, name)()) for name in SHIPPED]
    else:
        images = [Image.open(path) for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES]
    pieces = [piece for image in images for piece in _cut(image)]
    if not pieces:
        raise SystemExit(f"no clean image of {PIECE}x{PIECE} pixels or more in {folder}")
    return Material(tuple(pieces))


def write_folder(files: list[bytes], count: int, folder: Path) -> Path:
    """``count`` files of these contents in turn, named 00000.jpg and so on."""
    folder.mkdir(parents=True)
    for i in range(count):
        (folder / f"{i:05d}.jpg").write_bytes(files[i % len(files)])
    return folder
