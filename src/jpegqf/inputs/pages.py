"""A TIFF of several pages, or a JPEG of several pictures -> one item each."""

import io
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from typing import IO

from jpegqf.errors import ImageBrokenError
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


def picture_items(item: Item) -> Iterator[Item]:
    """The pictures of a multi-picture JPEG as items named ``file!picture``, from 1; any other item as it is.

    Of an http address, which is fetched when it is looked at, only the first picture is looked at.
    """
    from jpegqf.inputs.multi_picture import picture_places  # loaded where pictures are asked for

    file = None if item.problem or item.page else _opened(item)
    if file is None:
        yield item
        return
    try:
        with file:
            count = len(picture_places(file))
    except OSError:
        count = 0  # reading it again says why
    if count < 2:
        yield item
        return
    for number in range(1, count + 1):
        yield _picture(item, number)


def _picture(item: Item, number: int) -> Item:
    """The item of a picture; of bytes that are held already only its own ones go on."""
    from jpegqf.inputs.multi_picture import picture

    one = replace(item, name=f"{item.name}!{number}", page=number)
    if item.data is None:
        return replace(one, file=item.file or item.name)
    if number == 1:
        return one
    try:
        return replace(one, data=picture(io.BytesIO(item.data), number, len(item.data)), page=None)
    except ImageBrokenError as issue:
        return replace(one, data=None, problem=str(issue), reason=issue.reason)


def _pages(name: str) -> list[bool]:
    """Whether each page of a TIFF is compressed as JPEG; empty for what is no TIFF or cannot be read."""
    file = _opened(Item(name)) if name.lower().endswith(TIFF_SUFFIXES) else None
    if file is None:
        return []
    from jpegqf.codecs.tiff import tiff_pages  # 2 ms of a start, where there is a TIFF

    try:
        with file:
            return [page.is_jpeg for page in tiff_pages(file)]
    except OSError:
        return []  # reading it again says why


def _opened(item: Item) -> IO[bytes] | None:
    """The bytes of an item as a file; None of what is no regular file or cannot be read: reading it again says why."""
    if item.data is not None:
        return io.BytesIO(item.data)
    name = item.file or item.name
    try:
        if not stat.S_ISREG(os.stat(name).st_mode):  # opening a pipe would wait for ever
            return None
        return open(name, "rb")
    except (OSError, ValueError):
        return None
