"""What the pixels around an MCU say about all its coefficients, as values that depend on them linearly.

A sound pixel tells luma and chroma. Of another one the channels that are not clipped are known, and the others are
bounded: two equations, or fewer, for three unknowns, which the coarse steps of few coefficients resolve. Where luma
itself is cut to 0 or 255, channels tell chroma alone.
"""

from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F32, F64, I16, Bool
from jpegqf.coefficients.colours import U_GREEN, V_GREEN
from jpegqf.coefficients.estimation import Encoded, Known, padding_prior
from jpegqf.coefficients.mcus.window import Window, chroma_basis, interpolated
from jpegqf.evidence.blocks import joined
from jpegqf.evidence.dct import FORWARD, INVERSE
from jpegqf.pixels.chroma import BLUE, RED

OF_YCC = np.array([0.29, 0.34, 0.34], np.float32)
"""Standard deviations of known luma and chroma at a pixel: rounded once, and interpolated chroma twice."""
OF_RGB = np.array([0.63, 0.49, 0.73], np.float32)
"""The same of channels, which are made of both and rounded again."""
TO_RGB = np.array([[1, 0, RED], [1, U_GREEN, V_GREEN], [1, BLUE, 0]], np.float32)
"""Red, green and blue of luma and of chroma less 128 (ITU-T T.871, section 7)."""
MARGIN_YCC, MARGIN_RGB = np.array([1.5, 2.9, 2.9], np.float32), np.float32(2.0)
"""Standard deviations by which a value may miss its level before that costs anything."""
FAR = np.float32(1e4)
"""A bound that is none."""


@dataclass(frozen=True)
class Equations:
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

    @property
    def known(self) -> Known:
        """The same as ``estimation.likeliest`` takes it."""
        sure = self.lowest == self.highest
        precision = np.where(sure, self.deviation**-2, np.float32(0))
        values = np.where(sure, self.lowest, np.float32(0))
        return Known(self.basis, values[None], precision[None], self.lowest[None], self.highest[None])

    def cost(self, sets: I16) -> F32:
        """Sum of squares of what the values of sets, (sets, numbers), miss their bounds by; float32 (sets,)."""
        low = self.lowest / self.deviation - self.margin
        high = self.highest / self.deviation + self.margin
        reached = sets @ (self.basis / self.deviation)
        out: F32 = ((reached - np.clip(reached, low, high)) ** 2).sum(axis=1)
        return out

    def sure(self) -> "Equations":
        """Those of known values alone, without those that are only bounded."""
        kept = self.lowest == self.highest
        return Equations(*(values[..., kept] for values in vars(self).values()))

    def and_(self, more: "Equations") -> "Equations":
        """These and more."""
        return Equations(
            *(
                np.concatenate(pair, axis=-1).astype(np.float32)
                for pair in zip(vars(self).values(), vars(more).values(), strict=True)
            )
        )

    def told(self) -> "Equations":
        """Those that bound anything."""
        kept = (self.lowest > -FAR / 2) | (self.highest < FAR / 2)
        return Equations(*(values[..., kept] for values in vars(self).values()))


def chroma_of_sound_pixels(window: Window, component: int) -> Equations:
    """What sound pixels and proven samples tell of Cb (0) or Cr (1): its 64 coefficients are the numbers."""
    at = (window.sound & window.trusted).reshape(-1)
    without = _chroma_without(window)[component, at]
    level = window.known[1 + component].reshape(-1)[at] - without
    deviation = np.full(len(level), OF_YCC[1 + component])
    of_pixels = Equations(_chroma_rise(window)[:, at], level, level, deviation, np.full(len(level), MARGIN_YCC[1]))
    samples, proven = (values[component] for values in window.known_samples)
    rise = (window.chroma_steps.astype(np.float32)[:, None] * INVERSE)[:, proven]
    level = samples[proven] - 128
    once, margin = np.full(len(level), OF_YCC[0]), np.full(len(level), MARGIN_YCC[0])
    return of_pixels.and_(Equations(rise, level, level, once, margin))


