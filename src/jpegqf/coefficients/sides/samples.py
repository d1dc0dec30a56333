"""Chroma samples at the sides of a crop -> changed, a few levels at a time, until they give its pixels.

Samples that only a few pixels are interpolated from are not determined by them: any that give these pixels will do.
Least squares come near. From there on a wrong pixel is drawn each time, and of all changes of one sample that it is
interpolated from the one is made that leaves the least wrong, but for samples that were changed just before (tabu
search: Glover, "Tabu search - part I", 1989). Pixels at which this leads nowhere count more and more ("breakout":
Morris, "The breakout method for escaping from local minima", 1993).
"""

import time
from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F32, F64, I16, I64, U8, Bool
from jpegqf.coefficients.colours import luma_bounds
from jpegqf.pixels.upsampling import Sampling, sums_of

CHANGES = np.array(
    [(0, 0)] + [(step * (1 - n), step * n) for n in (0, 1) for size in (1, 2, 4) for step in (size, -size)], np.int16
)
"""What is added to Cb and Cr of one sample, the first of them nothing."""
RESTED = 4
"""Changes for which a sample stays as it is once it was changed."""
MOST_STEPS, STEPS_EACH = 2000, 8
"""Most changes, and how many more for each pixel that is wrong at first."""
MOST_MISSED, WRONG = 8, 4
"""What a pixel costs: by how much its sum misses what it may be, but not more than the first; and the second, too, if
it misses it at all.
"""
RELAXED, HELD = 60, 1.0
"""Most steps of least squares, and the weight with which samples are held where they were."""
CLOSE = 1e-3
"""Square of the gradient at which least squares end."""


@dataclass(frozen=True)
class Shown:
    """What is known of the pixels of a crop and around it.

    ``pixels``: uint8 (height, width, 3). ``chroma``: levels, int16 (2, height, width), where ``sound``, bool
    (height, width). ``given``: which pixels are the crop's. ``luma_low`` and ``luma_high``: luma that the other pixels
    may have, int16 (height, width).
    """

    pixels: U8
    chroma: I16
    sound: Bool
    given: Bool
    luma_low: I16
    luma_high: I16


def relaxed(samples: F32, free: Bool, shown: Shown, sampling: Sampling) -> F32:
    """Chroma samples of which the ``free`` ones are moved to where sound pixels come nearest, by least squares.

    ``samples``: float32 (2, rows, columns); ``free``: bool (rows, columns). By conjugate gradients. Samples of chroma
    that is not interpolated stay as they are.
    """
    if not sampling.bits:
        return samples
    out = samples.astype(np.float32)
    rows, columns = free.shape
    for top in range(0, rows, TILE):
        for left in range(0, columns, TILE):
            here = np.s_[top : top + TILE, left : left + TILE]
            if not free[here].any():
                continue
            first, last = (max(0, top - AROUND), max(0, left - AROUND)), (top + TILE + AROUND, left + TILE + AROUND)
            part = slice(first[0], last[0]), slice(first[1], last[1])
            mask = np.zeros_like(free[part])
            inner = slice(top - first[0], top - first[0] + TILE), slice(left - first[1], left - first[1] + TILE)
            mask[inner] = free[here]
            area = tuple(slice(one.start * f, one.stop * f) for one, f in zip(part, _factors(sampling), strict=True))
            sound = shown.sound[area].copy()  # pixels next to the part's own ends hang on samples outside of it
            sound[: int(first[0] > 0)] = sound[:, : int(first[1] > 0)] = False
            sound[len(sound) - int(last[0] < rows) :] = sound[:, sound.shape[1] - int(last[1] < columns) :] = False
            chroma = shown.chroma[:, area[0], area[1]]
            moved = _least_squares(out[:, part[0], part[1]], mask, chroma, sound, sampling)
            out[:, here[0], here[1]] = moved[:, inner[0], inner[1]]
    return np.clip(out, 0, 255)


TILE, AROUND = 128, 8
"""Side of the tiles in which samples are moved, and samples around them that are looked at, too."""


def _factors(sampling: Sampling) -> tuple[int, int]:
    return sampling.down, sampling.across


