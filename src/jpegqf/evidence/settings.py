"""Numbers of the evidence that live in a checkpoint's configuration, with their defaults."""

from dataclasses import dataclass

MISSED = 2


@dataclass(frozen=True)
class DecisiveRule:
    """Numbers of the rule; they live in the checkpoint's configuration, these are its defaults."""

    lattice: int = 24
    """Blocks are taken from at most so many rows and columns, evenly spread."""
    span: int = 12
    """Grey levels that a block must span."""
    blocks: int = 96
    """Given back at most, ..."""
    fewest: int = 32
    """... and at least."""
    first: int = 4
    """Blocks on which all candidates are tried; those that miss more than MISSED are out, ..."""
    second: int = 12
    """... and so are of the rest those that do on this many."""
    given_back: float = 0.95
    lead: int = 4
    """Blocks that the best candidate must give back more than the next."""
    small_share: float = 0.1
    """Of the coefficients other than zero, those that must be one of the smallest multiples."""
    finest: int = 93
    """Highest quality told by synthesis."""
    coarsest_likely: int = 85
    """Lowest quality among those whose likelihoods are compared."""
    fewest_likely: int = 64
    likely_lead: float = 300.0
    """Natural logarithm of the likelihood by which the best candidate must lead."""
    free_share: float = 0.05
    """Of that lead, what a free choice of steps may gain at most."""
    confidence: float = 0.9995

    def __post_init__(self) -> None:
        counts = (self.lattice, self.span, self.blocks, self.fewest, self.lead, self.fewest_likely)
        if (
            not all(1 <= n <= 4096 for n in counts)
            or not MISSED < self.first <= self.second <= self.fewest <= self.blocks
        ):
            raise ValueError("decisive rule: counts out of bounds")
        shares = (self.given_back, self.small_share, self.free_share, self.confidence)
        if not (all(0 < share <= 1 for share in shares) and self.likely_lead > 0):
            raise ValueError("decisive rule: shares out of bounds")
        if not 1 <= self.coarsest_likely <= self.finest <= 100:
            raise ValueError("decisive rule: qualities out of bounds")


@dataclass(frozen=True)
class EvidenceSettings:
    """Numbers of the evidence; they live in the checkpoint's configuration, these are its defaults."""

    noise_sigma: float = 12**-0.5
    outlier_mass: float = 1e-3
    """Mass of a uniform floor under the comb: one bad coefficient costs a bounded amount of evidence."""
    pixel_tolerance: float = 0.56
    """Half a grey level of rounding, and the decoder's own arithmetic: at quality 10 to 90, 99.5 % of a
    photograph's blocks stay within 0.56 of an exact inverse DCT, but only 79 to 98 % within 0.52."""
    loose_tolerance: float = 1.05
    """The same for decoders with a fast, inexact inverse DCT."""
    rich_range: int = 8
    """Grey levels a block must span for its rounding errors to be white."""
    fewest_counted: int = 16
    """With fewer unclipped blocks than this, the least clipped ones are counted as well."""
    rich_blocks: int = 64
    low_blocks: int = 48
    flat_blocks: int = 48
    clipped_blocks: int = 24
    clip_rounds: int = 3
    """Times that the clipped pixels of a block are replaced by their synthesis."""

    def __post_init__(self) -> None:
        budgets = (self.fewest_counted, self.rich_blocks, self.low_blocks, self.flat_blocks, self.clipped_blocks)
        scales = (self.noise_sigma, self.outlier_mass, self.pixel_tolerance, self.loose_tolerance)
        sound = all(0 < scale < 10 for scale in scales) and self.outlier_mass < 1
        if not (sound and all(0 <= n <= 4096 for n in budgets) and 0 <= self.clip_rounds <= 16):
            raise ValueError("evidence settings out of bounds")


FEATURES = 5 * 64 + 12 + 2 + 24 + 12
"""Width of the evidence: five maps over frequencies, totals, nearness, synthesis, context."""


@dataclass(frozen=True)
class PatchRule:
    """The numbers of the rule; they live in the checkpoint's configuration, these are its defaults.

    ``size`` and ``stride`` are in pixels and multiples of 8, so that patches start on the 8x8 grid.
    ``threshold`` is a score in squared grey levels (see :func:`scores`).
    """

    size: int = 128
    stride: int = 128
    threshold: float = 15.0
    relaxation: float = 1.5
    most: int = 24
    fewest: int = 5

    def __post_init__(self) -> None:
        if any(not 8 <= side <= 1024 or side % 8 for side in (self.size, self.stride)):
            raise ValueError("patch size and stride must be multiples of 8 up to 1024")
        if self.threshold < 0 or self.relaxation < 1 or not 1 <= self.fewest <= self.most <= 1024:
            raise ValueError("patch rule needs threshold >= 0, relaxation >= 1 and 1 <= fewest <= most <= 1024")
