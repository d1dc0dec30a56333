"""``python infer.py …``: predict the JPEG quality factor of images. All of it is in ``jpegqf.infer.command``."""

import sys

from jpegqf.__main__ import infer

if __name__ == "__main__":
    sys.exit(infer())
