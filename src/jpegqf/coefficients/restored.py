"""One image -> the JPEG whose pixels it has, proven by decoding it, or why there is none."""

import os
import time
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jpegqf.arrays import U8, Bool
from jpegqf.coefficients.alternating import draft_of_colours, draft_of_gray
from jpegqf.coefficients.crop import MOST_AROUND, draft_of_crop, is_wrong_at_sides
from jpegqf.coefficients.draft import CropPlace, Draft, Layout
from jpegqf.coefficients.joint_search import JointSearch
from jpegqf.coefficients.plan import not_a_jpeg, plan
from jpegqf.coefficients.sides.fitting import fit_sides
from jpegqf.coefficients.source import Metadata, read_source
from jpegqf.coefficients.writing import is_proven, is_writable, jpeg_of
from jpegqf.errors import ImageSkippedError, Reason
from jpegqf.inspection.findings import Findings
from jpegqf.inspection.inspector import Inspector
from jpegqf.jpeg.table_match import match_ijg
from jpegqf.limits import DEFAULT_PIXELS
from jpegqf.pixels.chroma import chroma_of
from jpegqf.pixels.grid import ALIGNED
from jpegqf.pixels.upsampling import NOT_SUBSAMPLED

Source = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | NDArray[np.uint8]

LONGEST_SIDE = 65_500
"""Of a JPEG, as libjpeg writes it (``JPEG_MAX_DIMENSION``), pixels."""


@dataclass(frozen=True)
class Restored:
    """A JPEG made of an image's pixels.

    ``quality``: IJG quality of its luma table, None if no IJG table has these steps. ``luma_table`` and
    ``chroma_table``: 64 steps each, row-major; no chroma table of a gray image. ``subsampling``: 4:4:4, 4:2:2, 4:4:0,
    4:2:0 or gray. ``proven``: whether Pillow and simplejpeg decode it to exactly the image's pixels; else
    ``differing_pixels`` do not come back. ``crop_x`` and ``crop_y``: of a crop, where its first pixel is in the JPEG,
    which is larger; None of a JPEG that is the whole image. ``left_out``: metadata that does not fit into a JPEG.
    """

    jpeg: bytes
    quality: int | None
    luma_table: tuple[int, ...]
    chroma_table: tuple[int, ...] | None
    subsampling: str
    proven: bool
    differing_pixels: int = 0
    crop_x: int | None = None
    crop_y: int | None = None
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class How:
    """How to restore: see :func:`restore`."""

    near: bool = False
    crop: bool = False
    progressive: bool = False
    seconds: float = float("inf")


def restore(
    source: Source,
    *,
    near: bool = False,
    crop: bool = False,
    progressive: bool = False,
    seconds: float = float("inf"),
    max_pixels: int = DEFAULT_PIXELS,
    inspector: Inspector | None = None,
) -> Restored:
    """The JPEG whose pixels a lossless image has: a path, bytes, a binary file, a PIL image or a uint8 array.

    ``near``: give the nearest one where none is proven; its comment and ``proven`` say so. ``crop``: take images, too,
    that were cut out of one, and give a JPEG that covers them. ``progressive``: in progressive scans. ``seconds``:
    after which no further search is begun. Raises ImageSkippedError or ImageBrokenError, whose ``reason`` and message
    say why there is none; MissingExtraError without jpeglib, and without mozjpeg for ``progressive``.
    """
    pixels, metadata = read_source(source, max_pixels)
    found = (inspector or Inspector(max_pixels=max_pixels)).look(pixels)
    return restored_from(found, pixels, metadata, How(near, crop, progressive, seconds))


def restored_from(found: Findings, pixels: U8, metadata: Metadata, how: How) -> Restored:
    """The same of an image that was looked at: its pixels are those of ``read_source``."""
    until = time.monotonic() + how.seconds
    if max(pixels.shape[:2]) > LONGEST_SIDE - how.crop * MOST_AROUND:
        raise ImageSkippedError(Reason.TOO_LARGE, f"sides of more than {LONGEST_SIDE} pixels, which no JPEG has")
    _check(found, how.crop)
    if not how.near:
        _check_colours(pixels)
    draft, whole = _found_draft(found, pixels, how, until)
    if found.is_mixture and draft.wrong(whole).any():  # clipped regions may look like those of another save
        raise not_a_jpeg("regions of the image come from different saves")
    return replace(_written(draft, whole, metadata, how), left_out=metadata.left_out)


def _found_draft(found: Findings, pixels: U8, how: How, until: float) -> tuple[Draft, U8]:
    """The coefficients, as near as the search comes, and the pixels of their layout: more than those of a crop."""
    grid = found.prediction.grid if found.prediction else ALIGNED
    if how.crop and (grid.x, grid.y) != (0, 0):
        return _searched(*draft_of_crop(found, pixels), until)
    draft = _draft_of_whole(found, pixels)
    cropped = how.crop and is_wrong_at_sides(draft.wrong(pixels))
    if not cropped:
        _searched(draft, pixels, until)
    if not how.crop or not draft.wrong(pixels).any():
        return draft, pixels
    return _searched(*draft_of_crop(found, pixels), until)


