"""Chroma of an image whose luma grid is known -> how chroma was subsampled, and how likely each IJG chroma table is.

Chroma blocks hold few coefficients, so a table is judged by what it costs to tell the blocks with it, in nats: their
quantized coefficients under a Laplacian, and each sample that does not come back. Blocks that vary along both axes go
by ``jpegqf.tables.step_likelihood``, as luma's do. The same cost says which subsampling explains the same pixels best.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from jpegqf.arrays import F64, I64, U8
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
from jpegqf.tables.check import TOLERANCE
from jpegqf.tables.step_likelihood import is_rich, step_likelihoods

SIDE = 112
"""Side of the squares that are looked at, pixels: six blocks of chroma that was halved, wherever its grid starts."""
SQUARES = (1, 4)
"""Squares that are looked at first, and where those tell too little. The first of all, where chroma varies most, says
in which ways it may have been subsampled."""
PART = 64
"""Side of the part of the first square that is looked at for that."""
ROUGHLY, MOST_WRONG = 0.15, 0.04
"""Largest share of pixels that samples may not give back, as least squares finds them and after moves by one level."""
FEWEST_BLOCKS, MOST_BLOCKS, MOST_COMPARED = 4, 96, 32
"""Fewest different blocks that tell anything, the most that are looked at, and the most by which ways of subsampling
are compared."""
AGREED = 1.0
"""Nats by which the table of luma's quality may be less likely than another one and is that of chroma all the same."""
WRONG_SAMPLE = 4.0
"""Nats that a sample costs which does not come back: of interpolated chroma one in fifty is one level off."""
LADDER = (3, 8, 15, 25, 35, 45, 55, 65, 72, 78, 84, 88, 91, 94, 97, 100)
"""Qualities that stand for all where ways of subsampling are compared."""
FINEST, ENOUGH_BLOCKS = 95, 40
"""Quality from which chroma tables explain any samples, and different blocks from which on their table may contradict
that of luma."""
CLEARLY, SURELY = 8.0, 100.0
"""Nats by which one subsampling must explain the same pixels better than another; and from which on, where it gives
back nearly all pixels, no other is tried."""
WRONG_PIXEL, FEW_WRONG = 1.0, 0.006
"""Nats that a pixel costs which the samples do not give back, and the share of them up to which chroma may have been
subsampled all the same: the search for samples fails at few pixels, most of them near clipped ones."""
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


def read_chroma(colours: Colours, x: int, y: int, likely: Sequence[int] = ()) -> ChromaReading | None:
    """What chroma says where the luma grid's first lines are at column ``x`` and row ``y``; None if nothing.

    ``likely``: qualities that luma leaves open; those and some others are tried to find how chroma was subsampled.
    """
    tables = _tables()[np.array(sorted({*LADDER, *likely})) - 1]
    reading: ChromaReading | None = None
    for squares in SQUARES:
        tiles = colours.tiles(x, y, SIDE, squares)
        explanation = None if tiles is None else _explanation(tiles, tables)
        if explanation is not None:
            blocks = explanation.blocks[first_of_each(explanation.blocks)]
            likelihood = _log_likelihood(blocks, likely) if len(blocks) >= FEWEST_BLOCKS else None
            doubtful = likelihood is not None and _is_doubtful(likelihood, likely, len(blocks))
            reading = None if doubtful else ChromaReading(explanation.sampling, blocks, likelihood)
        if (reading and reading.log_likelihood is not None) or tiles is None or len(tiles.planes) < 2 * squares:
            break
    return reading


def _is_doubtful(likelihood: F64, likely: Sequence[int], blocks: int) -> bool:
    """Whether the table contradicts luma in the way that wrong samples do: it is the finest, or of few blocks."""
    best = int(likelihood.argmax())
    if not likely or likelihood[np.array(likely) - 1].max() >= likelihood[best] - CLEARLY:
        return False
    return best + 1 >= FINEST or blocks < ENOUGH_BLOCKS


@dataclass(frozen=True)
class _Explanation:
    """One way in which chroma may have been subsampled.

    ``blocks``: of its proven samples, uint8 (n, 64), repeated ones too. ``gain``: by how many nats this explains the
    pixels better than no subsampling does. ``wrong``: share of the pixels that the samples do not give back.
    """

    sampling: Sampling
    blocks: U8
    gain: float
    wrong: float = 0.0


def _explanation(tiles: ChromaTiles, tables: I64) -> _Explanation | None:
    """How chroma was subsampled; None if that cannot be told."""
    told: list[_Explanation] = []
    for samplings in (AS_DECODED, MIRRORED_OR_TURNED + REPEATED):
        for sampling in [] if told else _plausible(samplings, tiles):
            one = _of_halved(sampling, tiles, tables)
            if one and one.gain >= SURELY and one.wrong <= FEW_WRONG:
                return one
            told += [one] if one else []
    best = max(told, key=lambda one: one.gain, default=None)
    if best and best.gain >= CLEARLY:
        return best
    if any(one.gain > -CLEARLY or one.wrong <= FEW_WRONG for one in told):
        return None
    samples = samples_of(tiles.planes, tiles.sound, NOT_SUBSAMPLED)
    blocks, _ = _proven_blocks(samples, tiles, NOT_SUBSAMPLED, 0, 0)
    return _Explanation(NOT_SUBSAMPLED, blocks, 0.0) if len(blocks) >= FEWEST_BLOCKS else None


