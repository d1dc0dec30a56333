"""JPEG bytes -> how they are coded, and the smallest size that jpegtran makes of them without loss."""

import shutil
import subprocess
import time
from dataclasses import dataclass

from jpegqf.errors import HeaderError
from jpegqf.jpeg.header import Header, read_header

WAYS = ("-optimize", "-progressive")
"""What jpegtran is asked for: Huffman tables made for this image; the same in scans of rising precision."""
MOST_MEMORY = "1000m"
"""Memory that jpegtran may take, as it understands it: 10^6 kB."""


@dataclass(frozen=True)
class Coding:
    """How the coefficients of a JPEG are coded.

    ``size``: bytes of the file. ``huffman``: ``Header.huffman``, "standard" (Annex K), "optimized" or None.
    ``smallest``: bytes after the better of WAYS, ``way``; both None where that was not measured, and ``unmeasured``
    says why.
    """

    size: int
    huffman: str | None
    progressive: bool
    smallest: int | None = None
    way: str | None = None
    unmeasured: str = ""


def coding_of(data: bytes, seconds: float) -> Coding | None:
    """How a JPEG is coded, measured where jpegtran is installed; ``seconds`` that its two runs may take.

    None for what has no JPEG header, or whose image data break off.
    """
    try:
        header = read_header(data)
    except HeaderError:
        return None
    if header.frame is None or header.truncated:
        return None
    told = len(data), header.huffman, header.frame.progressive
    program = shutil.which("jpegtran")
    if program is None:
        return Coding(*told, unmeasured="jpegtran is not installed")
    if _holds_more(header):
        return Coding(*told, unmeasured="the file holds more than one image, which jpegtran would drop")
    end = time.monotonic() + seconds
    sizes = {way: size for way in WAYS if (size := _transcoded(program, way, data, end - time.monotonic()))}
    if not sizes:
        return Coding(*told, unmeasured="jpegtran does not take this file")
    way = min(sizes, key=sizes.__getitem__)
    return Coding(*told, smallest=sizes[way], way=way)


def _holds_more(header: Header) -> bool:
    """Whether bytes outside of the image would be lost: pictures of an MPO, gain maps, the film of a live photo."""
    return header.mpo or bool(header.junk_after) or header.junk_before > 0


def _transcoded(program: str, way: str, data: bytes, seconds: float) -> int | None:
    """Bytes of the file after jpegtran, with all of its metadata; None if it complains, fails or takes too long."""
    command = [program, "-copy", "all", "-maxmemory", MOST_MEMORY, way]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return len(done.stdout) if done.returncode == 0 and done.stdout and not done.stderr else None
