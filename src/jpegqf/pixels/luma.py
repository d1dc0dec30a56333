"""A luma plane with its clipping marks."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jpegqf.arrays import U8

RGB_TO_LUMA = (299, 587, 114)
"""ITU-R BT.601 weights in thousandths, as JFIF prescribes."""
STRIP = 512
"""Rows converted at a time, so that large images cost no large temporaries."""


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
        return self.viewed(lambda plane: plane[top : top + height, left : left + width])

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
