"""Where the 8x8 grid of a JPEG save starts in an image, and whether rows and columns changed places since."""

from dataclasses import dataclass

from jpegqf.pixels.luma import Luma


@dataclass(frozen=True)
class Grid:
    """``x``, ``y``: column and row of the first grid line, pixels 0..7; ``turned``: rows and columns changed places."""

    x: int
    y: int
    turned: bool = False

    def place(self, luma: Luma) -> Luma:
        """The image from the first whole block on, turned back: its first pixel is on the grid."""
        height, width = luma.plane.shape
        placed = luma.crop(self.y, self.x, height - self.y, width - self.x)
        return placed.transposed() if self.turned else placed


ALIGNED = Grid(0, 0)
TURNED = Grid(0, 0, turned=True)
"""Of a JPEG that was turned by 90 degrees without being decoded."""
