"""MCUs that do not come back -> coefficients of all their blocks, searched together.

Where a channel is clipped, luma and chroma hide each other: two equations for three unknowns at each pixel, which the
coarse steps of few chroma coefficients resolve. So one block of each chroma component and the luma blocks that it
covers are estimated as one (``jpegqf.coefficients.estimation``), their neighbours held. Chroma is interpolated: pixels
around the MCU count, too.
"""

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import F32, F64, I16, I32, I64, U8, Bool
from jpegqf.coefficients.alternating import known_samples
from jpegqf.coefficients.block_search import EFFORTS, HIGHEST, LOWEST, solve
from jpegqf.coefficients.colours import U_GREEN, V_GREEN, differing, luma_bounds, rgb_of
from jpegqf.coefficients.draft import Draft, luma_block_numbers, padded
from jpegqf.coefficients.estimation import likeliest, likeliest_of_part, padding_prior, prior_of
from jpegqf.coefficients.idct import unclamped_samples
from jpegqf.evidence.blocks import cut
from jpegqf.evidence.dct import INVERSE
from jpegqf.pixels.chroma import BLUE, RED, chroma_of
from jpegqf.pixels.upsampling import Sampling, sums_of

OF_YCC = np.array([0.29, 0.34, 0.34], np.float32)
"""Standard deviations of known luma and chroma at a pixel: rounded once, and interpolated chroma twice."""
OF_RGB = np.array([0.63, 0.49, 0.73], np.float32)
"""The same of channels, which are made of both and rounded again."""
TO_RGB = np.array([[1, 0, RED], [1, U_GREEN, V_GREEN], [1, BLUE, 0]], np.float32)
"""Red, green and blue of luma and of chroma less 128 (ITU-T T.871, section 7)."""
MARGIN_YCC, MARGIN_RGB = np.array([1.5, 2.9, 2.9], np.float32), np.float32(2.0)
"""Standard deviations by which a value may miss its level before that costs anything."""
NEVER = 0.004
"""Mean square of a quantized coefficient below which it is taken to be 0."""
FAR = np.float32(1e4)
"""A bound that is none."""


@dataclass(frozen=True)
class Depth:
    """How much is tried on one MCU.

    ``kept``: sets of coefficients that are estimated; ``livelier``: how lively its blocks are assumed. ``starts``: sets
    of chroma coefficients from which a search goes on at once, and ``changes``: how many steps.
    """

    kept: int
    livelier: float
    starts: int
    changes: int


LIVELIER, ROUNDS_OF_PARTS = 3.0, 4
"""How lively MCUs are assumed that are given in part, and how often they are searched."""
DEPTHS = (Depth(32, 4, 4, 6), Depth(128, 1, 12, 12), Depth(128, 30, 12, 12))
"""What is tried one after the other."""


MOST_CLEAN, MOST_CLEAN_SHARE = 12, 0.25
"""MCUs of known pixels alone that may be wrong in any image, and the share of them that may be."""
FIRST_TRIES, FEW_SOLVED = 40, 0.15
"""MCUs of which this share must be solved for others to be tried."""
MOST_TRIES = 400
"""Most searches of an MCU in one image."""


@dataclass(frozen=True)
class _Axis:
    """Along one axis of an MCU: which samples its pixels and those next to them are interpolated from, and where those
    pixels are in the image.

    ``samples``: numbers in the plane, int64; ``of_block``: the same counted from the block's first one. ``pixels``:
    numbers in the image, perhaps outside of it; ``own``: which of them are the MCU's. ``blocks``: the two blocks,
    perhaps one twice, whose samples each pixel is interpolated from, int64 (2, pixels).
    """

    samples: I64
    of_block: tuple[int, ...]
    pixels: I64
    own: Bool
    blocks: I64

    @classmethod
    def of(cls, number: int, factor: int, needed: int) -> "_Axis":
        """That of block ``number``, of ``needed`` samples in all."""
        if factor == 1:
            samples = pixels = np.arange(8 * number, 8 * number + 8)
        else:
            samples = np.arange(8 * number - 2, 8 * number + 10)
            pixels = np.arange(16 * number - 1, 16 * number + 17)
        samples = np.clip(samples, 0, needed - 1)
        own = (pixels >= 8 * factor * number) & (pixels < 8 * factor * (number + 1))
        nearest = pixels // factor
        other = nearest + (2 * (pixels % 2) - 1 if factor == 2 else 0)
        blocks = np.clip(np.stack([nearest, other]), 0, needed - 1) // 8
        return cls(samples, tuple((samples - 8 * number).tolist()), pixels, own, blocks)


