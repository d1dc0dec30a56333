"""JPEG bytes -> Header: tables, frame, scans and notes from a bounded walk over the markers; never decodes."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from jpegqf.errors import HeaderError
from jpegqf.jpeg.app_segments import AppSegment, Facts, facts_in, identifier, plain_text
from jpegqf.jpeg.frame import FRAMES, Component, Frame
from jpegqf.jpeg.markers import (
    APP0,
    APP15,
    COM,
    DHT,
    DNL,
    DQT,
    DRI,
    EOI,
    FOREIGN,
    LONE,
    SOI,
    SOS,
    STANDARD_HUFFMAN,
    Reader,
    Stream,
)

T = TypeVar("T")

SEQUENTIAL_KINDS = ("baseline", "extended sequential")
MAX_SEGMENTS = 10_000
"""Segments walked; multi-segment ICC profiles and XMP stay far below."""
MAX_SCANS = 1_000
"""Scans walked; encoders write some ten, and a file of thousands is made to waste time."""
MAX_TABLES = 64
MAX_APPS = 256
MAX_COMMENTS = 16
"""Most quantization tables, APPn segments and comments kept; the walk goes on past them."""
MAX_COMMENT = 1_024
"""Bytes kept of one comment."""
MAX_JUNK_BEFORE = 4_096
"""Bytes searched for the start of the image: enough for a transfer's stray header, too few for a container."""
MAX_JUNK = 2**20
"""Bytes skipped in all while looking for a marker outside entropy-coded data."""
SHARED, SHARED_BYTES = 512, 600
"""Most parsed payloads cached per kind of segment, and the longest payload, in bytes, that is cached.

All standard Huffman tables fit, and four quantization tables.
"""


def _zigzag() -> tuple[int, ...]:
    """Row-major index of each position in the order of DQT: diagonal by diagonal, turning at the edges."""
    cells = [(row, column) for row in range(8) for column in range(8)]
    cells.sort(key=lambda cell: (sum(cell), cell[0] if sum(cell) % 2 else cell[1]))
    return tuple(8 * row + column for row, column in cells)


ZIGZAG = _zigzag()
_UNZIGZAG = itemgetter(*(ZIGZAG.index(at) for at in range(64)))


@dataclass(frozen=True)
class QuantTable:
    """One quantization table as defined by a DQT segment.

    ``slot`` 0..3; ``bits`` 8 or 16; ``values`` 64 steps, row-major; ``scan`` how many scans had begun before.
    """

    slot: int
    bits: int
    values: tuple[int, ...]
    scan: int = 0

    @property
    def steps(self) -> NDArray[np.int64]:
        """Steps, int64 (8, 8), row = vertical frequency."""
        return np.array(self.values, np.int64).reshape(8, 8)

    def transposed(self) -> "QuantTable":
        """Rows and columns change places, as when the image is turned by 90 degrees without being decoded."""
        return replace(self, values=tuple(self.steps.T.reshape(64).tolist()))


@dataclass(frozen=True)
class Header:
    """What the walk over the markers read.

    ``tables`` every quantization table in file order; ``component_tables`` the one in force for each component
    when its first scan began (None: never defined). ``huffman``: "standard" (Annex K), "optimized", or None
    without any. ``restart_interval`` in MCUs. ``scans`` counts SOS markers, None where the walk stopped at the
    first. ``junk_before`` bytes ahead of the image; ``junk_after`` whether bytes follow it, None if not looked
    at. ``truncated``: the file ended early. ``notes``: peculiarities, in words.
    """

    frame: Frame | None
    tables: tuple[QuantTable, ...]
    component_tables: tuple[QuantTable | None, ...]
    huffman: str | None
    restart_interval: int | None
    apps: tuple[AppSegment, ...]
    comments: tuple[str, ...]
    facts: Facts
    scans: int | None
    junk_before: int
    junk_after: bool | None
    truncated: bool
    notes: tuple[str, ...]

    def transposed(self) -> "Header":
        """This header with each component's table transposed."""
        return replace(self, component_tables=tuple(table and table.transposed() for table in self.component_tables))

    @property
    def luma(self) -> QuantTable | None:
        """Table of the first component (luma, gray, or the first of RGB and CMYK)."""
        return self.component_tables[0] if self.component_tables else None

    @property
    def chroma(self) -> QuantTable | None:
        """Table of Cb; None where the image has no chroma."""
        has_chroma = self.color in ("YCbCr", "YCCK") and len(self.component_tables) > 1
        return self.component_tables[1] if has_chroma else None

    @property
    def color(self) -> str | None:
        """One of "gray", "YCbCr", "RGB", "CMYK" and "YCCK", by the rules of libjpeg's decoder; None if unknown."""
        parts = self.frame.components if self.frame else ()
        transform = self.facts.adobe_transform
        if len(parts) == 3:
            if any(app.identifier == "JFIF" for app in self.apps):
                return "YCbCr"
            letters = transform is None and tuple(part.id for part in parts) == tuple(b"RGB")
            return "RGB" if transform == 0 or letters else "YCbCr"
        return {1: "gray", 4: "YCCK" if transform == 2 else "CMYK"}.get(len(parts))

    @property
    def mpo(self) -> bool:
        """Whether this is a multi-picture file."""
        return any(app.number == 2 and app.identifier == "MPF" for app in self.apps)


