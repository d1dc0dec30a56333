"""Small images of every container, and damaged copies of them: what is inspected where no fuzzer is installed.

python tests/fuzz/images.py FOLDER [SECONDS]

writes the images to FOLDER, then inspects damaged copies of all files in it for SECONDS; with --headers after that, it
only gives them to the readers of containers.
"""

import io
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 48
WAYS: dict[str, tuple[str, str, dict[str, object]]] = {
    "baseline.jpg": ("RGB", "JPEG", {"quality": 60}),
    "progressive.jpg": ("RGB", "JPEG", {"quality": 85, "progressive": True}),
    "gray.jpg": ("L", "JPEG", {"quality": 30}),
    "cmyk.jpg": ("CMYK", "JPEG", {"quality": 75}),
    "rgb.png": ("RGB", "PNG", {}),
    "palette.png": ("P", "PNG", {}),
    "lossy.webp": ("RGB", "WEBP", {"quality": 80}),
    "lossless.webp": ("RGBA", "WEBP", {"lossless": True}),
    "plain.tif": ("RGB", "TIFF", {}),
    "jpeg.tif": ("RGB", "TIFF", {"compression": "jpeg", "quality": 70}),
    "rgb.bmp": ("RGB", "BMP", {}),
    "gray.gif": ("L", "GIF", {}),
    "gray.pgm": ("L", "PPM", {}),
    "lossy.avif": ("RGB", "AVIF", {"quality": 60, "speed": 10}),
    "rgb.jp2": ("RGB", "JPEG2000", {"irreversible": True}),
    "lossy.heic": ("RGB", "HEIF", {"quality": 60}),
    "lossy.jxl": ("RGB", "JXL", {"quality": 80}),
    "two.mpo": ("RGB", "MPO", {"save_all": True}),
    "scan.pdf": ("RGB", "PDF", {}),
}


@cache
def whole_images() -> dict[str, bytes]:
    """An image of each way that is installed, by its name: smooth and busy parts, so that all evidence is asked for."""
    with suppress(ImportError):
        import pillow_jxl  # noqa: F401 - it makes Pillow write them
    with suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener()
    Image.init()
    rng = np.random.default_rng(0)
    ramp = np.add.outer(np.arange(SIDE), np.arange(SIDE))[..., None] * 2 + np.array([0, 40, 80])
    pixels = np.clip(ramp + rng.normal(0, 12, (SIDE, SIDE, 3)), 0, 255).astype(np.uint8)
    found = {}
    for name, (mode, kind, options) in WAYS.items():
        if kind not in Image.SAVE:
            continue
        out = io.BytesIO()
        image = Image.fromarray(pixels).convert(mode)
        several = {"append_images": [image.rotate(90)]} if options.get("save_all") else {}
        image.save(out, kind, **options, **several)
        found[name] = out.getvalue()
    return found


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """A copy that is cut, has flipped bits, or a piece written twice or left out."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        at = int(rng.integers(len(changed)))
        changed[at] = int(rng.integers(256))
    kind, start = int(rng.integers(4)), int(rng.integers(len(changed)))
    end = min(len(changed), start + int(rng.integers(1, 64)))
    if kind == 0:
        del changed[start:]
    elif kind == 1:
        del changed[start:end]
    elif kind == 2:
        changed[start:start] = changed[start:end]
    return bytes(changed)


def copies(images: list[bytes], seed: int) -> Iterator[bytes]:
    """Damaged copies of these images, without end."""
    rng = np.random.default_rng(seed)
    while True:
        yield damaged(images[int(rng.integers(len(images)))], rng)


def main() -> None:
    """Write the images; inspect damaged copies."""
    from targets import inspect_anything, read_any_container

    folder, seconds = Path(sys.argv[1]), float((*sys.argv[2:], "0")[0])
    look = read_any_container if "--headers" in sys.argv else inspect_anything
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in whole_images().items():
        (folder / name).write_bytes(data)
    originals = [path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()]
    until, count = time.monotonic() + seconds, 0
    for data in copies([one for one in originals if one], int(time.time())):
        if time.monotonic() >= until:
            break
        (folder.parent / "last.bin").write_bytes(data)
        look(data)
        count += 1
    print(f"{count} damaged images inspected")


if __name__ == "__main__":
    main()
