"""A crop of one JPEG's pixels -> the draft of a JPEG that covers it, whose pixels around the crop may be any.

The crop is placed where its grid is on that of a new JPEG. Where chroma is subsampled the grid of MCUs is coarser than
that of blocks, so each place on it is tried; and at each side either the JPEG ended where the image ends, so that its
decoder repeated the last chroma sample, or it went on, and the last pixels hang on samples behind them.
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from jpegqf.arrays import U8, Bool
from jpegqf.coefficients.alternating import draft_of_colours, draft_of_gray
from jpegqf.coefficients.draft import CropPlace, Draft, Layout
from jpegqf.coefficients.plan import ENOUGH, Plan, plan
from jpegqf.errors import ImageSkippedError
from jpegqf.inspection.findings import Findings
from jpegqf.pixels.upsampling import NOT_SUBSAMPLED

MOST_AROUND = 32
"""Most pixels by which a JPEG is longer than the crop that it covers: an MCU at each end."""


@dataclass(frozen=True)
class _Margins:
    """Rows and columns of pixels of a JPEG that are not given, at each of its sides."""

    top: int
    left: int
    bottom: int
    right: int


def draft_of_crop(found: Findings, pixels: U8) -> tuple[Draft, U8]:
    """The draft of a layout with the place of these pixels, and the pixels continued beyond it.

    ``pixels``: uint8 (height, width) or (height, width, 3), of a crop whose grid starts anywhere. Raises
    ImageSkippedError where no table explains them.
    """
    planned, row, column = _placed_plan(found, pixels)
    sampling = planned.sampling or NOT_SUBSAMPLED
    tops, bottoms = _choices(pixels.shape[0], row, 8 * sampling.down)
    lefts, rights = _choices(pixels.shape[1], column, 8 * sampling.across)
    margins = _Margins(tops[0], lefts[0], bottoms[0], rights[0])
    best = _drafted(planned, pixels, margins)
    sides = {"top": tops, "left": lefts, "bottom": bottoms, "right": rights}
    wider = {side: choices[1] for side, choices in sides.items() if len(choices) > 1 and _is_wrong_at(side, *best)}
    return _drafted(planned, pixels, replace(margins, **wider)) if wider else best


def _placed_plan(found: Findings, pixels: U8) -> tuple[Plan, int, int]:
    """The plan, and the row and the column of the crop's first line of MCUs."""
    y, x = (found.prediction.grid.y, found.prediction.grid.x) if found.prediction else (0, 0)
    best: tuple[Plan, int, int] | None = None
    refused: ImageSkippedError | None = None
    for row, column in product((y, y + 8), (x, x + 8)):
        try:
            planned = plan(found, np.ascontiguousarray(pixels[row:, column:]))
        except ImageSkippedError as error:
            refused = refused or error
            continue
        sampling = planned.sampling or NOT_SUBSAMPLED
        if best is None or planned.wrong < best[0].wrong:
            best = planned, row % (8 * sampling.down), column % (8 * sampling.across)
        if planned.wrong <= ENOUGH:
            break
    if best is None:
        raise refused or ValueError("no place was tried")
    return best


def _choices(length: int, start: int, side: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Margins that may be at both ends of an axis.

    ``start``: the crop's first line of MCUs, which are ``side`` pixels long.
    """
    before = (side - start) % side
    if side == 8:
        return (before,), (0,)
    after = side - (before + length) % side
    return (before,) if before else (0, side), (0, after)


def _drafted(planned: Plan, pixels: U8, margins: _Margins) -> tuple[Draft, U8]:
    """The draft of a JPEG with these margins, and its pixels: those given, continued to all sides."""
    ends = [(margins.top, margins.bottom), (margins.left, margins.right), (0, 0)]
    whole = np.pad(pixels, ends[: pixels.ndim], mode="edge")
    place = None if whole.shape == pixels.shape else CropPlace(margins.top, margins.left, *pixels.shape[:2])
    layout = Layout(whole.shape[0], whole.shape[1], planned.sampling or NOT_SUBSAMPLED, crop=place)
    if planned.chroma is None:
        return draft_of_gray(whole, layout, planned.luma), whole
    return draft_of_colours(whole, layout, planned.luma, planned.chroma), whole


def _is_wrong_at(side: str, draft: Draft, pixels: U8) -> bool:
    """Whether any of the given pixels along a side of the crop does not come back."""
    place = draft.layout.crop
    wrong = draft.wrong(pixels)[place.area if place else ...]
    line = {"top": wrong[0], "left": wrong[:, 0], "bottom": wrong[-1], "right": wrong[:, -1]}[side]
    return bool(line.any())


def is_wrong_at_sides(wrong: Bool) -> bool:
    """Whether wrong pixels, bool (height, width), are denser in the first row and column, as where an image was cut.

    The last ones tell nothing: there MCUs of whole images are beyond the image in part, too.
    """
    inner = wrong[1:, 1:]
    inside = int(np.count_nonzero(inner))
    outside = int(np.count_nonzero(wrong)) - inside
    share = inside / max(1, inner.size)
    return outside > max(FEW_AT_SIDES, DENSER * share * (wrong.size - inner.size))


FEW_AT_SIDES, DENSER = 8, 2
"""Wrong pixels in these lines that may come of blocks that are not found; and by which factor they are denser."""
