"""Where the 8x8 grid of a JPEG save starts in an image, and whether rows and columns were exchanged since."""

from dataclasses import dataclass

from jpegqf.pixels.luma import Luma

GRIDS = 64
"""Places where an 8x8 grid can start. Grid number 8 y + x has its first lines at row y and column x, 0..7 each."""
WINDOW = 15
"""Side, in pixels, of a square that holds one whole block of each of the 64 grids."""


@dataclass(frozen=True)
class Grid:
    """``x``, ``y``: column and row of the first grid lines, pixels 0..7; ``turned``: rows and columns are exchanged."""

    x: int
    y: int
    turned: bool = False

    def place(self, luma: Luma) -> Luma:
        """The image from its first whole block on, turned back if ``turned``: its first pixel is on the grid."""
        placed = self.cut(luma)
        return placed.transposed() if self.turned else placed

    def cut(self, luma: Luma) -> Luma:
        """The image from its first whole block on, as it is stored."""
        height, width = luma.shape
        return luma.crop(self.y, self.x, height - self.y, width - self.x)


ALIGNED = Grid(0, 0)
TURNED = Grid(0, 0, turned=True)
"""The grid of a JPEG that was turned by 90 degrees without being decoded."""
