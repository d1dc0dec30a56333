"""Chroma at luma's size -> the subsampled chroma that a JPEG decoder upsampled, and how it was subsampled.

A decoder that interpolates makes two pixels of each sample along an axis that was subsampled: three parts of the
sample and one part of its neighbour on that side, as libjpeg's "fancy upsampling" does (``jdsample.c``). Each sum is
rounded, up and down in turns. The samples are found by least squares, rounded, and then each is moved by one level
where the pixels it reaches come nearer by that. What they interpolate to is compared with the plane: that proves them.
Other decoders repeat each sample.

Levels of pixels and samples, and sums of up to 16 of them, are int16 (planes, height, width).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jpegqf.arrays import F32, I16, I64, Bool

REACH = 4
"""Pixels along an axis that one sample reaches where a decoder interpolates."""
FILLS, SWEEPS = 3, 2
"""How often unsound pixels are filled in by what the samples give, and the most sweeps of moves by one level."""
HOPELESS = 0.15
"""Share of wrong pixels from which no sample is moved: the planes were subsampled in another way, or not at all."""
NAMES = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0"}
"""The usual notation for pixels to a sample across and down."""


@dataclass(frozen=True)
class Sampling:
    """How a plane was subsampled: ``across`` and ``down`` are 1 or 2 pixels to a sample.

    ``bias``: what is added to the sums of even and of odd pixels before they are cut, in parts of a level; None where
    samples are repeated. It changes from column to column, or from row to row if ``by_row``: mirrored and turned
    images have it exchanged.
    """

    across: int
    down: int
    bias: tuple[int, int] | None = None
    by_row: bool = False

    @property
    def name(self) -> str:
        """In the usual notation, such as 4:2:0."""
        return NAMES[self.across, self.down]

    @property
    def bits(self) -> int:
        """By how many bits a sum is cut: two for each axis that was subsampled."""
        return 2 * (self.across + self.down - 2)

    def biases(self, height: int, width: int) -> I64:
        """The bias of each pixel, int64, broadcast to (height, width)."""
        along = np.resize(np.array(self.bias), height if self.by_row else width)
        return along[:, None] if self.by_row else along[None]


NOT_SUBSAMPLED = Sampling(1, 1)
AS_DECODED = (Sampling(2, 2, (8, 7)), Sampling(2, 1, (1, 2)), Sampling(1, 2, (1, 2), by_row=True))
"""As libjpeg interpolates."""
MIRRORED_OR_TURNED = (
    Sampling(2, 2, (7, 8)),
    Sampling(2, 2, (8, 7), by_row=True),
    Sampling(2, 2, (7, 8), by_row=True),
    Sampling(2, 1, (2, 1)),
    Sampling(1, 2, (2, 1), by_row=True),
)
REPEATED = (Sampling(2, 2), Sampling(2, 1), Sampling(1, 2))


@dataclass(frozen=True)
class Samples:
    """What planes were upsampled from, if they were.

    ``values``: int16 (planes, rows, columns). ``proven``: bool of that shape, those that give back every pixel that
    they reach. ``wrong``: number of pixels that are not given back, of ``told`` pixels that could be.
    """

    values: I16
    proven: Bool
    wrong: int
    told: int

    @property
    def wrong_share(self) -> float:
        """Share of the pixels that are not given back."""
        return self.wrong / max(1, self.told)


def samples_of(planes: I16, sound: Bool, sampling: Sampling, sweeps: int = SWEEPS) -> Samples:
    """The samples of planes, int16 (planes, height, width) with even sides, whose first pixel starts a sample.

    ``sound``: pixels that are known, bool of the same shape. Without ``sweeps`` it takes a quarter of the time, and a
    few samples are left one level off.
    """
    if sampling == NOT_SUBSAMPLED:
        return Samples(planes, sound, 0, int(np.count_nonzero(sound)))
    if sampling.bias is None:
        return _repeated(planes, sound, sampling)
    biases, filled = sampling.biases(*planes.shape[1:]).astype(np.int16), planes
    for _ in range(1 if sound.all() else FILLS):
        values = np.rint(_least_squares(filled.astype(np.float32), sampling)).astype(np.int16)
        sums = sums_of(values, sampling) + biases
        filled = np.where(sound, planes, sums >> sampling.bits)
    error = _errors(sums, planes, sound, sampling)
    hopeless = np.count_nonzero(error) > HOPELESS * np.count_nonzero(sound)
    for _ in range(0 if hopeless else sweeps):
        off = np.flatnonzero(error.any(axis=(1, 2)))
        if not len(off):
            break
        before = error[off].sum(dtype=np.int64)
        values[off], sums[off], error[off] = _moved(values[off], sums[off], planes[off], sound[off], sampling)
        if error[off].sum(dtype=np.int64) >= before:
            break
    inside = values[:, sampling.down - 1 : values.shape[1] - sampling.down + 1]
    inside = inside[..., sampling.across - 1 : values.shape[2] - sampling.across + 1]
    told = _far_from_unsound(sound)
    wrong = int(np.count_nonzero(error[told]))
    return Samples(inside, _proven((error == 0) & sound, sampling), wrong, int(np.count_nonzero(told)))


def _repeated(planes: I16, sound: Bool, sampling: Sampling) -> Samples:
    """As :func:`samples_of`, where each sample was repeated."""
    values = planes[:, :: sampling.down, :: sampling.across]
    right = planes == values.repeat(sampling.down, axis=1).repeat(sampling.across, axis=2)
    count, rows, columns = values.shape
    groups = (right & sound).reshape(count, rows, sampling.down, columns, sampling.across)
    wrong = int(np.count_nonzero(~right & sound))
    return Samples(values, groups.all(axis=(2, 4)), wrong, int(np.count_nonzero(sound)))


def upsampled(samples: I16, sampling: Sampling, height: int, width: int) -> I16:
    """What a decoder makes of all samples of planes, int16 (planes, rows, columns): int16 (planes, height, width).

    libjpeg repeats the samples at the image's edges outwards. Samples behind those that the image's size needs
    are to be left out.
    """
    if sampling == NOT_SUBSAMPLED:
        return samples[:, :height, :width]
    if sampling.bias is None:
        return samples.repeat(sampling.down, axis=1).repeat(sampling.across, axis=2)[:, :height, :width]
    ends = [(side - 1, side - 1) for side in (1, sampling.down, sampling.across)]
    sums = sums_of(np.pad(samples, ends, mode="edge"), sampling)
    sums += sampling.biases(*sums.shape[1:]).astype(np.int16)
    return (sums >> sampling.bits)[:, :height, :width]


def estimated_samples(planes: F32, sampling: Sampling) -> F32:
    """The samples of planes that a decoder interpolated, by least squares: float32 (planes, rows, columns).

    ``planes``: float32 (planes, height, width) with even sides where they were subsampled, whole images. Looked at in
    tiles that overlap: what is farther away than MARGIN pixels tells nothing.
    """
    if sampling == NOT_SUBSAMPLED:
        return planes
    if sampling.bias is None:
        down, across = sampling.down, sampling.across
        count, height, width = planes.shape
        means: F32 = planes.reshape(count, height // down, down, width // across, across).mean(axis=(2, 4))
        return means
    count, height, width = planes.shape
    rows, columns = -(-height // TILE), -(-width // TILE)
    ends = ((0, 0), (MARGIN, MARGIN + rows * TILE - height), (MARGIN, MARGIN + columns * TILE - width))
    wide = np.pad(planes, ends, mode="edge")
    down, across = sampling.down, sampling.across
    out = np.empty((count, rows * TILE // down, columns * TILE // across), np.float32)
    near = np.s_[:, MARGIN // down + down - 1 :, MARGIN // across + across - 1 :]
    for top in range(0, rows * TILE, TILE):
        for left in range(0, columns * TILE, TILE):
            tile = wide[:, top : top + TILE + 2 * MARGIN, left : left + TILE + 2 * MARGIN]
            values = _least_squares(tile, sampling)[near][:, : TILE // down, : TILE // across]
            out[:, top // down : (top + TILE) // down, left // across : (left + TILE) // across] = values
    return out[:, : height // down, : width // across]


TILE, MARGIN = 128, 16
"""Side of the tiles in which samples are estimated, and pixels around them that are looked at, too."""


@lru_cache(maxsize=8)
def _triangle(samples: int) -> F32:
    """Pseudo-inverse of what interpolation makes of ``samples`` and one more on each side, times four.

    Float32 (samples + 2, 2 samples): from four times the pixels to the samples.
    """
    pixel = np.arange(2 * samples)
    sums = np.zeros((2 * samples, samples + 2))
    sums[pixel, pixel // 2 + 1], sums[pixel, pixel // 2 + 2 * (pixel % 2)] = 3, 1
    return np.linalg.pinv(sums).astype(np.float32)


def _least_squares(planes: F32, sampling: Sampling) -> F32:
    """The samples whose sums come nearest to the planes."""
    parts = np.float32(2**sampling.bits)
    sums: F32 = planes * parts + ((parts - 1) / 2 - sampling.biases(*planes.shape[1:]).astype(np.float32))
    if sampling.down == 2:
        sums = _triangle(sums.shape[1] // 2) @ sums
    return sums @ _triangle(sums.shape[2] // 2).T if sampling.across == 2 else sums


def sums_of(samples: I16, sampling: Sampling) -> I16:
    """The sums for each pixel, of samples with one more on each side of the axes that were subsampled."""
    if sampling.down == 2:
        own = 3 * samples[:, 1:-1]
        pairs = np.stack([own + samples[:, :-2], own + samples[:, 2:]], axis=2)
        samples = pairs.reshape(len(samples), -1, samples.shape[2])
    if sampling.across == 2:
        own = 3 * samples[..., 1:-1]
        pairs = np.stack([own + samples[..., :-2], own + samples[..., 2:]], axis=3)
        samples = pairs.reshape(*samples.shape[:2], -1)
    return samples


def _errors(sums: I16, planes: I16, sound: Bool, sampling: Sampling) -> I16:
    """Absolute errors of the sound pixels."""
    error: I16 = sums >> sampling.bits
    error -= planes
    np.abs(error, out=error)
    error *= sound
    return error


def _moved(values: I16, sums: I16, planes: I16, sound: Bool, sampling: Sampling) -> tuple[I16, I16, I16]:
    """Samples moved by one level where that brings the pixels nearer; their sums, and the errors of these.

    Every other sample along an axis is moved at a time: the pixels that they reach do not overlap.
    """
    error = _errors(sums, planes, sound, sampling)
    for row in range(sampling.down):
        rows = _reached(row, sums.shape[1], sampling.down)
        for column in range(sampling.across):
            columns = _reached(column, sums.shape[2], sampling.across)
            weight = rows.weights[:, None] * columns.weights
            for move in (1, -1):
                moved = sums + np.int16(move) * weight
                tried = _errors(moved, planes, sound, sampling)
                better = columns.add(rows.add(error - tried, 1), 2) > 0
                if better.any():
                    values[:, rows.samples, columns.samples] += np.int16(move) * better
                    spread = better[:, rows.number][..., columns.number]
                    np.copyto(sums, moved, where=spread)
                    np.copyto(error, tried, where=spread)
    return values, sums, error


@dataclass(frozen=True)
class _Reached:
    """The pixels that every other sample reaches along an axis, or each sample where there is one to a pixel.

    ``samples``: which they are. ``weights`` and ``number``: by how much one of them counts in each pixel, and which one
    does, int16 and int64 (pixels,). ``before``: pixels that the first reaches ahead of the plane; None where each
    sample is a pixel.
    """

    samples: slice
    weights: I16
    number: I64
    before: int | None

    def add(self, error: I16, axis: int) -> I16:
        """Sums along an axis over the pixels that each sample reaches."""
        if self.before is None:
            return error
        error = np.moveaxis(error, axis, -1)
        groups = int(self.number[-1]) + 1
        wide = np.zeros((*error.shape[:-1], REACH * groups), np.int16)
        wide[..., self.before : self.before + error.shape[-1]] = error
        sums: I16 = wide[..., ::REACH] + wide[..., 1::REACH] + wide[..., 2::REACH] + wide[..., 3::REACH]
        return np.moveaxis(sums, -1, axis)


@lru_cache(maxsize=64)
def _reached(first: int, pixels: int, step: int) -> _Reached:
    """For every other sample from ``first``, 0 or 1, on; for all of them if ``step``, pixels to a sample, is 1."""
    pixel = np.arange(pixels)
    if step == 1:
        return _Reached(slice(None), np.ones(pixels, np.int16), pixel, None)
    before = REACH - 1 - 2 * first  # sample n, counted with the one before the first pixel, reaches 2n - 3 to 2n
    number = (pixel + before) // REACH
    weights = np.array([1, 3, 3, 1], np.int16)[(pixel + before) % REACH]
    return _Reached(slice(first, first + 2 * int(number[-1]) + 1, 2), weights, number, before)


def _far_from_unsound(sound: Bool) -> Bool:
    """Pixels within whose reach, and that of the samples there, all are sound."""
    if sound.all():
        return sound
    for axis in (1, 2):
        ends = [(0, 0)] * 3
        ends[axis] = (REACH - 1, REACH - 1)
        wide, side = np.pad(sound, ends, constant_values=True), sound.shape[axis]
        for shift in range(2 * REACH - 1):
            sound = sound & wide.take(range(shift, shift + side), axis)
    return sound


def _proven(right: Bool, sampling: Sampling) -> Bool:
    """Which samples give back every pixel that they reach inside the plane, bool (planes, rows, columns)."""
    for axis, step in ((1, sampling.down), (2, sampling.across)):
        if step == 2:
            pairs = np.moveaxis(right, axis, -1)
            ends = np.pad(pairs, [(0, 0)] * (pairs.ndim - 1) + [(1, 1)], constant_values=True)
            own = pairs[..., ::2] & pairs[..., 1::2] & ends[..., :-2:2] & ends[..., 3::2]
            right = np.moveaxis(own, -1, axis)
    return right
