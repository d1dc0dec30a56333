"""Payloads of APPn segments -> the few facts that bear on compression; every length is bounded."""

import struct
from dataclasses import dataclass
from typing import Any

MAX_TEXT = 256
"""Characters kept of any one text (EXIF strings)."""
MAX_IDENTIFIER = 40
"""Bytes within which an APPn identifier must end."""
MAX_ENTRIES = 512
"""Entries read of one TIFF directory; a camera's main directory has some twenty."""
MAX_RESOURCES = 256
"""Resources walked in one Photoshop segment."""

ORIENTATION, MAKE, MODEL, SOFTWARE = 0x0112, 0x010F, 0x0110, 0x0131
MPF_IMAGES = 0xB001
PHOTOSHOP_JPEG_QUALITY = 0x0406
DUCKY_QUALITY = 1

SHORT_NAMES = {
    "http://ns.adobe.com/xap/1.0/": "XMP",
    "http://ns.adobe.com/xmp/extension/": "XMP extension",
    "ICC_PROFILE": "ICC",
    "Photoshop 3.0": "Photoshop",
    "urn:iso:std:iso:ts:21496:-1": "gain map",
}
"""Identifiers with a customary shorter name; all others are kept as written."""
KNOWN_STARTS = (b"Exif", b"JFIF", b"JFXX", b"Adobe", b"Ducky", b"MPF", b"AVI1", b"Adobe_CM", b"FPXR")
"""Identifiers that some writers forget to terminate."""


@dataclass(frozen=True)
class AppSegment:
    """One APPn segment: its number n (0..15), its identifier ("" if it has none) and its payload's bytes."""

    number: int
    identifier: str
    size: int


@dataclass(frozen=True)
class Facts:
    """Facts from the payloads of APPn segments; None where no segment has them.

    ``adobe_transform``: 0 none (RGB or CMYK), 1 YCbCr, 2 YCCK. ``ducky_quality``: 0..100, Save for Web's
    own scale. ``photoshop_quality``: 0..12, as its dialog counts. ``density``: JFIF's (unit, x, y), unit 1
    = dots per inch. ``orientation``: 1..8. ``mpf_images``: images in a multi-picture file.
    """

    adobe_transform: int | None = None
    ducky_quality: int | None = None
    photoshop_quality: int | None = None
    density: tuple[int, int, int] | None = None
    orientation: int | None = None
    make: str | None = None
    model: str | None = None
    software: str | None = None
    mpf_images: int | None = None


def identifier(payload: bytes) -> str:
    """The name at the start of an APPn payload, printable ASCII up to a NUL, or "" where there is none."""
    head = payload[:MAX_IDENTIFIER]
    name, terminator, _ = head.partition(b"\0")
    if not terminator:
        name = next((start for start in KNOWN_STARTS if head.startswith(start)), b"")
    if not name or not all(32 <= byte < 127 for byte in name):
        return ""
    text = name.decode("ascii")
    return SHORT_NAMES.get(text, text)


def facts_in(number: int, name: str, payload: bytes) -> dict[str, Any]:
    """The fields of :class:`Facts` that the payload of an APPn segment of this number and name holds. Never raises."""
    facts: dict[str, Any] = {}
    if (number, name) == (14, "Adobe") and len(payload) >= 12:
        facts = {"adobe_transform": payload[11]}
    elif (number, name) == (0, "JFIF") and len(payload) >= 12:
        facts = {"density": struct.unpack_from(">BHH", payload, 7)}
    elif (number, name) == (12, "Ducky"):
        facts = {"ducky_quality": _ducky(payload[5:])}
    elif (number, name) == (13, "Photoshop"):
        facts = {"photoshop_quality": _photoshop(payload[14:])}
    elif (number, name) == (1, "Exif"):
        facts = _exif(payload[6:])
    elif (number, name) == (2, "MPF"):
        images = _directory(payload[4:]).get(MPF_IMAGES)
        facts = {"mpf_images": images if isinstance(images, int) else None}
    return {fact: value for fact, value in facts.items() if value is not None}


def _exif(tiff: bytes) -> dict[str, Any]:
    tags = _directory(tiff)
    orientation = tags.get(ORIENTATION)
    texts = {fact: tags.get(tag) for fact, tag in (("make", MAKE), ("model", MODEL), ("software", SOFTWARE))}
    return {
        "orientation": orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else None,
        **{fact: text for fact, text in texts.items() if isinstance(text, str) and text},
    }


def _directory(tiff: bytes) -> dict[int, int | str]:
    """First TIFF directory: tags that hold one short or long, or a text. Broken entries are left out."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return {}
    start = struct.unpack_from(order + "I", tiff, 4)[0]
    if start + 2 > len(tiff):
        return {}
    count = min(struct.unpack_from(order + "H", tiff, start)[0], MAX_ENTRIES, (len(tiff) - start - 2) // 12)
    found: dict[int, int | str] = {}
    for at in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, length = struct.unpack_from(order + "HHI", tiff, at)
        if kind == 2:
            found[tag] = _text(tiff, order, at + 8, length)
        elif kind in (3, 4) and length == 1:
            found[tag] = struct.unpack_from(order + ("H" if kind == 3 else "I"), tiff, at + 8)[0]
    return found


def _text(tiff: bytes, order: str, at: int, length: int) -> str:
    where = at if length <= 4 else struct.unpack_from(order + "I", tiff, at)[0]
    raw = tiff[where : where + min(length, MAX_TEXT)].partition(b"\0")[0]
    return plain_text(raw)


def plain_text(raw: bytes) -> str:
    """One printable line: UTF-8 where it is, else Latin-1; control characters become spaces."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _ducky(records: bytes) -> int | None:
    """Quality of Adobe's Save for Web: records of tag (2 bytes), length (2), value; tag 1 is the quality."""
    at = 0
    while at + 4 <= len(records):
        tag, length = struct.unpack_from(">HH", records, at)
        if tag == DUCKY_QUALITY and length == 4 and at + 8 <= len(records):
            quality = struct.unpack_from(">I", records, at + 4)[0]
            return int(quality) if quality <= 100 else None
        if tag == 0:
            return None
        at += 4 + length
    return None


def _photoshop(resources: bytes) -> int | None:
    """Save As quality in image resource 1030: stored as -4..8, shown in the dialog as 0..12."""
    at = 0
    for _ in range(MAX_RESOURCES):
        if resources[at : at + 4] != b"8BIM" or at + 12 > len(resources):
            return None
        kind = struct.unpack_from(">H", resources, at + 4)[0]
        name = resources[at + 6] + 1
        body = at + 6 + name + name % 2
        if body + 6 > len(resources):
            return None
        length, stored = struct.unpack_from(">Ih", resources, body)
        if kind == PHOTOSHOP_JPEG_QUALITY:
            return int(stored) + 4 if -4 <= stored <= 8 and length >= 2 else None
        at = body + 4 + length + length % 2
    return None
