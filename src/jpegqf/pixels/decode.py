"""Image bytes -> luma plane with clipping marks; every library error becomes one of our errors with a reason."""

import io
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import simplejpeg
from PIL import Image, UnidentifiedImageError

from jpegqf.arrays import I64, U8
from jpegqf.errors import ImageBrokenError, ImageError, ImageSkippedError, Reason
from jpegqf.jpeg.tops import short_jpegs
from jpegqf.limits import MAX_COSTLY_PIXELS, MAX_PIXELS
from jpegqf.pixels.chroma import Colours
from jpegqf.pixels.containers import lossy_webp, other_container
from jpegqf.pixels.luma import Luma, LumaOfImage

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "PPM", "GIF")
"""The only formats that Pillow may open, whatever a file is called: some others run programs or hide an image's size.

JPEG includes multi-picture files (MPO).
"""
JPEG_FORMATS = ("JPEG", "MPO")
PNG_START = b"\x89PNG\r\n\x1a\n"
EXIF_ORIENTATION = 0x0112
CONVERTED_WHOLE = 2**22
"""Most pixels of colour images whose luma is computed at once; of larger ones only where it is looked at."""
SAMPLED_ROWS = 64
"""Most rows of which the samples are kept beside luma."""
HARMLESS = (
    "Could not determine subsampling",
    "unknown JFIF revision",
    "nknown Adobe color transform",
    "bad ICC marker",
)
"""Parts of the strict decoder's messages about peculiarities that leave the pixels intact."""


@dataclass(frozen=True)
class Decoded:
    """The luma of an image, or of its first rows, with facts about its file.

    ``size`` is the whole image's stored width and height in pixels. ``orientation`` is the EXIF value (1..8), never
    applied, since the 8x8 grid is that of the stored image. ``own_luma``: the pixels are a JPEG's own luma component
    as its decoder gave it, neither converted from RGB nor upsampled. ``lossy``: the container's own lossy codec, not
    JPEG, may have changed the pixels and hidden the traces of a JPEG. ``samples``: some rows of the pixels of what is
    no JPEG file, uint8 (rows, width, 3) or (rows, width), as they are stored; None where they are neither RGB nor grey.
    ``colours``: those of the whole image, decoded when they are first looked at; None where there are none.
    """

    luma: Luma
    format: str
    size: tuple[int, int]
    orientation: int
    own_luma: bool = False
    lossy: bool = False
    samples: U8 | None = None
    colours: Colours | None = None

    def transposed(self) -> "Decoded":
        """The same with rows and columns of the luma exchanged, ``size`` as it is.

        This undoes a turn by 90 degrees that did not decode the JPEG.
        """
        return replace(self, luma=self.luma.transposed())

    @property
    def is_jpeg(self) -> bool:
        """Whether the pixels come from a JPEG, so that their grid starts at the first one."""
        return self.format in JPEG_FORMATS


def decode_luma(data: bytes, max_pixels: int = MAX_PIXELS) -> Decoded:
    """Decode image bytes; errors as for :func:`read_luma`."""
    if not data:
        raise ImageBrokenError(Reason.EMPTY, "file is empty")
    with errors_in_words(data), Image.open(io.BytesIO(data), formats=FORMATS) as image:
        return _decode_opened(image, max_pixels, data)


