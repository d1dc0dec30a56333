"""Numbers of the evidence that live in a checkpoint's configuration, with their defaults."""

from dataclasses import dataclass

MISSED = 2
"""Blocks of the first few that a candidate may fail to reproduce and stay in the choice."""


@dataclass(frozen=True)
class DecisiveRule:
    """Numbers of the rule by which a few blocks decide the quality, with their defaults.

    A checkpoint stores them in its configuration. A candidate table "gives back" a block if the block, quantized with
    it and transformed back, differs from itself by no more than the decoder's rounding.
    """

    lattice: int = 24
    """Most rows and most columns of blocks used, evenly spread over the image."""
    span: int = 12
    """Fewest grey levels between the darkest and the brightest pixel of a block that is used."""
    blocks: int = 96
    """Most blocks tested."""
    fewest: int = 32
    """Fewest needed for a verdict."""
    first: int = 4
    """Blocks on which all candidates are tried. Those that fail on more than MISSED are dropped."""
    second: int = 12
    """Blocks on which the remaining candidates are tried in the same way."""
    given_back: float = 0.95
    """Least share of the tested blocks that the best candidate must give back."""
    lead: int = 4
    """Least number of blocks by which the best candidate must lead over the next."""
    small_share: float = 0.1
    """Least share of the nonzero AC coefficients that must be one of the three smallest multiples of their step."""
    finest: int = 93
    """Highest quality decided by synthesis."""
    coarsest_likely: int = 85
    """Lowest quality decided by likelihood."""
    fewest_likely: int = 64
    """Fewest blocks for a verdict by likelihood."""
    likely_lead: float = 300.0
    """Least lead of the best candidate over the next, in log-likelihood (natural logarithm)."""
    free_share: float = 0.05
    """Largest gain of a free choice of steps over the best candidate, as a share of that lead.

    A larger gain means that the table is no IJG table.
    """
    confidence: float = 0.9995
    """Probability, 0..1, given to a quality that is decided in this way."""

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
    """Numbers of the evidence, with their defaults; a checkpoint stores them in its configuration."""

    noise_sigma: float = 12**-0.5
    """Standard deviation, in grey levels, of a coefficient's error from rounding the pixels: uniform, variance 1/12."""
    outlier_mass: float = 1e-3
    """Share of a uniform density mixed into the comb, so that one bad coefficient changes the evidence by little."""
    pixel_tolerance: float = 0.56
    """Largest error, in grey levels, of a pixel that is given back.

    It is half a level of rounding plus the decoder's arithmetic. At quality 10 to 90, 99.5 % of a
    photograph's blocks stay within 0.56 of an exact inverse DCT, but only 79 to 98 % within 0.52.
    """
    loose_tolerance: float = 1.05
    """The same for decoders with a fast, inexact inverse DCT."""
    rich_range: int = 8
    """Fewest grey levels that a block must span for its rounding errors to be white."""
    fewest_counted: int = 16
    """Fewest blocks whose multiples are counted: with fewer unclipped ones, the least clipped are added."""
    rich_blocks: int = 64
    """Most unclipped blocks of many grey levels that are synthesized."""
    low_blocks: int = 48
    """Most unclipped blocks that vary along one axis only, or have few grey levels."""
    flat_blocks: int = 48
    """Most unclipped blocks of one grey level."""
    clipped_blocks: int = 24
    """Most blocks with clipped pixels."""
    clip_rounds: int = 3
    """How often the clipped pixels of a block are replaced by their synthesis."""

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
    """Numbers of the patch-selection rule, with their defaults; a checkpoint stores them in its configuration.

    ``size`` and ``stride`` are in pixels and multiples of 8, so that patches start on the 8x8 grid.
    ``threshold`` is a score in squared grey levels (see :func:`jpegqf.evidence.patches.scores`), ``relaxation`` what
    it is divided by where fewer than ``fewest`` patches pass. ``most`` patches are used at most.
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
