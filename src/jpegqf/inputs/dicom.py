"""The frames of a DICOM file, one by one: JPEGs as they are, others by their pixels."""

import io
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from jpegqf.errors import Reason
from jpegqf.inputs.item import Item
from jpegqf.limits import MAX_FILE_BYTES, MAX_MEMBER_BYTES
from jpegqf.optional import pydicom

JPEG_SYNTAXES = "1.2.840.10008.1.2.4."
"""What the transfer syntaxes of JPEG, JPEG-LS, JPEG 2000, JPEG XL and of videos begin with (DICOM PS3.5, annex A)."""
VIDEOS = frozenset(f"{JPEG_SYNTAXES}{number}" for number in range(100, 110))
DEFLATED = b"1.2.840.10008.1.2.1.99"
"""Its length is told nowhere, and pydicom inflates all of it."""
META_BYTES = 4096
"""Bytes among which the transfer syntax is told."""
NEVER_LOSSY = "00"
CLAIM = "DICOM's (0028,2110) says 00: never compressed with loss"
MOST_FRAMES = 100_000


def dicom_items(name: str, file: IO[bytes] | None) -> Iterator[Item]:
    """The frames of a DICOM file as items named ``name!frame``, from 1.

    Raises MissingExtraError without pydicom, and what that raises for a damaged file.
    """
    library = pydicom()
    with file or open(name, "rb") as opened:
        refused = _refused(opened)
        with _quiet():
            data: Any = None if refused else library.dcmread(opened)
        problem = refused or _not_read(data)
        if problem:
            yield Item(name, problem=problem, reason=Reason.UNSUPPORTED)
            return
        claim = CLAIM if data.get("LossyImageCompression") == NEVER_LOSSY else None
        count = min(int(data.get("NumberOfFrames") or 1), MOST_FRAMES)
        of_files = data.file_meta.TransferSyntaxUID.startswith(JPEG_SYNTAXES)
        frames = (_files if of_files else _pixels)(data, count)
        for number in range(1, count + 1):
            with _quiet():
                frame = next(frames, None)
            if frame is None:
                return
            yield Item(f"{name}!{number}", frame, lossless_claim=claim)


def _refused(file: IO[bytes]) -> str | None:
    """Why a file is not even opened by pydicom, which holds all of it in memory; the file stands at its start then."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    deflated = DEFLATED in file.read(META_BYTES)
    file.seek(0)
    if size > MAX_FILE_BYTES:
        return f"file of {size} bytes is over the limit of {MAX_FILE_BYTES}"
    return "deflated DICOM files are not read" if deflated else None


def _not_read(data: Any) -> str | None:
    """Why nothing of a data set is read, None if its frames are."""
    if "PixelData" not in data:
        return "DICOM file without pixels"
    return "DICOM videos are not read" if data.file_meta.TransferSyntaxUID in VIDEOS else None


@contextmanager
def _quiet() -> Iterator[None]:
    """Let pydicom tell nothing on stderr: it warns of each oddity of a file, and logs it."""
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _files(data: Any, count: int) -> Iterator[bytes]:
    """Encapsulated frames: each is a file."""
    from pydicom.encaps import generate_frames

    yield from generate_frames(data.PixelData, number_of_frames=count)


def _pixels(data: Any, count: int) -> Iterator[bytes]:
    """Frames of pixels, each as a PNG; of luma and chroma only luma."""
    import numpy as np
    from PIL import Image
    from pydicom.pixels.utils import pixel_array

    samples = int(data.get("SamplesPerPixel") or 1)
    if int(data.Rows) * int(data.Columns) * samples * int(data.BitsAllocated) // 8 > MAX_MEMBER_BYTES:
        raise ValueError(f"a frame is over the limit of {MAX_MEMBER_BYTES} bytes")
    for index in range(count):
        pixels = pixel_array(data, index=index, raw=True)
        if pixels.ndim == 3 and str(data.PhotometricInterpretation).startswith("YBR"):
            pixels = pixels[..., 0]
        if pixels.dtype != np.uint8 and pixels.min() >= 0 and pixels.max() <= 255:
            pixels = pixels.astype(np.uint8)  # 8 bits stored in more
        out = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(out, "PNG", compress_level=0)
        yield out.getvalue()
