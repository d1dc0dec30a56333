import io
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import click
import pytest
from click.shell_completion import ShellComplete
from PIL import Image

from commands import run_here
from jpegqf.cli import main, tell

DIFFERENT = {
    "--output": "what a command makes: rows of scan and advise, JPEGs of restore, a page of report",
    "--timeout-per-image": "restore searches for longer than others look",
    "--jobs": "scan takes all cores of a cluster where none are named",
    "--resume": "scan goes on behind rows, restore with the JPEGs that are missing",
    "--overwrite": "each command names what it replaces",
    "--prove": "scan proves a quality, advise measures what the JPEG would save",
    "--max-pixels": "serve answers 422 to larger images, others skip them",
}
"""Options that are not quite the same in all commands, and why."""
COMMANDS = {**main.commands, "FILE...": tell}


def options() -> dict[str, list[click.Option]]:
    """Options by their longest name."""
    found: dict[str, list[click.Option]] = defaultdict(list)
    for command in COMMANDS.values():
        for option in command.params:
            if isinstance(option, click.Option):
                found[max(option.opts, key=len)].append(option)
    return found


def shape(option: click.Option) -> tuple[Any, ...]:
    return type(option.type), option.is_flag, option.multiple, option.default, option.metavar, option.help


@pytest.mark.parametrize("name", sorted(set(options()) - set(DIFFERENT)))
def test_an_option_is_the_same_in_every_command_that_has_it(name: str) -> None:
    assert len({shape(option) for option in options()[name]}) == 1


@pytest.mark.parametrize("name", sorted(DIFFERENT))
def test_an_option_that_differs_with_reason_does_differ_and_has_the_same_short_names(name: str) -> None:
    assert len({shape(option) for option in options()[name]}) > 1
    assert len({tuple(option.opts) for option in options()[name]}) == 1


def test_a_short_name_means_one_option() -> None:
    meant = defaultdict(set)
    for name, same in options().items():
        for option in same:
            for short in set(option.opts) - {name}:
                meant[short].add(name)
    assert {short: names for short, names in meant.items() if len(names) > 1} == {}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_help_ends_with_an_example(name: str) -> None:
    command = COMMANDS[name]
    text = command.get_help(click.Context(command, info_name=name))
    last = text.rstrip().splitlines()[-1]
    assert last.strip().startswith("jpegqf"), last


@pytest.mark.parametrize(
    ("command", "old", "new"), [("serve", "--workers", "--jobs"), ("report", "--rows", "--max-rows")]
)
def test_earlier_names_work_and_no_help_shows_them(command: str, old: str, new: str) -> None:
    found = main.commands[command]
    arguments = ["r.csv", "-o", "r.html"] if command == "report" else []
    contexts = [found.make_context(command, [*arguments, flag, "7"]) for flag in (old, new)]
    assert contexts[0].params == contexts[1].params
    assert 7 in contexts[0].params.values()
    text = found.get_help(click.Context(found))
    assert new in text
    assert f" {old} " not in text


def completed(words: list[str], begun: str) -> list[tuple[str, str]]:
    shell = ShellComplete(main, {}, "jpegqf", "_JPEGQF_COMPLETE")
    return [(item.type, item.value) for item in shell.get_completions(words, begun)]


def test_a_shell_completes_commands_options_and_files() -> None:
    assert ("plain", "scan") in completed([], "sc")
    assert ("file", "ph") in completed([], "ph")
    assert completed(["scan"], "ph") == [("file", "ph")]
    assert ("plain", "--recursive") in completed(["scan"], "--rec")
    assert completed(["explain", "a.jpg", "--plot"], "b") == [("file", "b")]


def test_version_and_module_say_the_same() -> None:
    command = [sys.executable, "-m", "jpegqf", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("jpegqf, version ")


def test_an_image_over_the_limit_is_told_with_limit_and_flag(tmp_path: Path) -> None:
    data = io.BytesIO()
    Image.new("L", (64, 64)).save(data, "PNG")
    (tmp_path / "a.png").write_bytes(data.getvalue())
    done = run_here("explain", "a.png", "--max-pixels", "4000", "--plot", "a.svg", cwd=tmp_path)
    assert done.returncode == 1
    assert "64x64 = 4096, the limit is 4000" in done.stdout
    assert "--max-pixels 4000 was the limit" in done.stderr
    assert not (tmp_path / "a.svg").exists()


def test_the_list_of_commands_cuts_no_sentence() -> None:
    text = main.get_help(click.Context(main, info_name="jpegqf", terminal_width=80))
    assert all(name in text for name in main.commands)
    assert "..." not in text.partition("Commands:")[2]
