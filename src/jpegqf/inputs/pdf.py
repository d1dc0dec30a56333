"""The images of a PDF, one by one: embedded JPEGs as they are, others by their pixels; pypdf bounds what it reads."""

import io
import logging
from collections.abc import Iterator
from typing import IO, Any

from jpegqf.inputs.item import Item
from jpegqf.limits import MAX_MEMBER_BYTES
from jpegqf.names import in_one_line
from jpegqf.optional import pypdf

FILES = ("/DCTDecode", "/JPXDecode")
"""Filters whose data are a file: a JPEG, a JPEG 2000 (ISO 32000-1, 7.4.8 and 7.4.9)."""
MOST_FORMS = 8
"""How deep forms are followed, which hold images of their own."""
MOST_SEARCHED = 20
"""Most objects that are looked for, each all over the file, where a file does not say which one its catalog is."""
MOST_IMAGES = 100_000
"""Most images of a file."""


def pdf_items(name: str, file: IO[bytes] | None) -> Iterator[Item]:
    """The images of a PDF as items named ``name!page/n``, n counted on each page, each image once.

    Images drawn inline, and masks, are not taken. Raises MissingExtraError without pypdf, and what that raises for a
    damaged file.
    """
    library = pypdf()
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of each oddity on stderr
    with file or open(name, "rb") as opened:
        seen: set[object] = set()
        for number, page in enumerate(library.PdfReader(opened, root_object_recovery_limit=MOST_SEARCHED).pages, 1):
            for count, image in enumerate(_images(page.get("/Resources"), seen, MOST_FORMS), 1):
                yield _item(f"{name}!{number}/{count}", image)
            if len(seen) > MOST_IMAGES:
                yield Item(name, problem=f"more than {MOST_IMAGES} images: the rest was not read")
                return


def _images(resources: Any, seen: set[object], depth: int) -> Iterator[Any]:
    """The image objects of some resources and of the forms in them, each image and form once."""
    resources = resources.get_object() if resources is not None else None
    objects = resources.get("/XObject") if resources else None
    objects = objects.get_object() if objects is not None else {}
    for key in objects:
        found = objects[key]  # resolved, and with a reference unless it stands here itself
        reference = getattr(found, "indirect_reference", None)
        mark = reference.idnum if reference is not None else id(found)
        if mark in seen or not hasattr(found, "get_data"):
            continue
        seen.add(mark)
        if found.get("/Subtype") == "/Image":
            yield found
        elif found.get("/Subtype") == "/Form" and depth:
            yield from _images(found.get("/Resources"), seen, depth - 1)


def _item(name: str, image: Any) -> Item:
    try:
        data = _file_of(image)
    except Exception as error:  # pypdf and Pillow raise many kinds on damaged streams
        return Item(name, problem=f"image of a PDF cannot be read: {in_one_line(error)}")
    finally:
        image.decoded_self, image._data = None, b""  # pypdf would keep them as long as the file is open
    if len(data) > MAX_MEMBER_BYTES:
        return Item(name, problem=f"image of a PDF is over the limit of {MAX_MEMBER_BYTES} bytes")
    return Item(name, data)


def _file_of(image: Any) -> bytes:
    """The file that the image is stored as, else one of its pixels."""
    filters = image.get("/Filter")
    filters = filters.get_object() if filters is not None else ()
    last = filters[-1] if isinstance(filters, list) and filters else filters
    if last in FILES:
        return bytes(image.get_data())
    if int(image["/Width"]) * int(image["/Height"]) > MAX_MEMBER_BYTES:
        raise ValueError("too many pixels")
    pixels, out = image.decode_as_image(), io.BytesIO()
    if pixels.mode == "CMYK":
        pixels.save(out, "TIFF")
    else:
        pixels.save(out, "PNG", compress_level=0)
    return out.getvalue()
