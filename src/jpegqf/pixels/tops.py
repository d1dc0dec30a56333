"""A large sequential JPEG -> JPEGs of its first rows alone, often enough for a prediction at a tenth of the cost.

A decoder stops where the frame header says that the image ends. So a copy of the file's beginning is given a lower
height, a multiple of the MCU height. A file that is unusual in any way is decoded as a whole.
"""

from collections.abc import Iterator

from jpegqf.jpeg.frame import FRAMES
from jpegqf.jpeg.markers import EOI, SOI, SOS, STANDALONE

SMALLEST_IMAGE = 2**21
"""Fewest pixels of an image that is decoded in parts; in smaller ones decoding is not the main cost."""
SHARES = (16, 4)
"""The first top is a 16th of the image, the next a quarter; then comes the whole."""
FEWEST_ROWS = 128
"""Fewest rows of a top."""
LARGEST_MCU = 32
"""Rows of the tallest MCU: four blocks of the component sampled most densely."""
SEQUENTIAL_FRAMES = (0xC0, 0xC1)
"""Markers of baseline and extended sequential frames."""
MAX_SEGMENTS = 1_000
"""Most segments walked before the scan."""
SPARE_SHARE, SPARE_BYTES = 1.5, 2**16
"""Factor and bytes by which the data of a top may exceed its share of the rows; with more, its last rows are grey."""
LATEST_END = 2**16
"""Bytes before the end of the file within which the image must end: a truncated file is decoded as a whole."""
END = bytes((0xFF, EOI))


def short_jpegs(data: bytes) -> Iterator[bytes]:
    """JPEGs of growing tops of the image; none if it is small, not sequential, or unusual."""
    places = _frame_and_scan(data)
    if places is None:
        return
    frame, scan = places
    height, width = (int.from_bytes(data[at : at + 2], "big") for at in (frame + 5, frame + 7))
    if height * width < SMALLEST_IMAGE:
        return
    for share in SHARES:
        rows = max(FEWEST_ROWS, -(-height // (share * LARGEST_MCU)) * LARGEST_MCU)
        if rows < height:
            end = scan + int((len(data) - scan) * SPARE_SHARE * rows / height) + SPARE_BYTES
            yield data[: frame + 5] + rows.to_bytes(2, "big") + data[frame + 7 : end] + END


def _frame_and_scan(data: bytes) -> tuple[int, int] | None:
    """Offsets of the frame header and the entropy-coded data; None unless one scan holds all components."""
    if not data.startswith(b"\xff\xd8") or data.rfind(END, max(0, len(data) - LATEST_END)) < 0:
        return None
    at, frame = 2, 0
    for _ in range(MAX_SEGMENTS):
        head = data[at : at + 4]
        if len(head) < 4 or head[0] != 0xFF or head[1] in (0, SOI, EOI, 0xFF, *STANDALONE):
            return None
        end = at + 2 + int.from_bytes(head[2:], "big")
        if head[1] in FRAMES:
            if frame or head[1] not in SEQUENTIAL_FRAMES or end - at < 11:
                return None
            frame = at
        elif head[1] == SOS:
            whole = frame and data[at + 4 : at + 5] == data[frame + 9 : frame + 10]
            return (frame, end) if whole else None
        at = end
    return None
