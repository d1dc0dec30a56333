"""A TIFF of several pages -> one item a page."""

import os
import stat
from collections.abc import Iterator

from jpegqf.inputs.item import Item
from jpegqf.inputs.suffixes import TIFF_SUFFIXES


def page_items(item: Item) -> Iterator[Item]:
    """The pages of a TIFF as items named ``file!page``, from 1, if there are several and one at least is a JPEG.

    Any other item as it is: of a TIFF without JPEG only the first page is looked at.
    """
    pages = _pages(item.name) if item.data is None and not item.problem else []
    if len(pages) < 2 or not any(pages):
        yield item
        return
    for number in range(1, len(pages) + 1):
        yield Item(f"{item.name}!{number}", file=item.name, page=number)


def _pages(name: str) -> list[bool]:
    """Whether each page of a TIFF is compressed as JPEG; empty for what is no TIFF or cannot be read."""
    if not name.lower().endswith(TIFF_SUFFIXES):
        return []
    from jpegqf.codecs.tiff import tiff_pages  # 2 ms of a start, where there is a TIFF

    try:
        if not stat.S_ISREG(os.stat(name).st_mode):  # opening a pipe would wait for ever
            return []
        with open(name, "rb") as file:
            return [page.is_jpeg for page in tiff_pages(file)]
    except (OSError, ValueError):
        return []  # reading it again says why