def _least_squares(samples: F32, free: Bool, chroma: I16, sound: Bool, sampling: Sampling) -> F32:
    """The samples of a part of the planes, the free ones moved."""
    height, width = sound.shape
    rows = _weights(height, free.shape[0], sampling.down)
    columns = _weights(width, free.shape[1], sampling.across)
    parts = 1 << sampling.bits
    middle = chroma.astype(np.float32) * parts + np.float32((parts - 1) / 2)
    middle -= sampling.biases(height, width).astype(np.float32)
    out = samples.copy()
    for plane, wanted, before in zip(out, middle, samples, strict=True):
        missed = (wanted - rows @ plane @ columns.T) * sound
        gradient = (rows.T @ missed @ columns) * free
        step, square = gradient, float((gradient**2).sum())
        for _ in range(RELAXED):
            if square < CLOSE:
                break
            reached = (rows @ step @ columns.T) * sound
            size = np.float32(square / (float((reached**2).sum()) + HELD * float((step**2).sum())))
            plane += size * step
            missed -= size * reached
            gradient = (rows.T @ missed @ columns) * free + np.float32(HELD) * (before - plane)
            last, square = square, float((gradient**2).sum())
            step = gradient + np.float32(square / last) * step
    return out


def _weights(length: int, samples: int, factor: int) -> F32:
    """By how much each sample along an axis counts in each pixel, float32 (length, samples)."""
    pixel, out = np.arange(length), np.zeros((length, samples), np.float32)
    nearest, other = _samples_of(pixel, factor, samples)
    out[pixel, nearest] = 1 if factor == 1 else 3
    if factor == 2:
        np.add.at(out, (pixel, other), 1)
    return out


def _samples_of(pixel: I64, factor: int, samples: int) -> tuple[I64, I64]:
    """The two samples along an axis, perhaps one twice, that pixels are interpolated from."""
    nearest = pixel // factor
    other = nearest + (2 * (pixel % 2) - 1 if factor == 2 else 0)
    return np.clip(nearest, 0, samples - 1), np.clip(other, 0, samples - 1)


@dataclass(frozen=True)
class _Axis:
    """Along one axis: the samples around one from which the pixels that it reaches are interpolated, and those pixels.

    ``samples``: their numbers, int64, with those at an end repeated; ``own``: which are the sample itself; ``pixels``:
    a slice of the image; ``inner``: where these are among the pixels that the samples give.
    """

    samples: I64
    own: Bool
    pixels: slice
    inner: slice

    @classmethod
    def of(cls, number: int, factor: int, samples: int, length: int) -> "_Axis":
        """That of sample ``number`` of ``samples``, in an image of ``length`` pixels along this axis."""
        if factor == 1:
            return cls(np.array([number]), np.array([True]), slice(number, number + 1), slice(0, 1))
        around = np.clip(np.arange(number - 2, number + 3), 0, samples - 1)
        first, last = max(0, 2 * number - 1), min(length, 2 * number + 3)
        start = 2 * (number - 1)
        return cls(around, around == number, slice(first, last), slice(first - start, last - start))


Place = tuple[int, int]
"""Row and column of a sample or of a pixel."""


