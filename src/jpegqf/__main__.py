"""Start a command so that Ctrl-C while it loads, or a reader that went away, ends it quietly."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress


def infer() -> int:
    """Run ``jpegqf.infer.command``; returns the exit code."""

    def run() -> int:
        from jpegqf.infer.command import main

        return main()

    return _quietly(run, "已中断 / Interrupted")


def jpegqf() -> int:
    """Run ``jpegqf.cli``; returns the exit code."""

    def run() -> int:
        from jpegqf.cli import main

        main(prog_name="jpegqf")
        return 0

    scan = sys.argv[1:2] == ["scan"]
    return _quietly(run, "interrupted: 0 ok, 0 skipped, 0 error" if scan else "interrupted")


def _quietly(run: Callable[[], int], words: str) -> int:
    def interrupted(number: int, frame: object) -> None:
        """Until a batch listens, Ctrl-C ends the process with one line: no traceback out of an import."""
        with suppress(OSError):
            os.write(2, f"{words}\n".encode())
        os._exit(128 + number)

    signal.signal(signal.SIGINT, interrupted)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller, who wants to hear nothing
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for as long as we run
    try:
        code = run()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
    for stream in (sys.stdout, sys.stderr):  # what cannot be written would end Python with exit code 120
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return code


if __name__ == "__main__":
    sys.exit(jpegqf())
