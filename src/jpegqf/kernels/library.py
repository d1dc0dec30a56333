"""Compile ``kernels.c`` into a shared library beside it, and tell where that is. Needs nothing but a C compiler.

The package's build runs it (``hatch_build.py``), and ``python -m jpegqf.kernels.library`` does so in a checkout.
"""

import os
import subprocess
import sys
import zlib

FLAGS = ("-std=c11", "-O3", "-fPIC", "-shared", "-fopenmp-simd", "-ffp-contract=fast", "-fno-math-errno",
         "-fno-trapping-math", "-fno-signed-zeros", "-ffinite-math-only")  # fmt: skip
"""Of GCC and Clang: vector instructions, also those that multiply and add at once; and no care for infinities, signs of
zeros and floating-point exceptions."""
COMPILE_WITHIN = 120
"""Seconds that a compiler may take."""


def library_path() -> str:
    """Where the library of the ``kernels.c`` beside this file is, if it was compiled: its name holds the source's
    checksum, so that one of another source is never loaded.
    """
    with open(_source(), "rb") as file:
        checksum = zlib.crc32(file.read())
    return os.path.join(os.path.dirname(_source()), f"kernels-{checksum:08x}.so")


def compile_library() -> str | None:
    """Compile with the compiler that ``CC`` names, else ``cc``: the library's path, or None where that fails."""
    path = library_path()
    command = [*os.environ.get("CC", "cc").split(), *FLAGS, "-o", path + ".part", _source(), "-lm"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=COMPILE_WITHIN, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    os.replace(path + ".part", path)
    return path


def _source() -> str:
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernels.c")


if __name__ == "__main__":
    compiled = compile_library()
    print(compiled or "no C compiler, or it failed")
    sys.exit(compiled is None)