def _interpolated(samples: NDArray[Any], sampling: Sampling) -> NDArray[Any]:
    """Sums of windows of samples, (windows, rows, columns), for the pixels of :class:`_Axis`."""
    sums = sums_of(samples, sampling)
    if sampling.down == 2:
        sums = sums[:, 1:-1]
    return sums[:, :, 1:-1] if sampling.across == 2 else sums


@lru_cache(maxsize=64)
def _chroma_basis(sampling: Sampling, rows: tuple[int, ...], columns: tuple[int, ...]) -> F32:
    """What each coefficient of a chroma block adds to the pixels, float32 (64, pixels)."""
    row, column = np.array(rows), np.array(columns)
    inside = ((row >= 0) & (row < 8))[:, None] & ((column >= 0) & (column < 8))
    blocks = INVERSE.reshape(64, 8, 8)
    windows = blocks[:, np.clip(row, 0, 7)][:, :, np.clip(column, 0, 7)] * inside
    out: F32 = (_interpolated(windows, sampling).reshape(64, -1) / 2.0**sampling.bits).astype(np.float32)
    return out


class JointSearch:
    """Searches the MCUs of one draft whose pixels differ from those of the image."""

    def __init__(self, draft: Draft, pixels: U8, until: float = float("inf")) -> None:
        """``until``: when it ends whatever is found, on the monotonic clock."""
        self._draft, self._pixels, self._until = draft, pixels, until
        planes, sound = chroma_of(pixels)
        self._sound = sound & draft.layout.given
        self._known = np.concatenate([_luma(pixels)[None], planes]).astype(np.float32)
        self._wrong = draft.wrong(pixels)
        self._samples, self._proven = known_samples(planes, self._sound, draft.layout, self._bad())
        self._variances: dict[float, F32] = {}

    @property
    def is_hopeless(self) -> bool:
        """Whether so many MCUs without any unknown pixel are wrong that the pixels are no JPEG's."""
        clean = ~self._draft.layout.mcus_of(~self._sound)
        wrong = int(np.count_nonzero(self._bad() & clean))
        return wrong > max(MOST_CLEAN, int(MOST_CLEAN_SHARE * np.count_nonzero(clean)))

    def run(self) -> int:
        """Search until nothing more is found; returns how many MCUs are still wrong."""
        tries = MOST_TRIES
        if self._draft.layout.crop:
            self._search_parts()
        for depth in DEPTHS:
            backwards, idle = False, 0
            while idle < 2 and tries > 0 and self._wrong.any():
                before = int(np.count_nonzero(self._wrong))
                tries -= self._pass(depth, backwards, tries)
                idle = 0 if int(np.count_nonzero(self._wrong)) < before else idle + 1
                backwards = not backwards
        return int(np.count_nonzero(self._bad()))

    def _search_parts(self) -> None:
        """Search the MCUs of a crop's JPEG of which a part is given, or nothing: then pixels next to them count.

        What fails is searched once more without what its neighbours share with it, and they are searched after it.
        """
        counts, whole = self._given_counts()
        left = (self._bad() | (counts == 0)) & (counts < whole)
        first = np.zeros(left.shape, bool)
        for _ in range(ROUNDS_OF_PARTS):
            places = np.argwhere(left)
            order = np.lexsort((-counts[left], ~first[left]))
            for row, column in places[order].tolist():
                if time.monotonic() > self._until:
                    return
                left[row, column] = not self._mcu(left, row, column).solve_apart(self._variance(LIVELIER))
            if not left.any():
                break
            first = left
            wide = np.pad(left, 1)
            near = [wide[i : i + left.shape[0], j : j + left.shape[1]] for i in range(3) for j in range(3)]
            left = np.any(near, axis=0) & (counts < whole)
        self._wrong = self._draft.wrong(self._pixels)

    def _given_counts(self) -> tuple[I64, int]:
        """How many pixels of each MCU are given, int64 (rows, columns), and how many there are in one."""
        layout = self._draft.layout
        down, across = 8 * layout.sampling.down, 8 * layout.sampling.across
        given = padded(layout.given, down * layout.mcus[0], across * layout.mcus[1], mode="constant")
        counts = given.reshape(layout.mcus[0], down, layout.mcus[1], across).sum(axis=(1, 3))
        return counts.astype(np.int64), down * across

    def _bad(self) -> Bool:
        return self._draft.layout.mcus_of(self._wrong)

    def _pass(self, depth: Depth, backwards: bool, most: int) -> int:
        """Try at most so many wrong MCUs once, those with the fewest unknown pixels first; returns how many.

        If the first ones mostly fail that is ``most``: nothing more is to be tried.

        Of two neighbours the first is searched without the pixels between them: so the order matters.
        """
        bad = self._bad()
        places = np.argwhere(bad)
        down, across = 8 * self._draft.layout.sampling.down, 8 * self._draft.layout.sampling.across
        unknown = [
            np.count_nonzero(~self._sound[row * down : (row + 1) * down, column * across : (column + 1) * across])
            for row, column in places
        ]
        order = np.argsort(unknown, kind="stable")[:most]
        solved = 0
        for number, place in enumerate((order[::-1] if backwards else order).tolist()):
            if (number >= FIRST_TRIES and solved < FEW_SOLVED * number) or time.monotonic() > self._until:
                return most
            row, column = map(int, places[place])
            if self._mcu(bad, row, column).solve(depth, self._variance(depth.livelier)):
                bad[row, column] = False
                solved += 1
        self._wrong = self._draft.wrong(self._pixels)
        return len(order)

    def _mcu(self, bad: Bool, row: int, column: int) -> "_Mcu":
        block = np.s_[:, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
        samples = self._samples[block], self._proven[block]
        return _Mcu(self._draft, self._pixels, self._known, self._sound, samples, bad, (row, column))

    def _variance(self, livelier: float) -> F32:
        """Variance of the coefficients of luma, Cb and Cr, float32 (3, 64); of the draft as it was at first."""
        if livelier not in self._variances:
            every = (self._draft.luma, *self._draft.chroma)
            self._variances[livelier] = np.stack([prior_of(blocks, livelier) for blocks in every])
        return self._variances[livelier]


def _luma(pixels: U8) -> F32:
    out: F32 = np.rint(pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32))
    return out


