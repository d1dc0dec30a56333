"""Drafts with the coefficients of JPEGs that Pillow wrote, for tests of the search of MCUs."""

import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from jpegqf.arrays import I32, U8
from jpegqf.coefficients.draft import Draft, Layout
from jpegqf.pixels.upsampling import AS_DECODED, NOT_SUBSAMPLED

CLIPPED = np.clip((skimage.data.coffee()[:200, 40:300].astype(np.float32) - 110) * 1.5 + 128, 0, 255).astype(np.uint8)
"""A photo with clipped channels."""
SAMPLINGS = {"4:4:4": NOT_SUBSAMPLED, "4:2:2": AS_DECODED[1], "4:2:0": AS_DECODED[0]}


def draft_of_jpeg(image: U8, sampling: str, quality: int = 75) -> tuple[Draft, U8]:
    """The draft that an encoder made of an image, and the pixels that Pillow decodes."""
    jpeglib = pytest.importorskip("jpeglib", reason="jpegqf[restore] is not installed")
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, subsampling=sampling)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.jpg")
        path.write_bytes(file.getvalue())
        read = jpeglib.read_dct(str(path))
        planes, tables = [np.array(plane) for plane in (read.Y, read.Cb, read.Cr)], np.array(read.qt)
    luma_steps, chroma_steps = (table.reshape(64).astype(np.int32) for table in tables)
    draft = _filled(Layout(image.shape[0], image.shape[1], SAMPLINGS[sampling]), luma_steps, chroma_steps, planes)
    return draft, np.asarray(Image.open(file))


def _filled(layout: Layout, luma_steps: I32, chroma_steps: I32, planes: list[np.ndarray]) -> Draft:
    draft, wide = Draft(layout, luma_steps, chroma_steps), []
    for plane, sides in zip(planes, (layout.luma_blocks, layout.mcus, layout.mcus), strict=True):
        blocks = np.zeros((*sides, 64), np.int16)
        blocks[: plane.shape[0], : plane.shape[1]] = plane.reshape(*plane.shape[:2], 64)
        wide.append(blocks.reshape(-1, 64))
    draft.luma, draft.chroma = wide[0], np.stack(wide[1:])
    draft.decode_luma()
    draft.decode_chroma()
    return draft
