"""A luma plane with its clipping marks: as arrays, or computed where it is looked at."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jpegqf.arrays import U8

RGB_TO_LUMA = (299, 587, 114)
"""ITU-R BT.601 weights in thousandths, as JFIF prescribes."""
STRIP_PIXELS = 2**18
"""Pixels converted at a time, so that large images cost no large temporaries."""

Corners = tuple[int, int, int, int]
"""First column and row of a region, and the column and row behind its last ones."""

Places = NDArray[np.int64]
"""First rows or columns of squares in an image, pixels, (n,)."""


def strips(height: int, width: int) -> Iterator[slice]:
    """The rows of an image from top to bottom, STRIP_PIXELS at a time."""
    at_once = max(1, STRIP_PIXELS // max(1, width))
    return (slice(top, top + at_once) for top in range(0, height, at_once))


def clipping_marks(channels: Sequence[U8]) -> U8:
    """The ``marks`` of :class:`Luma` that pixels have whose red, green and blue are these planes."""
    lowest, highest = reduce(np.minimum, channels), reduce(np.maximum, channels)
    out: U8 = (lowest == 0) | ((highest == 255) << np.uint8(1))
    return out


@dataclass(frozen=True)
class Luma:
    """A luma plane, uint8 (height, width), in the stored orientation.

    ``marks``, uint8 of the same shape, marks pixels that clipping may have changed: bit 0, it may have been lower (a
    channel is 0); bit 1, it may have been higher (a channel is 255). None: pixels of 0 and 255 in the plane count as
    clipped. ``green``, uint8 of the same shape, is the green channel of the RGB pixels that the luma was computed from;
    None if it was not computed from RGB.
    """

    plane: U8
    marks: U8 | None = None
    green: U8 | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.plane.shape
        return height, width

    @classmethod
    def from_rgb(cls, rgb: U8) -> "Luma":
        """Luma of uint8 (height, width, 3) pixels.

        Rounding gives back the integer luma of the JPEG decoder that made the pixels, wherever no
        channel is clipped.
        """
        height, width, _ = rgb.shape
        plane = np.empty((height, width), np.uint8)
        marks, greens = np.empty_like(plane), np.empty_like(plane)
        for strip in strips(height, width):
            channels = [np.ascontiguousarray(rgb[strip, :, channel]) for channel in range(3)]
            red, green, blue = (of.astype(np.int32) * weight for of, weight in zip(channels, RGB_TO_LUMA, strict=True))
            plane[strip] = (red + green + blue + 500) // 1000
            marks[strip] = clipping_marks(channels)
            greens[strip] = channels[1]
        return cls(plane, marks, greens)

    def crop(self, top: int, left: int, height: int, width: int) -> "Luma":
        """The region whose first pixel is (top, left), as views."""
        return self.viewed(lambda plane: plane[top : top + height, left : left + width])

    def tiles(self, tops: Places, lefts: Places, side: int) -> "Luma":
        """Squares of ``side`` pixels, laid side by side: row i and column j of them starts at (tops[i], lefts[j])."""
        rows, columns = ((first[:, None] + np.arange(side)).reshape(-1) for first in (tops, lefts))
        return self.viewed(lambda plane: plane[rows][:, columns])

    def transposed(self) -> "Luma":
        """Rows and columns change places, as views."""
        return self.viewed(lambda plane: plane.T)

    def viewed(self, view: Callable[[U8], U8]) -> "Luma":
        """All planes seen through ``view``, which takes a plane and gives another one."""
        marks, green = (None if plane is None else view(plane) for plane in (self.marks, self.green))
        return Luma(view(self.plane), marks, green)

    def of_green(self) -> "Luma | None":
        """The green channel in the place of luma, as a JPEG holds it that codes red, green and blue themselves."""
        return None if self.green is None else Luma(self.green)

    def clipped(self) -> NDArray[np.bool_]:
        """Which pixels clipping may have changed, bool (height, width)."""
        return (self.plane == 0) | (self.plane == 255) if self.marks is None else self.marks > 0


class LumaOfImage(Luma):
    """The luma, or the green channel, of an image of mode RGB, RGBA or RGBX that Pillow holds, or of a box of it.

    It is converted when its planes are first asked for, and only as far as the box: so of a large image nothing is
    converted but the places that are looked at.
    """

    _image: Image.Image
    _box: Corners
    _turned: bool
    _green: bool

    def __init__(
        self, image: Image.Image, box: Corners | None = None, turned: bool = False, green: bool = False
    ) -> None:
        """``turned``: rows and columns change places. ``green``: the green channel stands in the place of luma."""
        own = {"_image": image, "_box": box or (0, 0, image.width, image.height), "_turned": turned, "_green": green}
        for name, value in own.items():
            object.__setattr__(self, name, value)

    @cached_property
    def _converted(self) -> Luma:
        luma = self._of_rgb(np.asarray(self._image.crop(self._box)))
        return luma.transposed() if self._turned else luma

    def _of_rgb(self, pixels: U8) -> Luma:
        return Luma(np.ascontiguousarray(pixels[..., 1])) if self._green else Luma.from_rgb(pixels[..., :3])

    @property
    def plane(self) -> U8:
        """See :class:`Luma`."""
        return self._converted.plane

    @property
    def marks(self) -> U8 | None:
        """See :class:`Luma`."""
        return self._converted.marks

    @property
    def green(self) -> U8 | None:
        """See :class:`Luma`."""
        return self._converted.green

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        left, top, right, bottom = self._box
        return (right - left, bottom - top) if self._turned else (bottom - top, right - left)

    def crop(self, top: int, left: int, height: int, width: int) -> Luma:
        """The region whose first pixel is (top, left), converted when it is looked at."""
        bottom, right = min(top + height, self.shape[0]), min(left + width, self.shape[1])
        if self._turned:
            top, left, bottom, right = left, top, right, bottom
        x, y = self._box[:2]
        return LumaOfImage(self._image, (left + x, top + y, right + x, bottom + y), self._turned, self._green)

    def tiles(self, tops: Places, lefts: Places, side: int) -> Luma:
        """See :class:`Luma`."""
        down, across = (lefts, tops) if self._turned else (tops, lefts)
        left, top, right, _ = self._box
        columns = (across[:, None] + np.arange(side)).reshape(-1)
        bands = [(left, top + row, right, top + row + side) for row in down.tolist()]
        luma = self._of_rgb(np.concatenate([np.asarray(self._image.crop(band))[:, columns] for band in bands]))
        return luma.transposed() if self._turned else luma

    def transposed(self) -> Luma:
        """Rows and columns change places."""
        return LumaOfImage(self._image, self._box, not self._turned, self._green)

    def of_green(self) -> Luma | None:
        """See :class:`Luma`."""
        return None if self._green else LumaOfImage(self._image, self._box, self._turned, green=True)
