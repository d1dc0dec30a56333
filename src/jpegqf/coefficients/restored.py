"""One image -> the JPEG whose pixels it has, proven by decoding it, or why there is none."""

import os
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jpegqf.arrays import U8
from jpegqf.coefficients.alternating import draft_of_colours, draft_of_gray
from jpegqf.coefficients.colours import differing
from jpegqf.coefficients.draft import Draft, Layout
from jpegqf.coefficients.joint_search import JointSearch
from jpegqf.coefficients.plan import not_a_jpeg, plan
from jpegqf.coefficients.source import Metadata, read_source
from jpegqf.coefficients.writing import is_proven, is_writable, jpeg_of
from jpegqf.errors import ImageSkippedError, Reason
from jpegqf.inspection.findings import Findings
from jpegqf.inspection.inspector import Inspector
from jpegqf.jpeg.table_match import match_ijg
from jpegqf.limits import DEFAULT_PIXELS
from jpegqf.pixels.chroma import chroma_of

Source = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | NDArray[np.uint8]


@dataclass(frozen=True)
class Restored:
    """A JPEG made of an image's pixels.

    ``quality``: IJG quality of its luma table, None if no IJG table has these steps. ``luma_table`` and
    ``chroma_table``: 64 steps each, row-major; no chroma table of a gray image. ``subsampling``: 4:4:4, 4:2:2, 4:4:0,
    4:2:0 or gray. ``proven``: whether Pillow and simplejpeg decode it to exactly the image's pixels; else
    ``differing_pixels`` do not come back.
    """

    jpeg: bytes
    quality: int | None
    luma_table: tuple[int, ...]
    chroma_table: tuple[int, ...] | None
    subsampling: str
    proven: bool
    differing_pixels: int = 0


def restore(
    source: Source,
    *,
    near: bool = False,
    max_pixels: int = DEFAULT_PIXELS,
    inspector: Inspector | None = None,
) -> Restored:
    """The JPEG whose pixels a lossless image has: a path, bytes, a binary file, a PIL image or a uint8 array.

    ``near``: give the nearest one where none is proven; its comment and ``proven`` say so. Raises ImageSkippedError or
    ImageBrokenError, whose ``reason`` and message say why there is none; MissingExtraError without jpeglib.
    """
    pixels, metadata = read_source(source, max_pixels)
    found = (inspector or Inspector(max_pixels=max_pixels)).look(pixels)
    _check(found)
    if not near:
        _check_colours(pixels)
    draft = _draft(found, pixels)
    return _written(draft, pixels, metadata, near)


def _check(found: Findings) -> None:
    """Raise ImageSkippedError for pixels that show no single JPEG save whose grid starts at the first of them."""
    if found.issue:
        raise found.issue
    prediction = found.prediction
    if prediction is None or not prediction.has_grid or found.other_grid:
        raise not_a_jpeg("the pixels show no trace of a JPEG")
    if found.codec_name not in (None, "jpeg"):
        raise not_a_jpeg(f"the colours are those of another codec: {found.codec_name}")
    if found.enlargement.factor != 1:
        raise not_a_jpeg("the image was enlarged since it was a JPEG")
    if found.is_mixture:
        raise not_a_jpeg("regions of the image come from different saves")
    grid = prediction.grid
    if grid.turned:
        raise ImageSkippedError(Reason.CROPPED, "the image was turned by 90 degrees since it was a JPEG")
    if (grid.x, grid.y) != (0, 0):
        words = f"a crop: the JPEG's grid starts at column {grid.x} and row {grid.y}"
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
        words = f"not given back: no JPEG gives the colours of {wrong} pixels, the first at column {column}, row {row}"
        raise ImageSkippedError(Reason.NOT_IDENTICAL, words)


def _draft(found: Findings, pixels: U8) -> Draft:
    """The coefficients, as near as the search comes."""
    planned = plan(found, pixels)
    if planned.chroma is None or planned.sampling is None:
        return draft_of_gray(pixels, planned.luma)
    layout = Layout(pixels.shape[0], pixels.shape[1], planned.sampling)
    draft = draft_of_colours(pixels, layout, planned.luma, planned.chroma)
    search = JointSearch(draft, pixels)
    if not search.is_hopeless:
        search.run()
    return draft


def _written(draft: Draft, pixels: U8, metadata: Metadata, near: bool) -> Restored:
    """The JPEG of a draft. Raises ImageSkippedError if it is not proven, unless ``near``."""
    unequal = differing(draft.pixels(), pixels)
    wrong, layout = int(np.count_nonzero(unequal)), draft.layout
    if not is_writable(draft):
        raise not_a_jpeg("the coefficients are too large for a JPEG")
    proven, jpeg = False, b""
    if not wrong:
        jpeg = jpeg_of(draft, metadata)
        proven = is_proven(jpeg, pixels)
    if not proven and not near:
        blocks, of = int(np.count_nonzero(layout.mcus_of(unequal))), layout.mcus[0] * layout.mcus[1]
        words = f"not given back: {wrong} pixels in {blocks} of {of} blocks differ"
        raise ImageSkippedError(Reason.NOT_IDENTICAL, words)
    if not proven:
        comment = f"jpegqf: nearest JPEG, {wrong} of {pixels.shape[0] * pixels.shape[1]} pixels differ"
        jpeg = jpeg_of(draft, metadata, comment)
    match = match_ijg(draft.luma_steps.astype(np.int64))
    quality = match.quality if match.kind == "exact" else None
    chroma = None if draft.chroma_steps is None else tuple(draft.chroma_steps.tolist())
    name = "gray" if chroma is None else layout.sampling.name
    return Restored(jpeg, quality, tuple(draft.luma_steps.tolist()), chroma, name, proven, wrong)
