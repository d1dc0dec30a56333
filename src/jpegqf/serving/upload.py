"""A request's body -> images in memory, within the limits; nothing of it touches a disk."""

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from jpegqf.names import printable
from jpegqf.serving.problems import Problem, over_limit
from jpegqf.serving.settings import Limits

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

READ_SECONDS = 120.0
"""Longest that sending a body may take: a stalled client would hold its place among the requests at once."""
LONGEST_IMAGE_NAME = 1024
"""Characters kept of an image's name."""
ESCAPED = {"%22": '"', "%0D": "\r", "%0A": "\n"}
"""What the HTML standard escapes in the file names of a form."""
STARRED = re.compile(rb""";\s*filename\*\s*=\s*[\w-]*'[^']*'([^;\s"]+)""", re.IGNORECASE)
"""A file name as RFC 5987 writes it: forms should not, some clients do."""
UNNAMED = "upload"


@dataclass(frozen=True)
class UploadedImage:
    """One image as it was sent."""

    name: str
    data: bytes


async def read_images(request: Request, limits: Limits, name: str) -> tuple[list[UploadedImage], bool]:
    """The images, one at least, and whether they came as a form. ``name`` is that of a raw body.

    Raises Problem for what is over a limit, empty, damaged, compressed or too slow.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise Problem(415, f"bodies are taken as they are: no Content-Encoding {coding[:40]!r}")
    is_form = request.headers.get("content-type", "").lower().startswith("multipart/form-data")
    reading = _form(request, limits) if is_form else _raw(request, limits, name)
    try:
        return await asyncio.wait_for(reading, READ_SECONDS), is_form
    except asyncio.TimeoutError:
        raise Problem(408, f"the body was not sent within {READ_SECONDS:.0f} s") from None
    except ClientDisconnect:
        raise Problem(400, "the body was not sent to its end") from None


async def _bounded(request: Request, limits: Limits) -> AsyncGenerator[bytes, None]:
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > limits.max_body:
        raise over_limit("max_body", limits, f"a body of {declared[:20]} bytes")
    taken = 0
    async for chunk in request.stream():
        taken += len(chunk)
        if taken > limits.max_body:
            raise over_limit("max_body", limits, "a body of more bytes than allowed")
        yield chunk


async def _raw(request: Request, limits: Limits, name: str) -> list[UploadedImage]:
    data = b"".join([chunk async for chunk in _bounded(request, limits)])
    if not data:
        raise Problem(422, "no image in the request: the body is empty", "no_image")
    return [UploadedImage(_name(name), data)]


async def _form(request: Request, limits: Limits) -> list[UploadedImage]:
    _, options = parse_options_header(request.headers["content-type"])
    form = _Form(limits)
    try:
        parser = MultipartParser(options.get(b"boundary", b""), form.callbacks())
        async for chunk in _bounded(request, limits):
            parser.write(chunk)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise Problem(400, f"the form is damaged: {error}"[:200]) from None
    if not form.ended:
        raise Problem(400, "the form is damaged: it has no end")
    if not form.images:
        raise Problem(422, "no image in the request: the form has no file", "no_image")
    return form.images


class _Form:
    """The files of a form, kept in memory; its other fields are passed over."""

    def __init__(self, limits: Limits) -> None:
        self.images: list[UploadedImage] = []
        self.ended = False
        self._limits = limits
        self._field, self._value, self._disposition = bytearray(), bytearray(), b""
        self._name: str | None = None
        self._data = bytearray()

    def callbacks(self) -> "MultipartCallbacks":
        """What the parser calls."""
        return {
            "on_part_begin": self.on_part_begin,
            "on_header_field": self.on_header_field,
            "on_header_value": self.on_header_value,
            "on_header_end": self.on_header_end,
            "on_headers_finished": self.on_headers_finished,
            "on_part_data": self.on_part_data,
            "on_part_end": self.on_part_end,
            "on_end": self.on_end,
        }

    def on_part_begin(self) -> None:
        self._disposition, self._data = b"", bytearray()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._field, self._value = bytearray(), bytearray()

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"filename")
        self._name = None if name is None else name.decode("utf-8", "replace")
        if name is None and (starred := STARRED.search(self._disposition)):
            self._name = unquote(starred[1].decode("ascii", "replace"))
        if self._name is not None and len(self.images) == self._limits.max_images:
            raise over_limit("max_images", self._limits, "a request of more images than allowed")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._name is not None:
            self._data += data[start:end]

    def on_part_end(self) -> None:
        if self._name is not None:
            for escape, letter in ESCAPED.items():
                self._name = self._name.replace(escape, letter)
            self.images.append(UploadedImage(_name(self._name), bytes(self._data)))

    def on_end(self) -> None:
        self.ended = True


def _name(sent: str) -> str:
    return printable((sent or UNNAMED)[:LONGEST_IMAGE_NAME])
