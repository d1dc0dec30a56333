"""One image -> the JPEG whose pixels it has, proven, or why there is none."""

from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import I32, U8
from jpegqf.errors import ImageSkippedError, Reason
from jpegqf.inspection.findings import Findings
from jpegqf.inspection.inspector import Inspector
from jpegqf.jpeg.ijg import ijg_chroma, ijg_luma
from jpegqf.pixels.upsampling import AS_DECODED, NOT_SUBSAMPLED, Sampling
from jpegqf.restore.alternating import draft_of_colours, draft_of_gray
from jpegqf.restore.colours import differing
from jpegqf.restore.draft import Draft, Layout
from jpegqf.restore.joint_search import JointSearch
from jpegqf.restore.writing import is_proven, is_writable, jpeg_of

SAMPLINGS = (*AS_DECODED, NOT_SUBSAMPLED)


@dataclass(frozen=True)
class Restored:
    """A JPEG that decodes to an image's pixels."""

    jpeg: bytes
    quality: int | None
    luma_table: tuple[int, ...]
    chroma_table: tuple[int, ...] | None
    subsampling: str
    proven: bool
    differing_pixels: int = 0


def restore(pixels: U8, inspector: Inspector | None = None) -> Restored:
    found = (inspector or Inspector()).look(pixels)
    if found.issue:
        raise found.issue
    prediction = found.prediction
    if prediction is None or not prediction.has_grid or found.is_mixture or found.other_grid:
        raise ImageSkippedError(Reason.NOT_A_JPEG, "no trace of one JPEG")
    grid = prediction.grid
    if (grid.x, grid.y) != (0, 0) or grid.turned:
        raise ImageSkippedError(Reason.NOT_A_JPEG, "the JPEG's grid does not start at the first pixel: a crop or a turned image")
    quality = prediction.rounded
    luma = ijg_luma(quality).reshape(64).astype(np.int32)
    if pixels.ndim == 2:
        draft = draft_of_gray(pixels, luma)
        name = "gray"
    else:
        name = found.chroma.subsampling if found.chroma else "4:2:0"
        sampling = next(s for s in SAMPLINGS if s.name == name)
        cq = (found.chroma.quality if found.chroma else None) or quality
        chroma = ijg_chroma(cq).reshape(64).astype(np.int32)
        draft = draft_of_colours(pixels, Layout(*pixels.shape[:2], sampling), luma, chroma)
        if (draft.pixels() != pixels).any():
            JointSearch(draft, pixels).run()
    wrong = int(np.count_nonzero(differing(draft.pixels(), pixels)))
    if wrong or not is_writable(draft):
        raise ImageSkippedError(Reason.NOT_A_JPEG, f"{wrong} pixels differ")
    jpeg = jpeg_of(draft)
    if not is_proven(jpeg, pixels):
        raise ImageSkippedError(Reason.NOT_A_JPEG, "not proven")
    return Restored(jpeg, quality, tuple(luma.tolist()), None, name, True)
