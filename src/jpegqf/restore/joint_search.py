"""MCUs that do not come back -> coefficients of all their blocks, searched together.

Where a channel is clipped, luma and chroma hide each other: two equations for three unknowns at each pixel, which the
coarse steps of few chroma coefficients resolve. So one block of each chroma component and the luma blocks that it covers
are estimated as one (``jpegqf.restore.estimation``), their neighbours held. Chroma is interpolated: pixels around the
MCU count, too.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jpegqf.arrays import F32, I16, I64, U8, Bool
from jpegqf.evidence.dct import INVERSE
from jpegqf.pixels.chroma import BLUE, RED, chroma_of
from jpegqf.pixels.upsampling import Sampling, sums_of
from jpegqf.restore.block_search import Effort, Target, search
from jpegqf.restore.colours import U_GREEN, V_GREEN, differing, rgb_of
from jpegqf.restore.draft import Draft, luma_block_numbers
from jpegqf.restore.estimation import likeliest, prior_of
from jpegqf.restore.idct import unclamped_samples

OF_YCC = np.array([0.29, 0.34, 0.34], np.float32)
"""Standard deviations of known luma and chroma at a pixel: rounded once, and interpolated chroma twice."""
OF_RGB = np.array([0.63, 0.49, 0.73], np.float32)
"""The same of channels, which are made of both and rounded again."""
TO_RGB = np.array([[1, 0, RED], [1, U_GREEN, V_GREEN], [1, BLUE, 0]], np.float32)
"""Red, green and blue of luma and of chroma less 128 (ITU-T T.871, section 7)."""
MARGIN = np.float32(1.5)
"""Standard deviations by which a value may miss its level before that costs anything."""
NEVER = 0.004
"""Mean square of a quantized coefficient below which it is taken to be 0."""
FAR = np.float32(1e4)
"""A bound that is none."""


@dataclass(frozen=True)
class Depth:
    """How much is tried on one MCU: sets of coefficients that are estimated, from how many a search starts, and how
    lively its blocks are assumed."""

    kept: int
    starts: int
    livelier: float
    effort: Effort


DEPTHS = (
    Depth(32, 4, 4, Effort(16, 6, 16, 0.0)),
    Depth(128, 8, 1, Effort(32, 8, 24, 0.0)),
    Depth(128, 8, 30, Effort(32, 8, 24, 0.0)),
)
"""What is tried one after the other."""


@dataclass(frozen=True)
class _Axis:
    """Along one axis of an MCU: which samples its pixels and those next to them are interpolated from, and where those
    pixels are in the image.

    ``samples``: numbers in the plane, int64; ``of_block``: the same counted from the block's first one. ``pixels``:
    numbers in the image, perhaps outside of it; ``own``: which of them are the MCU's.
    """

    samples: I64
    of_block: tuple[int, ...]
    pixels: I64
    own: Bool

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
        return cls(samples, tuple((samples - 8 * number).tolist()), pixels, own)


def _interpolated(samples: np.ndarray, sampling: Sampling) -> np.ndarray:
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
    out: F32 = _interpolated(windows, sampling).reshape(64, -1) / np.float32(2**sampling.bits)
    return out


class JointSearch:
    """Searches the MCUs of one draft whose pixels differ from those of the image."""

    def __init__(self, draft: Draft, pixels: U8) -> None:
        self._draft, self._pixels = draft, pixels
        planes, self._sound = chroma_of(pixels)
        self._known = np.concatenate([_luma(pixels)[None], planes]).astype(np.float32)
        self._wrong = differing(draft.pixels(), pixels)

    def run(self) -> int:
        """Search until nothing more is found; returns how many MCUs are still wrong."""
        for depth in DEPTHS:
            while self._pass(depth):
                pass
        return int(np.count_nonzero(self._bad()))

    def _bad(self) -> Bool:
        return self._draft.layout.mcus_of(self._wrong)

    def _pass(self, depth: Depth) -> int:
        """Try every wrong MCU once, those with the fewest unknown pixels first; returns how many are solved."""
        bad = self._bad()
        places = np.argwhere(bad)
        down, across = 8 * self._draft.layout.sampling.down, 8 * self._draft.layout.sampling.across
        unknown = [
            np.count_nonzero(~self._sound[row * down : (row + 1) * down, column * across : (column + 1) * across])
            for row, column in places
        ]
        solved = 0
        for place in np.argsort(unknown, kind="stable").tolist():
            row, column = map(int, places[place])
            if bad[row, column] and _Mcu(self._draft, self._pixels, self._known, self._sound, bad, row, column).solve(depth):
                bad[row, column] = False
                solved += 1
        self._wrong = differing(self._draft.pixels(), self._pixels)
        return solved if self._wrong.any() else 0


def _luma(pixels: U8) -> F32:
    out: F32 = np.rint(pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32))
    return out


class _Mcu:
    """One MCU and what is known around it."""

    def __init__(
        self, draft: Draft, pixels: U8, known: F32, sound: Bool, bad: Bool, row: int, column: int
    ) -> None:
        layout = draft.layout
        self._draft, self._sampling = draft, layout.sampling
        self._number = row * layout.mcus[1] + column
        self._luma_numbers = luma_block_numbers(layout, row, column)
        self._rows = _Axis.of(row, layout.sampling.down, layout.chroma_samples[0])
        self._columns = _Axis.of(column, layout.sampling.across, layout.chroma_samples[1])
        rows, columns = self._rows.pixels, self._columns.pixels
        inside = ((rows >= 0) & (rows < layout.height))[:, None] & ((columns >= 0) & (columns < layout.width))
        at = np.ix_(np.clip(rows, 0, layout.height - 1), np.clip(columns, 0, layout.width - 1))
        self._own = self._rows.own[:, None] & self._columns.own
        self._shape = inside.shape
        self._pixels, self._known = pixels[at], known[:, at[0], at[1]]
        self._luma_around = draft.luma_plane[at].astype(np.float32)
        mcu_rows = np.clip(rows, 0, layout.height - 1) // (8 * layout.sampling.down)
        mcu_columns = np.clip(columns, 0, layout.width - 1) // (8 * layout.sampling.across)
        good = ~bad[np.ix_(mcu_rows, mcu_columns)]
        self._sound = sound[at] & inside
        self._asked = inside & (self._own | good)
        """Pixels that must come back: the MCU's own, and those around it that are right."""
        self._window = draft.chroma_planes[:, self._rows.samples][:, :, self._columns.samples]

    def solve(self, depth: Depth) -> bool:
        """Find coefficients that bring the pixels back, and put them into the draft; returns whether there are any."""
        used, basis, values, lowest, highest, deviation = self._equations(depth.livelier)
        known = lowest == highest
        told = known | (lowest > -FAR) | (highest < FAR)
        basis, values, deviation = basis[:, told], values[told], deviation[told]
        lowest, highest, known = lowest[told] - values, highest[told] - values, known[told]
        precision = np.where(known, deviation**-2, np.float32(0))
        target = np.where(known, lowest, np.float32(0))
        variance = self._variance(depth.livelier)[used]
        sets = likeliest(
            basis, target[None], precision[None], lowest[None], highest[None], variance, depth.kept
        )[0]
        scaled, low, high = basis / deviation, lowest / deviation - MARGIN, highest / deviation + MARGIN
        reached = sets @ scaled
        cost = ((reached - np.clip(reached, low, high)) ** 2).sum(axis=1)
        order = np.argsort(cost, kind="stable")
        sets = sets[order]
        right = self._are_right(sets[: self.FIRST], used)
        if right.any():
            return self._take(sets[right.argmax()], used)
        starts = sets[: depth.starts]
        several = np.ones((len(starts), 1), np.float32)
        aim = Target(starts @ scaled, several * low, several * high, scaled, self.NEAR)
        found, solved = search(starts, aim, lambda _, states: self._are_right(states, used), depth.effort)
        return bool(solved.any()) and self._take(found[solved.argmax()], used)

    FIRST, NEAR = 32, 12.0
    """Estimates that are decoded, and the cost up to which a state of the search is."""

    def _variance(self, livelier: float) -> F32:
        draft = self._draft
        of_luma, of_cb, of_cr = (prior_of(blocks, livelier) for blocks in (draft.luma, *draft.chroma))
        return np.concatenate([np.tile(of_luma, len(self._luma_numbers)), of_cb, of_cr])

    def _equations(self, livelier: float) -> tuple[Bool, F32, F32, F32, F32, F32]:
        """Which coefficients may be other than 0; what one step of each adds to the values; the values without them;
        their bounds, and their standard deviations.

        Values are luma and chroma of sound pixels, and the channels of the others.
        """
        planes, offset = self._planes()
        used = self._variance(livelier) > NEVER + 0.01
        planes = planes[:, used]
        count = planes.shape[2]
        sound, asked = self._sound.reshape(-1), self._asked.reshape(-1)
        mixed = np.where(sound[:, None, None], np.eye(3, dtype=np.float32), TO_RGB)  # (pixel, value, plane)
        basis = np.einsum("pvq,qnp->nvp", mixed, planes).reshape(planes.shape[1], 3 * count)
        shift = np.where(sound[:, None], np.float32(0), np.array([0, 128, 128], np.float32))
        values = np.einsum("pvq,pq->vp", mixed, offset.T - shift).reshape(-1)
        channels = self._pixels.reshape(-1, 3).T.astype(np.float32)
        level = np.where(sound, self._known.reshape(3, -1), channels)
        low = np.where(~sound & (channels == 0), -FAR, level)
        high = np.where(~sound & (channels == 255), FAR, level)
        own = self._own.reshape(-1)
        told = np.where(sound, np.stack([own, sound, sound]), asked)
        low, high = np.where(told, low, -FAR), np.where(told, high, FAR)
        deviation = np.where(sound, OF_YCC[:, None], OF_RGB[:, None])
        return used, basis, values, low.reshape(-1), high.reshape(-1), deviation.reshape(-1)

    def _planes(self) -> tuple[F32, F32]:
        """What one step of each coefficient adds to luma, Cb and Cr, float32 (3, numbers, pixels); and these planes
        without them, float32 (3, pixels)."""
        draft, sampling = self._draft, self._sampling
        blocks, count = len(self._luma_numbers), self._own.size
        out = np.zeros((3, 64 * (blocks + 2), count), np.float32)
        places = np.arange(count).reshape(self._shape)[self._own].reshape(8 * sampling.down, 8 * sampling.across)
        of_luma = draft.luma_steps.astype(np.float32)[:, None] * INVERSE
        for number in range(blocks):
            top, left = number // sampling.across * 8, number % sampling.across * 8
            out[0, 64 * number : 64 * number + 64, places[top : top + 8, left : left + 8].reshape(-1)] = of_luma.T
        assert draft.chroma_steps is not None
        of_chroma = draft.chroma_steps.astype(np.float32)[:, None] * _chroma_basis(
            sampling, self._rows.of_block, self._columns.of_block
        )
        out[1, 64 * blocks : 64 * (blocks + 1)] = of_chroma
        out[2, 64 * (blocks + 1) :] = of_chroma
        window = self._with(np.full((1, 2, 8, 8), 128, np.int16))[0].astype(np.float32)
        chroma = _interpolated(window, sampling).reshape(2, -1) / np.float32(2**sampling.bits)
        luma = np.where(self._own, np.float32(128), self._luma_around).reshape(-1)
        return out, np.concatenate([luma[None], chroma])

    def _with(self, blocks: I16) -> I16:
        """The windows of chroma samples with these in the place of the block's own; int16 (sets, 2, rows, columns)."""
        rows, columns = np.array(self._rows.of_block), np.array(self._columns.of_block)
        inside = ((rows >= 0) & (rows < 8))[:, None] & ((columns >= 0) & (columns < 8))
        own = blocks[:, :, np.clip(rows, 0, 7)][:, :, :, np.clip(columns, 0, 7)]
        return np.where(inside, own, self._window)

    def _are_right(self, sets: I16, used: Bool) -> Bool:
        """Which sets of coefficients, int16 (sets, numbers), bring all pixels back that must."""
        count, sampling = len(sets), self._sampling
        luma, chroma = self._split(sets, used)
        samples = np.clip(unclamped_samples(chroma.reshape(-1, 64), self._chroma_steps), 0, 255)
        windows = self._with(samples.reshape(count, 2, 8, 8)).reshape(2 * count, *self._window.shape[1:])
        sums = sums_of(windows, sampling)
        if sampling.bits:
            sums = sums + sampling.biases(*sums.shape[1:]).astype(np.int16) >> sampling.bits
        sums = sums[:, 1:-1] if sampling.down == 2 else sums
        sums = sums[:, :, 1:-1] if sampling.across == 2 else sums
        planes = sums.reshape(count, 2, *self._shape)
        out: Bool = ((planes == self._known[1:]) | ~self._sound).all(axis=(1, 2, 3))
        for number in np.flatnonzero(out).tolist():
            plane = self._luma_plane(luma[number])
            unequal = differing(rgb_of(plane, *planes[number]), self._pixels)
            out[number] = not (unequal & self._asked).any()
        return out

    @property
    def _chroma_steps(self) -> np.ndarray:
        assert self._draft.chroma_steps is not None
        return self._draft.chroma_steps

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