@dataclass(frozen=True)
class _Equations:
    """Values that coefficients must bring into bounds.

    ``basis``: what one step of each coefficient adds to each value, float32 (numbers, values). ``lowest``, ``highest``:
    bounds, less the values without any coefficient. ``deviation``: the values' standard deviations; ``margin``: by how
    many of these a value may miss its bounds before that costs anything. Each float32 (values,).
    """

    basis: F32
    lowest: F32
    highest: F32
    deviation: F32
    margin: F32

    def with_samples(self, samples: F32, proven: Bool, steps: I32, used: Bool) -> "_Equations":
        """With chroma samples of the block, (2, 64), where they are proven: they were rounded but once."""
        basis = np.zeros((len(used), 128), np.float32)
        basis[-128:-64, :64] = basis[-64:, 64:] = steps.astype(np.float32)[:, None] * INVERSE
        level = (samples - 128).reshape(-1)
        low, high = np.where(proven.reshape(-1), level, -FAR), np.where(proven.reshape(-1), level, FAR)
        once, margin = np.full(128, OF_YCC[0]), np.full(128, MARGIN_YCC[0])
        more = (basis[used], low, high, once, margin)
        every = (self.basis, self.lowest, self.highest, self.deviation, self.margin)
        return _Equations(*(np.concatenate(pair, axis=-1).astype(np.float32) for pair in zip(every, more, strict=True)))

    def told(self) -> "_Equations":
        """Those that bound anything."""
        kept = (self.lowest > -FAR / 2) | (self.highest < FAR / 2)
        return _Equations(
            self.basis[:, kept], *(v[kept] for v in (self.lowest, self.highest, self.deviation, self.margin))
        )


