"""The draft of a crop -> the same with blocks at its sides that give its pixels, whatever they hold beyond it.

Of a block of which half or less is seen, pixels do not determine the coefficients: there are more of them than pixels,
and the JPEG need not be the one that the crop was cut out of. So MCUs further inside come first, by pixels that do not
depend on those at the sides. Then chroma samples at the sides are chosen, whole numbers that give the pixels, and for
these coefficients that give them beside any others; and so for luma.
"""

from dataclasses import replace

import numpy as np

from jpegqf.arrays import I16, U8, Bool
from jpegqf.coefficients.alternating import known_samples
from jpegqf.coefficients.blocks.beam import EFFORTS
from jpegqf.coefficients.blocks.levels import HIGHEST, LOWEST
from jpegqf.coefficients.blocks.solving import solve
from jpegqf.coefficients.colours import luma_bounds
from jpegqf.coefficients.draft import CropPlace, Draft, Layout, padded
from jpegqf.coefficients.joint_search import JointSearch, and_next
from jpegqf.coefficients.sides.samples import SampleSearch, Shown, relaxed
from jpegqf.evidence.blocks import cut, joined
from jpegqf.pixels.chroma import chroma_of
from jpegqf.pixels.luma import Luma

MOST_LINES = 4
"""Most rows or columns of a block that are seen if its samples may be chosen: half of them."""
TURNS = 4
"""How often samples are chosen where they, or luma, do not suit."""


def fit_sides(draft: Draft, pixels: U8, until: float) -> bool:
    """Search a draft of a crop of colours; returns whether that was its kind: MCUs at sides are seen in part.

    ``pixels``: uint8 (height, width, 3), of the whole layout. ``until``: see ``JointSearch``.
    """
    layout = draft.layout
    if layout.crop is None:
        return False
    seen = seen_samples(layout)
    narrow = narrow_mcus(seen)
    if not narrow.any():
        return False
    inner = _inner_place(layout, narrow)
    chroma, sound = chroma_of(pixels)
    level = Luma.from_rgb(pixels).plane.astype(np.int16)
    shown = Shown(pixels, chroma, sound & layout.given, layout.given, level, level)
    _search_inside(draft, pixels, inner, until)
    for turn in range(TURNS):
        if not draft.wrong(pixels).any():
            break
        _fit_luma(draft, shown, layout.given & ~_area_of(layout, inner))
        told = _with_luma_of(draft, shown, any_luma=turn % 2 == 1)
        _choose_chroma(draft, told, (seen, narrow), until, turn)
        _fit_luma(draft, shown, np.zeros_like(sound))
    return True


def _area_of(layout: Layout, place: CropPlace) -> Bool:
    """The pixels of a part of the layout, bool (height, width)."""
    out = np.zeros((layout.height, layout.width), bool)
    out[place.area] = True
    return out


