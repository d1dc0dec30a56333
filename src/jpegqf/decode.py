"""Bytes or a file -> luma plane with clipping marks; every library error becomes a reason in words."""

import io
import os
import re
import stat
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from jpegqf.errors import ImageBrokenError, ImageSkippedError, Reason

U8 = NDArray[np.uint8]

MAX_FILE_BYTES = 2**31
MAX_PIXELS = 2**30
"""Larger images are never decoded: their luma alone would fill a gigabyte."""
EXIF_ORIENTATION = 0x0112
RGB_TO_LUMA = (299, 587, 114)
"""ITU-R BT.601 weights in thousandths, as JFIF prescribes."""
STRIP = 512
"""Rows converted at a time, so that large images cost no large temporaries."""
READ_ERRORS = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, OverflowError)
"""What Pillow's plugins raise on broken files (its own documentation names only the first few)."""


@dataclass(frozen=True)
class Luma:
    """A luma plane, uint8 (height, width), in the stored orientation.

    ``marks``, uint8 of the same shape, says which pixels clipping changed: bit 0 "may have been lower"
    (a channel is 0), bit 1 "may have been higher" (a channel is 255). None: read it off the plane itself.
    """

    plane: U8
    marks: U8 | None = None

    @classmethod
    def from_rgb(cls, rgb: U8) -> "Luma":
        """Luma of uint8 (height, width, 3) pixels.

        Rounding gives back the integer luma of the JPEG decoder that made the pixels, wherever no
        channel is clipped.
        """
        plane = np.empty(rgb.shape[:2], np.uint8)
        marks = np.empty(rgb.shape[:2], np.uint8)
        for top in range(0, len(rgb), STRIP):
            rows = rgb[top : top + STRIP]
            red, green, blue = (rows[..., i].astype(np.int32) * RGB_TO_LUMA[i] for i in range(3))
            plane[top : top + STRIP] = (red + green + blue + 500) // 1000
            marks[top : top + STRIP] = (rows == 0).any(axis=2) | ((rows == 255).any(axis=2) << 1)
        return cls(plane, marks)

    def crop(self, top: int, left: int, height: int, width: int) -> "Luma":
        """The region whose first pixel is (top, left), as views."""
        window = (slice(top, top + height), slice(left, left + width))
        return Luma(self.plane[window], None if self.marks is None else self.marks[window])


@dataclass(frozen=True)
class Decoded:
    """An image's luma and what was noted on the way.

    ``orientation`` is the EXIF value (1..8): noted, never applied, since the 8x8 grid is the stored image's.
    """

    luma: Luma
    format: str
    orientation: int


def read_luma(path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> Decoded:
    """Read and decode one file.

    Raises ImageSkippedError (more than ``max_pixels`` pixels, told from the header; samples that are not
    8 bits) and ImageBrokenError (unreadable, empty, not an image, truncated, corrupt).
    """
    return decode_luma(read_bytes(Path(path)), max_pixels)


def read_bytes(path: Path) -> bytes:
    """All bytes of a regular file of at most MAX_FILE_BYTES; errors as for :func:`read_luma`."""
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise ImageBrokenError(Reason.UNREADABLE, "not a regular file")
        if info.st_size > MAX_FILE_BYTES:
            raise ImageSkippedError(
                Reason.TOO_LARGE, f"file of {info.st_size} bytes is over the limit of {MAX_FILE_BYTES}"
            )
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES)
    except OSError as error:
        words = (error.strerror or "input/output error").lower()
        raise ImageBrokenError(Reason.UNREADABLE, f"cannot be read: {words}") from None


