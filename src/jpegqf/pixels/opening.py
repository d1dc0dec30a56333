"""Bytes of any container -> the image that Pillow, or a library installed as an extra, opens; errors in words."""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image, UnidentifiedImageError

from jpegqf.codecs.containers import container_name, usual_container_name
from jpegqf.codecs.jpeg_xl import read_jpeg_xl
from jpegqf.errors import ImageBrokenError, ImageError, ImageSkippedError, MissingExtraError, Reason
from jpegqf.limits import MAX_COSTLY_PIXELS, MAX_PIXELS
from jpegqf.optional import pillow_heif, pillow_jxl

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "PPM", "GIF")
"""The only formats that Pillow may open, whatever a file is called: some others run programs or hide an image's size.

JPEG includes multi-picture files (MPO).
"""
JPEG_FORMATS = ("JPEG", "MPO")
PLUGINS = {"AVIF": ("AVIF", "avif"), "JPEG 2000": ("JPEG2000", "jpg_2000")}
"""Containers that Pillow reads where it was built so: what it calls their format, and the feature."""
EXTRAS = {"HEIF": pillow_heif, "JPEG XL": pillow_jxl}
"""Containers that an extra reads: what loads it, which raises MissingExtraError where it is not installed."""
JPEG_XL = "JXL"
"""The format of a JPEG XL, as Pillow's plugin names it."""


