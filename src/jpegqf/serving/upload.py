"""A request's body -> images in memory, within the limits; nothing of it touches a disk."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from jpegqf.serving.problems import Problem, over_limit
from jpegqf.serving.settings import Limits
from jpegqf.sinks import printable

READ_SECONDS = 120.0
"""Longest that sending a body may take: a stalled client would hold its place among the requests at once."""
LONGEST_NAME = 1024
"""Characters kept of an image's name."""
MOST_FIELDS = 16
"""Form fields that are no files: they are passed over."""
UNNAMED = "upload"


@dataclass(frozen=True)
class Image:
    """One image as it was sent."""

    name: str
    data: bytes


class _InMemory(MultiPartParser):
    spool_max_size = 0  # never spooled to a temporary file; the body is within its limit before it gets here


async def read_images(request: Request, limits: Limits, name: str) -> tuple[list[Image], bool]:
    """The images, one at least, and whether they came as a form. ``name`` is that of a raw body.

    Raises Problem for what is over a limit, empty, damaged or too slow.
    """
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


async def _raw(request: Request, limits: Limits, name: str) -> list[Image]:
    data = b"".join([chunk async for chunk in _bounded(request, limits)])
    if not data:
        raise Problem(422, "no image in the request: the body is empty", "no_image")
    return [Image(_name(name), data)]


async def _form(request: Request, limits: Limits) -> list[Image]:
    stream = _bounded(request, limits)
    parser = _InMemory(request.headers, stream, max_files=limits.max_images, max_fields=MOST_FIELDS)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise over_limit("max_images", limits, "a request of more images than allowed") from None
        raise Problem(400, f"the form is damaged: {error.message}"[:200]) from None
    except (HTTPException, ValueError, LookupError) as error:
        raise Problem(400, f"the form is damaged: {type(error).__name__}") from None
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    if not files:
        raise Problem(422, "no image in the request: the form has no file", "no_image")
    return [Image(_name(file.filename), await file.read()) for file in files]


def _name(sent: str | None) -> str:
    return printable((sent or UNNAMED)[:LONGEST_NAME])
