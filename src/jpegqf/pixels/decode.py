"""Image bytes -> luma plane with clipping marks; every library error becomes one of our errors with a reason."""

import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import IO

import numpy as np
import simplejpeg
from PIL import Image

from jpegqf.arrays import I64, U8
from jpegqf.codecs import jpeg_2000, jpeg_xl, webp
from jpegqf.errors import ImageBrokenError, ImageSkippedError, Reason
from jpegqf.limits import MAX_COSTLY_PIXELS, MAX_PIXELS
from jpegqf.pixels.chroma import Colours
from jpegqf.pixels.codec import Codec
from jpegqf.pixels.luma import Luma, LumaOfImage
from jpegqf.pixels.opening import JPEG_FORMATS, JPEG_XL, check_size, errors_in_words, in_words, opened
from jpegqf.pixels.palette import keeps_colours
from jpegqf.pixels.tops import short_jpegs

TIFF_START = b"II*\0"
PNG_START = b"\x89PNG\r\n\x1a\n"
LOSSY_FORMATS: dict[str, tuple[Codec, Callable[[bytes], bool] | None]] = {
    "WEBP": ("webp", webp.is_lossy),
    "AVIF": ("avif", None),
    "HEIF": ("heif", None),
    JPEG_XL: ("jpeg_xl", jpeg_xl.is_lossy),
    "JPEG2000": ("jpeg_2000", jpeg_2000.is_lossy),
}
"""Codecs of Pillow's formats that lose something, and what tells whether that is so of the bytes of a file."""
REDUCED = "colours were reduced to a palette or to one bit: the pixels tell nothing"
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
    as its decoder gave it, neither converted from RGB nor upsampled. ``lossy_codec``: the container's own codec, not
    JPEG, that may have changed the pixels and hidden the traces of a JPEG; None where it loses nothing. ``samples``:
    some rows of the pixels of what is no JPEG file, uint8 (rows, width, 3) or (rows, width), as they are stored; None
    where they are neither RGB nor grey. ``colours``: those of the whole image, decoded when they are first looked at;
    None where there are none.
    ``of_several``: what is no JPEG file holds several frames, of which these are the first one's pixels.
    """

    luma: Luma
    format: str
    size: tuple[int, int]
    orientation: int
    own_luma: bool = False
    lossy_codec: Codec | None = None
    samples: U8 | None = None
    colours: Colours | None = None
    of_several: bool = False

    def transposed(self) -> "Decoded":
        """The same with rows and columns of luma and colours exchanged, ``size`` as it is.

        This undoes a turn by 90 degrees that did not decode the JPEG.
        """
        return replace(self, luma=self.luma.transposed(), colours=self.colours and self.colours.transposed())

    @property
    def is_jpeg(self) -> bool:
        """Whether the pixels come from a JPEG, so that their grid starts at the first one."""
        return self.format in JPEG_FORMATS


def decode_luma(data: bytes, max_pixels: int = MAX_PIXELS) -> Decoded:
    """Decode image bytes; errors as for :func:`read_luma`."""
    if not data:
        raise ImageBrokenError(Reason.EMPTY, "file is empty")
    with errors_in_words(data), opened(data, max_pixels) as image:
        return _decode_opened(image, max_pixels, data)


def decode_png_file(path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> Decoded:
    """Decode a PNG from its file, which is read a piece at a time; errors as for :func:`read_luma`."""
    with errors_in_words(PNG_START), Image.open(path, formats=("PNG",)) as image:
        return _decode_opened(image, max_pixels, None)


def decode_tiff(file: IO[bytes], page: int = 1, max_pixels: int = MAX_PIXELS) -> Decoded:
    """Decode a page of a TIFF, counted from 1, that is read a piece at a time; errors as for :func:`read_luma`."""
    with errors_in_words(TIFF_START), Image.open(file, formats=("TIFF",)) as image:
        image.seek(page - 1)
        return _decode_opened(image, max_pixels, None)


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


def _decode_opened(image: Image.Image, max_pixels: int, data: bytes | None) -> Decoded:
    name = image.format or ""
    is_jpeg = name in JPEG_FORMATS
    check_size(image.width, image.height, max_pixels, costly=not is_jpeg or "progression" in image.info)
    of_several = not is_jpeg and _holds_several(image, data)
    orientation = _orientation(image)
    image = _coloured(image) if image.mode in ("P", "PA") else image
    luma = _jpeg_luma(image, data) if data and is_jpeg else _pixel_luma(image)
    own_luma = bool(data) and is_jpeg and _has_luma(image) and _at_full_size(image)
    if is_jpeg:
        coloured = own_luma and image.mode == "RGB" and image.width * image.height <= MAX_COSTLY_PIXELS
        colours = Colours.of_jpeg(data) if data and coloured else None
        return Decoded(luma, name, image.size, orientation, own_luma, colours=colours)
    codec, colours = _lossy_codec(name, data), Colours.of_image(image)
    return Decoded(luma, name, image.size, orientation, False, codec, _sampled(image), colours, of_several)


def _holds_several(image: Image.Image, data: bytes | None) -> bool:
    """Whether a file holds several frames; of a TIFF, whose pages are counted elsewhere, no."""
    if image.format == JPEG_XL and data:
        told = jpeg_xl.read_jpeg_xl(data)
        return told is not None and told.animated
    return image.format != "TIFF" and bool(getattr(image, "is_animated", False))


def _lossy_codec(name: str, data: bytes | None) -> Codec | None:
    """The codec of a format if it is a lossy one; without the file's bytes, if it may be one."""
    codec, may_be_lossless = LOSSY_FORMATS.get(name, (None, None))
    return None if codec is None or (data and may_be_lossless and not may_be_lossless(data)) else codec


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


