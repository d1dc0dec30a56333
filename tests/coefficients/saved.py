"""Pixels of JPEGs made of images that scikit-image ships, for tests of restoring."""

import io

import numpy as np
from PIL import Image

from jpegqf.arrays import U8


def saved(image: Image.Image, **options: object) -> tuple[U8, bytes]:
    """The pixels of an image saved as JPEG with these options of Pillow's, and the JPEG."""
    file = io.BytesIO()
    image.save(file, "JPEG", optimize=True, **options)
    return np.asarray(Image.open(file)), file.getvalue()