def all_coefficients(window: Window, used: Bool, cut_luma: Bool) -> Equations:
    """What the pixels tell of the coefficients of all blocks that may be other than 0: ``used``, bool (numbers,).

    ``cut_luma``: pixels whose luma is taken to be cut to 0 or 255, bool of the window's shape.
    """
    planes, without = _planes(window)
    planes = planes[:, used]
    sound, cut = window.sound.reshape(-1), cut_luma.reshape(-1) & ~window.sound.reshape(-1)
    own, trusted = window.own.reshape(-1), window.trusted.reshape(-1)
    without[0, cut] = np.where(window.pixels.reshape(-1, 3).max(axis=1)[cut] < 255, 0, 255)  # what is added to chroma
    mixed = np.where(sound[:, None, None], np.eye(3, dtype=np.float32), TO_RGB)  # (pixel, value, plane)
    rising = mixed.copy()
    rising[cut, :, 0] = 0
    basis = np.einsum("pvq,qnp->nvp", rising, planes).reshape(planes.shape[1], -1)
    shift = np.where(sound[:, None], np.float32(0), np.array([0, 128, 128], np.float32))
    constant = np.einsum("pvq,pq->vp", mixed, without.T - shift)
    channels = window.pixels.reshape(-1, 3).T.astype(np.float32)
    level = np.where(sound, window.known.reshape(3, -1), channels)
    told = np.stack([np.where(sound, own, trusted), trusted, trusted])
    low = np.where(told & (sound | (channels > 0)), level, -FAR) - constant
    high = np.where(told & (sound | (channels < 255)), level, FAR) - constant
    deviation = np.where(sound, OF_YCC[:, None], OF_RGB[:, None])
    margin = np.where(sound, MARGIN_YCC[:, None], MARGIN_RGB)
    of_pixels = Equations(basis, *(values.reshape(-1) for values in (low, high, deviation, margin)))
    of_cut = _of_cut_luma(planes[0], without[0] == 0, cut & own & trusted)
    return of_pixels.and_(of_cut).and_(_of_samples(window, used)).told()


def _of_cut_luma(rise: F32, dark: Bool, cut: Bool) -> Equations:
    """Luma where it is cut: at most 0 where ``dark``, else at least 255; less the 128 of no coefficient."""
    low, high = np.where(dark, -FAR, np.float32(127)), np.where(dark, np.float32(-128), FAR)
    once, margin = np.full(len(dark), OF_YCC[0]), np.full(len(dark), MARGIN_YCC[0])
    return Equations(rise[:, cut], low[cut], high[cut], once[cut], margin[cut])


def _of_samples(window: Window, used: Bool) -> Equations:
    """What proven chroma samples tell: they were rounded but once."""
    samples, proven = window.known_samples
    rise = np.zeros((len(used), 128), np.float32)
    rise[-128:-64, :64] = rise[-64:, 64:] = window.chroma_steps.astype(np.float32)[:, None] * INVERSE
    level, sure = (samples - 128).reshape(-1), proven.reshape(-1)
    once, margin = np.full(128, OF_YCC[0]), np.full(128, MARGIN_YCC[0])
    return Equations(rise[used], np.where(sure, level, -FAR), np.where(sure, level, FAR), once, margin)


def _chroma_rise(window: Window) -> F32:
    """What one step of each chroma coefficient adds to the pixels, float32 (64, pixels)."""
    basis = chroma_basis(window.sampling, window.rows.of_block, window.columns.of_block)
    out: F32 = window.chroma_steps.astype(np.float32)[:, None] * basis
    return out


def _chroma_without(window: Window) -> F32:
    """Chroma of the pixels without any coefficient of the MCU, float32 (2, pixels)."""
    samples = window.with_blocks(np.full((1, 2, 8, 8), 128, np.int16))[0].astype(np.float32)
    sums = interpolated(samples, window.sampling).reshape(2, -1)
    return (sums / np.float32(2**window.sampling.bits)).astype(np.float32)