def read_header(source: bytes | Stream, scans: bool = True) -> Header:
    """Walk the markers of a JPEG, given as bytes or as a stream (which need not be seekable).

    With ``scans`` the walk goes on through the entropy-coded data to the end of the image: it counts the
    scans, and finds tables defined anew between them. Without, it reads nothing beyond the first SOS header.
    Raises HeaderError, with one line in words, for what is no JPEG or holds neither table nor frame. A file
    that breaks off or is damaged later gives what was read, with a note.
    """
    walk = _Walk(Reader(source), scans)
    try:
        walk.run()
    except EOFError:
        walk.truncated = True
        walk.note("file ends before its header does" if not walk.begun else "file ends inside the image data")
    except _LimitReached:
        pass
    except OSError as error:
        raise HeaderError(f"cannot be read: {(error.strerror or 'input/output error').lower()}") from None
    return walk.result()


def read_start(data: bytes) -> Header | None:
    """The header from the beginning of a file, if the rest can add nothing to its frame and tables; else None.

    That is so where one sequential scan holds all components; ``scans`` and ``junk_after`` are then None.
    """
    walk = _Walk(Reader(data), False)
    try:
        walk.run()
    except (EOFError, HeaderError, _LimitReached):
        return None
    frame = walk.frame
    complete = frame and frame.height and frame.kind in SEQUENTIAL_KINDS and len(walk.latched) == len(frame.components)
    return walk.result() if complete else None


def _shared(read: Callable[..., T]) -> Callable[..., T]:
    """``read``, which remembers what short payloads gave: files of one folder share their tables."""
    remembering = lru_cache(SHARED)(read)

    def reading(payload: bytes, *more: int) -> T:
        return (remembering if len(payload) <= SHARED_BYTES else read)(payload, *more)

    return reading


@_shared
def _quant_tables(payload: bytes, scan: int) -> tuple[tuple[QuantTable, ...], tuple[str, ...]]:
    """Tables of a DQT segment up to the first that is damaged, and notes."""
    tables: list[QuantTable] = []
    notes: list[str] = []
    at = 0
    while at < len(payload):
        wide, slot = payload[at] >> 4, payload[at] & 15
        end = at + 1 + (128 if wide else 64)
        if wide > 1 or slot > 3 or end > len(payload):
            notes.append("a quantization segment is damaged")
            break
        zigzag = struct.unpack_from(">64H" if wide else "64B", payload, at + 1)
        if 0 in zigzag:
            notes.append("a quantization step is 0")
        tables.append(QuantTable(slot, 16 if wide else 8, _UNZIGZAG(zigzag), scan))
        at = end
    return tuple(tables), tuple(notes)


@_shared
def _standard_huffman(payload: bytes) -> bool | None:
    """Whether all tables of a DHT segment are those of Annex K; None if it holds none."""
    standard: bool | None = None
    at = 0
    while at + 17 <= len(payload):
        end = at + 17 + sum(payload[at + 1 : at + 17])
        standard = standard is not False and zlib.crc32(payload[at + 1 : end]) in STANDARD_HUFFMAN
        at = end
    return standard


