"""Quality of WebP, AVIF, HEIF and JPEG XL files as their headers tell it, against the encoders over their whole scale.

    python -m bench.codec_quality --images DIR [--n 24] [--step 4] [--only NAME ...] [--csv docs/codec-quality.csv]

``DIR``: images, of which squares of SIDE are saved. WebP by Pillow and, where the package ``webp`` is installed, with
libwebp's presets and strengths of noise shaping; AVIF by Pillow, with its default and the older tunings of libaom;
HEIF, where ``pillow-heif`` is installed, by libheif with presets and tunings of x265; JPEG XL, where
``pillow-jxl-plugin`` is, by libjxl at several efforts, from FIRST_OF_LIBJXL on.
"""

import argparse
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.summary import write_rows
from jpegqf.codecs.quality import codec_quality
from jpegqf.errors import MissingExtraError
from jpegqf.optional import pillow_heif, pillow_jxl

SIDE = 256
PRESETS = ("PICTURE", "PHOTO", "DRAWING", "ICON", "TEXT")
EFFORTS = (1, 3, 5, 7, 8)
FIRST_OF_LIBJXL, LAST_OF_LIBJXL = 2, 99
"""Qualities that libjxl takes as lossy ones: 100 loses nothing."""
STRENGTHS = (0, 10, 25, 30, 50, 60, 70, 80, 90, 100)
COLUMNS = ("encoder", "setting", "files", "told", "within_1", "within_3", "mean_error", "worst_error")
Encode = Callable[[Image.Image, int], bytes]


def by_pillow(kind: str, **options: object) -> Encode:
    """An encoder of Pillow."""

    def encode(image: Image.Image, quality: int) -> bytes:
        out = io.BytesIO()
        image.save(out, kind, quality=quality, **options)
        return out.getvalue()

    return encode


def by_libwebp(preset: str, **options: int) -> Encode:
    """Libwebp with a preset and some of its configuration. Raises ImportError without the package ``webp``."""
    import webp

    def encode(image: Image.Image, quality: int) -> bytes:
        config = webp.WebPConfig.new(preset=webp.WebPPreset[preset], quality=quality)
        for name, value in options.items():
            setattr(config.ptr, name, value)
        return bytes(webp.WebPPicture.from_pil(image).encode(config).buffer())

    return encode


def by_libheif() -> list[tuple[str, str, Encode]]:
    """Libheif with presets and tunings of x265; none where pillow-heif is not installed."""
    try:
        pillow_heif().register_heif_opener()
    except MissingExtraError:
        return []
    settings = [("preset", name) for name in ("slow", "ultrafast")] + [("tune", name) for name in ("psnr", "grain")]
    return [("libheif", f"{kind}={name}", by_pillow("HEIF", enc_params={kind: name})) for kind, name in settings]


def by_libjxl() -> list[tuple[str, str, Encode]]:
    """Libjxl at several efforts; none where pillow-jxl-plugin is not installed."""
    try:
        pillow_jxl()
    except MissingExtraError:
        return []
    return [("libjxl", f"effort {effort}", by_pillow("JXL", effort=effort)) for effort in EFFORTS]


def encoders() -> list[tuple[str, str, Encode]]:
    """All that are installed, with their names and settings."""
    found = [
        ("Pillow WEBP", "method 4", by_pillow("WEBP", method=4)),
        ("Pillow WEBP", "method 0", by_pillow("WEBP", method=0)),
        ("Pillow WEBP", "method 6", by_pillow("WEBP", method=6)),
        ("Pillow AVIF", "default", by_pillow("AVIF", speed=9)),
        ("Pillow AVIF", "tune=psnr", by_pillow("AVIF", speed=9, advanced={"tune": "psnr"})),
        ("Pillow AVIF", "tune=ssim", by_pillow("AVIF", speed=9, advanced={"tune": "ssim"})),
        *by_libheif(),
        *by_libjxl(),
    ]
    try:
        presets = [(f"preset {name.lower()}", by_libwebp(name)) for name in PRESETS]
        presets += [(f"-sns {sns}", by_libwebp("DEFAULT", sns_strength=sns)) for sns in STRENGTHS]
        presets += [(f"-segments {count}", by_libwebp("DEFAULT", segments=count)) for count in (1, 2, 3)]
    except ImportError:
        return found
    return found + [("libwebp", setting, encode) for setting, encode in presets]


def measure(images: list[Image.Image], encoder: str, encode: Encode, step: int) -> dict[str, Any]:
    """What the headers of all images say at all qualities, each ``step`` apart; errors are of files that tell one."""
    scale = (FIRST_OF_LIBJXL, LAST_OF_LIBJXL) if encoder == "libjxl" else (0, 100)
    asked = [quality for _ in images for quality in range(scale[0], scale[1] + 1, step)]
    files = (encode(image, quality) for image in images for quality in range(scale[0], scale[1] + 1, step))
    told = [codec_quality(data) for data in files]
    errors = np.array([one - quality for one, quality in zip(told, asked, strict=True) if one is not None])
    return {
        "files": len(told),
        "told": round(len(errors) / len(told), 4),
        "within_1": round(float(np.mean(np.abs(errors) <= 1)), 4),
        "within_3": round(float(np.mean(np.abs(errors) <= 3)), 4),
        "mean_error": round(float(errors.mean()), 3),
        "worst_error": float(errors[np.abs(errors).argmax()]),
    }


def squares(folder: Path, count: int) -> list[Image.Image]:
    """The upper left squares of ``count`` images, evenly chosen among those of a folder."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".webp", ".png", ".jpg"))
    chosen = [paths[number] for number in np.linspace(0, len(paths) - 1, count).astype(int).tolist()]
    return [Image.open(path).convert("RGB").crop((0, 0, SIDE, SIDE)) for path in chosen]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--n", type=int, default=24)
    parser.add_argument("--step", type=int, default=4)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these encoders alone")
    parser.add_argument("--csv", type=Path)
    asked = parser.parse_args()
    images = squares(asked.images, asked.n)
    rows = []
    for encoder, setting, encode in encoders():
        if asked.only and encoder not in asked.only:
            continue
        rows.append({"encoder": encoder, "setting": setting, **measure(images, encoder, encode, asked.step)})
        print(rows[-1], flush=True)
    if asked.csv:
        write_rows(asked.csv, COLUMNS, rows)


if __name__ == "__main__":
    main()
