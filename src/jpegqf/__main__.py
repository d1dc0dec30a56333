"""``python -m jpegqf``: the command ``jpegqf``."""

import sys

from jpegqf.launch import jpegqf

if __name__ == "__main__":
    sys.exit(jpegqf())
