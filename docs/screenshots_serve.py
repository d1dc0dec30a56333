"""Take the picture of the page in docs/serve.png, of images that scikit-image ships (public domain and CC0).

PYTHONPATH=tests python -m docs.screenshots_serve
"""

import io
from pathlib import Path
from typing import Any

import skimage.data
from PIL import Image

from docs.saving import decoded, jpeg
from serve_browser import chromium, context_of, served

REPOSITORY = Path(__file__).parents[1]

TARGET = REPOSITORY / "docs" / "serve.png"
COLOURS = 200
"""A palette keeps the file small; the page has few colours beside the photograph's."""


def files() -> dict[str, bytes]:
    """One of each kind: a splice, a plain JPEG, one saved twice, a crop, a clean one, a broken one."""
    astronaut = Image.fromarray(skimage.data.astronaut())
    cat = Image.fromarray(skimage.data.chelsea())
    coffee = Image.fromarray(skimage.data.coffee())
    spliced = decoded(jpeg(astronaut, 88))
    spliced.paste(decoded(jpeg(astronaut, 50)).crop((128, 0, 320, 192)), (128, 0))
    return {
        "spliced.png": png(spliced),
        "astronaut.jpg": jpeg(astronaut, 82),
        "twice.jpg": jpeg(decoded(jpeg(cat, 60)), 92),
        "cropped.png": png(decoded(jpeg(cat, 71)).crop((3, 5, 440, 290))),
        "resized.png": png(coffee.resize((300, 200))),
        "cut off.jpg": jpeg(coffee, 90)[:9000],
    }


def png(image: Image.Image) -> bytes:
    """Saved as PNG."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def main() -> None:
    """Serve, show, shoot."""
    chosen: Any = [
        {"name": name, "mimeType": "image/png" if name.endswith("png") else "image/jpeg", "buffer": data}
        for name, data in files().items()
    ]
    with served() as server, chromium() as browser:
        page = context_of(browser, 1280, 1000, color_scheme="light", locale="en-US").new_page()
        page.goto(server.url)
        page.wait_for_selector("html[data-ready]")
        page.set_input_files("#files", chosen)
        page.wait_for_selector("#progress", state="hidden", timeout=120_000)
        page.wait_for_selector(".looking", state="detached", timeout=60_000)
        page.wait_for_timeout(1_000)
        shot = page.screenshot()
    decoded(shot).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(TARGET, optimize=True)
    print(f"{TARGET.name}: {TARGET.stat().st_size // 1000} KB")


if __name__ == "__main__":
    main()