def _jpeg_luma(image: Image.Image, data: bytes) -> Luma:
    """Luma as coded: the decoder's own integers, without a round trip through RGB."""
    if _has_luma(image):
        try:
            return Luma(simplejpeg.decode_jpeg(data, "GRAY", strict=True)[..., 0])
        except ValueError as error:
            if not _harmless(str(error)):
                raise in_words(str(error), verbatim=True) from None
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
    if mode == "1":
        raise ImageSkippedError(Reason.REDUCED_COLOURS, REDUCED)
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


def _coloured(image: Image.Image) -> Image.Image:
    """A palette image as gray or RGB pixels; gray levels all fit. Raises ImageSkippedError for reduced colours."""
    whole = image.convert("RGB")
    rgb = np.asarray(whole)
    if (rgb[..., :1] == rgb).all():
        return Image.fromarray(rgb[..., 0])
    numbers = image if image.mode == "P" else image.getchannel("P")
    rows = np.asarray(numbers)[sampled_rows(image.height)]
    palette = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    palette.putpalette(image.getpalette("RGB") or [])
    if not keeps_colours(rows, np.asarray(palette.convert("RGB"))[0]):
        raise ImageSkippedError(Reason.REDUCED_COLOURS, REDUCED)
    return whole


def _luma_of_16_bits(image: Image.Image) -> Luma:
    """Luma of 16-bit gray samples that were 8 bits wide: both bytes are equal, or one of them is 0 all over.

    Raises ImageSkippedError for others.
    """
    samples = np.asarray(image)
    if samples.min() >= 0 and samples.max() <= 255:
        return Luma(samples.astype(np.uint8))
    high, low = np.divmod(samples, 256)
    if ((high != low).any() and low.any()) or high.min() < 0 or high.max() > 255:
        raise ImageSkippedError(Reason.NOT_8_BIT, "samples are not 8 bits wide")
    return Luma(high.astype(np.uint8))


def _cmyk_luma(image: Image.Image) -> Luma:
    """YCCK holds luma under an RGB that is the complement of CMY; a plain CMYK JPEG is coded plane by plane."""
    if image.info.get("adobe_transform") == 2:
        luma = Luma.from_rgb(255 - np.asarray(image)[..., :3])
        return Luma(luma.plane, luma.marks)  # its green is coded nowhere
    if image.format in JPEG_FORMATS or image.info.get("compression") == "jpeg":
        return Luma(np.asarray(image.getchannel("M")))
    raise ImageSkippedError(Reason.NOT_8_BIT, "CMYK pixels outside a JPEG have no luma")
