"""``python infer.py …``: predict the JPEG quality factor of images. All of it is in ``jpegqf.infer``."""

import sys

from jpegqf.launch import infer

if __name__ == "__main__":
    sys.exit(infer())
