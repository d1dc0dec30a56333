"""Luma on its grid -> the luma table that its pixels show: a known one, or step by step."""

from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F64, I64, U8
from jpegqf.evidence.blocks import transposed_blocks
from jpegqf.jpeg.all_tables import Writer, known_tables
from jpegqf.pixels.luma import Luma
from jpegqf.tables.check import explains
from jpegqf.tables.fit import CERTAIN, Fit
from jpegqf.tables.step_likelihood import FEWEST_BLOCKS, FEWEST_RICH, rich, step_likelihoods, unclipped_blocks

TURNED = 0.05
"""Share of images to expect that were turned by 90 degrees since."""
CLEAR_STEP, FEWEST_CLEAR = 5.0, 3
"""Nats by which some step must be likelier than 1, as in what was never quantized, and at how many frequencies."""


@dataclass(frozen=True)
class TableReading:
    """What the pixels say about the luma table of the last save.

    ``steps``: 64, row-major (row = vertical frequency of the image as it is), each None where it is not certain.
    ``writer``: who writes the table, if that is certain; its ``quality`` is None unless that is certain too.
    ``equivalent``: probability of each IJG quality 1..100 that the table has, or is equivalent to, float64 (100,).
    ``ijg`` and ``free``: probability that the table is one of the IJG's or nearly, and that it is not exactly a known
    one. ``turned``: that writer's table has rows and columns exchanged: the image was turned by 90 degrees since.
    """

    steps: tuple[int | None, ...]
    writer: Writer | None
    equivalent: F64
    ijg: float
    free: float
    turned: bool = False

    @property
    def shows_a_grid(self) -> bool:
        """Whether the steps alone prove a save: enough of them are certain and larger than rounding to whole levels."""
        return sum(step is not None and step >= LEAST_PROVING for step in self.steps) >= PROVING


LEAST_PROVING, PROVING = 3, 8
"""Least step that no rounding of pixels leaves, and how many frequencies must show such a step."""


def read_table(luma: Luma) -> TableReading | None:
    """The table of the save whose grid starts at the first pixel of ``luma``, as :func:`read_blocks` has it."""
    return read_blocks(unclipped_blocks(luma))


def read_blocks(every: U8) -> TableReading | None:
    """The table of the save that different unclipped blocks come from, uint8 (n, 64), none of them flat.

    None if too few blocks tell anything, or if the likeliest table does not explain them: the image was edited since,
    saved twice, or decoded inexactly.
    """
    enough = len(rich(every)) >= FEWEST_RICH
    pixels = rich(every) if enough else every
    if len(pixels) < FEWEST_BLOCKS:
        return None
    likelihoods = step_likelihoods(pixels)
    if np.count_nonzero(likelihoods[1:].max(axis=0) - likelihoods[0] >= CLEAR_STEP) < FEWEST_CLEAR:
        return None
    fit, turned = Fit.of(likelihoods, known_tables()), False
    if not explains(_middle(fit.steps()), pixels):
        return None  # nor does a known table with rows and columns exchanged: a free one would be much like it
    if fit.unknown > 1 - CERTAIN:
        other = Fit.of(step_likelihoods(transposed_blocks(pixels)), known_tables())
        turned = bool(np.log(TURNED) + other.known_evidence > fit.evidence)
        fit = other if turned else fit
    if not enough and fit.unknown > 1 - CERTAIN:
        return None
    steps = certain_steps(fit.steps())
    return TableReading(
        transposed(steps) if turned else steps, fit.writer(), fit.equivalent(), fit.ijg(), fit.unknown, turned
    )


def transposed(steps: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """The 64 steps with rows and columns exchanged."""
    return tuple(steps[8 * column + row] for row in range(8) for column in range(8))


def _middle(probability: F64) -> I64:
    """The median step of each frequency, int64 (64,), of probabilities (255, 64).

    Where nothing tells, the most probable one would be 1: of large steps there are many, each with little probability.
    """
    below = probability.cumsum(axis=0)
    median: I64 = (below < below[-1] / 2).sum(axis=0) + 1
    return median


def certain_steps(probability: F64, least: float = CERTAIN) -> tuple[int | None, ...]:
    """The steps of at least this probability, from (255, 64); None where there is none."""
    best, certain = probability.argmax(axis=0) + 1, probability.max(axis=0) >= least
    return tuple(int(step) if sure else None for step, sure in zip(best, certain, strict=True))