@_shared
def _app(payload: bytes, number: int) -> tuple[AppSegment, dict[str, Any]]:
    name = identifier(payload)
    return AppSegment(number, name, len(payload)), facts_in(number, name, payload)


class _LimitReached(Exception):  # noqa: N818 - no error: it ends the walk
    """A limit was reached; what was read so far counts."""


class _Walk:
    """State of one walk. Each ``on_*`` method takes one kind of segment."""

    def __init__(self, reader: Reader, scans: bool) -> None:
        self.reader = reader
        self.to_the_end = scans
        self.frame: Frame | None = None
        self.tables: list[QuantTable] = []
        self.slots: dict[int, QuantTable] = {}
        self.latched: dict[int, QuantTable | None] = {}
        self.huffman: str | None = None
        self.restart_interval: int | None = None
        self.apps: list[AppSegment] = []
        self.comments: list[str] = []
        self.facts: dict[str, Any] = {}
        self.begun = 0
        self.nested = 0
        self.junk = 0
        self.junk_before = 0
        self.junk_after: bool | None = None
        self.truncated = False
        self.notes: list[str] = []

    def note(self, words: str) -> None:
        if words not in self.notes:
            self.notes.append(words)

    def run(self) -> None:
        self._start()
        in_scan = False
        for _ in range(MAX_SEGMENTS):
            whole = None if in_scan else self.reader.segment()
            if whole:
                code, in_scan = whole[0], whole[0] == SOS
                self._payload(*whole)
            else:
                code = self.reader.marker_in_scan() if in_scan else self._marker()
                if code == EOI and not self.nested:
                    return self._end()
                in_scan = self._lone(code) if code in LONE else self._segment(code)
            if code == SOS and not self.nested and (not self.to_the_end or self.begun >= MAX_SCANS):
                return self._stopped()
        return self.note(f"more than {MAX_SEGMENTS} segments: the rest was not read")

    def _start(self) -> None:
        head = self.reader.rest(3)
        if not head:
            raise HeaderError("file is empty")
        if head[:2] != b"\xff\xd8":
            head = self.reader.rest(MAX_JUNK_BEFORE)
            self.junk_before = head.find(b"\xff\xd8\xff")
            if self.junk_before < 0 or head.startswith(FOREIGN) or head[4:8] == b"ftyp":
                raise HeaderError("not a JPEG: no start-of-image marker")
            self.note(f"{self.junk_before} bytes of junk before the image")
        self.reader.skip(self.junk_before + 2)

    def _marker(self) -> int:
        """Code of the next marker between segments; anything else is skipped as junk."""
        first, code = self.reader.take(2)
        if first == 0xFF and 0 < code < 0xFF:
            return code
        skipped = 0
        while first != 0xFF or code in (0, 0xFF):
            skipped += first != 0xFF or code == 0
            if self.junk + skipped > MAX_JUNK:
                self.note(f"more than {MAX_JUNK} bytes of junk: the rest was not read")
                raise _LimitReached
            first, code = code, self.reader.take(1)[0]
        if skipped:
            self.junk += skipped
            self.note("junk between segments")
        return code

    def _lone(self, code: int) -> bool:
        """Restart markers here are junk; a second start of image opens a thumbnail that leaked out. No data follows."""
        if code == EOI:
            self.nested -= 1
        elif code == SOI:
            self.nested += 1
            self.note("an image inside the header was passed over")
        else:
            self.note("junk between segments")
        return False

    def _segment(self, code: int) -> bool:
        """Take one segment, however it is spread over what is read; says whether entropy-coded data follows."""
        size = int.from_bytes(self.reader.take(2), "big") - 2
        if size < 0:
            self.note("a segment's length is impossible")
            return False
        if self.nested or code not in _HANDLERS:
            self.reader.skip(size)
        else:
            self._payload(code, self.reader.take(size))
        return code == SOS

    def _payload(self, code: int, payload: bytes) -> None:
        handler = _HANDLERS.get(code)
        if handler and not self.nested:
            handler(self, code, payload)

    def on_app(self, code: int, payload: bytes) -> None:
        if len(self.apps) < MAX_APPS:
            app, facts = _app(payload, code - APP0)
            self.apps.append(app)
            self.facts = facts | self.facts

    def on_com(self, _code: int, payload: bytes) -> None:
        if len(self.comments) < MAX_COMMENTS:
            self.comments.append(plain_text(payload[:MAX_COMMENT].rstrip(b"\0")))

    def on_dri(self, _code: int, payload: bytes) -> None:
        if len(payload) >= 2 and self.restart_interval is None:
            self.restart_interval = int.from_bytes(payload[:2], "big") or None

    def on_dnl(self, _code: int, payload: bytes) -> None:
        if self.frame and not self.frame.height and len(payload) >= 2:
            self.frame = replace(self.frame, height=int.from_bytes(payload[:2], "big"))

    def on_dht(self, _code: int, payload: bytes) -> None:
        standard = _standard_huffman(payload)
        if standard is not None and self.huffman != "optimized":
            self.huffman = "standard" if standard else "optimized"

    def on_dqt(self, _code: int, payload: bytes) -> None:
        tables, notes = _quant_tables(payload, self.begun)
        for words in notes:
            self.note(words)
        for table in tables:
            if self.begun and table.slot in self.slots and self.slots[table.slot].values != table.values:
                self.note("a quantization table changes between scans")
            self.slots[table.slot] = table
        self.tables += tables[: MAX_TABLES - len(self.tables)]

    def on_frame(self, code: int, payload: bytes) -> None:
        count = payload[5] if len(payload) > 5 else 0
        if not count or len(payload) < 6 + 3 * count:
            return self.note("a frame header is damaged")
        if self.frame:
            return self.note("a second frame header was passed over")
        precision, height, width = struct.unpack_from(">BHH", payload)
        parts = [payload[at : at + 3] for at in range(6, 6 + 3 * count, 3)]
        components = tuple(Component(part[0], part[1] >> 4, part[1] & 15, part[2]) for part in parts)
        self.frame = Frame(FRAMES[code], precision, width, height, components)
        return None

    def on_sos(self, _code: int, payload: bytes) -> None:
        """Fix the tables of components whose first scan this is: they stay, whatever is defined later."""
        if self.frame and payload:
            for wanted in payload[1 : 1 + 2 * payload[0] : 2]:
                for index, component in enumerate(self.frame.components):
                    if component.id == wanted and index not in self.latched:
                        self.latched[index] = self.slots.get(component.table)
                        break
        self.begun += 1

    def _end(self) -> None:
        after = self.reader.rest(2)
        self.junk_after = bool(after)
        if after:
            self.note("another JPEG follows the image" if after == b"\xff\xd8" else "bytes follow the image")

    def _stopped(self) -> None:
        if self.to_the_end:
            self.note(f"more than {MAX_SCANS} scans: the rest was not read")

    def result(self) -> Header:
        if not self.frame and not self.tables:
            raise HeaderError("JPEG without tables or a frame: " + ("; ".join(self.notes) or "nothing to read"))
        parts = self.frame.components if self.frame else ()
        return Header(
            frame=self.frame,
            tables=tuple(self.tables),
            component_tables=tuple(self.latched.get(i, self.slots.get(part.table)) for i, part in enumerate(parts)),
            huffman=self.huffman,
            restart_interval=self.restart_interval,
            apps=tuple(self.apps),
            comments=tuple(self.comments),
            facts=Facts(**self.facts),
            scans=self.begun if self.to_the_end else None,
            junk_before=self.junk_before,
            junk_after=self.junk_after,
            truncated=self.truncated,
            notes=tuple(self.notes),
        )


_HANDLERS: dict[int, Callable[[_Walk, int, bytes], None]] = {
    DQT: _Walk.on_dqt,
    DHT: _Walk.on_dht,
    SOS: _Walk.on_sos,
    DRI: _Walk.on_dri,
    DNL: _Walk.on_dnl,
    COM: _Walk.on_com,
    **dict.fromkeys(FRAMES, _Walk.on_frame),
    **dict.fromkeys(range(APP0, APP15 + 1), _Walk.on_app),
}
