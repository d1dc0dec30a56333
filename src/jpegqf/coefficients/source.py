"""An image in any lossless form -> its 8-bit pixels, gray or RGB, and what of its metadata a JPEG can carry."""

import os
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jpegqf.arrays import U8
from jpegqf.errors import ImageBrokenError, ImageSkippedError, Reason
from jpegqf.inputs.files import read_bytes
from jpegqf.limits import MAX_FILE_BYTES
from jpegqf.pixels.decode import LOSSY_FORMATS
from jpegqf.pixels.opening import JPEG_FORMATS, check_size, errors_in_words, opened

Source = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | NDArray[np.uint8]
MOST_EXIF, MOST_TEXT, MOST_XMP = 65_000, 60_000, 65_000
"""Most bytes of EXIF and of XMP that fit into one segment, and of texts that are carried over."""
MOST_ICC = 255 * 65_519
"""Most bytes of a colour profile: 255 segments (ICC.1:2022, annex B.4)."""
OF_A_TIFF = (254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 330, 338,
             339, 347, 700, 34675)  # fmt: skip
"""Tags that tell how a TIFF holds its samples (TIFF 6.0), and those of XMP and colour profile: none of EXIF."""


@dataclass(frozen=True)
class Metadata:
    """``icc``: a colour profile; ``exif``: as Pillow has it, without the header; ``text``: comments; ``xmp``: a packet;
    empty if none. ``left_out``: names of what does not fit into a JPEG.
    """

    icc: bytes = b""
    exif: bytes = b""
    text: str = ""
    xmp: bytes = b""
    left_out: tuple[str, ...] = ()


def read_source(source: Source, max_pixels: int) -> tuple[U8, Metadata]:
    """The pixels, uint8 (height, width) or (height, width, 3), and the metadata of a source.

    Raises ImageSkippedError for JPEGs, lossy files, real alpha, more than 8 bits, palettes and several frames,
    ImageBrokenError for what cannot be read, TypeError for a source of another kind.
    """
    if isinstance(source, np.ndarray):
        if source.dtype != np.uint8 or not (source.ndim == 2 or (source.ndim == 3 and source.shape[2] == 3)):
            raise TypeError(f"an array must be uint8 (h, w) or (h, w, 3), not {source.dtype} {source.shape}")
        check_size(source.shape[1], source.shape[0], max_pixels, costly=True)
        return np.ascontiguousarray(source), Metadata()
    if isinstance(source, Image.Image):
        with errors_in_words(b""):
            return _pixels(source, max_pixels), _metadata(source)
    if isinstance(source, (str, os.PathLike)):
        data = read_bytes(source)
    elif isinstance(source, bytes):
        data = source
    elif hasattr(source, "read"):
        data = bytes(source.read(MAX_FILE_BYTES))
    else:
        raise TypeError(f"cannot restore a {type(source).__name__}")
    if not data:
        raise ImageBrokenError(Reason.EMPTY, "file is empty")
    with errors_in_words(data), opened(data, max_pixels) as image:
        if image.format in JPEG_FORMATS:
            raise ImageSkippedError(Reason.LOSSY, "the file is a JPEG already")
        codec, is_lossy = LOSSY_FORMATS.get(image.format or "", (None, None))
        if codec and (is_lossy is None or is_lossy(data)):
            raise ImageSkippedError(Reason.LOSSY, f"a lossy {image.format}: its pixels are no JPEG's")
        return _pixels(image, max_pixels), _metadata(image)


def _pixels(image: Image.Image, max_pixels: int) -> U8:
    check_size(image.width, image.height, max_pixels, costly=True)
    if getattr(image, "n_frames", 1) > 1:
        raise ImageSkippedError(Reason.UNSUPPORTED, "several frames: a JPEG holds one")
    if image.mode in ("RGBA", "LA") or "transparency" in image.info:
        return _opaque(image)
    if image.mode not in ("L", "RGB", "RGBX"):
        words = f"samples are not 8-bit gray or RGB (Pillow mode {image.mode})"
        raise ImageSkippedError(Reason.REDUCED_COLOURS if image.mode in ("P", "1") else Reason.NOT_8_BIT, words)
    pixels = np.asarray(image)
    return pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., :3])


def _opaque(image: Image.Image) -> U8:
    """The colours of an image with an alpha channel that says nothing. Raises ImageSkippedError for real alpha."""
    if image.mode not in ("RGBA", "LA"):
        raise ImageSkippedError(Reason.HAS_ALPHA, "the image has transparent colours: a JPEG has none")
    pixels = np.asarray(image)
    if (pixels[..., -1] != 255).any():
        raise ImageSkippedError(Reason.HAS_ALPHA, "the image has an alpha channel: a JPEG has none")
    return np.ascontiguousarray(pixels[..., 0] if image.mode == "LA" else pixels[..., :3])


def _metadata(image: Image.Image) -> Metadata:
    """What a file tells beside its pixels, as far as a JPEG can hold it."""
    found = {"icc": _bytes(image.info.get("icc_profile")), "exif": _exif(image), "xmp": _bytes(image.info.get("xmp"))}
    text, names = _text(image), {"icc": "colour profile", "exif": "EXIF", "xmp": "XMP", "text": "text"}
    most = {"icc": MOST_ICC, "exif": MOST_EXIF, "xmp": MOST_XMP, "text": MOST_TEXT}
    sizes = {name: len(value) for name, value in found.items()} | {"text": len(text.encode())}
    large = [name for name, size in sizes.items() if size > most[name]]
    kept = {name: b"" if name in large else value for name, value in found.items()}
    return Metadata(**kept, text="" if "text" in large else text, left_out=tuple(names[name] for name in large))


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _exif(image: Image.Image) -> bytes:
    exif = image.getexif()
    for tag in OF_A_TIFF if image.format == "TIFF" else ():
        exif.pop(tag, None)
    return exif.tobytes().removeprefix(b"Exif\x00\x00") if exif else b""


def _text(image: Image.Image) -> str:
    """The texts of a PNG, a line each; XMP is none of them."""
    texts = getattr(image, "text", None) or {}
    lines = [f"{name}: {value}" for name, value in texts.items() if isinstance(value, str) and name != XMP_OF_PNG]
    return "\n".join(lines)


XMP_OF_PNG = "XML:com.adobe.xmp"
"""Keyword of the text that is a PNG's XMP."""