def _searched(draft: Draft, pixels: U8, until: float) -> tuple[Draft, U8]:
    """The draft and its pixels, after MCUs were searched as one."""
    if draft.chroma_steps is not None and draft.wrong(pixels).any() and not fit_sides(draft, pixels, until):
        search = JointSearch(draft, pixels, until)
        if not search.is_hopeless:
            search.run()
    return draft, pixels


def _check(found: Findings, crop: bool) -> None:
    """Raise ImageSkippedError for pixels that show no single JPEG save whose grid starts at the first of them.

    ``crop``: or anywhere.
    """
    if found.issue:
        raise found.issue
    prediction = found.prediction
    if prediction is None or not prediction.has_grid or found.other_grid:
        raise not_a_jpeg("the pixels show no trace of a JPEG")
    if found.codec_name not in (None, "jpeg"):
        raise not_a_jpeg(f"the colours are those of another codec: {found.codec_name}")
    if found.enlargement.factor != 1:
        raise not_a_jpeg("the image was enlarged since it was a JPEG")
    grid = prediction.grid
    if grid.turned:
        raise ImageSkippedError(Reason.CROPPED, "the image was turned by 90 degrees since it was a JPEG")
    if (grid.x, grid.y) != (0, 0) and not crop:
        words = f"a crop: the JPEG's grid starts at column {grid.x} and row {grid.y}; --crop gives the JPEG around it"
        raise ImageSkippedError(Reason.CROPPED, words)


def _check_colours(pixels: U8) -> None:
    """Raise ImageSkippedError for RGB pixels of which one cannot come of any luma and chroma.

    Three of four colours cannot. Every unclipped one that can is found to (``pixels.chroma.chroma_of``).
    """
    if pixels.ndim == 2:
        return
    impossible = ~chroma_of(pixels)[1]
    for channel in range(3):
        impossible &= (pixels[..., channel] > 0) & (pixels[..., channel] < 255)
    wrong = int(np.count_nonzero(impossible))
    if wrong:
        row, column = np.unravel_index(int(impossible.argmax()), impossible.shape)
        raise ImageSkippedError(Reason.NOT_IDENTICAL, impossible_colours(wrong, int(column), int(row)))


def impossible_colours(pixels: int, column: int, row: int) -> str:
    """That so many pixels are none of any JPEG's, and where the first is, in words."""
    return f"no JPEG gives the colours of {pixels} pixels, the first at column {column}, row {row}"


def _draft_of_whole(found: Findings, pixels: U8) -> Draft:
    """The draft before MCUs are searched as one."""
    planned = plan(found, pixels)
    layout = Layout(pixels.shape[0], pixels.shape[1], planned.sampling or NOT_SUBSAMPLED)
    if planned.chroma is None:
        return draft_of_gray(pixels, layout, planned.luma)
    return draft_of_colours(pixels, layout, planned.luma, planned.chroma)


def _written(draft: Draft, pixels: U8, metadata: Metadata, how: How) -> Restored:
    """The JPEG of a draft. Raises ImageSkippedError if it is not proven, unless ``how.near``."""
    if not is_writable(draft):
        raise not_a_jpeg("the coefficients are too large for a JPEG")
    wrong, place = draft.wrong(pixels), draft.layout.crop
    jpeg, proven, comment = b"", False, _place_in_words(place)
    if not wrong.any():
        jpeg = jpeg_of(draft, metadata, comment, how.progressive)
        proven = is_proven(jpeg, pixels[place.area] if place else pixels, place)
    count, of = int(np.count_nonzero(wrong)), int(np.count_nonzero(draft.layout.given))
    if not proven and not how.near:
        raise _not_identical(draft.layout, wrong, count)
    if not proven:
        words = f"jpegqf: nearest JPEG, {count} of {of} pixels differ"
        jpeg = jpeg_of(draft, metadata, "\n".join(filter(None, [words, comment])), how.progressive)
    return _restored(jpeg, draft, proven, count)


def _place_in_words(place: CropPlace | None) -> str:
    """What the comment of a JPEG says that is larger than the image, "" of one that is not."""
    if place is None:
        return ""
    return f"jpegqf: of a crop, {place.width}x{place.height} pixels from column {place.left}, row {place.top} on"


def _not_identical(layout: Layout, wrong: Bool, count: int) -> ImageSkippedError:
    blocks, of = int(np.count_nonzero(layout.mcus_of(wrong))), layout.mcus[0] * layout.mcus[1]
    return ImageSkippedError(Reason.NOT_IDENTICAL, how_near(count, blocks, of))


def how_near(pixels: int, blocks: int, of: int) -> str:
    """How near a search came, in words."""
    return f"the nearest JPEG differs in {pixels} pixels, in {blocks} of {of} blocks"


def _restored(jpeg: bytes, draft: Draft, proven: bool, wrong: int) -> Restored:
    """A JPEG and what it is made with."""
    match, place = match_ijg(draft.luma_steps.astype(np.int64)), draft.layout.crop
    return Restored(
        jpeg,
        match.quality if match.kind == "exact" else None,
        tuple(draft.luma_steps.tolist()),
        None if draft.chroma_steps is None else tuple(draft.chroma_steps.tolist()),
        "gray" if draft.chroma_steps is None else draft.layout.sampling.name,
        proven,
        wrong,
        place.left if place else None,
        place.top if place else None,
    )
