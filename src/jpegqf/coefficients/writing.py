"""Quantized coefficients -> the bytes of a JPEG, by jpeglib; and the proof: decoded twice, compared pixel by pixel."""

import io
import os
import tempfile
import warnings

import numpy as np
import simplejpeg
from PIL import Image

from jpegqf.arrays import U8
from jpegqf.coefficients.colours import differing
from jpegqf.coefficients.draft import CropPlace, Draft
from jpegqf.coefficients.source import Metadata
from jpegqf.optional import jpeglib, mozjpeg

LARGEST_AC, LARGEST_DC = 1023, 2047
"""Largest coefficients that Huffman codes of 8-bit JPEGs hold (ITU-T T.81, tables F.1 and F.2)."""


def is_writable(draft: Draft) -> bool:
    """Whether Huffman codes hold all coefficients."""
    every = [draft.luma] if draft.chroma_steps is None else [draft.luma, *draft.chroma]
    return all(
        np.abs(blocks[:, 1:]).max(initial=0) <= LARGEST_AC and np.abs(blocks[:, 0]).max(initial=0) <= LARGEST_DC // 2
        for blocks in every
    )


def jpeg_of(draft: Draft, metadata: Metadata, comment: str = "", progressive: bool = False) -> bytes:
    """The draft as a JPEG with a JFIF header, Huffman codes of its own, metadata and perhaps a comment.

    Baseline, or ``progressive``: mozjpeg then chooses the scans. Raises MissingExtraError without the libraries.
    """
    jpeg = _with_metadata(_baseline(draft), metadata, comment)
    if not progressive:
        return jpeg
    library = mozjpeg()
    scans: bytes = library.optimize(jpeg, copy=library.COPY_MARKERS.ALL)
    return scans


def _baseline(draft: Draft) -> bytes:
    """The coefficients as jpeglib writes them: it knows no progressive scans."""
    library, layout, sampling = jpeglib(), draft.layout, draft.layout.sampling
    luma = _in_rows(draft.luma, *layout.luma_blocks)[: -(-layout.height // 8), : -(-layout.width // 8)]
    if draft.chroma_steps is None:
        tables, chroma, factors = [draft.luma_steps], [], [[1, 1]]
    else:
        tables = [draft.luma_steps, draft.chroma_steps]
        rows, columns = (-(-side // 8) for side in layout.chroma_samples)
        chroma = [_in_rows(one, *layout.mcus)[:rows, :columns] for one in draft.chroma]
        factors = [[sampling.down, sampling.across], [1, 1], [1, 1]]
    steps = np.stack(tables).reshape(-1, 8, 8).astype(np.uint16)
    jpeg = library.from_dct(np.ascontiguousarray(luma), *map(np.ascontiguousarray, chroma), qt=steps)
    jpeg.height, jpeg.width, jpeg.samp_factor = layout.height, layout.width, np.array(factors)
    with tempfile.TemporaryDirectory(prefix="jpegqf-") as folder:
        path = os.path.join(folder, "restored.jpg")
        jpeg.write_dct(path, flags=["+OPTIMIZE_CODING"])
        with open(path, "rb") as file:
            return file.read()


EXIF_HEADER, ICC_HEADER, XMP_HEADER = b"Exif\x00\x00", b"ICC_PROFILE\x00", b"http://ns.adobe.com/xap/1.0/\x00"
MOST_ICC = 65_519
"""Most bytes of a colour profile in one segment (ICC.1:2022, annex B.4)."""


def _with_metadata(jpeg: bytes, metadata: Metadata, comment: str) -> bytes:
    """The JPEG with segments behind its JFIF header."""
    of_app1 = (EXIF_HEADER, metadata.exif), (XMP_HEADER, metadata.xmp)
    segments = [_segment(0xE1, header + content) for header, content in of_app1 if content]
    pieces = [metadata.icc[i : i + MOST_ICC] for i in range(0, len(metadata.icc), MOST_ICC)]
    segments += [
        _segment(0xE2, ICC_HEADER + bytes((number, len(pieces))) + piece) for number, piece in enumerate(pieces, 1)
    ]
    segments += [_segment(0xFE, text.encode()) for text in (comment, metadata.text) if text]
    start = 4 + int.from_bytes(jpeg[4:6], "big") if jpeg[2:4] == b"\xff\xe0" else 2
    return jpeg[:start] + b"".join(segments) + jpeg[start:]


def _segment(marker: int, content: bytes) -> bytes:
    """A marker segment (ITU-T T.81, B.1.1.4)."""
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def _in_rows(blocks: np.ndarray, rows: int, columns: int) -> np.ndarray:
    return blocks.reshape(rows, columns, 8, 8)


def is_proven(jpeg: bytes, pixels: U8, place: CropPlace | None = None) -> bool:
    """Whether Pillow and simplejpeg both decode these bytes to just these pixels, (height, width) or (h, w, 3).

    ``place``: of a crop, the part of the JPEG that is compared.
    """
    gray = pixels.ndim == 2
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
                if image.mode != ("L" if gray else "RGB"):
                    return False
                one = np.asarray(image)
        other = simplejpeg.decode_jpeg(jpeg, "GRAY" if gray else "RGB")
    except (OSError, ValueError):
        return False
    shown = [one, other[..., 0] if gray else other]
    if place:
        shown = [each[place.area] for each in shown]
    return all(each.shape == pixels.shape and not differing(each, pixels).any() for each in shown)
