"""The page in a real Chromium for the tests of its folder; what it shows is kept under build/screenshots."""

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from browser import CHROMIUM
from conftest import REPOSITORY, MakeJpeg, png
from serve_browser import chromium, context_of, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


SCREENSHOTS = REPOSITORY / "build" / "screenshots"
HOSTILE = "<img src=x onerror=alert(1)>'\"&.jpg"
SECOND = 1000
PASTED = (203, 131)
"""Where parts are pasted in: on no grid line of what is around them."""


@dataclass
class Shown:
    """A page and all it complained of."""

    page: "Page"
    complaints: list[str] = field(default_factory=list)

    def shoot(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def choose(self, files: dict[str, bytes]) -> None:
        kinds = {".jpg": "image/jpeg", ".png": "image/png"}
        chosen: Any = [
            {"name": name, "mimeType": kinds.get(name[-4:], "text/plain"), "buffer": data}
            for name, data in files.items()
        ]
        self.page.set_input_files("#files", chosen)
        self.settle()

    def settle(self) -> None:
        """Until all images are looked at, and the card is there."""
        self.page.wait_for_selector("#progress", state="hidden", timeout=120 * SECOND)
        self.page.wait_for_selector(".looking", state="detached", timeout=60 * SECOND)

    def drop(self, files: dict[str, bytes]) -> None:
        """A real DataTransfer, filled in the page and dropped on it."""
        packed = [[name, base64.b64encode(data).decode()] for name, data in files.items()]
        transfer = self.page.evaluate_handle(
            """(packed) => {
                const transfer = new DataTransfer();
                for (const [name, data] of packed) {
                    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
                    transfer.items.add(new File([bytes], name, {type: "image/jpeg"}));
                }
                return transfer;
            }""",
            packed,
        )
        for event in ("dragenter", "dragover", "drop"):
            self.page.dispatch_event("#intake", event, {"dataTransfer": transfer})
        self.settle()

    def rows(self) -> list[list[str]]:
        """Texts of the table's cells."""
        return [
            [cell.strip() for cell in row.locator("th,td").all_inner_texts()]
            for row in self.page.locator("#rows tr").all()
        ]

    def saved(self, button: str) -> bytes:
        """What the browser downloads."""
        with self.page.expect_download(timeout=60 * SECOND) as found:
            self.page.click(button)
        return Path(found.value.path()).read_bytes()


def skip_without_page() -> None:
    """Skip a test where the server or what drives the browser is not installed."""
    pytest.importorskip("fastapi", reason='the server needs the extra serve: pip install ".[test-serve]"')
    pytest.importorskip("playwright", reason='a browser is driven by Playwright: pip install ".[test-serve]"')
    if not CHROMIUM:
        pytest.skip("no Chromium is installed")


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    skip_without_page()
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    skip_without_page()
    with served("--workers", "2") as server:
        yield server.url


def opened(browser: "Browser", url: str, **more: Any) -> Shown:
    shown = Shown(context_of(browser, **more).new_page())
    shown.page.on("console", lambda said: shown.complaints.append(f"{said.type}: {said.text}"))
    shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
    shown.page.goto(url)
    shown.page.wait_for_selector("html[data-ready]")
    return shown


@pytest.fixture
def shown(browser: "Browser", address: str) -> Iterator[Shown]:
    """A fresh page; nothing may have been complained of in the end, the content security policy included."""
    shown = opened(browser, address, locale="en-US", color_scheme="light")
    yield shown
    shown.page.context.close()
    assert shown.complaints == []


@pytest.fixture(scope="session")
def files(jpeg: MakeJpeg, cat: Image.Image, photo: Image.Image) -> dict[str, bytes]:
    with Image.open(io.BytesIO(jpeg(60, cat))) as image:
        twice, cropped = jpeg(92, image.copy()), png(image.crop((3, 5, 400, 290)))
    return {
        "photo.jpg": jpeg(82, photo),
        "was.png": cropped,
        "broken.jpg": jpeg(50, photo)[:6000],
        "twice.jpg": twice,
    }


@pytest.fixture(scope="session")
def mixtures(jpeg: MakeJpeg, cat: Image.Image, photo: Image.Image) -> dict[str, bytes]:
    """PNGs that are no JPEG all over: parts of JPEGs at odd places of a picture, which was a JPEG itself or was not."""
    with Image.open(io.BytesIO(jpeg(50, cat))) as image:
        coarse = image.convert("RGB").crop((0, 0, 240, 240))
    with Image.open(io.BytesIO(jpeg(88, photo))) as image:
        fine = image.convert("RGB")
    pictures = {"partial.png": photo.copy(), "composite.png": fine}
    for picture in pictures.values():
        picture.paste(coarse, PASTED)
    return {name: png(picture) for name, picture in pictures.items()}


def column(shown: Shown, number: int) -> list[str]:
    return [row[number] for row in shown.rows()]


PHONE = {"width": 390, "height": 844}
