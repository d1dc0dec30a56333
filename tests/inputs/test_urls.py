import io
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from PIL import Image
from targets import fetch_any_answer

import jpegqf
from jpegqf.errors import ImageSkippedError
from jpegqf.inputs import urls
from jpegqf.inputs.item import Item
from jpegqf.inputs.suffixes import is_url
from jpegqf.restoring.work import Work


class Server(BaseHTTPRequestHandler):
    """/photo.jpg is one at 71, /moved leads to it, /file to a file of this machine; there is nothing else.

    /drip sends byte after byte without end, and so does /endless with its redirection to the photograph.
    """

    photo = b""

    def do_GET(self) -> None:
        if self.path == "/photo.jpg":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.photo)
        elif self.path in ("/drip", "/endless"):
            self.send_response(200 if self.path == "/drip" else 302)
            self.send_header("Location", "/photo.jpg")
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(b"\xff")
                    time.sleep(0.05)
        elif self.path in ("/moved", "/file"):
            self.send_response(302)
            self.send_header("Location", "/photo.jpg" if self.path == "/moved" else "file:///etc/hostname")
            self.end_headers()
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.fixture(scope="module")
def address(cat: Image.Image) -> Iterator[str]:
    cat.save(out := io.BytesIO(), "JPEG", quality=71)
    Server.photo = out.getvalue()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["/photo.jpg", "/moved", "/endless"])
def test_an_address_is_judged_as_the_file_behind_it(address: str, path: str) -> None:
    (row,) = jpegqf.scan([address + path])
    assert row.path == address + path
    assert (row.header_qf, row.qf, row.status) == (71, 71, "ok")


def test_a_list_may_name_addresses(address: str, tmp_path: Path) -> None:
    (tmp_path / "list").write_text(f"{address}/photo.jpg\n{address}/none.jpg\n", encoding="utf-8")
    first, second = jpegqf.scan([f"@{tmp_path / 'list'}"])
    assert first.qf == 71
    assert (second.status, second.reason) == ("error", "unreadable")
    assert second.message == "cannot be fetched: the server says 404"


@pytest.mark.parametrize("path", ["/file", "/none"])
def test_what_cannot_be_fetched_is_one_row_with_a_reason(address: str, path: str) -> None:
    (row,) = jpegqf.scan([address + path])
    assert (row.status, row.reason) == ("error", "unreadable")
    assert row.message is not None
    assert row.message.startswith("cannot be fetched: ")


@pytest.mark.parametrize("url", ["http://", "http://127.0.0.1:1/x.jpg", "https://[::1", "http://a b/c.jpg"])
def test_an_address_of_nothing_is_one_row_with_a_reason(url: str) -> None:
    (row,) = jpegqf.scan([url])
    assert (row.status, row.reason) == ("error", "unreadable")


def test_more_bytes_than_the_limit_are_not_held(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "MAX_MEMBER_BYTES", 1000)
    with pytest.raises(ImageSkippedError, match="more than 1000 bytes"):
        urls.fetched(address + "/photo.jpg")


def test_a_server_that_sends_byte_after_byte_is_left_in_time(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "SECONDS_IN_ALL", 0.5)
    (row,) = jpegqf.scan([address + "/drip"])
    assert (row.status, row.reason, row.message) == ("error", "unreadable", "cannot be fetched: more than 0 seconds")


def test_a_piece_of_impossible_size_is_one_row_with_a_reason() -> None:
    for start in (b"301 M\r\nLocation: //x", b"200 OK"):
        chunk = b"\r\nTransfer-Encoding: chunked\r\n\r\n1" + b"c" * 40 + b"\r\nabc"
        answer = fetch_any_answer(b"HTTP/1.0 " + start + chunk)
        assert isinstance(answer, str)
        assert answer.startswith("cannot be fetched: ")


def test_an_answer_that_breaks_off_is_one_row_with_a_reason() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{server.getsockname()[1]}/a.jpg"
    for answer in (
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\0" * 99,
    ):
        Thread(target=send_once, args=(server, answer), daemon=True).start()
        (row,) = jpegqf.scan([url])
        assert (row.status, row.reason) == ("error", "unreadable"), answer
        assert len((row.message or "").splitlines()) == 1
    server.close()


def send_once(server: socket.socket, answer: bytes) -> None:
    """Send these bytes to whoever asks next, and hang up."""
    asking, _ = server.accept()
    with asking:
        asking.recv(2**16)
        asking.sendall(answer)


def test_only_http_is_an_address() -> None:
    assert is_url("https://example.org/a.jpg")
    assert is_url("HTTP://example.org/a.jpg")
    assert not is_url("file:///etc/passwd")
    assert not is_url("photo.jpg")


def test_restore_takes_an_address_too(address: str, tmp_path: Path) -> None:
    pytest.importorskip("jpeglib", reason="restore needs jpeglib")
    row = Work(str(tmp_path)).restore(Item(f"{address}/photo.jpg"))
    assert (row.status, row.message) == ("skipped", "the file is a JPEG already")
