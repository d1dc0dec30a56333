"""How images come to the page, and are cleared away."""

import base64
import importlib
import io
from pathlib import Path
from typing import Any

import pytest
from page_fixtures import Shown, column
from PIL import Image


def test_the_formats_named_are_formats_that_are_judged(shown: Shown, photo: Image.Image) -> None:
    formats = shown.page.locator("#formats")
    formats.filter(has_text="JPEG").wait_for()  # the page asks the server for them
    said = formats.inner_text().rpartition(", up to")[0].split(", ")
    assert {"JPEG", "PNG", "WebP", "TIFF", "BMP", "PPM", "GIF"} <= set(said)
    suffixes = {"JPEG 2000": "jp2", "JPEG XL": "jxl", "HEIF": "heic"}
    if "JPEG XL" in said:
        importlib.import_module("pillow_jxl")
    if "HEIF" in said:
        importlib.import_module("pillow_heif").register_heif_opener()
    sent = {}
    for name in said:
        out = io.BytesIO()
        image = photo.resize((200, 200)).convert("L" if name == "GIF" else "RGB")
        image.save(out, {"JPEG 2000": "JPEG2000", "JPEG XL": "JXL"}.get(name, name))
        sent[f"a.{suffixes.get(name, name.lower())}"] = out.getvalue()
    shown.choose(sent)
    assert [row[4] for row in shown.rows() if row[4] in ("Unreadable", "Not judged", "Not sent")] == []
    assert len(shown.rows()) == len(said)


@pytest.mark.parametrize("number", range(3))
def test_the_images_to_try_show_three_situations(shown: Shown, number: int) -> None:
    shown.page.locator("button[data-sample]").nth(number).click()
    shown.page.wait_for_selector("#card h2")
    shown.settle()
    assert column(shown, 4) == [["Consistent", "Was a JPEG", "Re-saved"][number]]
    assert shown.page.locator("#card h2").is_visible()


def test_pasted_images_are_taken(shown: Shown, files: dict[str, bytes]) -> None:
    packed = base64.b64encode(files["was.png"]).decode()
    shown.page.evaluate(
        """(data) => {
            const transfer = new DataTransfer();
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            transfer.items.add(new File([bytes], "image.png", {type: "image/png"}));
            document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true}));
        }""",
        packed,
    )
    shown.settle()
    assert shown.rows() == [["image.png", "60", "–", "60", "Was a JPEG"]]


def test_a_folder_gives_its_images_with_their_paths(shown: Shown, files: dict[str, bytes], tmp_path: Path) -> None:
    inner = tmp_path / "shots" / "inner"
    inner.mkdir(parents=True)
    (inner / "a.jpg").write_bytes(files["photo.jpg"])
    (inner.parent / "b.png").write_bytes(files["was.png"])
    (inner.parent / "notes.txt").write_bytes(b"passed over")
    shown.page.set_input_files("#folder", inner.parent)
    shown.settle()
    assert sorted(row[0] for row in shown.rows()) == ["shots/b.png", "shots/inner/a.jpg"]


def test_clearing_while_images_are_on_their_way_leaves_room_for_new_ones(shown: Shown, files: dict[str, bytes]) -> None:
    many: Any = [{"name": f"{i}.jpg", "mimeType": "image/jpeg", "buffer": files["photo.jpg"]} for i in range(12)]
    shown.page.set_input_files("#files", many)
    shown.page.click("#clear")
    shown.choose({"was.png": files["was.png"]})
    assert [row[0] for row in shown.rows()] == ["was.png"]
    assert shown.page.locator("#card h2").inner_text() == "was.png"


def test_clearing_empties_the_page(shown: Shown, files: dict[str, bytes]) -> None:
    shown.choose({"photo.jpg": files["photo.jpg"]})
    shown.page.click("#clear")
    assert not shown.page.locator("#work").is_visible()
    shown.choose({"was.png": files["was.png"]})
    assert [row[0] for row in shown.rows()] == ["was.png"]
