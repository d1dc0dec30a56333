"""Pixels and tables -> a draft of the coefficients, chroma and luma in turns, each with what the other one leaves open.

Where no channel is clipped luma and chroma are known (``pixels.chroma``), and only they must come back. A clipped pixel
leaves a range, which becomes narrow once the other component is found. Chroma comes first: it is smooth, so that what
is known of a block mostly tells the rest. What is left in the end are blocks in which clipped pixels hide too much.
"""

from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F32, I16, I32, I64, U8, Bool
from jpegqf.coefficients.blocks.beam import EFFORTS
from jpegqf.coefficients.blocks.levels import HIGHEST, LOWEST, quantized, synthesis
from jpegqf.coefficients.blocks.solving import ESTIMATES, solve
from jpegqf.coefficients.colours import chroma_bounds, luma_bounds
from jpegqf.coefficients.draft import Draft, Layout, padded
from jpegqf.evidence.blocks import cut, joined
from jpegqf.pixels.chroma import chroma_of
from jpegqf.pixels.luma import Luma
from jpegqf.pixels.upsampling import NOT_SUBSAMPLED, estimated_samples, samples_of

TURNS, PROJECTIONS = 5, 4
"""Most turns of chroma and luma, and projections of chroma in each."""
ANY_LOW, ANY_HIGH = np.float32(-100), np.float32(355)
"""Bounds of a chroma level of which nothing is known."""


def draft_of_gray(pixels: U8, layout: Layout, steps: I32) -> Draft:
    """The draft of gray pixels (height, width)."""
    draft = Draft(layout, steps, None)
    low, high = pixels.astype(np.int16), pixels.astype(np.int16)
    low[(pixels == 0) | ~layout.given], high[(pixels == 255) | ~layout.given] = LOWEST, HIGHEST
    _solve_luma(draft, low, high, pixels.astype(np.float32), slice(0, pixels.shape[0]), final=True)
    return draft


TURN_PIXELS = 250_000
"""A turn over so many pixels takes as long as one MCU that is searched jointly."""


@dataclass
class _Chroma:
    """Chroma at the pixels that needed samples cover: ``known`` levels where ``sound``, bounds elsewhere.

    float32 (2, height, width); ``sound`` is bool (height, width).
    """

    known: F32
    sound: Bool
    low: F32
    high: F32

    @classmethod
    def of(cls, pixels: U8, layout: Layout) -> "_Chroma":
        """What pixels tell alone."""
        planes, sound = chroma_of(pixels)
        sound &= layout.given
        known = padded(planes, *layout.even).astype(np.float32)
        sound = padded(sound, *layout.even, mode="constant")
        return cls(known, sound, np.where(sound, known, ANY_LOW), np.where(sound, known, ANY_HIGH))

    def narrow(self, low: F32, high: F32, told: Bool) -> None:
        """Take bounds over where they are ``told`` and pixels are not sound; arrays of the image's size."""
        area = np.s_[:, : low.shape[1], : low.shape[2]]
        asked = told & ~self.sound[area[1:]]
        self.low[area] = np.where(asked, low, np.where(self.sound[area[1:]], self.known[area], ANY_LOW))
        self.high[area] = np.where(asked, high, np.where(self.sound[area[1:]], self.known[area], ANY_HIGH))


