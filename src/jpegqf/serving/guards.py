"""What stands before every page: names a request may address, pages that may call, headers that browsers obey."""

import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jpegqf.serving.problems import Problem
from jpegqf.serving.settings import Settings

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """Adds the headers to every answer that does not set its own; answers of the API are not kept by caches."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-cache" if "etag" in headers else "no-store")
            await send(message)

        return await self.app(scope, receive, with_headers)


class OnlyExpected:
    """Refuses requests that address another name (DNS rebinding), and those that pages of other sites send."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._hosts = settings.allowed_hosts
        self._origins = frozenset(settings.origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        problem = self._problem(Headers(scope=scope)) if scope["type"] == "http" else None
        await (problem.response() if problem else self.app)(scope, receive, send)

    def _problem(self, headers: Headers) -> Problem | None:
        host = headers.get("host", "")
        if self._hosts is not None and _without_port(host) not in self._hosts:
            words = f"no such host here: {host[:100]!r}; --allow-host adds a name"
            return Problem(400, words, "host_not_allowed")
        origin = headers.get("origin")
        if origin is None or origin in self._origins or _authority(origin) == host.lower():
            return None
        words = f"pages of {origin[:100]!r} may not call this server; --allow-origin lets them"
        return Problem(403, words, "origin_not_allowed")


def _without_port(host: str) -> str:
    name, colon, port = host.lower().rpartition(":")
    return name if colon and not port.endswith("]") else host.lower()


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def check_token(sent: str | None, token: str | None) -> None:
    """Raise Problem unless ``token``, where one is asked for, was sent; compared in constant time."""
    if token is None:
        return
    if sent is None:
        raise Problem(401, "this server asks for a token: Authorization: Bearer TOKEN")
    if not hmac.compare_digest(sent.encode("utf-8", "surrogateescape"), token.encode()):
        raise Problem(401, "the token is not the server's", "token_wrong")
