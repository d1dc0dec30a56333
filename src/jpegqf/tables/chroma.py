"""Chroma of an image whose luma grid is known -> how chroma was subsampled, and how likely each IJG chroma table is.

Chroma blocks hold few coefficients, so a table is judged by what it costs to tell the blocks with it, in nats: their
quantized coefficients under a Laplacian, and each sample that does not come back. Blocks that vary along both axes go
by ``jpegqf.tables.step_likelihood``, as luma's do. The same cost says which subsampling explains the same pixels best.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from jpegqf.arrays import F32, F64, I64, U8
from jpegqf.evidence.blocks import cut, evenly_spread, first_of_each
from jpegqf.evidence.dct import FORWARD, INVERSE
from jpegqf.evidence.likelihood import laplacian
from jpegqf.jpeg.ijg import QUALITIES, ijg_chroma
from jpegqf.pixels.chroma import ChromaTiles, Colours
from jpegqf.pixels.upsampling import (
    AS_DECODED,
    MIRRORED_OR_TURNED,
    NOT_SUBSAMPLED,
    REPEATED,
    Samples,
    Sampling,
    samples_of,
)
from jpegqf.tables.step_likelihood import is_rich, step_likelihoods

SIDE = 144
"""Side of the squares that are looked at, pixels: eight blocks of chroma that was halved, wherever its grid starts."""
SQUARES = 4
"""Most squares; the first, where chroma varies most, says how it was subsampled."""
ROUGHLY, MOST_WRONG = 0.15, 0.04
"""Largest share of pixels that samples may not give back, as least squares finds them and after moves by one level."""
FEWEST_BLOCKS, MOST_BLOCKS, MOST_COMPARED = 4, 96, 32
"""Fewest different blocks that tell anything, the most that are looked at, and the most by which ways of subsampling are
compared."""
WRONG_SAMPLE = 4.0
"""Nats that a sample costs which does not come back: of interpolated chroma one in fifty is one level off."""
TOLERANCE = 0.56
"""Largest error, in levels, of a sample that comes back; see ``evidence.settings.EvidenceSettings.pixel_tolerance``."""
CLEARLY = 8.0
"""Nats by which one subsampling must explain the same pixels better than another."""
WRONG_PIXEL = 0.25
"""Nats that a pixel costs which the samples do not give back: the search for them fails at few, in clusters."""
MOST_BAD = 0.05
"""Largest share of the samples that may not come back under the IJG's likeliest table if it is to be the table."""


@dataclass(frozen=True)
class ChromaReading:
    """What chroma says about the last save.

    ``sampling``: how it was subsampled. ``blocks``: the different blocks of its samples, uint8 (n, 64).
    ``log_likelihood``: of the chroma table of each IJG quality 1..100, float64 (100,), None if none of them explains
    the blocks.
    """

    sampling: Sampling
    blocks: U8
    log_likelihood: F64 | None


def read_chroma(colours: Colours, x: int, y: int) -> ChromaReading | None:
    """What chroma says where the luma grid's first lines are at column ``x`` and row ``y``; None if nothing."""
    tiles = colours.tiles(x, y, SIDE, SQUARES)
    explanation = None if tiles is None else _explanation(tiles)
    if explanation is None:
        return None
    blocks = explanation.blocks[first_of_each(explanation.blocks)]
    if len(blocks) < FEWEST_BLOCKS:
        return None
    scores = _scores(blocks)
    explained = scores.bad[scores.likelihood.argmax()] <= MOST_BAD
    return ChromaReading(explanation.sampling, blocks, scores.likelihood if explained else None)


@dataclass(frozen=True)
class _Explanation:
    """One way in which chroma may have been subsampled.

    ``blocks``: of its proven samples, uint8 (n, 64), repeated ones too. ``gain``: by how many nats this explains the
    pixels better than no subsampling does.
    """

    sampling: Sampling
    blocks: U8
    gain: float


def _explanation(tiles: ChromaTiles) -> _Explanation | None:
    """How chroma was subsampled; None if that cannot be told."""
    told = [_of_halved(sampling, tiles) for sampling in _plausible(tiles.first(1))]
    best = max(told, key=lambda one: one.gain, default=None)
    if best and best.gain >= CLEARLY:
        return best
    if best and best.gain > -CLEARLY:
        return None
    samples = samples_of(tiles.planes, tiles.sound, NOT_SUBSAMPLED)
    return _Explanation(NOT_SUBSAMPLED, _proven_blocks(samples, tiles, NOT_SUBSAMPLED, 0, 0)[0], 0.0)


