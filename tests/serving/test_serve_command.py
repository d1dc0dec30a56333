"""``jpegqf serve`` as a process: how it starts, refuses, ends, and that it stores nothing."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import MakeJpeg
from serve_browser import Served, served

pytest.importorskip("fastapi", reason='the server needs the extra serve: pip install ".[test-serve]"')
httpx = pytest.importorskip("httpx", reason="the server's tests need httpx")
psutil = pytest.importorskip("psutil", reason="the workers are found by psutil")

TIMEOUT = 60.0


def refused(*flags: str) -> str:
    """What a call says that ends with exit code 2."""
    command = [sys.executable, "-m", "jpegqf", "serve", *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    return done.stderr


def workers_of(server: Served) -> list[Any]:
    """All processes below the server but Python's own resource tracker, which ends once the server is gone."""
    below = psutil.Process(server.process.pid).children(recursive=True)
    return [process for process in below if not any("resource_tracker" in word for word in process.cmdline())]


def noise(side: int) -> Image.Image:
    """Large as a file, too."""
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    return Image.fromarray(pixels)


def no_files() -> None:
    """In a child before it runs: from now on the kernel lets it, and its children, write no byte into any file."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="RLIMIT_FSIZE")
def test_the_limit_that_the_next_test_relies_on_forbids_any_write(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "open('any', 'wb', buffering=0).write(b'1')"]
    done = subprocess.run(command, preexec_fn=no_files, cwd=tmp_path, capture_output=True, check=False)
    assert b"File too large" in done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="RLIMIT_FSIZE")
def test_nothing_is_written_to_any_file_whatever_is_asked(jpeg: MakeJpeg, tmp_path: Path) -> None:
    data = jpeg(95, noise(1500))
    assert len(data) > 2 * 2**20  # far above what form parsers spool to a disk
    with served(preexec_fn=no_files, cwd=tmp_path) as server:
        address = server.url + "/v1"
        assert httpx.post(f"{address}/inspect", content=data, timeout=TIMEOUT).json()["qf"] == 95
        several = [("file", (f"{i}.jpg", data)) for i in range(3)]
        rows = httpx.post(f"{address}/inspect", files=several, timeout=TIMEOUT).json()
        assert [row["qf"] for row in rows] == [95] * 3
        explained = httpx.post(f"{address}/explain", files=several[:1], timeout=TIMEOUT)
        assert explained.json()["evidence"]["pixels"]["posterior"]["quality"] == 95
        plot = httpx.post(f"{address}/inspect/plot", files=several[:1], timeout=TIMEOUT)
        assert plot.status_code == 200
        for path in ("/", "/docs", "/metrics"):
            assert httpx.get(server.url + path).status_code == 200
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_its_workers_within_a_second_or_so(number: signal.Signals, jpeg: MakeJpeg) -> None:
    with served("--workers", "2") as server:
        assert httpx.post(server.url + "/v1/inspect", content=jpeg(60)).json()["qf"] == 60
        workers = workers_of(server)
        assert len(workers) >= 2
        begun = time.monotonic()
        server.process.send_signal(number)
        assert server.process.wait(20) == 0
        assert time.monotonic() - begun < 5  # on a busy machine; alone it is half a second
        assert server.process.stderr
        assert server.process.stderr.read() == ""
        assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)


def test_a_signal_ends_it_while_an_image_is_in_work(jpeg: MakeJpeg) -> None:
    data = jpeg(90, noise(3000))
    with served() as server, ThreadPoolExecutor(16) as threads:
        asked = [
            threads.submit(httpx.post, server.url + "/v1/explain", content=data, timeout=TIMEOUT) for _ in range(16)
        ]
        time.sleep(1.0)
        begun = time.monotonic()
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(20) == 0
        assert time.monotonic() - begun < 10
        assert server.process.stderr
        assert server.process.stderr.read() == ""
        answers = [one.result() for one in asked]
        assert {answer.status_code for answer in answers} <= {200, 503}
        assert answers[-1].json()["error"]["message"] == "the workers were ended"


def test_a_killed_server_leaves_no_worker_behind() -> None:
    with served("--workers", "2") as server:
        workers = workers_of(server)
        server.process.kill()
        server.process.wait()
        gone, alive = psutil.wait_procs(workers, timeout=20)
        assert (len(gone) >= 2, alive) == (True, [])


def test_a_port_in_use_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = refused("--port", str(port))
    assert words == f"Error: port {port} is in use; --port names another, 0 any free one\n"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--host", "no.such.host.invalid"), "cannot listen on no.such.host.invalid"),
        (("--port", "70000"), "70000"),
        (("--token-file", "/no/such/file"), "no such file or directory"),
        (("--max-body", "0"), "--max-body"),
        (("--timeout-per-image", "0"), "--timeout-per-image"),
    ],
)
def test_bad_calls_are_refused(flags: tuple[str, ...], words: str) -> None:
    assert words in refused("--port", "0", *flags).splitlines()[-1]


@pytest.mark.parametrize("absent", ["fastapi", "uvicorn", "python_multipart", "prometheus_client", "fastapi_offline"])
def test_a_missing_extra_is_one_line_with_the_command_that_installs_it(absent: str) -> None:
    hide = f"import sys; sys.modules[{absent!r}] = None; sys.argv = ['jpegqf', 'serve']"
    code = f"{hide}; from jpegqf.__main__ import jpegqf; sys.exit(jpegqf())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert 'pip install ".[serve]"' in done.stderr


def test_the_same_answer_through_a_real_socket_as_from_a_scan(jpeg: MakeJpeg, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(73))
    scan = [sys.executable, "-m", "jpegqf", "scan", "a.jpg"]
    wanted = subprocess.run(scan, capture_output=True, cwd=tmp_path, check=True).stdout
    with served() as server, (tmp_path / "a.jpg").open("rb") as file:
        answer = httpx.post(server.url + "/v1/inspect", files={"file": ("a.jpg", file)}, timeout=TIMEOUT)
    assert answer.json() == [json.loads(wanted)]


def test_a_body_over_the_limit_is_answered_before_it_is_sent() -> None:
    with served("--max-body", "1000") as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.settimeout(TIMEOUT)
            head = f"POST /v1/inspect HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99999999\r\n\r\n"
            connection.sendall(head.encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_large_uploads_by_many_at_once_cost_no_memory_that_stays(jpeg: MakeJpeg) -> None:
    data = io.BytesIO(jpeg(90, noise(1200))).getvalue()
    with served() as server, ThreadPoolExecutor(6) as threads:

        def ask(_: int) -> int:
            return int(httpx.post(server.url + "/v1/inspect", files={"file": data}, timeout=TIMEOUT).status_code)

        def memory() -> int:
            return int(psutil.Process(server.process.pid).memory_info().rss)

        assert set(threads.map(ask, range(12))) == {200}
        early = memory()
        assert set(threads.map(ask, range(36))) == {200}
        assert memory() - early < 30 * 2**20


@pytest.mark.skipif(os.name != "posix", reason="a browser that is a shell script")
def test_open_opens_the_page_in_the_browser_of_this_machine(tmp_path: Path) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(0o755)
    for host, shown in (("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1")):  # noqa: S104 - a moment, in a test
        with served("--open", "--host", host, env={**os.environ, "BROWSER": f"{browser} %s"}) as server:
            port = server.url.rpartition(":")[2]
            until = time.monotonic() + TIMEOUT
            while not opened.exists() and time.monotonic() < until:
                time.sleep(0.05)
        assert opened.read_text() == f"http://{shown}:{port}/\n"
        opened.unlink()


def test_where_no_browser_can_be_opened_the_server_says_so_and_works() -> None:
    with served("--open", env={**os.environ, "BROWSER": "no-such-browser-anywhere", "PATH": ""}) as server:
        assert server.process.stderr
        assert server.process.stderr.readline() == f"No browser could be opened; the page is at {server.url}/\n"
        assert httpx.get(f"{server.url}/healthz").json()["status"] == "ok"
