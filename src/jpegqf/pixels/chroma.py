"""RGB pixels, or a JPEG's bytes -> the chroma planes that the JPEG decoder had, with marks of what cannot be known.

A JPEG decoder makes RGB of luma and two chroma planes, Cb and Cr, as JFIF prescribes (ITU-R BT.601, full range). Only
23.6 % of all colours can come of that, each of one triple of Y, Cb and Cr, which the rounded inverse finds. A pixel
that does not come back, or that was clipped, tells nothing of chroma.
"""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import simplejpeg
from PIL import Image

from jpegqf.arrays import I16, U8, Bool
from jpegqf.pixels.luma import RGB_TO_LUMA, clipping_marks, strips

BLUE, RED = 1.772, 1.402
"""Twice one less the weights of blue and red in luma: what a level of Cb adds to blue, and one of Cr to red."""
BITS = 16
ONE = 1 << BITS
V_TO_RED, U_TO_GREEN, V_TO_GREEN, U_TO_BLUE = 91881, -22554, -46802, 116130
"""What libjpeg adds to a channel per level of chroma, in 1/ONE (``jdcolor.c``)."""
MODES = ("RGB", "RGBA", "RGBX", "YCbCr")
"""Of Pillow's images, those that have colours that can be read here."""
THUMBNAIL = 4
"""Of how many rows and columns one is looked at to find where colours vary."""
LOOKED_AT = 64
"""Squares up to which that many are looked at; of more squares fewer pixels are."""


@dataclass(frozen=True)
class ChromaTiles:
    """Squares of both chroma planes: ``planes``, levels 0..255, int16 (planes, height, width), has Cb and Cr of the
    first, of the second, and so on.

    ``sound``: bool of the same shape, pixels whose chroma is known.
    """

    planes: I16
    sound: Bool


def chroma_of(pixels: U8) -> tuple[I16, Bool]:
    """Cb and Cr of RGB pixels (height, width, 3), int16 (2, height, width); and which are sound, bool (height, width).

    A pixel is sound if no channel is clipped, and if Y, Cb and Cr give the same colour back (ITU-T T.871, section 7).
    """
    height, width, _ = pixels.shape
    planes, sound = np.empty((2, height, width), np.int16), np.empty((height, width), bool)
    for strip in strips(height, width):
        planes[:, strip], sound[strip] = _chroma_of_strip(pixels[strip])
    return planes, sound


def _chroma_of_strip(pixels: U8) -> tuple[I16, Bool]:
    red, green, blue = (pixels[..., i].astype(np.float32) for i in range(3))
    exact = (RGB_TO_LUMA[0] * red + RGB_TO_LUMA[1] * green + RGB_TO_LUMA[2] * blue) / 1000
    luma, cb, cr = np.rint(exact), np.rint((blue - exact) / BLUE), np.rint((red - exact) / RED)
    sound: Bool = np.ones(red.shape, bool)
    for channel in (red, green, blue):  # all() over an axis of three is slower by far
        sound &= (channel > 0) & (channel < 255)
    planes = np.stack([cb, cr]).astype(np.int32)
    (u, v), half = planes, ONE // 2
    for channel, added in ((red, V_TO_RED * v), (blue, U_TO_BLUE * u), (green, U_TO_GREEN * u + V_TO_GREEN * v)):
        sound &= (added + half >> BITS) + luma == channel
    return (planes + 128).astype(np.int16), sound


