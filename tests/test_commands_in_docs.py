"""Every command in README.md and docs/ is run as it stands there, or listed here with the reason why it cannot be."""

import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from commands import run_here
from conftest import REPOSITORY, MakeJpeg

PAGES = ("README.md", *sorted(f"docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md")))
TRANSLATED = ("docs/README.zh.md", "docs/README.jp.md")
"""Their commands are README.md's, as tests/test_docs.py holds."""
SHELLS = ("", "sh", "bash", "console")
"""Languages of fenced blocks that hold commands."""
PROGRAMS = (
    "jpegqf",
    "python",
    "cat",
    "find",
    "curl",
    "docker",
    "ray",
    "pip",
    "bash",
    "sh",
    "git",
    "eval",
    "uv",
    "grep",
)
NOT_RUN = {
    r"pip install": "installs from the network; .ci/run does it",
    r"--engine ray": "needs Ray and an object store; tests/cluster does the same on this machine",
    r"^jpegqf serve": "serves until it is ended; tests/serving starts it",
    r"^curl .*127\.0\.0\.1": "needs the server; tests/serving asks it the same",
    r"-m bench\.": "a benchmark of hours, over images that are not in the repository",
    r"-m jpegqf\.train": "trains for hours, on a data set that is not in the repository",
    r"^python tests/fuzz/": "runs for ten minutes, most with atheris; tests/fuzz/test_fuzz.py runs the targets",
    r"^python (gate|\w+_gate|copies|with_\w+|delivery)\.py": "a recipe; tests/advise/test_recipes.py runs it",
}
"""Commands that are not run here, as patterns, with the reason."""
NEEDED = {
    "--duplicates": "imagehash", "restore ": "jpeglib", "--plot": "matplotlib", ".parquet": "pyarrow",
}  # fmt: skip
"""Libraries that a command with these words needs."""


def commands_of(page: str) -> list[str]:
    """The commands in the fenced and indented blocks of a page, in order."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    lines = [line.strip() for language, block in fenced if language in SHELLS for line in block.splitlines()]
    outside = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    lines += [line.strip() for line in outside.splitlines() if re.match(r" {4}\S", line)]
    return [line for line in lines if line.split(" ")[0] in PROGRAMS]


def reason_not_to_run(command: str) -> str | None:
    return next((why for pattern, why in NOT_RUN.items() if re.search(pattern, command)), None)


COMMANDS = {command: page for page in reversed(PAGES) if page not in TRANSLATED for command in commands_of(page)}
RUN = sorted(command for command in COMMANDS if not reason_not_to_run(command))
IN_README = set(commands_of("README.md"))


def test_the_pages_have_commands_and_most_of_jpegqfs_are_run() -> None:
    assert len(IN_README) >= 10
    assert len(RUN) >= 25
    assert {command.split(" ")[1] for command in RUN if command.startswith("jpegqf")} >= {
        "scan", "advise", "restore", "header", "explain", "report",
    }  # fmt: skip


def test_every_reason_not_to_run_a_command_is_needed() -> None:
    for pattern in NOT_RUN:
        assert any(re.search(pattern, command) for command in COMMANDS), pattern


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, jpeg: MakeJpeg, cat: Image.Image) -> Path:
    """A folder with what the commands name: the repository's own files, images, and results of a scan."""
    folder = tmp_path_factory.mktemp("docs") / "checkout"
    folder.mkdir()
    small = cat.crop((0, 0, 160, 144))
    once = jpeg(85, small)
    decoded = io.BytesIO()
    Image.open(io.BytesIO(once)).save(decoded, "PNG")
    for name in ("photo.jpg", "before.jpg", "photos/a.jpg", "images/a.jpg", "delivery/a.jpg",
                 "library/a.jpg"):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(once)
    (folder / "photos" / "deep").mkdir()
    (folder / "photos" / "deep" / "b.jpg").write_bytes(jpeg(92, Image.open(io.BytesIO(jpeg(60, cat)))))
    for name in ("photo.png", "after.png", "picture.png", "scans/a.png", "pngs/a.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(decoded.getvalue())
    for name in ("crops/a.png", "tiles/a.png"):
        (folder / name).parent.mkdir()
        Image.open(decoded).crop((3, 5, 123, 117)).save(folder / name)
    for name, member in (("crawl.tar", "photo.jpg"), ("dataset.tar", "photo.png")):
        with tarfile.open(folder / name, "w") as archive:
            archive.add(folder / member, member)
    for name in ("infer.py", "src", "checkpoints", "demo"):
        (folder / name).symlink_to(REPOSITORY / name)
    programs = folder / "bin"
    programs.mkdir()
    for name, words in (("python", ""), ("jpegqf", " -m jpegqf")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{words} "$@"\n', encoding="utf-8")
        (programs / name).chmod(0o755)
    return folder


def given(folder: Path, command: str) -> None:
    """Make the results that a command reads, and room for what it writes."""
    for name in re.findall(r"restore .*-o (\S+\.jpg)", command):
        (folder / name).unlink()
    for name in re.findall(r"\b(?:jpegqf report|grep \w+) (\S+)", command):
        assert run_here("scan", "photos", "--recursive", "--quiet", "-o", name, cwd=folder).returncode == 0


def run(folder: Path, command: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    words = ["sh", "-c", command]
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False)


@pytest.mark.skipif(os.name != "posix", reason="the commands are those of a POSIX shell")
@pytest.mark.parametrize(
    "command", [command if command in IN_README else pytest.param(command, marks=pytest.mark.slow) for command in RUN]
)
def test_a_command_works_as_it_stands(checkout: Path, tmp_path: Path, command: str) -> None:
    for words, module in NEEDED.items():
        if words in command and importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    folder = tmp_path / "checkout"
    shutil.copytree(checkout, folder, symlinks=True)
    given(folder, command)
    done = run(folder, command)
    assert done.returncode == 0, f"{COMMANDS[command]}: {done.stderr}"
    made = re.findall(r"(?:-o|--plot|--rows|>) (\S+)", command)
    assert all((folder / name).exists() for name in made)