class SampleSearch:
    """Searches the ``free`` samples of both chroma planes of a crop."""

    def __init__(self, samples: I16, free: Bool, shown: Shown, sampling: Sampling, seed: int = 0) -> None:
        """``samples``: int16 (2, rows, columns), which are changed; ``free``: bool (rows, columns)."""
        self.samples = samples
        self._free, self._shown, self._sampling = free, shown, sampling
        self._random = np.random.default_rng(seed)
        self._pixel_weights = np.ones(shown.sound.shape, np.int32)
        self._changed_at: dict[tuple[int, int, int], int] = {}

    def run(self, until: float) -> int:
        """Search until all pixels that free samples reach are right; returns how many are still wrong.

        ``until``: when it ends all the same, on the monotonic clock.
        """
        wrong: set[Place] = set()
        for row, column in np.argwhere(self._free).tolist():
            self._look_again((row, column), wrong)
        waiting, step, most = sorted(wrong), 0, MOST_STEPS + STEPS_EACH * len(wrong)
        while wrong and step < most and time.monotonic() < until:
            place = int(self._random.integers(len(waiting)))
            if waiting[place] not in wrong:
                waiting[place] = waiting[-1]
                waiting.pop()
                continue
            step += 1
            changed = self._change(waiting[place], step)
            if changed is not None:
                waiting += self._look_again(changed, wrong)
        return len(wrong)

    def _change(self, pixel: Place, step: int) -> Place | None:
        """Change a sample that a pixel is interpolated from; returns which, None if none may be."""
        places = self._reaching(pixel)
        if not places:
            return None
        costs = np.stack([self._costs(place, step) for place in places])
        least = costs.min()
        if not np.isfinite(least):
            return None
        if least >= 0:
            self._pixel_weights[pixel] += 1
        best = np.flatnonzero(costs == least)
        place, number = divmod(int(self._random.choice(best)), len(CHANGES))
        row, column = places[place]
        self.samples[:, row, column] += CHANGES[number]
        self._changed_at[row, column, int(CHANGES[number, 1] != 0)] = step
        return row, column

    def _reaching(self, pixel: Place) -> list[Place]:
        """Free samples that a pixel is interpolated from."""
        rows, columns = (
            sorted({int(one) for one in _samples_of(np.array(at), factor, samples)})
            for at, factor, samples in zip(pixel, _factors(self._sampling), self._free.shape, strict=True)
        )
        return [(row, column) for row in rows for column in columns if self._free[row, column]]

    def _costs(self, place: Place, step: int) -> F64:
        """By how much more is wrong after each of CHANGES of a sample, float64; infinite of those that may not be."""
        costs: F64 = self._pixel_costs(*self._axes(place), CHANGES).sum(axis=(1, 2)).astype(np.float64)
        costs -= costs[0]
        costs[0] = np.inf
        after = self.samples[:, place[0], place[1]] + CHANGES
        costs[((after < 0) | (after > 255)).any(axis=1)] = np.inf
        for component in (0, 1):
            if self._changed_at.get((*place, component), -RESTED) > step - RESTED:
                costs[CHANGES[:, component] != 0] = np.inf
        return costs

    def _look_again(self, place: Place, wrong: set[Place]) -> list[Place]:
        """Bring the pixels that a sample reaches up to date in ``wrong``; returns those that are wrong."""
        rows, columns = self._axes(place)
        costs = self._pixel_costs(rows, columns, CHANGES[:1])[0]
        pixels = [(rows.pixels.start + i, columns.pixels.start + j) for i, j in np.ndindex(*costs.shape)]
        found = [pixel for pixel, cost in zip(pixels, costs.reshape(-1).tolist(), strict=True) if cost]
        wrong.difference_update(pixels)
        wrong.update(found)
        return found

    def _axes(self, place: Place) -> tuple[_Axis, _Axis]:
        (row, column), (rows, columns), (height, width) = place, self._free.shape, self._shown.sound.shape
        return (
            _Axis.of(row, self._sampling.down, rows, height),
            _Axis.of(column, self._sampling.across, columns, width),
        )

    def _pixel_costs(self, rows: _Axis, columns: _Axis, changes: I16) -> I64:
        """What the pixels that a sample reaches cost after changes of it, int64 (changes, rows, columns).

        Of a sound pixel that is by how much the sums that chroma is cut from miss the levels, of another one by how
        many levels luma misses what chroma asks for.
        """
        shown, area, bits = self._shown, (rows.pixels, columns.pixels), self._sampling.bits
        own = rows.own[:, None] & columns.own
        windows = self.samples[:, rows.samples][:, :, columns.samples] + changes[:, :, None, None] * own
        sums = _sums(windows.reshape(-1, *own.shape), self._sampling)[:, rows.inner, columns.inner]
        sums = sums.reshape(len(changes), 2, *sums.shape[1:])
        lowest = shown.chroma[:, area[0], area[1]] << bits
        missed = np.maximum(lowest - sums, sums - lowest - ((1 << bits) - 1)).clip(0)
        costs: I64 = missed.sum(axis=1, dtype=np.int64) * shown.sound[area]
        other = shown.given[area] & ~shown.sound[area]
        if other.any():
            cb, cr = sums[:, 0, other] >> bits, sums[:, 1, other] >> bits
            low, high = luma_bounds(np.broadcast_to(shown.pixels[area][other], (*cb.shape, 3)), cb, cr)
            short, over = low - shown.luma_high[area][other], shown.luma_low[area][other] - high
            costs[:, other] = np.maximum(np.maximum(short, over), low - high).clip(0)
        costs = np.minimum(costs, MOST_MISSED) + WRONG * (costs > 0)
        return costs * self._pixel_weights[area]


def _sums(samples: I16, sampling: Sampling) -> I16:
    """What chroma at the pixels of windows of samples, less those at their ends, is cut from."""
    if not sampling.bits:
        return samples
    sums = sums_of(samples, sampling)
    out: I16 = sums + sampling.biases(*sums.shape[1:]).astype(np.int16)
    return out