def opened(data: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The image of a file, its pixels not decoded yet, but of JPEG XL, of which at most ``max_pixels`` are.

    Raises ImageSkippedError where what reads such a container is not installed, and what libraries raise: call it
    within :func:`errors_in_words`.
    """
    name = container_name(data)
    if name == "JPEG XL":
        return _opened_jpeg_xl(data, max_pixels)
    return Image.open(io.BytesIO(data), formats=_formats(name))


def formats_read() -> list[str]:
    """Names of the image formats that are read here: some need a Pillow built for them, or an extra."""
    from PIL import features

    built = [name for name, (_, feature) in PLUGINS.items() if features.check(feature)]
    always = ["WebP" if name == "WEBP" else name for name in FORMATS]
    return [*always, *built, *(name for name, load in EXTRAS.items() if _is_installed(load))]


def _is_installed(load: Callable[[], Any]) -> bool:
    try:
        load()
    except MissingExtraError:
        return False
    return True


def _formats(name: str | None) -> tuple[str, ...]:
    """Pillow's formats for a container, with the plugin that reads it."""
    if name == "HEIF":
        _installed(pillow_heif).register_heif_opener()
        return ("HEIF",)
    if name not in PLUGINS:
        return FORMATS
    from PIL import features  # met seldom

    kind, feature = PLUGINS[name]
    if not features.check(feature):
        raise ImageSkippedError(Reason.UNSUPPORTED, f"{name} needs a Pillow built with it: pip install -U pillow")
    return (kind,)


def _installed(load: Callable[[], Any]) -> Any:
    """What ``load`` gives; raises ImageSkippedError where it is not installed, since that concerns one image."""
    try:
        return load()
    except MissingExtraError as missing:
        raise ImageSkippedError(Reason.UNSUPPORTED, str(missing)) from None


def jpeg_inside(data: bytes, max_pixels: int = MAX_PIXELS) -> bytes | None:
    """The JPEG that a JPEG XL was made from without loss, as it was; None of any other file.

    Raises ImageSkippedError above ``max_pixels`` and without the extra, ImageBrokenError for damage.
    """
    told = read_jpeg_xl(data) if container_name(data) == "JPEG XL" else None
    if told is None or not told.from_jpeg:
        return None
    with errors_in_words(data):
        given_back, _, jpeg = _decoded_jpeg_xl(data, max_pixels)
    return jpeg if given_back else None


def _opened_jpeg_xl(data: bytes, max_pixels: int) -> Image.Image:
    given_back, info, samples = _decoded_jpeg_xl(data, max_pixels)
    if given_back:
        return Image.open(io.BytesIO(samples), formats=JPEG_FORMATS)
    if info.mode not in ("L", "LA", "RGB", "RGBA", "I;16"):
        raise ImageSkippedError(Reason.NOT_8_BIT, f"samples are not 8 bits wide (mode {info.mode})")
    image = Image.frombytes(info.mode, (info.width, info.height), samples)
    image.format = JPEG_XL
    return image


def _decoded_jpeg_xl(data: bytes, max_pixels: int) -> tuple[bool, Any, bytes]:
    """Whether the JPEG inside is given back, what is told of the samples, and the JPEG or the samples.

    The library decodes at once, so that the size is looked at before.
    """
    told = read_jpeg_xl(data)
    if told is None:
        raise ImageBrokenError(Reason.CORRUPT, "corrupt image: no JPEG XL header that can be read")
    check_size(told.width, told.height, max_pixels, costly=True)
    decode = _installed(pillow_jxl).Decoder(num_threads=0)
    try:
        given_back, info, samples, *_ = decode(data)
    except BaseException as error:  # what Rust code panics with is no Exception
        if isinstance(error, (KeyboardInterrupt, MemoryError)):
            raise
        raise ImageBrokenError(Reason.CORRUPT, "corrupt image: the data cannot be decoded") from None
    return given_back, info, samples


def container(data: bytes) -> tuple[str, int, int] | None:
    """Format, width and height in pixels from the file's header, None if they cannot be read; decodes nothing."""
    if container_name(data) == "JPEG XL":
        told = read_jpeg_xl(data)
        return (JPEG_XL, told.width, told.height) if told else None
    try:
        with errors_in_words(data), opened(data) as image:
            return image.format or "", image.width, image.height
    except ImageError:
        return None


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
        raise in_words(str(error)) from None


def check_size(width: int, height: int, max_pixels: int, costly: bool) -> None:
    """Raise ImageSkippedError above ``max_pixels``, and above our own limits whatever that is."""
    limit = min(max_pixels, MAX_COSTLY_PIXELS if costly else MAX_PIXELS)
    pixels = width * height
    if pixels > limit:
        words = f"too many pixels: {width}x{height} = {pixels}, the limit is {limit}"
        raise ImageSkippedError(Reason.TOO_LARGE, words)


def _unidentified(data: bytes) -> ImageError:
    name = container_name(data)
    if name in (*PLUGINS, "HEIF"):
        return ImageBrokenError(Reason.CORRUPT, f"corrupt {name}: its header cannot be understood")
    if name in ("PDF", "DICOM"):
        words = f"{name} is read from a file that is named so, not from within others"
        return ImageSkippedError(Reason.UNSUPPORTED, words)
    if name:
        return ImageSkippedError(Reason.UNSUPPORTED, f"{name} files are not read")
    usual = "JPEG" if data[:2] == b"\xff\xd8" else usual_container_name(data)
    if usual:
        return ImageBrokenError(Reason.UNSUPPORTED, f"corrupt or unsupported {usual}: its header cannot be understood")
    return ImageBrokenError(Reason.NOT_AN_IMAGE, "not an image in a known format")


def in_words(message: str, verbatim: bool = False) -> ImageBrokenError:
    """The error for a decoder's message, with its reason; ``verbatim`` passes the message on, else it is replaced."""
    lowered = message.lower()
    detail = " ".join(message.split())[:200].removeprefix("Corrupt JPEG data: ")
    if "truncated" in lowered or "premature end of jpeg file" in lowered or "unexpected end" in lowered:
        return ImageBrokenError(Reason.TRUNCATED, "file is truncated: the image data ends early")
    if "unsupported" in lowered:
        return ImageBrokenError(Reason.UNSUPPORTED, f"cannot be decoded: {detail}")
    words = detail if verbatim and detail else "the data cannot be decoded"
    return ImageBrokenError(Reason.CORRUPT, f"corrupt image: {words}")
