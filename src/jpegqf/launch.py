"""Start a command so that Ctrl-C while it loads, or a reader that went away, ends it quietly."""

import os
import signal
import sys
from collections.abc import Callable


def infer() -> int:
    """Run ``jpegqf.infer``; returns the exit code."""

    def run() -> int:
        from jpegqf.infer import main

        return main()

    return _quietly(run)


def jpegqf() -> int:
    """Run ``jpegqf.cli``; returns the exit code."""

    def run() -> int:
        from jpegqf.cli import main

        main(prog_name="jpegqf")
        return 0

    return _quietly(run)


def _quietly(run: Callable[[], int]) -> int:
    # Until a batch listens for it, Ctrl-C simply ends the process: no traceback out of an import.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        code = run()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
