"""A JPEG as its decoder gives it: luma, the table of its last save, and where a decoder clipped its colours."""

from dataclasses import dataclass
from functools import cached_property

from jpegqf.arrays import I64
from jpegqf.evidence.blocks import cut
from jpegqf.pixels.chroma import Colours
from jpegqf.pixels.luma import Luma

MOST_COLOURED = 2**24
"""Most pixels of an image whose colours are decoded: they take four bytes each."""


@dataclass(frozen=True)
class LastSave:
    """The decoded image, its first pixel on the grid of the last save.

    ``table``: the luma table of the file, int (8, 8), row = vertical frequency. ``colours``: the image's, where it has
    any; they are decoded when they are first needed.
    """

    luma: Luma
    table: I64
    colours: Colours | None = None

    @cached_property
    def marked(self) -> "LastSave | None":
        """The same, pixels marked of which the last decoder clipped a channel: there the first one did, too, mostly.

        None where there are none, no colours are known or more pixels than MOST_COLOURED. Where the first decoder
        clipped a channel, luma is no longer what it had decoded, and all coefficients of the block are a little off
        the multiples of the first steps.
        """
        known = self.colours if self.luma.plane.size <= MOST_COLOURED else None
        marks = known.clipping_marks() if known else None
        return LastSave(Luma(self.luma.plane, marks), self.table) if marks is not None and marks.any() else None

    @cached_property
    def clipped_share(self) -> float:
        """Share of the blocks with a marked pixel."""
        return 0.0 if self.marked is None else float(cut(self.marked.luma.clipped()).any(axis=1).mean())