class _Mcu:
    """One MCU and what is known around it."""

    def __init__(
        self,
        draft: Draft,
        pixels: U8,
        known: F32,
        sound: Bool,
        samples: tuple[F32, Bool],
        bad: Bool,
        place: tuple[int, int],
    ) -> None:
        layout, (row, column) = draft.layout, place
        self._samples, self._proven = samples
        self._draft, self._sampling = draft, layout.sampling
        self._number = row * layout.mcus[1] + column
        self._luma_numbers = luma_block_numbers(layout, row, column)
        self._rows = _Axis.of(row, layout.sampling.down, layout.chroma_samples[0])
        self._columns = _Axis.of(column, layout.sampling.across, layout.chroma_samples[1])
        rows, columns = self._rows.pixels, self._columns.pixels
        inside = ((rows >= 0) & (rows < layout.height))[:, None] & ((columns >= 0) & (columns < layout.width))
        at = np.ix_(np.clip(rows, 0, layout.height - 1), np.clip(columns, 0, layout.width - 1))
        inside &= layout.given[at]
        self._own = self._rows.own[:, None] & self._columns.own
        self._shape = inside.shape
        self._pixels, self._known = pixels[at], known[:, at[0], at[1]]
        self._luma_around = draft.luma_plane[at].astype(np.float32)
        trusted = ~bad
        trusted[row, column] = True
        self._trusted = inside.copy()
        """Pixels whose chroma depends on this MCU and on right ones alone; those around it are right."""
        for down in self._rows.blocks:
            for across in self._columns.blocks:
                self._trusted &= trusted[np.ix_(down, across)]
        self._sound = sound[at] & inside
        self._window = draft.chroma_planes[:, self._rows.samples][:, :, self._columns.samples]

    def solve(self, depth: Depth, variance: F32) -> bool:
        """Find coefficients that bring the pixels back, and put them into the draft; returns whether there are any.

        ``variance``: of the coefficients of luma, Cb and Cr, float32 (3, 64).
        """
        self._variance = np.concatenate([np.tile(variance[0], len(self._luma_numbers)), variance[1], variance[2]])
        used, equations = self._equations()
        basis, deviation, known = equations.basis, equations.deviation, equations.lowest == equations.highest
        precision = np.where(known, deviation**-2, np.float32(0))
        target = np.where(known, equations.lowest, np.float32(0))
        prior = self._prior()[np.ix_(used, used)]
        bounds = equations.lowest, equations.highest
        sets = likeliest(basis, target[None], precision[None], bounds[0][None], bounds[1][None], prior, depth.kept)[0]
        scaled, low, high = basis / deviation, *(bound / deviation for bound in bounds)
        low, high = low - equations.margin, high + equations.margin
        reached = sets @ scaled
        cost = ((reached - np.clip(reached, low, high)) ** 2).sum(axis=1)
        order = np.argsort(cost, kind="stable")
        sets = sets[order]
        right = self._are_right(sets[: self.FIRST], used)
        if right.any():
            return self._take(sets[right.argmax()], used)
        _, chroma = self._split(sets[: self.FIRST], used)
        own = self._draft.chroma[:, self._number][None]
        free = used.reshape(-1, 64)[-2:]
        for found in self._descended(np.concatenate([own, chroma]), free, depth):
            luma = self._luma_for(found)
            if luma is not None:
                return self._take(np.concatenate([luma.reshape(-1), found.reshape(-1)]), np.ones(len(used), bool))
        return False

    def solve_apart(self, variance: F32) -> bool:
        """Find each plane of chroma by its known pixels alone, and luma for both: where many pixels are not given.

        As :meth:`solve`.
        """
        told = self._sound & self._trusted
        if not told.any():
            return True
        found = [self._plane_alone(plane, told, variance[1 + plane]) for plane in (0, 1)]
        if found[0] is None or found[1] is None:
            return False
        chroma = np.stack([found[0], found[1]])
        luma = self._luma_for(chroma)
        return luma is not None and self._take(
            np.concatenate([luma.reshape(-1), chroma.reshape(-1)]), np.ones(64 * (len(luma) + 2), bool)
        )

    def _plane_alone(self, plane: int, told: Bool, variance: F32) -> I16 | None:
        """Coefficients of a plane of chroma, int16 (64,), that give the pixels that are ``told``; None if none do."""
        basis = np.ascontiguousarray(self._chroma_basis[:, told.reshape(-1)])
        values = (self._known[1 + plane] - self._chroma_without()[plane])[told]
        for kept, livelier in self.APART:
            prior = np.diag(1 / (variance.astype(np.float64) * livelier))
            sets = likeliest_of_part(self._chroma_steps, basis, values[None], prior, kept)[0]
            pixels = self._chroma_pixels(np.stack([sets, sets], axis=1))[:, plane]
            right = (pixels == self._known[1 + plane])[:, told].all(axis=1)
            if right.any():
                return np.asarray(sets[right.argmax()])
        return None

    APART = ((128, 1), (1024, 1), (1024, 10), (4096, 0.3))
    """Sets of coefficients of a plane of chroma that are tried in turns, and how much livelier it is assumed."""
    FIRST, TRIED = 32, 3
    """Estimates that are decoded, and sets of chroma coefficients for which luma is searched."""

    def _descended(self, starts: I16, free: Bool, depth: Depth) -> I16:
        """Chroma coefficients (sets, 2, 64) that bring chroma back exactly, some steps in the ``free`` ones away from
        the starts; at most TRIED, perhaps none. Several ways are followed at once.
        """
        places = np.flatnonzero(free.reshape(-1))
        moves = np.zeros((2 * len(places), 128), np.int16)
        moves[np.arange(len(places)), places], moves[np.arange(len(places), 2 * len(places)), places] = 1, -1
        states = np.unique(starts.reshape(-1, 128), axis=0)
        cost = self._chroma_cost(states)
        seen = {state.tobytes() for state in states}
        for _ in range(depth.changes):
            best = np.argsort(cost, kind="stable")
            if cost[best[0]] == 0:
                break
            states = states[best[: depth.starts]]
            near = (states[:, None] + moves).reshape(-1, 128)
            new = [number for number, state in enumerate(near) if state.tobytes() not in seen]
            states = near[new]
            if not len(states):
                return states.reshape(-1, 2, 64)
            cost = self._chroma_cost(states)
            kept = np.argsort(cost, kind="stable")[: 4 * depth.starts]
            states, cost = states[kept], cost[kept]
            seen.update(state.tobytes() for state in states)
        return states[np.flatnonzero(cost == 0)[: self.TRIED]].reshape(-1, 2, 64)

    def _chroma_cost(self, states: I16) -> I64:
        """By how many levels chroma misses at sound pixels, and luma at those where chroma leaves none; (sets,)."""
        planes = self._chroma_pixels(states.reshape(-1, 2, 64))
        sound, other = self._sound & self._trusted, ~self._sound & self._trusted
        out: I64 = np.abs(planes[:, :, sound] - self._known[1:, sound]).sum(axis=(1, 2)).astype(np.int64)
        if other.any():
            low, high = luma_bounds(self._pixels[other], planes[:, 0, other], planes[:, 1, other])
            luma = np.where(self._own[other], low, self._luma_around[other].astype(np.int16))
            missed = np.maximum(np.maximum(low - high, low - luma), np.where(self._own[other], 0, luma - high))
            out += np.clip(missed, 0, 64).sum(axis=1)
        return out

    def _luma_for(self, chroma: I16) -> I16 | None:
        """Coefficients of the luma blocks, int16 (blocks, 64), that give the pixels with this chroma; None if none are
        found.
        """
        sampling, draft = self._sampling, self._draft
        planes = self._chroma_pixels(chroma[None])[0]
        low, high = luma_bounds(self._pixels, *planes)
        known = np.rint(self._known[0]).astype(np.int16)
        unknown = ~self._sound & ~self._trusted
        low = np.where(unknown, LOWEST, np.where(self._trusted, low, known))
        high = np.where(unknown, HIGHEST, np.where(self._trusted, high, known))
        shape = 8 * sampling.down, 8 * sampling.across
        low, high, start = (plane[self._own].reshape(shape) for plane in (low, high, self._known[0]))
        found = solve(
            cut(low).astype(np.int16), cut(high).astype(np.int16), draft.luma_steps, cut(start), EFFORTS[:2], draft.luma
        )
        return found.coefficients if found.solved.all() else None

    def _prior(self) -> F64:
        """What is expected of all coefficients, as ``estimation.likeliest`` takes it."""
        out = np.diag(1 / self._variance.astype(np.float64))
        layout, sampling = self._draft.layout, self._sampling
        row, column = divmod(self._number, layout.mcus[1])
        places = [
            (row * sampling.down + i, column * sampling.across + j, layout.height, layout.width, self._draft.luma_steps)
            for i in range(sampling.down)
            for j in range(sampling.across)
        ]
        places += [(row, column, *layout.chroma_samples, self._chroma_steps)] * 2
        for number, (down, across, height, width, steps) in enumerate(places):
            rows, columns = min(8, height - 8 * down), min(8, width - 8 * across)
            if rows > 0 and columns > 0 and rows * columns < 64:
                out[64 * number : 64 * number + 64, 64 * number : 64 * number + 64] += padding_prior(
                    steps, rows, columns
                )
        return out

    def _equations(self) -> tuple[Bool, "_Equations"]:
        """Which coefficients may be other than 0, and what they must fulfil.

        Values are luma and chroma of sound pixels, the channels of the others, and known chroma samples.
        """
        planes, offset = self._planes()
        used = self._variance > NEVER + 0.01
        planes = planes[:, used]
        sound, trusted = self._sound.reshape(-1), self._trusted.reshape(-1)
        mixed = np.where(sound[:, None, None], np.eye(3, dtype=np.float32), TO_RGB)  # (pixel, value, plane)
        basis = np.einsum("pvq,qnp->nvp", mixed, planes).reshape(planes.shape[1], -1)
        shift = np.where(sound[:, None], np.float32(0), np.array([0, 128, 128], np.float32))
        without = np.einsum("pvq,pq->vp", mixed, offset.T - shift)
        channels = self._pixels.reshape(-1, 3).T.astype(np.float32)
        level = np.where(sound, self._known.reshape(3, -1), channels)
        told = np.stack([np.where(sound, self._own.reshape(-1), trusted), trusted, trusted])
        low = np.where(told & (sound | (channels > 0)), level, -FAR) - without
        high = np.where(told & (sound | (channels < 255)), level, FAR) - without
        deviation = np.where(sound, OF_YCC[:, None], OF_RGB[:, None])
        margin = np.where(sound, MARGIN_YCC[:, None], MARGIN_RGB)
        of_pixels = _Equations(basis, *(values.reshape(-1) for values in (low, high, deviation, margin)))
        return used, of_pixels.with_samples(self._samples, self._proven, self._chroma_steps, used).told()

    def _planes(self) -> tuple[F32, F32]:
        """What one step of each coefficient adds to luma, Cb and Cr, float32 (3, numbers, pixels); and these planes
        without them, float32 (3, pixels).
        """
        draft, sampling = self._draft, self._sampling
        blocks, count = len(self._luma_numbers), self._own.size
        out = np.zeros((3, 64 * (blocks + 2), count), np.float32)
        places = np.arange(count).reshape(self._shape)[self._own].reshape(8 * sampling.down, 8 * sampling.across)
        of_luma = draft.luma_steps.astype(np.float32)[:, None] * INVERSE
        for number in range(blocks):
            top, left = number // sampling.across * 8, number % sampling.across * 8
            out[0, 64 * number : 64 * number + 64, places[top : top + 8, left : left + 8].reshape(-1)] = of_luma.T
        of_chroma = self._chroma_steps.astype(np.float32)[:, None] * self._chroma_basis
        out[1, 64 * blocks : 64 * (blocks + 1)] = of_chroma
        out[2, 64 * (blocks + 1) :] = of_chroma
        chroma = self._chroma_without().reshape(2, -1)
        luma = np.where(self._own, np.float32(128), self._luma_around).reshape(-1)
        return out, np.concatenate([luma[None], chroma])

    @property
    def _chroma_basis(self) -> F32:
        """What each coefficient of a chroma block adds to the pixels, float32 (64, pixels), before it is quantized."""
        return _chroma_basis(self._sampling, self._rows.of_block, self._columns.of_block)

    def _chroma_without(self) -> F32:
        """Both chroma planes without any coefficient in the MCU, float32 (2, rows, columns)."""
        window = self._with(np.full((1, 2, 8, 8), 128, np.int16))[0].astype(np.float32)
        out: F32 = (_interpolated(window, self._sampling) / 2.0**self._sampling.bits).astype(np.float32)
        return out

    def _with(self, blocks: I16) -> I16:
        """The windows of chroma samples with these in the place of the block's own; int16 (sets, 2, rows, columns)."""
        rows, columns = np.array(self._rows.of_block), np.array(self._columns.of_block)
        inside = ((rows >= 0) & (rows < 8))[:, None] & ((columns >= 0) & (columns < 8))
        own = blocks[:, :, np.clip(rows, 0, 7)][:, :, :, np.clip(columns, 0, 7)]
        return np.where(inside, own, self._window)

    def _chroma_pixels(self, chroma: I16) -> I16:
        """Both chroma planes around the MCU with these blocks (sets, 2, 64) in it, int16 (sets, 2, rows, columns)."""
        count, sampling = len(chroma), self._sampling
        samples = np.clip(unclamped_samples(chroma.reshape(-1, 64), self._chroma_steps), 0, 255)
        windows = self._with(samples.reshape(count, 2, 8, 8)).reshape(2 * count, *self._window.shape[1:])
        sums = sums_of(windows, sampling)
        if sampling.bits:
            sums = sums + sampling.biases(*sums.shape[1:]).astype(np.int16) >> sampling.bits
        sums = sums[:, 1:-1] if sampling.down == 2 else sums
        sums = sums[:, :, 1:-1] if sampling.across == 2 else sums
        out: I16 = sums.reshape(count, 2, *self._shape)
        return out

    def _are_right(self, sets: I16, used: Bool) -> Bool:
        """Which sets of coefficients, int16 (sets, numbers), bring all pixels back that must."""
        luma, chroma = self._split(sets, used)
        planes = self._chroma_pixels(chroma)
        out: Bool = ((planes == self._known[1:]) | ~(self._sound & self._trusted)).all(axis=(1, 2, 3))
        for number in np.flatnonzero(out).tolist():
            plane = self._luma_plane(luma[number])
            unequal = differing(rgb_of(plane, *planes[number]), self._pixels)
            out[number] = not (unequal & self._trusted).any()
        return out

    @property
    def _chroma_steps(self) -> I32:
        return self._draft.steps_of_chroma

    def _split(self, sets: I16, used: Bool) -> tuple[I16, I16]:
        """Sets of the used coefficients as blocks of luma (sets, blocks, 64) and of chroma (sets, 2, 64)."""
        every = np.zeros((len(sets), len(used)), np.int16)
        every[:, used] = sets
        blocks = every.reshape(len(sets), -1, 64)
        return blocks[:, :-2], blocks[:, -2:]

    def _luma_plane(self, blocks: I16) -> I16:
        """Luma around the MCU with these blocks in it."""
        sampling, plane = self._sampling, self._luma_around.astype(np.int16)
        samples = np.clip(unclamped_samples(blocks, self._draft.luma_steps), 0, 255)
        tiles = samples.reshape(sampling.down, sampling.across, 8, 8).swapaxes(1, 2)
        plane[self._own] = tiles.reshape(-1)
        return plane

    def _take(self, numbers: I16, used: Bool) -> bool:
        """Put coefficients into the draft."""
        draft, sampling = self._draft, self._sampling
        luma, chroma = (blocks[0] for blocks in self._split(numbers[None], used))
        draft.luma[self._luma_numbers], draft.chroma[:, self._number] = luma, chroma
        row, column = divmod(self._number, draft.layout.mcus[1])
        samples = np.clip(unclamped_samples(chroma, self._chroma_steps), 0, 255).reshape(2, 8, 8)
        draft.chroma_planes[:, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = samples
        plane = np.clip(unclamped_samples(luma, draft.luma_steps), 0, 255)
        tiles = plane.reshape(sampling.down, sampling.across, 8, 8).swapaxes(1, 2)
        down, across = 8 * sampling.down, 8 * sampling.across
        area = np.s_[row * down : (row + 1) * down, column * across : (column + 1) * across]
        draft.luma_plane[area] = tiles.reshape(down, across)
        return True