def decode_png_file(path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> Decoded:
    """Decode a PNG from its file, which is read a piece at a time; errors as for :func:`read_luma`."""
    with errors_in_words(PNG_START), Image.open(path, formats=("PNG",)) as image:
        return _decode_opened(image, max_pixels, None)


def container(data: bytes) -> tuple[str, int, int] | None:
    """Format, width and height in pixels from the file's header, None if they cannot be read; decodes nothing."""
    try:
        with errors_in_words(data), Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return image.format or "", image.width, image.height
    except ImageError:
        return None


def decode_tops(data: bytes, max_pixels: int = MAX_PIXELS) -> Iterator[Decoded]:
    """The first rows of a large JPEG, more each time; nothing if it is small or unusual.

    Damage below these rows is not detected.

    Raises ImageSkippedError above ``max_pixels``, and ImageBrokenError if not even the header can be read.
    """
    tops = short_jpegs(data)
    first = next(tops, None)
    if first is None:
        return
    with errors_in_words(data), Image.open(io.BytesIO(data), formats=JPEG_FORMATS) as image:
        check_size(image.width, image.height, max_pixels, costly=False)
        if _has_luma(image) and _at_full_size(image):
            with suppress(ValueError):  # decoding the whole image will report what is wrong
                for top in chain([first], tops):
                    luma = Luma(simplejpeg.decode_jpeg(top, "GRAY", strict=False)[..., 0])
                    yield Decoded(luma, image.format or "", image.size, _orientation(image), own_luma=True)


def decode_image(image: Image.Image, max_pixels: int = MAX_PIXELS) -> Decoded:
    """Luma of an image that Pillow has opened or made; errors as for :func:`read_luma`."""
    with errors_in_words(b""):
        return _decode_opened(image, max_pixels, None)


@contextmanager
def errors_in_words(data: bytes) -> Iterator[None]:
    """Turn whatever a decoder raises into ImageBrokenError or ImageSkippedError, and silence its warnings."""
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
    own_luma = bool(data) and is_jpeg and _has_luma(image) and _at_full_size(image)
    if is_jpeg:
        coloured = own_luma and image.mode == "RGB" and image.width * image.height <= MAX_COSTLY_PIXELS
        colours = Colours.of_jpeg(data) if data and coloured else None
        return Decoded(luma, name, image.size, _orientation(image), own_luma, colours=colours)
    lossy = name == "WEBP" and (data is None or lossy_webp(data))
    return Decoded(luma, name, image.size, _orientation(image), False, lossy, _sampled(image), Colours.of_image(image))


def _sampled(image: Image.Image) -> U8 | None:
    """SAMPLED_ROWS rows of an image, evenly spread, without its opacity."""
    if image.mode not in ("L", "RGB", "RGBA", "RGBX"):
        return None
    rows = sampled_rows(image.height)
    samples = np.concatenate([np.asarray(image.crop((0, row, image.width, row + 1))) for row in rows.tolist()])
    return samples if samples.ndim == 2 else samples[..., :3]


def sampled_rows(height: int) -> I64:
    """Which rows of an image are kept as samples."""
    return np.linspace(0, height - 1, min(height, SAMPLED_ROWS)).astype(np.int64)


def _has_luma(image: Image.Image) -> bool:
    """Whether an opened JPEG holds luma as a component of its own."""
    return image.mode in ("L", "RGB") and not _coded_as_rgb(image)


def _at_full_size(image: Image.Image) -> bool:
    """Whether no other component is sampled more densely than the first: it would be upsampled, and lose its grid."""
    (_, across, down, _), *others = image.layer  # type: ignore[attr-defined]  # of Pillow's JPEG plugin
    return all(h <= across and v <= down for _, h, v, _ in others)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation 1..8, 1 where there is none or a wrong one."""
    orientation = image.getexif().get(EXIF_ORIENTATION, 1)
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


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
                raise _in_words(str(error), verbatim=True) from None
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
        large = image.width * image.height > CONVERTED_WHOLE
        return LumaOfImage(image) if large else Luma.from_rgb(np.asarray(image)[..., :3])
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
    """Luma of a palette image that holds grays only.

    Raises ImageSkippedError where colours were reduced to fit the palette, and for one-bit images.
    """
    words = "colours were reduced to a palette or to one bit: the pixels tell nothing"
    if image.mode == "1":
        raise ImageSkippedError(Reason.REDUCED_COLOURS, words)
    rgb = np.asarray(image.convert("RGB"))
    if (rgb[..., :1] != rgb).any():
        raise ImageSkippedError(Reason.REDUCED_COLOURS, words)
    return Luma(rgb[..., 0])


def _luma_of_16_bits(image: Image.Image) -> Luma:
    """Luma of 16-bit gray samples that were widened from 8 bits: both bytes are equal.

    Raises ImageSkippedError for others.
    """
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


def _in_words(message: str, verbatim: bool = False) -> ImageBrokenError:
    """The error for a decoder's message, with its reason; ``verbatim`` passes the message on, else it is replaced."""
    lowered = message.lower()
    detail = " ".join(message.split())[:200].removeprefix("Corrupt JPEG data: ")
    if "truncated" in lowered or "premature end of jpeg file" in lowered or "unexpected end" in lowered:
        return ImageBrokenError(Reason.TRUNCATED, "file is truncated: the image data ends early")
    if "unsupported" in lowered:
        return ImageBrokenError(Reason.UNSUPPORTED, f"cannot be decoded: {detail}")
    words = detail if verbatim and detail else "the data cannot be decoded"
    return ImageBrokenError(Reason.CORRUPT, f"corrupt image: {words}")