def draft_of_colours(pixels: U8, layout: Layout, luma_steps: I32, chroma_steps: I32) -> Draft:
    """The draft of RGB pixels (height, width, 3), made in strips: 100 bytes a pixel of one are held at a time."""
    draft, tall = Draft(layout, luma_steps, chroma_steps), 8 * layout.sampling.down
    rows = max(1, STRIP_PIXELS // (layout.width * tall)) * tall
    around = 0 if layout.sampling.down == 1 else 2 * tall
    for top in range(0, layout.height, rows):
        first, last = max(0, top - around), min(layout.height, top + rows + around)
        counted = slice(top - first, top - first + rows)
        part = Draft(layout.rows(first, last), luma_steps, chroma_steps)
        _draw(part, pixels[first:last], counted)
        draft.take_rows(part, counted.start // tall, top // tall, rows // tall)
    draft.decode_luma()
    draft.decode_chroma()
    return draft


STRIP_PIXELS = 1_500_000
"""Pixels of a strip, but for those around it that tell its chroma."""


def _draw(draft: Draft, pixels: U8, counted: slice) -> None:
    """Find the coefficients of an empty draft; what is wrong in other rows than the ``counted`` ones is left."""
    layout = draft.layout
    chroma, start = _Chroma.of(pixels, layout), Luma.from_rgb(pixels).plane.astype(np.float32)
    filled, before = chroma.known, pixels.size
    for turn in range(TURNS):
        filled = _project_chroma(draft, chroma, filled, begun=turn > 0)
        if turn == 0:
            _search_chroma(draft, chroma, counted)
        area = np.s_[: layout.height, : layout.width]
        cb, cr = draft.chroma_pixels()
        cb, cr = cb[area], cr[area]
        low, high = luma_bounds(pixels, cb, cr)
        low[~layout.given], high[~layout.given] = LOWEST, HIGHEST
        solved = _solve_luma(draft, low, high, start, counted, final=False)
        unequal = draft.wrong(pixels)
        unequal[: counted.start] = unequal[counted.stop :] = False
        wrong = int(np.count_nonzero(unequal))
        few = len(pixels) * pixels.shape[1] // TURN_PIXELS
        if wrong == 0 or wrong >= before or np.count_nonzero(layout.mcus_of(unequal)) <= few:
            break
        before = wrong
        start = _luma_synthesis(draft)[area]
        chroma.narrow(*chroma_bounds(pixels, draft.luma_plane[area], cb, cr), solved & layout.given)
        filled = np.clip(draft.chroma_pixels(), chroma.low, chroma.high)
    if wrong:
        _solve_luma(draft, low, high, start, counted, final=True)


@dataclass(frozen=True)
class ChromaFit:
    """How chroma comes back at first under a table and a subsampling.

    ``wrong``: share of the sound pixels whose chroma does not. ``right``: share of them in MCUs none of whose sound
    pixels is wrong: where clipped pixels disturb most MCUs, it still tells the right table, which alone gives whole
    MCUs back.
    """

    wrong: float
    right: float


def chroma_fit(pixels: U8, layout: Layout, steps: I32) -> ChromaFit:
    """The fit of chroma of RGB pixels (height, width, 3) under a table, int32 (64,).

    ``wrong`` is that of MCUs with sound pixels alone, if there are FEWEST_CLEAN of them: unknown pixels disturb those
    around them.
    """
    draft, chroma = Draft(layout, steps, steps), _Chroma.of(pixels, layout)
    _project_chroma(draft, chroma, chroma.known, begun=False)
    area = np.s_[: layout.height, : layout.width]
    sound = chroma.sound[area]
    wrong = (draft.chroma_pixels() != chroma.known).any(axis=0)[area] & sound
    right = int(np.count_nonzero(sound & ~_in_whole_mcus(layout, wrong))) / max(1, int(np.count_nonzero(sound)))
    clean = ~layout.mcus_of(~sound)
    if np.count_nonzero(clean) >= FEWEST_CLEAN:
        sound &= ~_in_whole_mcus(layout, ~sound)
        wrong &= sound
    return ChromaFit(int(np.count_nonzero(wrong)) / max(1, int(np.count_nonzero(sound))), right)


def _in_whole_mcus(layout: Layout, pixels: Bool) -> Bool:
    """All pixels of the MCUs that have any of the given ones, bool (height, width)."""
    down, across = 8 * layout.sampling.down, 8 * layout.sampling.across
    whole = layout.mcus_of(pixels).repeat(down, axis=0).repeat(across, axis=1)
    out: Bool = whole[: layout.height, : layout.width]
    return out


FEWEST_CLEAN = 8
"""Fewest MCUs by which chroma is judged alone."""


def _project_chroma(draft: Draft, chroma: _Chroma, filled: F32, begun: bool) -> F32:
    """Chroma quantized, decoded and brought back into its bounds in turns; returns the planes that came last."""
    layout, steps = draft.layout, draft.steps_of_chroma
    rows, columns = (8 * side for side in layout.mcus)
    needed = np.s_[:, : layout.chroma_samples[0], : layout.chroma_samples[1]]
    for _ in range(PROJECTIONS):
        estimate = estimated_samples(filled, layout.sampling)
        samples = draft.chroma_planes.astype(np.float32) if begun else padded(estimate, rows, columns)
        samples[needed] = estimate
        draft.chroma = np.stack([quantized(cut(plane), steps) for plane in samples])
        draft.decode_chroma()
        begun, pixels = True, draft.chroma_pixels()
        last, filled = filled, np.clip(pixels, chroma.low, chroma.high)
        if (last == filled).all():
            break
    return filled


def _search_chroma(draft: Draft, chroma: _Chroma, counted: slice) -> None:
    """Search the blocks of chroma whose known samples do not come back in the ``counted`` rows."""
    layout, steps = draft.layout, draft.steps_of_chroma
    area = np.s_[: layout.height, : layout.width]
    wrong = (draft.chroma_pixels() != chroma.known) & chroma.sound
    wrong[:, : counted.start] = wrong[:, counted.stop :] = False
    if not wrong.any():
        return
    asked = layout.mcus_of(wrong.any(axis=0)[area])
    planes = chroma.known[:, area[0], area[1]].astype(np.int16)
    samples, proven = known_samples(planes, chroma.sound[area], layout, asked)
    for number, plane in enumerate(draft.chroma_planes):
        blocks = np.flatnonzero(layout.mcus_of(wrong[number][area]).reshape(-1))
        if not len(blocks):
            continue
        known, told = cut(samples[number])[blocks], cut(proven[number])[blocks]
        low = np.where(told & (known > 0), known, LOWEST).astype(np.int16)
        high = np.where(told & (known < 255), known, HIGHEST).astype(np.int16)
        like = np.delete(draft.chroma[number], blocks, axis=0)
        found = solve(low, high, steps, cut(plane)[blocks].astype(np.float32), EFFORTS[:2], like, ESTIMATES[:1])
        draft.chroma[number, blocks[found.solved]] = found.coefficients[found.solved]
    draft.decode_chroma()


def known_samples(planes: I16, sound: Bool, layout: Layout, asked: Bool) -> tuple[F32, Bool]:
    """Chroma samples of whole blocks, float32 (2, rows, columns), and which are proven, bool.

    Looked at in tiles, of which the middles count, where MCUs (rows, columns) are ``asked`` about.
    """
    sampling, shape = layout.sampling, (2, *(8 * side for side in layout.mcus))
    out, proven = np.zeros(shape, np.float32), np.zeros(shape, bool)
    if sampling == NOT_SUBSAMPLED:
        height, width = planes.shape[1:]
        out[:, :height, :width], proven[:, :height, :width] = planes, sound
        return out, proven
    down, across = sampling.down, sampling.across
    high, wide = shape[1] * down, shape[2] * across
    ends = ((AROUND, AROUND + high - planes.shape[1]), (AROUND, AROUND + wide - planes.shape[2]))
    planes, sound = np.pad(planes, ((0, 0), *ends), mode="edge"), np.pad(sound, ends)
    inner = np.s_[:, AROUND // down : (AROUND + SIDE) // down, AROUND // across : (AROUND + SIDE) // across]
    for top in range(0, high, SIDE):
        for left in range(0, wide, SIDE):
            rows, columns = (
                slice(first // step // 8, (first + SIDE) // step // 8 + 1)
                for first, step in ((top, down), (left, across))
            )
            if not asked[rows, columns].any():
                continue
            area = np.s_[top : top + SIDE + 2 * AROUND, left : left + SIDE + 2 * AROUND]
            some = np.broadcast_to(sound[area], (2, *sound[area].shape))
            found = samples_of(planes[:, area[0], area[1]], some, sampling)
            place = np.s_[:, top // down : (top + SIDE) // down, left // across : (left + SIDE) // across]
            size = out[place].shape[1:]
            out[place] = found.values[inner][:, : size[0], : size[1]]
            proven[place] = found.proven[inner][:, : size[0], : size[1]]
    needed = np.zeros(shape[1:], bool)
    needed[: layout.height // down, : layout.width // across] = True
    return out, proven & needed


SIDE, AROUND = 112, 16
"""Side of the tiles in which chroma samples are found, and pixels around them that are looked at, too."""


def _solve_luma(draft: Draft, low: I16, high: I16, start: F32, counted: slice, final: bool) -> Bool:
    """Solve luma in bounds (height, width); returns the pixels of blocks that are solved, of the same shape.

    Where the lowest level is above the highest, chroma is wrong, and luma is unknown. Blocks of the ``counted`` rows
    are searched where ``final``, and where every pixel is known.
    """
    sides, conflict = draft.luma_plane.shape, low > high
    low = padded(np.where(conflict, LOWEST, low).astype(np.int16), *sides)
    high = padded(np.where(conflict, HIGHEST, high).astype(np.int16), *sides)
    low[len(conflict) :], low[:, conflict.shape[1] :] = LOWEST, LOWEST
    high[len(conflict) :], high[:, conflict.shape[1] :] = HIGHEST, HIGHEST
    lowest, highest, filled = cut(low), cut(high), cut(padded(start, *sides))
    found = solve(lowest, highest, draft.luma_steps, filled, efforts=())
    draft.luma, solved = found.coefficients, found.solved
    asked = np.zeros(draft.layout.luma_blocks, bool)
    asked[counted.start // 8 : -(-counted.stop // 8)] = True
    searched: I64 = np.flatnonzero(~solved & asked.reshape(-1) & (final | (lowest == highest).all(axis=1)))
    if len(searched):
        bounds, like = (lowest[searched], highest[searched]), draft.luma[solved]
        again = solve(*bounds, draft.luma_steps, filled[searched], EFFORTS, like)
        draft.luma[searched[again.solved]] = again.coefficients[again.solved]
        solved[searched] = again.solved
    draft.decode_luma()
    whole = joined(np.repeat(solved[:, None], 64, axis=1), *draft.layout.luma_blocks)
    out: Bool = whole[: len(conflict), : conflict.shape[1]]
    return out


def _luma_synthesis(draft: Draft) -> F32:
    """Luma before it is rounded and cut to 0..255, float32 of whole MCUs."""
    out: F32 = joined(synthesis(draft.luma, draft.luma_steps), *draft.layout.luma_blocks)
    return out