def _plausible(samplings: Sequence[Sampling], tiles: ChromaTiles) -> list[Sampling]:
    """Those whose samples, as least squares finds them, give back most pixels of a part of the first square.

    Those that give back more come first.
    """
    part = np.s_[:2, :PART, :PART]
    wrong = [samples_of(tiles.planes[part], tiles.sound[part], s, sweeps=0).wrong_share for s in samplings]
    most = min(ROUGHLY, 4 * min(wrong) + MOST_WRONG)
    pairs = sorted(zip(wrong, samplings, strict=True), key=lambda pair: pair[0])
    return [sampling for share, sampling in pairs if share <= most]


def _of_halved(sampling: Sampling, tiles: ChromaTiles, tables: I64) -> _Explanation | None:
    """The explanation by samples that were halved: their blocks start where they cost least.

    The cost of those blocks is compared with that of the pixels which they cover. None if pixels are not given back.
    """
    samples = samples_of(tiles.planes, tiles.sound, sampling)
    if samples.wrong_share > MOST_WRONG:
        return None
    least, best, covered, varied = np.inf, np.empty((0, 64), np.uint8), np.empty((0, 64), np.uint8), 0
    for top, left in product(*((0, 4) if pixels == 2 else (0,) for pixels in (sampling.down, sampling.across))):
        blocks, areas = _proven_blocks(samples, tiles, sampling, top, left)
        varying = np.flatnonzero((areas != areas[:, :1]).any(axis=1))
        some = evenly_spread(varying, MOST_COMPARED)
        cost = -_scores(blocks[some], tables).best / len(some) if len(some) else np.inf
        if cost < least:
            least, best, covered, varied = cost, blocks, areas[some], len(varying)
    gain = -WRONG_PIXEL * samples.wrong
    if varied:
        unsampled = -_scores(covered.reshape(-1, 64), tables).best / len(covered)
        gain += (unsampled - least) * varied
    return _Explanation(sampling, best, gain, samples.wrong_share)


def _proven_blocks(samples: Samples, tiles: ChromaTiles, sampling: Sampling, top: int, left: int) -> tuple[U8, U8]:
    """Blocks of proven samples from row ``top`` and column ``left`` on, uint8 (n, 64).

    And the 8x8 blocks of pixels that each of them covers, uint8 (n, pixels), one after the other.
    """
    values = samples.values[:, top:, left:]
    sound = samples.proven[:, top:, left:] & (values >= 0) & (values <= 255)
    kept = np.asarray(np.concatenate([cut(plane) for plane in sound]).all(axis=1))
    if not kept.any():
        return np.empty((0, 64), np.uint8), np.empty((0, 64 * sampling.down * sampling.across), np.uint8)
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
    """Log-likelihood of blocks under each of some tables, float64 (tables,); the share of their samples that do not
    come back under it, float64 (tables,).
    """

    likelihood: F64
    bad: F64

    @property
    def best(self) -> float:
        """Log-likelihood under the likeliest of the tables."""
        return float(self.likelihood.max())


def _scores(blocks: U8, tables: I64) -> _Scores:
    """How well tables (tables, 64) explain blocks (n, 64): by what it takes to tell the blocks with each of them.

    Quantized AC coefficients under a Laplacian, those of DC evenly spread, and samples that do not come back.
    """
    steps = tables.astype(np.float32)
    coefficients = (blocks.astype(np.float32) - 128) @ FORWARD
    multiples = np.rint(coefficients / steps[:, None])
    synthesis = ((multiples * steps[:, None]).reshape(-1, 64) @ INVERSE).reshape(multiples.shape)
    wrong = np.count_nonzero(np.abs(synthesis - (blocks.astype(np.float32) - 128)) > TOLERANCE, axis=(1, 2))
    zeros = np.count_nonzero(multiples == 0, axis=1).astype(np.float32)
    of_ac = laplacian(np.float32(len(blocks)), zeros, np.abs(multiples).sum(axis=1))[:, 1:].sum(axis=1)
    of_dc = len(blocks) * np.log(1 + max(8.0, float(np.ptp(coefficients[:, 0]))) / steps[:, 0])
    return _Scores(of_ac - of_dc - WRONG_SAMPLE * wrong, wrong / max(1, blocks.size))


def _log_likelihood(blocks: U8, likely: Sequence[int]) -> F64 | None:
    """Of the chroma table of each quality, float64 (100,), for different blocks (n, 64).

    None if the likeliest does not explain them: some other table does. Where luma leaves one quality open, and a few
    blocks say the same, no more are asked.
    """
    if len(likely) == 1:
        few = _scores(evenly_spread(blocks, MOST_COMPARED), _tables())
        if few.likelihood[likely[0] - 1] >= few.best - AGREED and few.bad[likely[0] - 1] <= MOST_BAD:
            return few.likelihood
    blocks = evenly_spread(blocks, MOST_BLOCKS)
    varied, likelihood = is_rich(blocks), np.zeros(len(QUALITIES))
    if varied.any():
        likelihood += step_likelihoods(blocks[varied])[_tables()[:, 1:] - 1, np.arange(1, 64)].sum(axis=1)
    if not varied.all():
        likelihood += _scores(blocks[~varied], _tables()).likelihood
    best = int(likelihood.argmax())
    return likelihood if _scores(blocks, _tables()[best : best + 1]).bad[0] <= MOST_BAD else None
