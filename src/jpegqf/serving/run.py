"""Listen, start the workers, serve until Ctrl-C or SIGTERM, end the workers."""

import asyncio
import errno
import logging
import signal
import socket
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

import uvicorn

from jpegqf.errors import UsageError
from jpegqf.scanning.look import Look
from jpegqf.serving.app import create_app
from jpegqf.serving.settings import Settings
from jpegqf.serving.work import Work, WorkerAnswer, lost_answer
from jpegqf.workers.pool import Pool

LAST_SECONDS = 1
"""What requests in work may still take when the server is asked to end."""


def make_pool(settings: Settings) -> "Pool[WorkerAnswer]":
    """Workers for these settings, not started yet."""
    limits = settings.limits
    return Pool(Work(Look(max_pixels=limits.max_pixels), limits.timeout), lost_answer, settings.workers, limits.timeout)


def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until a signal asks to end; ``say`` is given lines for people.

    Raises UsageError if the address cannot be had, and WorkerError if workers cannot start.
    """
    with _listener(settings) as listener:
        pool = make_pool(settings)
        try:
            pool.start()
            server = _Server(_config(settings, pool), pool)
            server.tell = lambda: _welcome(settings, listener.getsockname()[1], say)
            server.serve_on(listener)
        finally:
            pool.close()


def _config(settings: Settings, pool: "Pool[WorkerAnswer]") -> uvicorn.Config:
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # strangers' damaged forms are no news
    return uvicorn.Config(
        create_app(settings, pool),
        access_log=False,
        log_level="warning",
        server_header=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=2 * LAST_SECONDS,
    )


class _Server(uvicorn.Server):
    """Tells when it is there, and ends without raising the signal that asked for it again."""

    def __init__(self, config: uvicorn.Config, pool: "Pool[WorkerAnswer]") -> None:
        super().__init__(config)
        self._pool = pool
        self.tell: Callable[[], None] = lambda: None

    def serve_on(self, listener: socket.socket) -> None:
        """Serve until a signal asks to end."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        self.run(sockets=[listener])

    def _stop(self, number: int, frame: object) -> None:
        """Before uvicorn listens for signals, and after: it raises them again when it has ended."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See the base class."""
        await super().startup(sockets)
        with suppress(OSError):  # nobody listens: the server works all the same
            self.tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See the base class. Images still in work after LAST_SECONDS are given up: 503 for who waits for them."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # of uploads that are cut off
        asyncio.get_running_loop().call_later(LAST_SECONDS, self._pool.close)
        await super().shutdown(sockets)


def _listener(settings: Settings) -> socket.socket:
    where = f"{settings.host}:{settings.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UsageError(f"cannot listen on {where}: {(error.strerror or 'no such host').lower()}") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1)  # tells at once whether the port is free
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise UsageError(f"port {settings.port} is in use; --port names another, 0 any free one") from None
        raise UsageError(f"cannot listen on {where}: {(error.strerror or '').lower()}") from None
    return listener


def _welcome(settings: Settings, port: int, say: Callable[[str], None]) -> None:
    _greet(settings, port, say)
    if settings.open_page:
        address = _page_address(settings.host, port)
        Thread(target=_open_page, args=(address, say), daemon=True).start()  # some browsers end only when closed


def _page_address(host: str, port: int) -> str:
    """Where this machine finds the page of a server that listens at ``host``, be it at all addresses."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not listened at
    return f"http://{f'[{here}]' if ':' in here else here}:{port}/"


def _open_page(address: str, say: Callable[[str], None]) -> None:
    try:
        opened = webbrowser.open(address)
    except (webbrowser.Error, OSError):
        opened = False
    if not opened:
        with suppress(OSError):  # nobody listens
            say(f"No browser could be opened; the page is at {address}")


def _greet(settings: Settings, port: int, say: Callable[[str], None]) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    say(f"jpegqf is at http://{host}:{port}/ and its API at http://{host}:{port}/docs; Ctrl-C ends it")
    if not settings.loopback:
        who = "whoever has the token" if settings.token else "ANYONE (there is no token: --token-file asks for one)"
        say(
            f"Warning: {settings.host} is not loopback: {who} on the network can send images here and use this "
            "machine's time. Nothing is encrypted; put a proxy with TLS before it."
        )
