"""Make the three images that the page of ``jpegqf serve`` offers to people without one at hand.

python -m docs.sample_images
"""

import io
from pathlib import Path

import skimage.data
from PIL import Image

from docs.saving import decoded, jpeg

FOLDER = Path(__file__).parents[1] / "src" / "jpegqf" / "web" / "samples"
SCALE = 0.7
"""Of the scenes as scikit-image ships them, so that no trace of an earlier save is left in them."""


def scene(name: str, width: int) -> Image.Image:
    """A scene of scikit-image, ``width`` pixels wide and no larger than SCALE of its size."""
    image = Image.fromarray(getattr(skimage.data, name)())
    scale = min(SCALE, width / image.width)
    return image.resize((round(scale * image.width), round(scale * image.height)), Image.Resampling.LANCZOS)


def sample_images() -> dict[str, bytes]:
    """Name and bytes: a JPEG; a PNG that was a JPEG, cropped since; a JPEG that was saved twice."""
    out = io.BytesIO()
    decoded(jpeg(scene("chelsea", 224), 70, optimize=True)).crop((3, 5, 219, 149)).save(out, "PNG", optimize=True)
    return {
        "coffee.jpg": jpeg(scene("coffee", 420), 82, optimize=True),
        "cat.png": out.getvalue(),
        "astronaut.jpg": jpeg(decoded(jpeg(scene("astronaut", 320), 60, optimize=True)), 92, optimize=True),
    }


def main() -> None:
    """Write them."""
    FOLDER.mkdir(exist_ok=True)
    for name, data in sample_images().items():
        (FOLDER / name).write_bytes(data)
        print(f"{name}: {len(data)} bytes")


if __name__ == "__main__":
    main()
