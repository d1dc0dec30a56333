"""Command lines without a subcommand: which command is meant, and in one line what is wrong with a call."""

import os
from collections import Counter
from typing import Any

import click
from click.shell_completion import CompletionItem

from jpegqf.errors import JpegqfError, Reason
from jpegqf.terminal import Refused, exit_code, print_lines, say, story_text

MOST_STORIES = 12
"""Most files that are told one by one; more of them are scanned."""


class FrontDoor(click.Group):
    """A group of commands that takes files, too: ``files_command`` is called where no subcommand is named."""

    files_command: click.Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See the base class; in the order in which they were added."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See the base class; a file whose name begins with a dash is explained, not taken for a flag."""
        given = tuple(args)  # the parser takes them off the list
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption:
            _refuse_dashed(given)
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See the base class; what is no command, but a file, folder, glob or list, goes to ``files_command``."""
        name = args[0]
        if self.get_command(ctx, name) or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        from jpegqf.inputs.find import is_input

        if is_input(name):
            return None, self.files_command, ["--", *args] if name != "-" and name.startswith("-") else args
        raise Refused(self._unknown(ctx, name))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """See the base class; the first word may be a file, too."""
        return [*super().shell_complete(ctx, incomplete), CompletionItem(incomplete, type="file")]

    def invoke(self, ctx: click.Context) -> Any:
        """See the base class; files that a subcommand takes for flags are explained."""
        given = (*ctx._protected_args, *ctx.args)
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            _refuse_dashed(given)
            if error.ctx and error.ctx.command is self.files_command:
                raise Refused(f"{error.option_name} is a flag of a command: name it, as in jpegqf scan PATH") from None
            raise

    def _unknown(self, ctx: click.Context, name: str) -> str:
        """What is said of a first word that is neither a command nor a file."""
        if os.sep in name or os.path.splitext(name)[1]:
            return f"no such file or folder: {name!r}"
        from difflib import get_close_matches

        near = get_close_matches(name, self.list_commands(ctx), 1)
        meant = f"did you mean {near[0]!r}?" if near else "jpegqf --help lists the commands"
        return f"No such command or file: {name!r}; {meant}"


def _refuse_dashed(args: tuple[str, ...]) -> None:
    """Raise Refused if an argument that was taken for flags is the name of a file."""
    for name in args:
        if name.startswith("-") and os.path.lexists(name):
            raise Refused(f"{name!r} begins with a dash and was taken for flags: write {os.path.join('.', name)}")


def are_few_files(names: tuple[str, ...]) -> bool:
    """Whether the names are those of a few image files, to be told one by one; else they are to be scanned."""
    from jpegqf.inputs.suffixes import is_archive

    return len(names) <= MOST_STORIES and not any(os.path.isdir(name) or is_archive(name) for name in names) and all(
        os.path.lexists(name) for name in names
    )  # fmt: skip


def tell_files(names: tuple[str, ...]) -> int:
    """Print the story of each file; returns the exit code of a scan of them. Raises Refused for a bad call."""
    from jpegqf.inspection.inspector import Inspector
    from jpegqf.scanning.look import Look

    try:
        inspector: Inspector = Look().prepared()
    except JpegqfError as error:
        raise Refused(str(error)) from None
    counts: Counter[str] = Counter()
    for number, name in enumerate(names):
        if number:
            print_lines([""])
        counts[_tell(inspector, name)] += 1
    return exit_code(counts)


def _tell(inspector: Any, name: str) -> str:
    """Print the story of one file; returns its status."""
    from jpegqf.inputs.item import Item
    from jpegqf.inspection.to_record import to_record
    from jpegqf.names import printable
    from jpegqf.scanning.look import guarded, lost_record
    from jpegqf.views.story import story

    def look() -> tuple[str, list[str]]:
        found = inspector.look(name, printable(name))
        record = to_record(found)
        return record.status.value, story_text(story(found, record), record)

    def lost(item: Item, reason: Reason, message: str) -> tuple[str, list[str]]:
        say(f"{printable(item.name)}: {lost_record(item, reason, message).message}")
        return "error", []

    status, lines = guarded(Item(name), look, lost)
    if lines:
        print_lines(lines)
    return status