def decode_luma(data: bytes, max_pixels: int = MAX_PIXELS) -> Decoded:
    """Decode image bytes; errors as for :func:`read_luma`."""
    if not data:
        raise ImageBrokenError(Reason.EMPTY, "file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                return _decode_opened(image, max_pixels, data)
    except Image.DecompressionBombError:
        raise ImageSkippedError(Reason.TOO_LARGE, "too many pixels: refused as a possible decompression bomb") from None
    except UnidentifiedImageError:
        raise _unidentified(data) from None
    except MemoryError:
        raise ImageSkippedError(Reason.TOO_LARGE, "too many pixels: not enough memory to decode it") from None
    except READ_ERRORS as error:
        raise _in_words(str(error)) from None


def decode_image(image: Image.Image, max_pixels: int = MAX_PIXELS) -> Decoded:
    """Luma of an image that Pillow has opened; errors as for :func:`read_luma`."""
    try:
        return _decode_opened(image, max_pixels, None)
    except READ_ERRORS as error:
        raise _in_words(str(error)) from None


def _decode_opened(image: Image.Image, max_pixels: int, data: bytes | None) -> Decoded:
    pixels = image.width * image.height
    if pixels > min(max_pixels, MAX_PIXELS):
        size = f"{image.width}x{image.height} = {pixels}"
        limit = min(max_pixels, MAX_PIXELS)
        raise ImageSkippedError(Reason.TOO_LARGE, f"too many pixels: {size}, the limit is {limit}")
    orientation = image.getexif().get(EXIF_ORIENTATION, 1)
    kept = orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1
    name = image.format or ""
    is_jpeg_file = data is not None and name in ("JPEG", "MPO")
    return Decoded(_jpeg_luma(image, data) if data and is_jpeg_file else _pixel_luma(image), name, kept)


def _jpeg_luma(image: Image.Image, data: bytes) -> Luma:
    """Luma as coded: the decoder's own integers, without a round trip through RGB."""
    coded_rgb = image.info.get("adobe_transform") == 0 and image.mode == "RGB"
    if image.mode in ("L", "RGB") and not coded_rgb:
        try:
            return Luma(simplejpeg.decode_jpeg(data, "GRAY", strict=True)[..., 0])
        except ValueError as error:
            if not _harmless(str(error)):
                raise
        image.draft("L", image.size)
    return _pixel_luma(image)


def _harmless(message: str) -> bool:
    """Whether strict decoding stopped for something that leaves the pixels intact.

    Junk between markers ahead of the scan does; junk ahead of a restart or end marker (0xd0-0xd9) is a
    damaged scan. Unusual samplings are outside TurboJPEG's interface, not damaged.
    """
    if "Could not determine subsampling" in message:
        return True
    junk = re.search(r"extraneous bytes before marker 0x([0-9a-f]{2})", message)
    return junk is not None and not 0xD0 <= int(junk[1], 16) <= 0xD9


def _pixel_luma(image: Image.Image) -> Luma:
    """Luma of decoded pixels of any mode with 8-bit samples."""
    mode = image.mode
    if mode in ("1", "L", "LA", "La"):
        return Luma(np.asarray(image.convert("L")))
    if mode == "YCbCr":
        return Luma(np.asarray(image.getchannel("Y")))
    if mode == "CMYK":
        return _cmyk_luma(image)
    if image.info.get("adobe_transform") == 0 and image.format in ("JPEG", "MPO"):
        return Luma(np.asarray(image.getchannel("G")))
    if mode in ("P", "PA"):
        return _palette_luma(image)
    if mode in ("RGB", "RGBA", "RGBX", "RGBa"):
        return Luma.from_rgb(np.asarray(image.convert("RGB")))
    raise ImageSkippedError(Reason.NOT_8_BIT, f"samples are not 8 bits wide or have no luma (Pillow mode {mode})")


def _palette_luma(image: Image.Image) -> Luma:
    """A palette keeps every gray, but a photograph's colours were reduced to fit it, and their DCT with them."""
    rgb = np.asarray(image.convert("RGB"))
    if (rgb[..., :1] != rgb).any():
        raise ImageSkippedError(Reason.REDUCED_COLOURS, "colours were reduced to a palette: the pixels tell nothing")
    return Luma(rgb[..., 0])


def _cmyk_luma(image: Image.Image) -> Luma:
    """YCCK holds luma under an RGB that is the complement of CMY; plain CMYK is coded plane by plane."""
    if image.info.get("adobe_transform") == 2:
        return Luma.from_rgb(255 - np.asarray(image)[..., :3])
    return Luma(np.asarray(image.getchannel("M")))


def _unidentified(data: bytes) -> ImageBrokenError:
    if data[:2] == b"\xff\xd8":
        return ImageBrokenError(Reason.UNSUPPORTED, "corrupt or unsupported JPEG: its header cannot be understood")
    return ImageBrokenError(Reason.NOT_AN_IMAGE, "not an image in a known format")


def _in_words(message: str) -> ImageBrokenError:
    """A decoder's message as one line a person understands, with its reason."""
    lowered = message.lower()
    detail = " ".join(message.split())[:200].removeprefix("Corrupt JPEG data: ")
    if "truncated" in lowered or "premature end of jpeg file" in lowered or "unexpected end" in lowered:
        return ImageBrokenError(Reason.TRUNCATED, "file is truncated: the image data ends early")
    if "unsupported" in lowered:
        return ImageBrokenError(Reason.UNSUPPORTED, f"cannot be decoded: {detail}")
    if "broken data stream" in lowered or not detail:
        return ImageBrokenError(Reason.CORRUPT, "corrupt image: the data cannot be decoded")
    return ImageBrokenError(Reason.CORRUPT, f"corrupt image: {detail}")
