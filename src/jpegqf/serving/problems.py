"""Everything that fails -> one shape of JSON: a code for programs, a sentence for people, the limit if it was one."""

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jpegqf.outputs.base import row_of
from jpegqf.record import Record
from jpegqf.serving.settings import FLAGS, Limits

RETRY_SECONDS = 1
"""What a client over the limit of requests at once is asked to wait."""
CODES = {
    400: "bad_request",
    401: "token_required",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "upload_too_slow",
    411: "bad_request",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    429: "too_many_requests",
    500: "internal_error",
    503: "unavailable",
}
OVER = {
    "max_body": (413, "body_too_large"),
    "max_images": (422, "too_many_images"),
    "max_pixels": (422, "too_many_pixels"),
    "timeout": (422, "image_timeout"),
    "max_requests": (429, "too_many_requests"),
}
"""Status and code of an answer to what is over a limit."""


class Problem(Exception):  # noqa: N818 - it is an answer, too
    """A request that gets an error instead of an answer; ``limit`` is a field of :class:`Limits`."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        limit: tuple[str, float] | None = None,
        record: Record | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code = status, code or CODES[status]
        self.limit, self.record = limit, record

    def response(self) -> JSONResponse:
        """The same as a response."""
        limit = self.limit and {"name": self.limit[0], "value": self.limit[1], "flag": FLAGS[self.limit[0]]}
        record = row_of(self.record) if self.record else None
        body = {"code": self.code, "message": str(self), "limit": limit or None, "record": record}
        return JSONResponse({"error": body}, self.status, self._headers())

    def _headers(self) -> dict[str, str]:
        if self.status == 401:
            return {"WWW-Authenticate": 'Bearer realm="jpegqf"'}
        return {"Retry-After": str(RETRY_SECONDS)} if self.status in (429, 503) else {}


def over_limit(name: str, limits: Limits, words: str, record: Record | None = None) -> Problem:
    """A request over the limit ``name``, a field of :class:`Limits`; ``words`` say what was too much."""
    status, code = OVER[name]
    value = getattr(limits, name)
    return Problem(status, f"{words}: over the limit, {FLAGS[name]} {value:.15g}", code, (name, value), record)


async def on_problem(request: Request, error: Exception) -> Response:
    """Answer a :class:`Problem`."""
    assert isinstance(error, Problem)  # noqa: S101 - registered for nothing else
    return error.response()


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the router refuses: no such page, another method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    words = {404: "no such page", 405: "this page takes another method"}.get(error.status_code, str(error.detail))
    problem = Problem(error.status_code, words, CODES.get(error.status_code, "bad_request"))
    response = problem.response()
    response.headers.update(error.headers or {})
    return response


async def on_invalid(request: Request, error: Exception) -> Response:
    """Answer parameters that FastAPI refuses, in one sentence."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    issues = error.errors()
    words = "; ".join(f"{'.'.join(str(part) for part in issue['loc'])}: {issue['msg']}" for issue in issues[:3])
    return Problem(422, words[:500] or "invalid request").response()
