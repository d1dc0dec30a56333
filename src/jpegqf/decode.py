"""Bytes or a file -> luma plane with clipping marks; every library error becomes a reason in words."""

import io
import os
import re
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from jpegqf.errors import ImageBrokenError, ImageError, ImageSkippedError, Reason
from jpegqf.signatures import lossy_webp, other_container
from jpegqf.strips import short_jpegs

U8 = NDArray[np.uint8]

MAX_FILE_BYTES = 2**31
SIZE_UNTOLD = 2**20
"""Bytes read of a file that says it has none, as those of some virtual file systems do."""
MAX_PIXELS = 2**30
"""Larger images are never decoded: the luma of a baseline JPEG alone would fill a gigabyte."""
MAX_COSTLY_PIXELS = 2**28
"""The same where decoding holds all channels or all coefficients at once: 4 to 8 bytes a pixel."""
FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "PPM", "GIF")
"""Nothing else is opened whatever a file is called: some formats run programs, others hide an image's size.

JPEG includes multi-picture files (MPO)."""
JPEG_FORMATS = ("JPEG", "MPO")
EXIF_ORIENTATION = 0x0112
RGB_TO_LUMA = (299, 587, 114)
"""ITU-R BT.601 weights in thousandths, as JFIF prescribes."""
STRIP = 512
"""Rows converted at a time, so that large images cost no large temporaries."""
HARMLESS = (
    "Could not determine subsampling",
    "unknown JFIF revision",
    "nknown Adobe color transform",
    "bad ICC marker",
)
"""Complaints of the strict decoder about what leaves the pixels intact or is only unusual."""


@dataclass(frozen=True)
class Luma:
    """A luma plane, uint8 (height, width), in the stored orientation.

    ``marks``, uint8 of the same shape, says which pixels clipping changed: bit 0 "may have been lower"
    (a channel is 0), bit 1 "may have been higher" (a channel is 255). None: read it off the plane itself.
    ``green``, uint8 of the same shape: that channel of the pixels that the luma was computed from; None if it was not.
    """

    plane: U8
    marks: U8 | None = None
    green: U8 | None = None

    @classmethod
    def from_rgb(cls, rgb: U8) -> "Luma":
        """Luma of uint8 (height, width, 3) pixels.

        Rounding gives back the integer luma of the JPEG decoder that made the pixels, wherever no
        channel is clipped.
        """
        height, width, _ = rgb.shape
        return cls._from_strips(height, width, lambda top: rgb[top : top + STRIP])

    @classmethod
    def from_rgb_image(cls, image: Image.Image) -> "Luma":
        """The same for a PIL image of mode RGB, RGBA or RGBX, without a second copy of it."""

        def strip(top: int) -> U8:
            rows = image.crop((0, top, image.width, min(top + STRIP, image.height)))
            return np.asarray(rows)[..., :3]

        return cls._from_strips(image.height, image.width, strip)

    @classmethod
    def _from_strips(cls, height: int, width: int, strip: Callable[[int], U8]) -> "Luma":
        plane = np.empty((height, width), np.uint8)
        marks, greens = np.empty_like(plane), np.empty_like(plane)
        for top in range(0, height, STRIP):
            rows = strip(top)
            red, green, blue = (rows[..., i].astype(np.int32) * RGB_TO_LUMA[i] for i in range(3))
            plane[top : top + STRIP] = (red + green + blue + 500) // 1000
            marks[top : top + STRIP] = (rows == 0).any(axis=2) | ((rows == 255).any(axis=2) << 1)
            greens[top : top + STRIP] = rows[..., 1]
        return cls(plane, marks, greens)

    def crop(self, top: int, left: int, height: int, width: int) -> "Luma":
        """The region whose first pixel is (top, left), as views."""
        return self._seen(lambda plane: plane[top : top + height, left : left + width])

    def transposed(self) -> "Luma":
        """Rows and columns change places, as views."""
        return self._seen(lambda plane: plane.T)

    def _seen(self, view: Callable[[U8], U8]) -> "Luma":
        marks, green = (None if plane is None else view(plane) for plane in (self.marks, self.green))
        return Luma(view(self.plane), marks, green)

    def of_green(self) -> "Luma | None":
        """The green channel in the place of luma, as a JPEG holds it that codes red, green and blue themselves."""
        return None if self.green is None else Luma(self.green)

    def clipped(self) -> NDArray[np.bool_]:
        """Which pixels clipping may have changed, bool (height, width)."""
        return (self.plane == 0) | (self.plane == 255) if self.marks is None else self.marks > 0


@dataclass(frozen=True)
class Decoded:
    """An image's luma, or that of its top, and what was noted on the way.

    ``size`` is the whole image's stored width and height in pixels. ``orientation`` is the EXIF value (1..8): noted,
    never applied, since the 8x8 grid is the stored image's. ``straight``: the pixels are the luma of a JPEG as its
    decoder gave it, neither converted nor upsampled. ``lossy``: the container's own codec, another than JPEG, may have
    changed them and hidden what a JPEG left.
    """

    luma: Luma
    format: str
    size: tuple[int, int]
    orientation: int
    straight: bool = False
    lossy: bool = False

    def transposed(self) -> "Decoded":
        """The pixels turned back, where they were turned by 90 degrees without being decoded; the size stays."""
        return replace(self, luma=self.luma.transposed())

    @property
    def is_jpeg(self) -> bool:
        """Whether the pixels come from a JPEG, so that their grid starts at the first one."""
        return self.format in JPEG_FORMATS


def read_luma(path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> Decoded:
    """Read and decode one file.

    Raises ImageSkippedError (more than ``max_pixels`` pixels, told from the header; samples that are not
    8 bits) and ImageBrokenError (unreadable, empty, not an image, truncated, corrupt).
    """
    return decode_luma(read_bytes(path), max_pixels)


def read_bytes(path: str | os.PathLike[str], most: int = MAX_FILE_BYTES) -> bytes:
    """A regular file of at most MAX_FILE_BYTES, or its beginning, ``most`` bytes or (on a slow disk) fewer.

    Errors as for :func:`read_luma`.
    """
    try:
        info = os.stat(path)
        if stat.S_ISDIR(info.st_mode):
            raise ImageBrokenError(Reason.UNREADABLE, _folder_in_words(path))
        if not stat.S_ISREG(info.st_mode):
            raise ImageBrokenError(Reason.UNREADABLE, "not a regular file")
        if info.st_size > MAX_FILE_BYTES:
            words = f"file of {info.st_size} bytes is over the limit of {MAX_FILE_BYTES}"
            raise ImageSkippedError(Reason.TOO_LARGE, words)
        with open(path, "rb", buffering=0 if most < info.st_size else -1) as file:
            return file.read(min(most, info.st_size or SIZE_UNTOLD))
    except OSError as error:
        raise unreadable(error) from None
    except ValueError:
        raise ImageBrokenError(Reason.UNREADABLE, "cannot be read: no file can have this name") from None


def unreadable(error: OSError) -> ImageBrokenError:
    """What the system said of a file, as ours."""
    words = (error.strerror or str(error) or "input/output error").lower()
    return ImageBrokenError(Reason.UNREADABLE, f"cannot be read: {words}")


def _folder_in_words(path: str | os.PathLike[str]) -> str:
    readable = os.access(path, os.R_OK | os.X_OK)
    return "a folder, not a regular file" if readable else "a folder that cannot be read: permission denied"


def decode_luma(data: bytes, max_pixels: int = MAX_PIXELS) -> Decoded:
    """Decode image bytes; errors as for :func:`read_luma`."""
    if not data:
        raise ImageBrokenError(Reason.EMPTY, "file is empty")
    with _errors_in_words(data), Image.open(io.BytesIO(data), formats=FORMATS) as image:
        return _decode_opened(image, max_pixels, data)


def container(data: bytes) -> tuple[str, int, int] | None:
    """Format, width and height in pixels as the file's header tells them, None if it does not; decodes nothing."""
    try:
        with _errors_in_words(data), Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return image.format or "", image.width, image.height
    except ImageError:
        return None


def decode_tops(data: bytes, max_pixels: int = MAX_PIXELS) -> Iterator[Decoded]:
    """Growing tops of a large JPEG, none if it is small or unusual in any way; damage further down is not seen.

    Raises ImageSkippedError above ``max_pixels``, and ImageBrokenError if not even the header can be read.
    """
    tops = short_jpegs(data)
    first = next(tops, None)
    if first is None:
        return
    with _errors_in_words(data), Image.open(io.BytesIO(data), formats=JPEG_FORMATS) as image:
        check_size(image.width, image.height, max_pixels, costly=False)
        if _has_luma(image) and _at_full_size(image):
            with suppress(ValueError):  # the whole image will tell what is wrong
                for top in chain([first], tops):
                    luma = Luma(simplejpeg.decode_jpeg(top, "GRAY", strict=False)[..., 0])
                    yield Decoded(luma, image.format or "", image.size, _orientation(image), straight=True)


def decode_image(image: Image.Image, max_pixels: int = MAX_PIXELS) -> Decoded:
    """Luma of an image that Pillow has opened or made; errors as for :func:`read_luma`."""
    with _errors_in_words(b""):
        return _decode_opened(image, max_pixels, None)


@contextmanager
def _errors_in_words(data: bytes) -> Iterator[None]:
    """Turn whatever a decoder raises or warns of into one of our two errors."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImageError:
        raise
    except Image.DecompressionBombError:
        raise ImageSkippedError(Reason.TOO_LARGE, "too many pixels: refused as a possible decompression bomb") from None
    except UnidentifiedImageError:
        raise _unidentified(data) from None
    except MemoryError:
        raise ImageSkippedError(Reason.TOO_LARGE, "too many pixels: not enough memory to decode it") from None
    except Exception as error:  # plugins raise many kinds on broken files, and one file must not end a batch
        raise _in_words(str(error)) from None


def _decode_opened(image: Image.Image, max_pixels: int, data: bytes | None) -> Decoded:
    name = image.format or ""
    is_jpeg = name in JPEG_FORMATS
    check_size(image.width, image.height, max_pixels, costly=not is_jpeg or "progression" in image.info)
    luma = _jpeg_luma(image, data) if data and is_jpeg else _pixel_luma(image)
    straight = bool(data) and is_jpeg and _has_luma(image) and _at_full_size(image)
    lossy = name == "WEBP" and (data is None or lossy_webp(data))
    return Decoded(luma, name, image.size, _orientation(image), straight, lossy)


def _has_luma(image: Image.Image) -> bool:
    """Whether an opened JPEG holds luma as a component of its own."""
    return image.mode in ("L", "RGB") and not _coded_as_rgb(image)


def _at_full_size(image: Image.Image) -> bool:
    """Whether no other component is sampled more densely than the first: it would be upsampled, and lose its grid."""
    (_, across, down, _), *others = image.layer  # type: ignore[attr-defined]  # of Pillow's JPEG plugin
    return all(h <= across and v <= down for _, h, v, _ in others)


def _orientation(image: Image.Image) -> int:
    told = image.getexif().get(EXIF_ORIENTATION, 1)
    return told if isinstance(told, int) and 1 <= told <= 8 else 1


def check_size(width: int, height: int, max_pixels: int, costly: bool) -> None:
    """Raise ImageSkippedError above ``max_pixels``, and above our own limits whatever that is."""
    limit = min(max_pixels, MAX_COSTLY_PIXELS if costly else MAX_PIXELS)
    pixels = width * height
    if pixels > limit:
        words = f"too many pixels: {width}x{height} = {pixels}, the limit is {limit}"
        raise ImageSkippedError(Reason.TOO_LARGE, words)


def _jpeg_luma(image: Image.Image, data: bytes) -> Luma:
    """Luma as coded: the decoder's own integers, without a round trip through RGB."""
    if _has_luma(image):
        try:
            return Luma(simplejpeg.decode_jpeg(data, "GRAY", strict=True)[..., 0])
        except ValueError as error:
            if not _harmless(str(error)):
                raise _in_words(str(error), tell=True) from None
        image.draft("L", image.size)
    return _pixel_luma(image)


def _harmless(message: str) -> bool:
    """Whether strict decoding stopped for something that leaves the pixels intact.

    Junk between markers ahead of the scan does; junk ahead of a restart or end marker (0xd0-0xd9) is a
    damaged scan.
    """
    junk = re.search(r"extraneous bytes before marker 0x([0-9a-f]{2})", message)
    if junk:
        return not 0xD0 <= int(junk[1], 16) <= 0xD9
    return any(words in message for words in HARMLESS)


def _pixel_luma(image: Image.Image) -> Luma:
    """Luma of decoded pixels of any mode with 8-bit samples."""
    mode = image.mode
    if mode in ("L", "LA", "La"):
        return Luma(np.asarray(image.convert("L")))
    if mode == "YCbCr":
        return Luma(np.asarray(image.getchannel("Y")))
    if mode == "CMYK":
        return _cmyk_luma(image)
    if mode == "RGB" and _coded_as_rgb(image):
        return Luma(np.asarray(image.getchannel("G")))
    if mode in ("1", "P", "PA"):
        return _palette_luma(image)
    if mode in ("RGB", "RGBA", "RGBX"):
        return Luma.from_rgb_image(image)
    if mode.startswith("I"):
        return _luma_of_16_bits(image)
    raise ImageSkippedError(Reason.NOT_8_BIT, f"samples are not 8 bits wide or have no luma (Pillow mode {mode})")


def _coded_as_rgb(image: Image.Image) -> bool:
    """Whether a JPEG codec coded red, green and blue themselves: each plane then has its own DCT, luma has none."""
    if image.format == "TIFF":
        photometric = getattr(image, "tag_v2", {}).get(262)
        return image.info.get("compression") == "jpeg" and photometric == 2
    return image.format in JPEG_FORMATS and image.info.get("adobe_transform") == 0


def _palette_luma(image: Image.Image) -> Luma:
    """A palette keeps every gray, but colours were reduced to fit it, and one bit keeps nothing."""
    words = "colours were reduced to a palette or to one bit: the pixels tell nothing"
    if image.mode == "1":
        raise ImageSkippedError(Reason.REDUCED_COLOURS, words)
    rgb = np.asarray(image.convert("RGB"))
    if (rgb[..., :1] != rgb).any():
        raise ImageSkippedError(Reason.REDUCED_COLOURS, words)
    return Luma(rgb[..., 0])


def _luma_of_16_bits(image: Image.Image) -> Luma:
    """Gray samples of 16 bits whose bytes are equal, as those that were widened from 8."""
    samples = np.asarray(image)
    high, low = np.divmod(samples, 256)
    if (high != low).any() or high.min() < 0 or high.max() > 255:
        raise ImageSkippedError(Reason.NOT_8_BIT, "samples are not 8 bits wide")
    return Luma(high.astype(np.uint8))


def _cmyk_luma(image: Image.Image) -> Luma:
    """YCCK holds luma under an RGB that is the complement of CMY; a plain CMYK JPEG is coded plane by plane."""
    if image.info.get("adobe_transform") == 2:
        luma = Luma.from_rgb(255 - np.asarray(image)[..., :3])
        return Luma(luma.plane, luma.marks)  # its green is coded nowhere
    if image.format in JPEG_FORMATS:
        return Luma(np.asarray(image.getchannel("M")))
    raise ImageSkippedError(Reason.NOT_8_BIT, "CMYK pixels outside a JPEG have no luma")


def _unidentified(data: bytes) -> ImageError:
    other = other_container(data)
    if other:
        return ImageSkippedError(Reason.UNSUPPORTED, f"{other} files are not read")
    if data[:2] == b"\xff\xd8":
        return ImageBrokenError(Reason.UNSUPPORTED, "corrupt or unsupported JPEG: its header cannot be understood")
    return ImageBrokenError(Reason.NOT_AN_IMAGE, "not an image in a known format")


def _in_words(message: str, tell: bool = False) -> ImageBrokenError:
    """A decoder's message as one line a person understands, with its reason; ``tell`` passes its words on."""
    lowered = message.lower()
    detail = " ".join(message.split())[:200].removeprefix("Corrupt JPEG data: ")
    if "truncated" in lowered or "premature end of jpeg file" in lowered or "unexpected end" in lowered:
        return ImageBrokenError(Reason.TRUNCATED, "file is truncated: the image data ends early")
    if "unsupported" in lowered:
        return ImageBrokenError(Reason.UNSUPPORTED, f"cannot be decoded: {detail}")
    words = detail if tell and detail else "the data cannot be decoded"
    return ImageBrokenError(Reason.CORRUPT, f"corrupt image: {words}")
