"""Start a command so that Ctrl-C while it loads, or a reader that went away, ends it quietly."""

import os
import signal
import sys


def infer() -> int:
    """Run ``jpegqf.infer``; returns the exit code."""
    # Until the batch listens for it, Ctrl-C simply ends the process: no traceback out of an import.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from jpegqf.infer import main

    try:
        code = main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