def seen_samples(layout: Layout) -> Bool:
    """Chroma samples that given pixels are interpolated from, bool of the planes of whole blocks."""
    sampling, given = layout.sampling, layout.crop or CropPlace(0, 0, layout.height, layout.width)
    out = np.zeros([8 * side for side in layout.mcus], bool)
    axes = []
    for first, length, factor, samples in (
        (given.top, given.height, sampling.down, layout.chroma_samples[0]),
        (given.left, given.width, sampling.across, layout.chroma_samples[1]),
    ):
        last, reach = first + length - 1, factor - 1
        axes.append(slice(max(0, (first - reach) // factor), min(samples, (last + reach) // factor + 1)))
    out[axes[0], axes[1]] = True
    return out


def narrow_mcus(seen: Bool) -> Bool:
    """MCUs of which few rows or columns of chroma samples are ``seen``, bool (rows, columns)."""
    rows, columns = (seen.any(axis=axis).reshape(-1, 8).sum(axis=1) for axis in (1, 0))
    out: Bool = ((rows > 0) & (rows <= MOST_LINES))[:, None] | ((columns > 0) & (columns <= MOST_LINES))
    return out


def _inner_place(layout: Layout, narrow: Bool) -> CropPlace:
    """The part of the given pixels whose chroma does not depend on narrow MCUs."""
    crop, sampling, ends = layout.crop or CropPlace(0, 0, layout.height, layout.width), layout.sampling, []
    for lines, first, length, factor in (
        (np.asarray(narrow.all(axis=1)), crop.top, crop.height, sampling.down),
        (np.asarray(narrow.all(axis=0)), crop.left, crop.width, sampling.across),
    ):
        start, end, side, shared = first, first + length, 8 * factor, factor - 1
        start = max(start, side + shared) if lines[0] else start
        end = min(end, side * (len(lines) - 1) - shared) if lines[-1] else end
        ends.append((start, max(0, end - start)))
    (top, height), (left, width) = ends
    return CropPlace(top, left, height, width)


def _search_inside(draft: Draft, pixels: U8, inner: CropPlace, until: float) -> None:
    """Search MCUs by the pixels of a part of the crop alone."""
    layout = draft.layout
    draft.layout = replace(layout, crop=inner)
    try:
        search = JointSearch(draft, pixels, until)
        if not search.is_hopeless:
            search.run()
    finally:
        draft.layout = layout


def _with_luma_of(draft: Draft, shown: Shown, any_luma: bool) -> Shown:
    """The same, with the luma that pixels have in blocks that are found, and with any in narrow ones, or in all."""
    height, width = shown.sound.shape
    plane = draft.luma_plane[:height, :width]
    sides = draft.luma_plane.shape
    unlike: Bool = (plane != shown.luma_low) & shown.sound
    off = np.asarray(cut(padded(unlike, sides[0], sides[1], mode="constant")).any(axis=1))
    found = joined(np.repeat(~off[:, None], 64, axis=1), *draft.layout.luma_blocks)[:height, :width]
    rows, columns = (_in_wide_blocks(np.asarray(shown.given.any(axis=axis))) for axis in (1, 0))
    found &= (not any_luma) & rows[:, None] & columns
    return replace(shown, luma_low=np.where(found, plane, 0), luma_high=np.where(found, plane, 255))


def _in_wide_blocks(given: Bool) -> Bool:
    """Which pixels along an axis, bool (pixels,), are in blocks of which more than MOST_LINES lines are given."""
    block = np.arange(len(given)) // 8
    out: Bool = (np.bincount(block, weights=given) > MOST_LINES)[block]
    return out


def _choose_chroma(draft: Draft, shown: Shown, seen_and_narrow: tuple[Bool, Bool], until: float, seed: int) -> None:
    """Choose samples of the narrow MCUs, and coefficients that give them."""
    layout, (seen, narrow) = draft.layout, seen_and_narrow
    area = np.s_[: layout.chroma_samples[0], : layout.chroma_samples[1]]
    wrong = layout.mcus_of(and_next(draft.wrong(shown.pixels))) & narrow
    if not wrong.any():
        return
    known, _ = known_samples(shown.chroma, shown.sound, layout, wrong)
    moved, free = seen & _of_samples(wrong), seen & _of_samples(narrow)
    start = np.where(moved, known, draft.chroma_planes)[:, area[0], area[1]]
    start = relaxed(start, moved[area], shown, layout.sampling)
    search = SampleSearch(np.rint(start).astype(np.int16), free[area], shown, layout.sampling, seed)
    search.run(until)
    for component, plane in enumerate(search.samples):
        wanted = draft.chroma_planes[component].copy()
        wanted[area] = plane
        _fit_chroma(draft, component, wanted, free)
    draft.decode_chroma()


def _of_samples(mcus: Bool) -> Bool:
    """The chroma samples of MCUs (rows, columns)."""
    return mcus.repeat(8, axis=0).repeat(8, axis=1)


def _fit_chroma(draft: Draft, component: int, wanted: I16, asked: Bool) -> None:
    """Coefficients of the blocks whose ``asked`` samples are not those ``wanted``, int16 (rows, columns)."""
    numbers = np.flatnonzero(cut(asked & (wanted != draft.chroma_planes[component])).any(axis=1))
    if not len(numbers):
        return
    told, known = cut(asked)[numbers], cut(wanted)[numbers]
    low = np.where(told & (known > 0), known, LOWEST).astype(np.int16)
    high = np.where(told & (known < 255), known, HIGHEST).astype(np.int16)
    like = np.delete(draft.chroma[component], numbers, axis=0)
    found = solve(low, high, draft.steps_of_chroma, known.astype(np.float32), EFFORTS[:1], like)
    draft.chroma[component, numbers[found.solved]] = found.coefficients[found.solved]


def _fit_luma(draft: Draft, shown: Shown, unsure: Bool) -> None:
    """Luma of the blocks that have wrong pixels. ``unsure``: pixels whose chroma may be wrong, bool (height, width)."""
    layout, level = draft.layout, shown.luma_low
    wrong, sides = draft.wrong(shown.pixels), draft.luma_plane.shape
    numbers = np.flatnonzero(cut(padded(wrong, sides[0], sides[1], mode="constant")).any(axis=1))
    if not len(numbers):
        return
    area = np.s_[: layout.height, : layout.width]
    cb, cr = draft.chroma_pixels()
    low, high = luma_bounds(shown.pixels, cb[area], cr[area])
    unknown = ~shown.given | (~shown.sound & (unsure | (low > high)))
    low = np.where(unknown, LOWEST, np.where(shown.sound, level, low))
    high = np.where(unknown, HIGHEST, np.where(shown.sound, level, high))
    bounds = [np.full(sides, bound, np.int16) for bound in (LOWEST, HIGHEST)]
    bounds[0][area], bounds[1][area] = low, high
    start = cut(padded(level.astype(np.float32), *sides))[numbers]
    lowest, highest = (cut(bound)[numbers] for bound in bounds)
    found = solve(lowest, highest, draft.luma_steps, start, EFFORTS, np.delete(draft.luma, numbers, axis=0))
    draft.luma[numbers[found.solved]] = found.coefficients[found.solved]
    draft.decode_luma()