class Colours:
    """The colours of one image, of which squares are looked at. A JPEG is decoded when the first are."""

    def __init__(self, image: Callable[[], Image.Image | None], rgb: Callable[[], U8 | None] | None = None) -> None:
        """``image`` gives an image of one of MODES, or None; ``rgb`` its red, green and blue, uint8 (height, width, 3).

        Without ``rgb`` they are those of the image.
        """
        self._opened, self._in_rgb = image, rgb

    @classmethod
    def of_image(cls, image: Image.Image) -> "Colours | None":
        """Those of an image that was decoded, None of one of other modes than MODES."""
        return cls(lambda: image) if image.mode in MODES else None

    @classmethod
    def of_array(cls, pixels: U8) -> "Colours | None":
        """Those of an array (height, width, 3), None of any other."""
        return cls(lambda: Image.fromarray(pixels)) if pixels.ndim == 3 else None

    @classmethod
    def of_jpeg(cls, data: bytes) -> "Colours":
        """Those of a JPEG: the decoder's own planes, upsampled and not converted."""
        return cls(lambda: _ycc(data), lambda: _decoded_rgb(data))

    @cached_property
    def _image(self) -> Image.Image | None:
        return self._opened()

    def transposed(self) -> "Colours":
        """The same with rows and columns exchanged."""

        def rgb() -> U8 | None:
            pixels = self._rgb()
            return None if pixels is None else pixels.swapaxes(0, 1)

        return Colours(lambda: self._image and self._image.transpose(Image.Transpose.TRANSPOSE), rgb)

    def _rgb(self) -> U8 | None:
        if self._in_rgb is not None:
            return self._in_rgb()
        return None if self._image is None else np.asarray(self._image.convert("RGB"))

    def clipping_marks(self) -> U8 | None:
        """Which pixels a decoder clipped, as ``marks`` of :class:`Luma`; None where there are no colours."""
        pixels = self._rgb()
        if pixels is None:
            return None
        height, width, _ = pixels.shape
        marks = np.empty((height, width), np.uint8)
        for strip in strips(height, width):
            marks[strip] = clipping_marks([np.ascontiguousarray(pixels[strip, :, channel]) for channel in range(3)])
        return marks

    def pixels(self, left: int, top: int, width: int, height: int) -> U8 | None:
        """The pixels of a box, uint8 (height, width, 3); None where there are no colours."""
        image = self._image
        return None if image is None else np.asarray(image.crop((left, top, left + width, top + height)))[..., :3]

    def tiles(self, x: int, y: int, side: int, most: int) -> ChromaTiles | None:
        """At most ``most`` squares of ``side`` pixels, those whose colours vary most first.

        They lie side by side from column ``x`` and row ``y`` on; of an image that is smaller there is one tile, as
        large as the image is, of even sides. None where there are no colours.
        """
        image = self._image
        if image is None or image.width - x < 2 or image.height - y < 2:
            return None
        width, height = min(side, (image.width - x) // 2 * 2), min(side, (image.height - y) // 2 * 2)
        boxes = [(left, top, left + width, top + height) for left, top in _liveliest(image, x, y, width, height, most)]
        planes, sound = zip(*(_planes(image, box) for box in boxes), strict=True)
        return ChromaTiles(np.concatenate(planes), np.concatenate(sound))


def _liveliest(image: Image.Image, x: int, y: int, width: int, height: int, most: int) -> list[tuple[int, int]]:
    """Column and row of at most ``most`` boxes side by side from ``x``, ``y`` on, those whose chroma varies most first.

    A reduced image tells: of the nearest pixels, one in THUMBNAIL rows and columns, fewer of a large image.
    """
    columns, rows = (image.width - x) // width, (image.height - y) // height
    step = max(THUMBNAIL, int((columns * rows / LOOKED_AT) ** 0.5 * THUMBNAIL))
    across, down = -(-width // step), -(-height // step)
    small = image.resize(
        (columns * across, rows * down), Image.Resampling.NEAREST, (x, y, x + columns * width, y + rows * height)
    )
    planes, sound = _planes(small, (0, 0, *small.size))
    boxed = planes.reshape(2, rows, down, columns, across).astype(np.float32)
    varying = boxed.std(axis=(2, 4)).sum(axis=0) * sound[0].reshape(rows, down, columns, across).mean(axis=(1, 3)) ** 3
    best = np.argsort(-varying, axis=None, kind="stable")[:most].tolist()
    return [(x + number % columns * width, y + number // columns * height) for number in best]


def _planes(image: Image.Image, box: tuple[int, int, int, int]) -> tuple[I16, Bool]:
    """Cb and Cr of a box, int16 (2, height, width), and which pixels are sound, bool of the same shape."""
    pixels = np.asarray(image.crop(box))
    if image.mode == "YCbCr":
        planes = pixels[..., 1:].transpose(2, 0, 1).astype(np.int16)
        return planes, np.ones(planes.shape, bool)
    planes, sound = chroma_of(pixels[..., :3])
    return planes, np.broadcast_to(sound, planes.shape)


def _ycc(data: bytes) -> Image.Image | None:
    """A JPEG's planes as its decoder has them before it converts them; None of one without luma and chroma.

    None too of one that Pillow cannot decode: its luma, which another decoder gave, is judged all the same.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=("JPEG", "MPO"))
            if image.mode != "RGB" or image.info.get("adobe_transform") == 0:
                return None
            image.draft("YCbCr", image.size)
            image.load()
    except Exception:  # decoders raise many kinds on broken files
        return None
    return image if image.mode == "YCbCr" else None


def _decoded_rgb(data: bytes) -> U8 | None:
    """Red, green and blue of a JPEG; None of one that cannot be decoded so."""
    try:
        pixels: U8 = simplejpeg.decode_jpeg(data, "RGB", strict=False)
    except ValueError:
        return None
    return pixels
