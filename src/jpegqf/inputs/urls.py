"""The bytes behind an http or https address, within a limit of bytes and of time."""

import http.client
import time
import urllib.error
import urllib.request
from typing import IO, Any

from jpegqf.errors import ImageBrokenError, ImageSkippedError, Reason
from jpegqf.limits import MAX_MEMBER_BYTES
from jpegqf.names import in_one_line

SECONDS = 30.0
"""That a server may take to answer, and between two pieces of what it sends."""
SECONDS_IN_ALL = 300.0
"""That a server may take to send all of it."""
PIECE = 2**20
"""Most bytes read at a time."""
AGENT = "jpegqf"


def fetched(url: str) -> bytes:
    """What a server sends for an address, redirections to other http addresses followed.

    Raises ImageSkippedError for more than MAX_MEMBER_BYTES, ImageBrokenError where nothing can be fetched.
    """
    try:
        request = urllib.request.Request(url, headers={"User-Agent": AGENT})  # noqa: S310 - opened by _opener
        with _opener().open(request, timeout=SECONDS) as answer:
            data = _all_of(answer)
    except urllib.error.HTTPError as error:
        raise ImageBrokenError(Reason.UNREADABLE, f"cannot be fetched: the server says {error.code}") from None
    except (OSError, ValueError, OverflowError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        words = in_one_line(reason if isinstance(reason, Exception) else error)
        raise ImageBrokenError(Reason.UNREADABLE, f"cannot be fetched: {words}") from None
    if len(data) > MAX_MEMBER_BYTES:
        raise ImageSkippedError(Reason.TOO_LARGE, f"more than {MAX_MEMBER_BYTES} bytes behind this address")
    return data


def _all_of(answer: http.client.HTTPResponse) -> bytes:
    """The bytes of an answer, at most one more than allowed. Raises OSError where they break off or take too long."""
    until, parts, size = time.monotonic() + SECONDS_IN_ALL, list[bytes](), 0
    while size <= MAX_MEMBER_BYTES and (part := answer.read1(min(PIECE, MAX_MEMBER_BYTES + 1 - size))):
        parts.append(part)
        size += len(part)
        if time.monotonic() > until:
            raise TimeoutError(f"more than {SECONDS_IN_ALL:.0f} seconds")
    if size <= MAX_MEMBER_BYTES and answer.length:
        raise ConnectionError(f"the server hung up after {size} bytes, {answer.length} before the end")
    return b"".join(parts)


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections without reading what is sent with them, which may have no end."""

    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        """See the base class."""
        return super().http_error_302(req, _Unread(fp), code, msg, headers)  # type: ignore[arg-type]  # read, close

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class _Unread:
    """An answer that gives none of its bytes."""

    def __init__(self, answer: IO[bytes]) -> None:
        self._answer = answer

    def read(self) -> bytes:
        """Nothing."""
        return b""

    def close(self) -> None:
        """Close the answer."""
        self._answer.close()


def _opener() -> urllib.request.OpenerDirector:
    """Opens http and https alone: an address must not lead to a file of this machine."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
        urllib.request.HTTPErrorProcessor(), Redirects(),
        urllib.request.HTTPDefaultErrorHandler(), urllib.request.UnknownHandler(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener
