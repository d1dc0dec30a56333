"""The vocabulary of the command line: options that several commands share, each with one name, default and wording."""

from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from jpegqf.limits import DEFAULT_PIXELS

MOST_JOBS = 256
"""Most worker processes on one machine."""
Command = TypeVar("Command", bound=Callable[..., Any])


class Option(click.Option):
    """An option with earlier names, ``also``, which scripts may still use and no help shows."""

    def __init__(self, *arguments: Any, also: tuple[str, ...] = (), **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.also = also

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """See the base class."""
        shown, self.opts = self.opts, [*self.opts, *self.also]
        super().add_to_parser(parser, ctx)
        self.opts = shown


class _Seconds(click.FloatRange):
    """A time of up to a day; ``nan``, which is neither above nor below any bound, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """See the base class."""
        seconds = super().convert(value, param, ctx)
        return self.fail(f"{value!r} is no time.", param, ctx) if seconds != seconds else seconds


SECONDS = _Seconds(0, 86_400, min_open=True)


def complete_files(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Have the shell complete the name of a file; it says nothing of what the name must be."""
    return [CompletionItem(begun, type="file")]


paths = click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=complete_files)
files = click.argument("files", nargs=-1, required=True, metavar="FILE...", shell_complete=complete_files)
recursive = click.option("--recursive", "-r", is_flag=True, help="Descend into subfolders.")
exts = click.option("--exts", multiple=True, metavar="EXT",
                    help="Suffixes to take in folders and archives, .png,.jpg; repeatable.")  # fmt: skip
quiet = click.option("--quiet", "-q", is_flag=True, help="No progress bar, no closing line.")
device = click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
                      help="Where the model runs.")  # fmt: skip
outputs = click.option("outputs", "-o", "--output", multiple=True, metavar="FILE", shell_complete=complete_files,
                       help="Write rows here; .csv .jsonl .db .sqlite .parquet; repeatable.")  # fmt: skip
row_format = click.option("form", "--format", type=click.Choice(["table", "json", "jsonl", "csv"]),
                          help="Of rows on standard output, where no file or '-' is named for them: a table on a "
                               "terminal, else jsonl.")  # fmt: skip


def jobs(also: tuple[str, ...] = ()) -> Callable[[Command], Command]:
    """The worker processes of a command on one machine; ``also``: earlier names of the option."""
    return click.option("--jobs", "-j", cls=Option, also=also, type=click.IntRange(1, MOST_JOBS), default=1,
                        show_default=True, help="Worker processes.")  # fmt: skip


def max_pixels(meaning: str = "Skip larger images, told from the header.") -> Callable[[Command], Command]:
    """The largest image that a command looks at; ``meaning``: what becomes of larger ones."""
    return click.option("--max-pixels", type=click.IntRange(1), default=DEFAULT_PIXELS, show_default=True, metavar="N",
                        help=meaning)  # fmt: skip


def timeout(
    meaning: str = "Give up an image that takes longer: one error row.", seconds: int = 60
) -> Callable[[Command], Command]:
    """The time that an image may take; ``meaning``: what becomes of others, ``seconds``: the default."""
    return click.option("timeout", "--timeout-per-image", type=SECONDS, default=seconds, show_default=True,
                        metavar="SECONDS", help=meaning)  # fmt: skip


def overwrite(what: str = "output files that exist") -> Callable[[Command], Command]:
    """Leave to replace files; ``what`` they are."""
    return click.option("--overwrite", is_flag=True, help=f"Replace {what}.")
