"""A JPEG's last save -> what the same grid shows of an earlier one, as far as it is asked for."""

from dataclasses import dataclass
from functools import cached_property

from jpegqf.history.first_tables import coarser_ijg_tables, finer_tables
from jpegqf.history.last_save import LastSave
from jpegqf.history.same_grid.counts import GLANCE, SameGridCounts, count_same_grid
from jpegqf.history.same_grid.evidence import SameGridEvidence, same_grid_evidence


@dataclass(frozen=True)
class SameGrid:
    """What the same grid shows of an image, each looked for when it is first asked for."""

    last: LastSave

    @cached_property
    def glance_counts(self) -> SameGridCounts | None:
        """Counts of few blocks and frequencies."""
        return count_same_grid(self.last.luma, self.last.table, GLANCE)

    @cached_property
    def glance(self) -> SameGridEvidence | None:
        """What they show of a lower quality."""
        return same_grid_evidence(self.glance_counts, coarser_ijg_tables(self.last.table))

    @cached_property
    def counts(self) -> SameGridCounts | None:
        """Counts of all."""
        return count_same_grid(self.last.luma, self.last.table)

    @cached_property
    def coarser(self) -> SameGridEvidence | None:
        """What they show of a lower quality."""
        return same_grid_evidence(self.counts)

    @cached_property
    def finer(self) -> SameGridEvidence | None:
        """What they show of a higher quality.

        Both are compared: a first step of 2/3 of the last one leaves nearly the same counts as one of 4/3.
        """
        return same_grid_evidence(self.counts, finer_tables(self.last.table))

    @property
    def looks(self) -> tuple[SameGridEvidence | None, ...]:
        """All of it."""
        return self.glance, self.coarser, self.finer

    @cached_property
    def unclipped(self) -> "SameGrid | None":
        """What the blocks without a clipped channel show; None where no block is known to have one."""
        return None if self.last.marked is None else SameGrid(self.last.marked)
