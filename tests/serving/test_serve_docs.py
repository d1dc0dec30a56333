import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import REPOSITORY
from serve_browser import served

pytest.importorskip("fastapi", reason='the server needs the extra serve: pip install ".[test-serve]"')
pytest.importorskip("httpx", reason="the example in Python needs httpx")

PAGE = (REPOSITORY / "docs" / "serve.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as server:
        yield server.url


def example(language: str, address: str) -> str:
    """The one block of code in this language, for this server."""
    (code,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(code.replace("http://127.0.0.1:8000", address))


@pytest.mark.skipif(os.name != "posix", reason="a shell with curl")
def test_the_examples_in_curl_run(address: str, tmp_path: Path) -> None:
    for name in ("demo", "README.md"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    code = "set -e\n" + example("bash", address).replace("curl ", "curl -sS --fail ")
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count('"qf":92') == 2
    assert done.stdout.count('"reason":"not_an_image"') == 1
    assert (tmp_path / "evidence.png").read_bytes().startswith(b"\x89PNG")


def test_the_example_in_python_runs(address: str) -> None:
    command = [sys.executable, "-c", example("python", address)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert (done.returncode, done.stdout) == (0, "test.jpg 92 consistent\n"), done.stderr


def test_every_status_and_code_of_an_error_is_documented() -> None:
    from jpegqf.serving.problems import CODES, OVER

    documented = set(re.findall(r"`(\w+)`", PAGE[PAGE.index("## When something fails") : PAGE.index("## Flags")]))
    source = "\n".join(path.read_text() for path in (REPOSITORY / "src" / "jpegqf" / "serving").glob("*.py"))
    named = set(re.findall(r'Problem\(\d+, .*?"([a-z]+_[a-z_]+)"[,)]', source))
    assert {"no_image", "host_not_allowed", "nothing_to_draw", "token_wrong"} <= named
    told = {CODES[status] for status in (400, 401, 404, 405, 408, 413, 429, 500, 503)}
    assert told | named | {code for _, code in OVER.values()} <= documented
