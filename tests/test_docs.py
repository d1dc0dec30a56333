import re
import subprocess
import sys
from pathlib import Path

import pytest

from commands import run_here
from conftest import REPOSITORY
from jpegqf.cli import main as jpegqf
from jpegqf.infer.command import OPTIONS
from jpegqf.record import COLUMNS

READMES = ("README.md", "docs/README.zh.md", "docs/README.jp.md")


def test_what_is_generated_is_up_to_date() -> None:
    command = [sys.executable, "-m", "docs.generate", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=REPOSITORY, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_every_flag_is_in_the_command_line_reference() -> None:
    text = (REPOSITORY / "docs" / "cli.md").read_text(encoding="utf-8")
    options = [option for command in jpegqf.commands.values() for option in command.params]
    flags = [flag for option in options for flag in option.opts if flag.startswith("-")]
    for flag in (*(flag for flag, _, _ in OPTIONS), *flags):
        assert f"`{flag}" in text


@pytest.mark.parametrize("name", READMES)
def test_every_link_in_a_readme_leads_to_a_file(name: str) -> None:
    readme = REPOSITORY / name
    links = re.findall(r"\]\(([^)#]+)\)", readme.read_text(encoding="utf-8"))
    assert len(links) >= 8
    for link in links:
        assert (readme.parent / link).exists(), link


def test_every_column_is_in_the_documentation() -> None:
    text = (REPOSITORY / "docs" / "scan.md").read_text(encoding="utf-8")
    for column in COLUMNS:
        assert f"| `{column}` |" in text


def test_the_example_of_scan_runs() -> None:
    text = (REPOSITORY / "docs" / "scan.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "92 consistent header and pixels say 92"), done.stderr


def test_the_three_readmes_show_the_same_commands() -> None:
    texts = [(REPOSITORY / name).read_text(encoding="utf-8") for name in READMES]
    blocks = [re.findall(r"^    (.+)$", text, re.MULTILINE) for text in texts]
    assert blocks[0] == blocks[1] == blocks[2]
    for command in (
        "python -m pip install . && jpegqf demo/test.jpg",
        'python -m pip install ".[test]" && python -m pytest',
        "python infer.py --input demo/test.jpg",
        "cat photo.jpg | jpegqf scan -",
    ):
        assert command in blocks[0]


@pytest.mark.parametrize("name", READMES)
def test_a_readme_is_short_and_says_what_is_read_and_every_flag_of_infer(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    for words in (
        'python -m pip install ".[containers]"',
        "codec_quality",
        "history.md",
        "](#infer)",
        '<a id="infer">',
    ):
        assert words in text
    for flag, _, _ in OPTIONS:
        assert f"`{flag}" in text, flag


@pytest.mark.parametrize("name", READMES)
def test_the_first_answer_in_a_readme_is_what_is_printed(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    done = run_here("demo/test.jpg", cwd=REPOSITORY)
    assert re.findall(r"```\n(.*?)```", text, re.DOTALL)[0] == done.stdout


def test_the_answer_of_infer_in_the_readme_is_what_is_printed(tmp_path: Path) -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    outputs = ["--pred_csv", str(tmp_path / "a.csv"), "--issue_csv", str(tmp_path / "b.csv")]
    command = [sys.executable, "infer.py", "--input", "demo/test.jpg", *outputs]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=REPOSITORY, check=False)
    shown = re.findall(r"```\n(.*?)```", text, re.DOTALL)[1]
    assert "92.0000" in shown
    assert shown in done.stdout


def test_the_python_example_in_the_readme_runs() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert (done.returncode, done.stdout) == (0, "92 consistent\n"), done.stderr


def test_the_tutorial_prints_what_it_says() -> None:
    text = (REPOSITORY / "docs" / "tutorial.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    promised = re.findall(r"# -> (.+)$", code, re.MULTILINE)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert len(promised) == 7
    assert done.stdout.splitlines() == promised, done.stderr


def test_every_test_named_in_the_reliability_page_exists() -> None:
    text = (REPOSITORY / "docs" / "reliability.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert len(named) >= 40
    for file, test in named:
        assert f"def {test}(" in (REPOSITORY / file).read_text(encoding="utf-8"), test


def test_every_promise_has_a_test() -> None:
    text = (REPOSITORY / "docs" / "reliability.md").read_text(encoding="utf-8")
    tables = re.findall(r"\| promise \| test \|\n\|---\|---\|\n((?:\|.*\n)+)", text)
    for line in "".join(tables).splitlines():
        assert "`tests/" in line, line
