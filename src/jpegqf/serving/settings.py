"""What a server allows, where it listens and whom it answers; every limit has a flag and a safe default."""

import ipaddress
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from jpegqf.errors import UsageError
from jpegqf.limits import DEFAULT_PIXELS

MEBIBYTE = 2**20
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
"""Host headers that mean this machine. A page of another site that has its name point here sends its own name."""

SHORTEST_TOKEN = 16


@dataclass(frozen=True)
class Limits:
    """``max_body`` in bytes, ``timeout`` in seconds an image may take, the others are counts."""

    max_body: int = 64 * MEBIBYTE
    max_pixels: int = DEFAULT_PIXELS
    max_images: int = 100
    timeout: float = 60.0
    max_requests: int = 32


FLAGS = {
    "max_body": "--max-body",
    "max_pixels": "--max-pixels",
    "max_images": "--max-images",
    "timeout": "--timeout-per-image",
    "max_requests": "--max-requests",
}
"""The flag of each limit, named where the limit is exceeded."""


@dataclass(frozen=True)
class Settings:
    """``token``: the bearer token that the API asks for, or None. ``origins``: of pages that may call from elsewhere.

    ``hosts``: names a request may address beside ``host`` and the loopback ones. ``open_page``: whether the page is
    opened in this machine's browser once it is served.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    limits: Limits = field(default_factory=Limits)
    token: str | None = None
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    open_page: bool = False

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except (OSError, UnicodeError):
            return False  # listening there fails, too
        address = ipaddress.ip_address(str(found[0][4][0]).partition("%")[0])
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback

    @property
    def allowed_hosts(self) -> frozenset[str] | None:
        """Names a request may address, lower case; None: any."""
        if not self.loopback and not self.hosts:
            return None
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return frozenset(name.lower() for name in (*LOOPBACK_NAMES, shown, *self.hosts))


def checked_origin(text: str) -> str:
    """An origin as browsers send it: lower case, no path. Raises UsageError for anything that is none."""
    words = f"--allow-origin {text!r}: an origin is a scheme and a host, such as https://example.org or http://localhost:3000"
    try:
        parts = urlsplit(text.lower())
        sound = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
        if not sound or parts.path not in ("", "/") or parts.query or parts.fragment or parts.port == 0:
            raise UsageError(words)
    except ValueError:
        raise UsageError(words) from None
    usual = {"http": ":80", "https": ":443"}[parts.scheme]  # browsers leave it out
    return f"{parts.scheme}://{parts.netloc.removesuffix(usual)}"


def read_token(path: str) -> str:
    """The first line of a file. Raises UsageError if it cannot be read or is no token that is hard to guess."""
    try:
        with open(path, encoding="ascii") as file:
            token = file.readline(MEBIBYTE).strip()
    except UnicodeDecodeError:
        raise UsageError(f"--token-file {path!r}: a token is ASCII") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"--token-file {path!r}: {(getattr(error, 'strerror', '') or 'unreadable').lower()}") from None
    if len(token) < SHORTEST_TOKEN or not token.isprintable() or " " in token:
        raise UsageError(f"--token-file {path!r}: a token has {SHORTEST_TOKEN} characters at least, no spaces")
    return token