def _plausible(tiles: ChromaTiles) -> list[Sampling]:
    """The ways of subsampling whose samples give nearly all pixels back."""
    for samplings in (AS_DECODED, MIRRORED_OR_TURNED + REPEATED):
        rough = [s for s in samplings if samples_of(tiles.planes, tiles.sound, s, 0).wrong_share <= ROUGHLY]
        kept = [s for s in rough if samples_of(tiles.planes, tiles.sound, s).wrong_share <= MOST_WRONG]
        if kept:
            return kept
    return []


def _of_halved(sampling: Sampling, tiles: ChromaTiles) -> _Explanation:
    """The explanation by samples that were halved: their blocks start where they cost least.

    The cost of those blocks is compared with that of the pixels which they cover.
    """
    samples = samples_of(tiles.planes, tiles.sound, sampling)
    gain, least, best = 0.0, np.inf, np.empty((0, 64), np.uint8)
    for top, left in product(*((0, 4) if pixels == 2 else (0,) for pixels in (sampling.down, sampling.across))):
        blocks, areas = _proven_blocks(samples, tiles, sampling, top, left)
        varying = np.flatnonzero((areas != areas[:, :1]).any(axis=1))
        some = evenly_spread(varying, MOST_COMPARED)
        cost = -_scores(blocks[some]).best / len(some) if len(some) else np.inf
        if cost < least:
            unsampled = -_scores(areas[some].reshape(-1, 64)).best / len(some)
            gain, least, best = (unsampled - cost) * len(varying), cost, blocks
    return _Explanation(sampling, best, gain - WRONG_PIXEL * samples.wrong)


def _proven_blocks(samples: Samples, tiles: ChromaTiles, sampling: Sampling, top: int, left: int) -> tuple[U8, U8]:
    """Blocks of proven samples from row ``top`` and column ``left`` on, uint8 (n, 64).

    And the 8x8 blocks of pixels that each of them covers, uint8 (n, pixels), one after the other.
    """
    values = samples.values[:, top:, left:]
    sound = samples.proven[:, top:, left:] & (values >= 0) & (values <= 255)
    kept = np.concatenate([cut(plane) for plane in sound]).all(axis=1)
    blocks = np.concatenate([cut(plane) for plane in values])[kept]
    down, across = sampling.down, sampling.across
    rows, columns = (side // 8 for side in values.shape[1:])
    pixels = tiles.planes[:, top * down :, left * across :][:, : rows * 8 * down, : columns * 8 * across]
    parts = pixels.reshape(len(pixels), rows, down, 8, columns, across, 8).transpose(0, 1, 4, 2, 5, 3, 6)
    areas = parts.reshape(len(kept), -1)[kept]
    return blocks.astype(np.uint8), areas.astype(np.uint8)


@lru_cache(maxsize=1)
def _tables() -> I64:
    """The chroma tables of all IJG qualities, int64 (100, 64), read-only."""
    tables = np.stack([ijg_chroma(int(quality)).reshape(64) for quality in QUALITIES])
    tables.flags.writeable = False
    return tables


@dataclass(frozen=True)
class _Scores:
    """Log-likelihood of blocks under the chroma table of each quality, float64 (100,); share of samples that do not
    come back under it, float32 (100,)."""

    likelihood: F64
    bad: F32

    @property
    def best(self) -> float:
        """Log-likelihood of the likeliest table."""
        return float(self.likelihood.max())


def _scores(blocks: U8) -> _Scores:
    """How well the tables explain at most MOST_BLOCKS of the blocks (n, 64)."""
    blocks = evenly_spread(blocks, MOST_BLOCKS)
    varied, steps = is_rich(blocks), _tables().astype(np.float32)
    coefficients = (blocks.astype(np.float32) - 128) @ FORWARD
    multiples = np.rint(coefficients / steps[:, None])
    synthesis = ((multiples * steps[:, None]).reshape(-1, 64) @ INVERSE).reshape(multiples.shape)
    wrong = np.count_nonzero(np.abs(synthesis + 128 - blocks) > TOLERANCE, axis=2)
    simple = multiples[:, ~varied]
    zeros, total = (x.astype(np.float32) for x in (np.count_nonzero(simple == 0, axis=1), np.abs(simple).sum(axis=1)))
    likelihood = laplacian(np.float32(simple.shape[1]), zeros, total)[:, 1:].sum(axis=1, dtype=np.float64)
    likelihood -= WRONG_SAMPLE * wrong[:, ~varied].sum(axis=1)
    likelihood -= len(blocks) * np.log(1 + np.maximum(np.ptp(coefficients[:, 0]), 8) / steps[:, 0])
    if varied.any():
        likelihood += step_likelihoods(blocks[varied])[_tables()[:, 1:] - 1, np.arange(1, 64)].sum(axis=1)
    return _Scores(likelihood, wrong.mean(axis=1) / np.float32(64))
