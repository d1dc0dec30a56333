"""Images that PyPI packages ship (public domain or CC0), and the bundled model."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import skimage.data
from PIL import Image

from jpegqf.engine import Predictor
from jpegqf.model import load_model

REPOSITORY = Path(__file__).parents[1]
PTH = REPOSITORY / "checkpoints" / "model.pth"
ONNX = REPOSITORY / "checkpoints" / "model.onnx"

MakeJpeg = Callable[..., bytes]


@pytest.fixture(scope="session")
def photo() -> Image.Image:
    """Eileen Collins, NASA, public domain: 512x512 RGB."""
    return Image.fromarray(skimage.data.astronaut())


@pytest.fixture(scope="session")
def cat() -> Image.Image:
    """Chelsea, CC0 by Stefan van der Walt: 451x300 RGB."""
    return Image.fromarray(skimage.data.chelsea())


@pytest.fixture(scope="session")
def jpeg(photo: Image.Image) -> MakeJpeg:
    """Bytes of an image saved as JPEG: ``jpeg(quality, image=photo, **options of Pillow)``."""

    def make(quality: int, image: Image.Image = photo, **options: object) -> bytes:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality, **options)
        return out.getvalue()

    return make


@pytest.fixture(scope="session")
def predictor() -> Predictor:
    return Predictor(load_model(ONNX, "cpu"))
