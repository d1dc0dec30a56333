"""Luma of a JPEG and its last table -> what the same grid shows of an earlier save, as far as it is asked for."""

from dataclasses import dataclass
from functools import cached_property

from jpegqf.arrays import I64, U8
from jpegqf.evidence.blocks import cut
from jpegqf.history.first_tables import coarser_ijg_tables, finer_tables
from jpegqf.history.same_grid.counts import GLANCE, SameGridCounts, count_same_grid
from jpegqf.history.same_grid.evidence import SameGridEvidence, same_grid_evidence
from jpegqf.pixels.chroma import Colours
from jpegqf.pixels.luma import Luma

MOST_COLOURED = 2**24
"""Most pixels of an image whose colours are decoded: they take four bytes each."""


@dataclass(frozen=True)
class SameGrid:
    """What the same grid shows of an image, each looked for when it is first asked for.

    ``last_table``: int (8, 8), row = vertical frequency. ``colours``: the image's, where it has any.
    """

    luma: Luma
    last_table: I64
    colours: Colours | None = None

    @cached_property
    def glance_counts(self) -> SameGridCounts | None:
        """Counts of few blocks and frequencies."""
        return count_same_grid(self.luma, self.last_table, GLANCE)

    @cached_property
    def glance(self) -> SameGridEvidence | None:
        """What they show of a lower quality."""
        return same_grid_evidence(self.glance_counts, coarser_ijg_tables(self.last_table))

    @cached_property
    def counts(self) -> SameGridCounts | None:
        """Counts of all."""
        return count_same_grid(self.luma, self.last_table)

    @cached_property
    def coarser(self) -> SameGridEvidence | None:
        """What they show of a lower quality."""
        return same_grid_evidence(self.counts)

    @cached_property
    def finer(self) -> SameGridEvidence | None:
        """What they show of a higher quality.

        Both are compared: a first step of 2/3 of the last one leaves nearly the same counts as one of 4/3.
        """
        return same_grid_evidence(self.counts, finer_tables(self.last_table))

    @property
    def looks(self) -> tuple[SameGridEvidence | None, ...]:
        """All of it."""
        return self.glance, self.coarser, self.finer

    @cached_property
    def _marks(self) -> U8 | None:
        """Which pixels have a channel that a decoder clipped; None where there are none, or no colours are known."""
        known = self.colours if self.luma.plane.size <= MOST_COLOURED else None
        marks = known.clipping_marks() if known else None
        return marks if marks is not None and marks.any() else None

    @cached_property
    def clipped_share(self) -> float:
        """Share of the blocks with such a pixel."""
        return 0.0 if self._marks is None else float(cut(self._marks).any(axis=1).mean())

    @cached_property
    def unclipped(self) -> "SameGrid | None":
        """What the other blocks show; None where no block is known to be clipped.

        Where the first decoder clipped a channel, luma is no longer what it had decoded, and all coefficients of the
        block are a little off the multiples of the first steps.
        """
        return None if self._marks is None else SameGrid(Luma(self.luma.plane, self._marks), self.last_table)