def _planes(window: Window) -> tuple[F32, F32]:
    """What one step of each coefficient adds to luma, Cb and Cr, float32 (3, numbers, pixels); and these planes without
    them, float32 (3, pixels).
    """
    sampling, blocks, count = window.sampling, len(window.luma_numbers), window.own.size
    out = np.zeros((3, 64 * (blocks + 2), count), np.float32)
    places = np.arange(count).reshape(window.shape)[window.own].reshape(8 * sampling.down, 8 * sampling.across)
    of_luma = window.draft.luma_steps.astype(np.float32)[:, None] * INVERSE
    for number in range(blocks):
        top, left = number // sampling.across * 8, number % sampling.across * 8
        out[0, 64 * number : 64 * number + 64, places[top : top + 8, left : left + 8].reshape(-1)] = of_luma.T
    out[1, 64 * blocks : 64 * (blocks + 1)] = out[2, 64 * (blocks + 1) :] = _chroma_rise(window)
    luma = np.where(window.own, np.float32(128), window.luma_around).reshape(-1)
    return out, np.concatenate([luma[None], _chroma_without(window)]).astype(np.float32)


def prior_of_all(window: Window, variance: F32) -> F64:
    """What is expected of all coefficients, as ``estimation.likeliest`` takes it; ``variance``: float32 (numbers,)."""
    out: F64 = np.diag(1 / variance.astype(np.float64))
    layout, sampling, (row, column) = window.draft.layout, window.sampling, window.place
    places = [
        (row * sampling.down + i, column * sampling.across + j, layout.height, layout.width, window.draft.luma_steps)
        for i in range(sampling.down)
        for j in range(sampling.across)
    ]
    places += [(row, column, *layout.chroma_samples, window.chroma_steps)] * 2
    for number, (down, across, height, width, steps) in enumerate(places):
        rows, columns = min(8, height - 8 * down), min(8, width - 8 * across)
        if rows > 0 and columns > 0 and rows * columns < 64:
            part = slice(64 * number, 64 * number + 64)
            out[part, part] += padding_prior(steps, rows, columns)
    return out


def encoded_of(window: Window) -> Encoded:
    """What the samples of an MCU were before they were encoded, those of all its blocks one after the other.

    Clipped channels were at their bound.
    """
    sampling, blocks = window.sampling, len(window.luma_numbers)
    count = 64 * (blocks + 2)
    rise = np.zeros((count, count))
    for number in range(blocks + 2):
        part = slice(64 * number, 64 * number + 64)
        steps = window.draft.luma_steps if number < blocks else window.chroma_steps
        rise[part, part] = FORWARD.astype(np.float64) / steps
    luma_at = joined(np.arange(64 * blocks).reshape(blocks, 64), sampling.down, sampling.across).reshape(-1)
    chroma_at = np.arange(64).reshape(8, 8).repeat(sampling.down, axis=0).repeat(sampling.across, axis=1).reshape(-1)
    told, pixels = (window.given & ~window.sound)[window.own], window.pixels[window.own]
    weights, wanted = [np.zeros((0, count))], [np.zeros(0)]
    for channel, (_, of_cb, of_cr) in enumerate(TO_RGB.tolist()):
        at = np.flatnonzero(told & ((pixels[:, channel] == 0) | (pixels[:, channel] == 255)))
        some, line = np.zeros((len(at), count)), np.arange(len(at))
        some[line, luma_at[at]] = 1
        some[line, 64 * blocks + chroma_at[at]], some[line, 64 * (blocks + 1) + chroma_at[at]] = of_cb, of_cr
        weights.append(some)
        wanted.append(pixels[at, channel] - 128.0)
    values = np.concatenate(wanted)
    return Encoded(rise, np.concatenate(weights), values, np.full(len(values), OF_ENCODED))


OF_ENCODED = 1.0
"""Standard deviation of a clipped channel from its bound before it was encoded, chroma being alike in a sample."""


def luma_inside(window: Window) -> Bool:
    """Which luma blocks of the MCU have pixels in the image, bool (blocks,)."""
    sampling, inside = window.sampling, window.rows.inside[:, None] & window.columns.inside
    of_blocks = inside[window.own].reshape(sampling.down, 8, sampling.across, 8).any(axis=(1, 3))
    return np.asarray(of_blocks.reshape(-1))
