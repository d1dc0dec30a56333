"""One MCU and the pixels next to it: what is known of them, and what coefficients of the MCU decode to there, exactly.

Chroma is interpolated: the samples of a block reach one pixel into the MCUs around it, and theirs reach into it.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import F32, I16, I32, I64, U8, Bool
from jpegqf.coefficients.alternating import AROUND
from jpegqf.coefficients.blocks.beam import EFFORTS
from jpegqf.coefficients.blocks.levels import HIGHEST, LOWEST
from jpegqf.coefficients.blocks.solving import solve
from jpegqf.coefficients.colours import differing, luma_bounds, rgb_of
from jpegqf.coefficients.draft import Draft, Layout, luma_block_numbers
from jpegqf.coefficients.idct import unclamped_samples
from jpegqf.evidence.blocks import cut, joined
from jpegqf.evidence.dct import INVERSE
from jpegqf.pixels.chroma import chroma_of
from jpegqf.pixels.upsampling import Sampling, samples_of, sums_of


@dataclass(frozen=True)
class Axis:
    """Along one axis of an MCU: which samples its pixels and those next to them are interpolated from, and where those
    pixels are in the image.

    ``samples``: numbers in the plane, int64; ``of_block``: the same counted from the block's first one. ``pixels``:
    numbers in the image, perhaps outside of it; ``inside``: which are not; ``own``: which of them are the MCU's.
    ``blocks``: the two blocks, perhaps one twice, whose samples each pixel is interpolated from, int64 (2, pixels).
    """

    samples: I64
    of_block: tuple[int, ...]
    pixels: I64
    inside: Bool
    own: Bool
    blocks: I64

    @classmethod
    def of(cls, number: int, factor: int, length: int) -> "Axis":
        """That of block ``number``, where the image has ``length`` pixels."""
        if factor == 1:
            samples = pixels = np.arange(8 * number, 8 * number + 8)
        else:
            samples = np.arange(8 * number - 2, 8 * number + 10)
            pixels = np.arange(16 * number - 1, 16 * number + 17)
        needed = -(-length // factor)
        samples = np.clip(samples, 0, needed - 1)
        own = (pixels >= 8 * factor * number) & (pixels < 8 * factor * (number + 1))
        nearest = pixels // factor
        other = nearest + (2 * (pixels % 2) - 1 if factor == 2 else 0)
        blocks = np.clip(np.stack([nearest, other]), 0, needed - 1) // 8
        inside = (pixels >= 0) & (pixels < length)
        return cls(samples, tuple((samples - 8 * number).tolist()), pixels, inside, own, blocks)


def interpolated(samples: NDArray[Any], sampling: Sampling) -> NDArray[Any]:
    """Sums of windows of samples, (windows, rows, columns), for the pixels of :class:`Axis`."""
    return _of_axes(sums_of(samples, sampling), sampling)


def _of_axes(sums: NDArray[Any], sampling: Sampling) -> NDArray[Any]:
    sums = sums[:, 1:-1] if sampling.down == 2 else sums
    return sums[:, :, 1:-1] if sampling.across == 2 else sums


@lru_cache(maxsize=64)
def chroma_basis(sampling: Sampling, rows: tuple[int, ...], columns: tuple[int, ...]) -> F32:
    """What each coefficient of a chroma block adds to the pixels, float32 (64, pixels).

    ``rows`` and ``columns``: those of the block's samples that the pixels are interpolated from (``Axis.of_block``).
    """
    row, column = np.array(rows), np.array(columns)
    inside = ((row >= 0) & (row < 8))[:, None] & ((column >= 0) & (column < 8))
    blocks = INVERSE.reshape(64, 8, 8)
    windows = blocks[:, np.clip(row, 0, 7)][:, :, np.clip(column, 0, 7)] * inside
    out: F32 = (interpolated(windows, sampling).reshape(64, -1) / 2.0**sampling.bits).astype(np.float32)
    return out


class Window:
    """One MCU of a draft and the pixels next to it; all arrays are of these pixels, (rows, columns).

    ``sound``: pixels whose luma and chroma, ``known``, float32 (3, rows, columns), are known; False outside the image.
    ``given``: pixels of the image, or those of a crop. ``own``: those of the MCU. ``trusted``: those whose chroma
    depends on this MCU and on right ones alone, and whose luma is right or this MCU's.
    """

    def __init__(
        self, draft: Draft, pixels: U8, place: tuple[int, int], distrusted: Bool, luma_distrusted: Bool | None = None
    ) -> None:
        """``place``: row and column of the MCU; ``distrusted``: MCUs that may be wrong, bool (rows, columns).

        ``luma_distrusted``: those whose luma may be wrong though their chroma is not; None if only the others are.
        """
        layout, (row, column) = draft.layout, place
        self.draft, self.sampling, self.place = draft, layout.sampling, place
        self.number = row * layout.mcus[1] + column
        self.luma_numbers = luma_block_numbers(layout, row, column)
        self.rows = Axis.of(row, layout.sampling.down, layout.height)
        self.columns = Axis.of(column, layout.sampling.across, layout.width)
        inside = self.rows.inside[:, None] & self.columns.inside
        at = np.ix_(np.clip(self.rows.pixels, 0, layout.height - 1), np.clip(self.columns.pixels, 0, layout.width - 1))
        inside &= layout.given[at]
        self.shape, self.own = inside.shape, self.rows.own[:, None] & self.columns.own
        self.pixels, self.given = pixels[at], inside.copy()
        chroma, sound = chroma_of(self.pixels)
        luma = np.rint(self.pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32))
        self.known, self.sound = np.concatenate([luma[None], chroma]).astype(np.float32), sound & inside
        self.luma_around = draft.luma_plane[at]
        trusted = ~distrusted
        trusted[row, column] = True
        self.trusted = inside
        for down in self.rows.blocks:
            for across in self.columns.blocks:
                self.trusted = self.trusted & trusted[np.ix_(down, across)]
        if luma_distrusted is not None:
            unknown = luma_distrusted[np.ix_(self.rows.blocks[0], self.columns.blocks[0])]
            self.trusted = self.trusted & (self.own | self.sound | ~unknown)
        self.samples_around = draft.chroma_planes[:, self.rows.samples][:, :, self.columns.samples]
        self._all_pixels = pixels

    @property
    def is_cut_off(self) -> bool:
        """Whether rows or columns of the MCU are beyond the image: the first coefficients that suit are often wrong."""
        inside = self.rows.inside[:, None] & self.columns.inside
        return not bool(inside[self.own].all())

    @property
    def chroma_steps(self) -> I32:
        """Steps of the chroma table, int32 (64,)."""
        return self.draft.steps_of_chroma

    @cached_property
    def known_samples(self) -> tuple[F32, Bool]:
        """Chroma samples of the MCU's blocks as the pixels around tell, float32 (2, 64); which are proven, (2, 64)."""
        layout, sampling = self.draft.layout, self.sampling
        ranges, ends, needed = [], [], []
        for number, factor, length in zip(
            self.place, (sampling.down, sampling.across), (layout.height, layout.width), strict=True
        ):
            around = AROUND if factor == 2 else 0
            first, last = 8 * factor * number - around, 8 * factor * (number + 1) + around
            ranges.append(slice(max(0, first), min(length, last)))
            ends.append((max(0, -first), max(0, last - length)))
            needed.append(8 * number + np.arange(8) < length // factor)
        planes, sound = chroma_of(self._all_pixels[ranges[0], ranges[1]])
        sound &= layout.given[ranges[0], ranges[1]]
        planes, sound = np.pad(planes, ((0, 0), *ends), mode="edge"), np.pad(sound, ends)
        found = samples_of(planes, np.broadcast_to(sound, planes.shape), sampling)
        down, across = ((AROUND // 2 if factor == 2 else 0) for factor in (sampling.down, sampling.across))
        inner = np.s_[:, down : down + 8, across : across + 8]
        proven = found.proven[inner] & needed[0][:, None] & needed[1]
        return found.values[inner].astype(np.float32).reshape(2, 64), proven.reshape(2, 64)

    def with_blocks(self, samples: I16) -> I16:
        """The samples around with these, (sets, 2, 8, 8), in the place of the MCU's; int16 (sets, 2, rows, columns)."""
        rows, columns = np.array(self.rows.of_block), np.array(self.columns.of_block)
        inside = ((rows >= 0) & (rows < 8))[:, None] & ((columns >= 0) & (columns < 8))
        own = samples[:, :, np.clip(rows, 0, 7)][:, :, :, np.clip(columns, 0, 7)]
        return np.where(inside, own, self.samples_around)

    def chroma_pixels(self, chroma: I16) -> I16:
        """Both chroma planes with these coefficients, (sets, 2, 64), in the MCU; int16 (sets, 2, rows, columns)."""
        count, sampling = len(chroma), self.sampling
        samples = np.clip(unclamped_samples(chroma.reshape(-1, 64), self.chroma_steps), 0, 255)
        windows = self.with_blocks(samples.reshape(count, 2, 8, 8)).reshape(2 * count, *self.samples_around.shape[1:])
        sums = sums_of(windows, sampling)
        if sampling.bits:
            sums = sums + sampling.biases(*sums.shape[1:]).astype(np.int16) >> sampling.bits
        out: I16 = _of_axes(sums, sampling).reshape(count, 2, *self.shape)
        return out

    def luma_pixels(self, blocks: I16) -> I16:
        """Luma with these coefficients, (blocks, 64), in the MCU; int16."""
        sampling, plane = self.sampling, self.luma_around.copy()
        samples = np.clip(unclamped_samples(blocks, self.draft.luma_steps), 0, 255)
        plane[self.own] = joined(samples, sampling.down, sampling.across).reshape(-1)
        return plane

    def chroma_cost(self, chroma: I16) -> I64:
        """By how many levels chroma of sets (sets, 2, 64) misses at trusted sound pixels, and luma at those where
        chroma leaves none; int64 (sets,).
        """
        planes = self.chroma_pixels(chroma)
        sound, other = self.sound & self.trusted, ~self.sound & self.trusted
        out: I64 = np.abs(planes[:, :, sound] - self.known[1:, sound]).sum(axis=(1, 2)).astype(np.int64)
        if other.any():
            own, around = self.own[other], self.luma_around[other]
            low, high = luma_bounds(self.pixels[other], planes[:, 0, other], planes[:, 1, other])
            luma = np.where(own, low, around)
            missed = np.maximum(np.maximum(low - high, low - luma), np.where(own, 0, luma - high))
            out += np.clip(missed, 0, 64).sum(axis=1)
        return out

    def suits_own_pixels(self, chroma: I16) -> bool:
        """Whether this chroma, (2, 64), gives back that of the MCU's sound pixels, and leaves luma at its others."""
        planes, own = self.chroma_pixels(chroma[None])[0], self.own & self.given
        low, high = luma_bounds(self.pixels[own], planes[0, own], planes[1, own])
        sound = own & self.sound
        return bool((low <= high).all() and (planes[:, sound] == self.known[1:, sound]).all())

    def luma_for(self, chroma: I16) -> I16 | None:
        """Luma coefficients, int16 (blocks, 64), that give the trusted pixels with this chroma, (2, 64); None if none
        are found.
        """
        sampling, draft = self.sampling, self.draft
        low, high = luma_bounds(self.pixels, *self.chroma_pixels(chroma[None])[0])
        known = np.rint(self.known[0]).astype(np.int16)
        loose = self.given & ~self.sound & ~self.trusted
        low, high = (
            np.where(loose & (low > LOWEST), np.minimum(low, high) - LOOSE, low),
            np.where(loose & (high < HIGHEST), np.maximum(low, high) + LOOSE, high),
        )
        low = np.where(self.given, np.where(self.sound & ~self.trusted, known, low), LOWEST)
        high = np.where(self.given, np.where(self.sound & ~self.trusted, known, high), HIGHEST)
        shape = 8 * sampling.down, 8 * sampling.across
        low, high, start = (plane[self.own].reshape(shape) for plane in (low, high, self.known[0]))
        found = solve(
            cut(low).astype(np.int16), cut(high).astype(np.int16), draft.luma_steps, cut(start), EFFORTS[:2], draft.luma
        )
        return found.coefficients if found.solved.all() else None

    def are_right(self, luma: I16, chroma: I16) -> Bool:
        """Which sets of coefficients, (sets, blocks, 64) and (sets, 2, 64), give all trusted pixels back; (sets,)."""
        planes = self.chroma_pixels(chroma)
        out: Bool = ((planes == self.known[1:]) | ~(self.sound & self.trusted)).all(axis=(1, 2, 3))
        for number in np.flatnonzero(out).tolist():
            unequal = differing(rgb_of(self.luma_pixels(luma[number]), *planes[number]), self.pixels)
            out[number] = not (unequal & self.trusted).any()
        return out

    def take(self, luma: I16, chroma: I16, wrong: Bool) -> None:
        """Put coefficients, (blocks, 64) and (2, 64), into the draft, and mark the pixels that are ``wrong``."""
        draft, (row, column) = self.draft, self.place
        draft.luma[self.luma_numbers], draft.chroma[:, self.number] = luma, chroma
        samples = np.clip(unclamped_samples(chroma, self.chroma_steps), 0, 255).reshape(2, 8, 8)
        draft.chroma_planes[:, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = samples
        plane = self.luma_pixels(luma)
        down, across = 8 * self.sampling.down, 8 * self.sampling.across
        area = np.s_[row * down : (row + 1) * down, column * across : (column + 1) * across]
        draft.luma_plane[area] = plane[self.own].reshape(down, across)
        unequal = differing(rgb_of(plane, *self.chroma_pixels(chroma[None])[0]), self.pixels) & self.given
        rows, columns = self.rows.inside, self.columns.inside
        wrong[np.ix_(self.rows.pixels[rows], self.columns.pixels[columns])] = unequal[np.ix_(rows, columns)]


LOOSE = 32
"""Levels by which luma may miss its bounds at pixels whose chroma depends on MCUs that may be wrong."""
EVERYWHERE = np.s_[:, :]


def inner_pixels(layout: Layout, area: tuple[slice, slice] = EVERYWHERE) -> Bool:
    """Which pixels of an area of the image depend on the chroma of their own MCU alone, bool (rows, columns)."""
    sampling, axes = layout.sampling, []
    factors, lengths = (sampling.down, sampling.across), (layout.height, layout.width)
    for factor, length, part in zip(factors, lengths, area, strict=True):
        numbers = np.arange(*part.indices(length))
        ends = (numbers % (8 * factor) == 0) & (numbers > 0)
        ends |= (numbers % (8 * factor) == 8 * factor - 1) & (numbers < length - 1)
        axes.append(~ends if factor == 2 else np.ones(len(numbers), bool))
    out: Bool = axes[0][:, None] & axes[1]
    return out
