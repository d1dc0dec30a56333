"""The card of an image: its evidence, boxes, maps, picture, and the JPEG that is given back."""

import io
import re
from typing import Any

import pytest
from page_fixtures import PASTED, SECOND, Shown
from PIL import Image

from conftest import MakeJpeg


def test_a_dropped_jpeg_opens_its_card_with_all_evidence(shown: Shown, files: dict[str, bytes]) -> None:
    sent: list[str] = []
    shown.page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    shown.drop({"photo.jpg": files["photo.jpg"]})
    assert [url.rpartition("/")[2] for url in sent] == ["explain"]  # one look for record and evidence
    assert shown.rows() == [["photo.jpg", "82", "82", "82", "Consistent"]]
    card = shown.page.locator("#card")
    assert card.locator("h2").inner_text() == "photo.jpg"
    assert "Header and pixels say 82" in card.inner_text()
    assert card.locator(".chart canvas").count() == 5
    assert card.locator(".heat").count() == 2
    assert card.locator(".heat").first.locator("td").first.inner_text() == "6"
    for words in (
        "How sure, and why",
        "the 95 % interval is exactly 82",
        "A header can be rewritten",
        "IJG libjpeg",
        "stripped, or never written",
    ):
        assert words in card.inner_text()
    drawn = card.locator("canvas[aria-label]").first.evaluate(
        "(canvas) => canvas.getContext('2d').getImageData(100, 100, 1, 1).data[3]"
    )
    assert drawn > 0
    shown.shoot("card")


def test_a_png_that_was_a_jpeg_and_a_broken_file_are_told_apart(shown: Shown, files: dict[str, bytes]) -> None:
    shown.choose({name: files[name] for name in ("was.png", "broken.jpg", "twice.jpg")} | {"notes.txt": b"no image"})
    assert shown.rows() == [
        ["was.png", "60", "–", "60", "Was a JPEG"],
        ["broken.jpg", "50", "50", "–", "Unreadable"],
        ["twice.jpg", "92", "92", "92", "Re-saved"],
        ["notes.txt", "–", "–", "–", "Unreadable"],
    ]
    card = shown.page.locator("#card")
    assert "grid starts at column 5, row 3" in card.inner_text()
    shown.page.click("text=broken.jpg")
    shown.settle()
    assert "The file is cut off" in card.inner_text()
    assert card.locator(".chart").count() == 0
    shown.page.click("text=twice.jpg")
    shown.settle()
    assert "An earlier save at quality 60 shows through" in card.inner_text()
    shown.shoot("several")


def test_a_part_that_was_a_jpeg_has_a_box_over_the_picture_and_its_place_in_words(
    shown: Shown, mixtures: dict[str, bytes]
) -> None:
    shown.choose({"partial.png": mixtures["partial.png"]})
    assert shown.rows() == [["partial.png", "50", "–", "50", "Partly a JPEG"]]
    card = shown.page.locator("#card")
    assert card.locator(".parts li").all_inner_texts() == [
        "1: 240×240 pixels, 203 from the left and 131 from the top: quality 50",
        "Elsewhere: no JPEG grid",
    ]
    assert card.locator(".boxes .label").all_inner_texts() == ["1: quality 50"]
    picture, box = (card.locator(name).first.bounding_box() for name in (".stage img", ".box"))
    assert picture
    assert box
    scale = picture["width"] / 512
    assert tuple(round(start / scale) for start in (box["x"] - picture["x"], box["y"] - picture["y"])) == PASTED
    assert [round(side / scale) for side in (box["width"], box["height"])] == [240, 240]
    for words in (
        "PNG, partly a JPEG: a part of 240x240 at (203, 131)",
        "about the largest part",
        "Saves side by side\n1",
    ):
        assert words in card.inner_text()
    assert "was cropped or mirrored since" not in card.inner_text()
    shown.shoot("partial")


def test_an_image_that_is_one_save_or_none_has_no_boxes(
    shown: Shown, files: dict[str, bytes], cat: Image.Image
) -> None:
    out = io.BytesIO()
    cat.resize((150, 100)).save(out, "PNG")
    shown.choose({"resized.png": out.getvalue()} | {name: files[name] for name in ("photo.jpg", "was.png")})
    assert [row[4] for row in shown.rows()] == ["No trace of a JPEG", "Consistent", "Was a JPEG"]
    assert "never a JPEG" not in shown.page.locator("body").inner_text()
    for name in ("resized.png", "photo.jpg", "was.png"):
        shown.page.click(f"text={name}")
        shown.settle()
        assert shown.page.locator("#card .boxes").count() == 0


def test_a_map_of_earlier_saves_is_drawn_where_the_server_sends_one(shown: Shown, files: dict[str, bytes]) -> None:
    earlier = {"x": 0, "y": 0, "side": 200, "quality": [[60, None], [70, 80]], "confidence": [[0.9, None], [0.8, 0.7]]}

    def with_earlier(route: Any) -> None:
        told = route.fetch().json()
        told["evidence"]["earlier"] = earlier
        route.fulfill(json=told)

    shown.choose({"photo.jpg": files["photo.jpg"]})
    assert "Earlier saves" not in shown.page.locator("#card").inner_text()
    shown.page.route("**/v1/explain", with_earlier)
    shown.page.click("#clear")
    shown.choose({"photo.jpg": files["photo.jpg"]})
    figure = shown.page.locator("figure", has=shown.page.get_by_role("heading", name="Earlier saves"))
    for words in (
        "Each square of 200×200 pixels has the colour of the quality of an earlier save",
        "here 60 to 80",
        "Blank squares (1 of 4): none was found",
        "A margin too narrow for a square is left out.",
    ):
        assert words in figure.inner_text()
    canvas = figure.locator("canvas")
    alt = "Map of earlier saves, 2 by 2 squares: their quality is 60 to 80, in the median 70; blank: 1."
    assert canvas.get_attribute("aria-label") == alt
    row = "(canvas) => Array.from(canvas.getContext('2d').getImageData(0, 64, 400, 1).data)"
    opacity = canvas.evaluate(row)[3::4]
    assert min(opacity[:200]) > 0
    assert max(opacity[200:]) == 0
    assert figure.locator("input[type=checkbox]").count() == 1
    shown.shoot("earlier")


def test_the_caption_of_a_map_says_what_that_map_shows(
    shown: Shown, files: dict[str, bytes], mixtures: dict[str, bytes]
) -> None:
    figure = shown.page.locator("figure", has=shown.page.get_by_role("heading", name="Quality across the image"))
    shown.choose({"photo.jpg": files["photo.jpg"]})
    assert "here exactly 82." in figure.inner_text()
    assert "Blank" not in figure.inner_text()
    assert "margin" not in figure.inner_text()
    shown.page.click("#clear")
    shown.choose({"partial.png": mixtures["partial.png"]})
    assert re.search(r"here (exactly 50|\d\d to \d\d)\.", figure.inner_text())
    assert re.search(
        r"Blank squares \(\d+ of \d+\) show no JPEG grid in line with that of the largest", figure.inner_text()
    )


def test_an_image_without_a_grid_has_no_map(shown: Shown, cat: Image.Image) -> None:
    out = io.BytesIO()
    cat.resize((150, 100)).save(out, "PNG")
    shown.choose({"resized.png": out.getvalue()})
    assert shown.page.get_by_role("heading", name="How sure, and why").count() == 1
    assert shown.page.locator("#card figure").count() == 0


def test_the_picture_of_the_evidence_is_saved(shown: Shown, files: dict[str, bytes]) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    shown.choose({"photo.jpg": files["photo.jpg"]})
    with Image.open(io.BytesIO(shown.saved("text=Evidence as PNG"))) as image:
        assert image.width == 1800


def test_the_button_gives_the_jpeg_back_and_a_crop_is_refused_in_words(
    shown: Shown, jpeg: MakeJpeg, photo: Image.Image, files: dict[str, bytes]
) -> None:
    pytest.importorskip("jpeglib", reason="restoring needs jpegqf[restore]")
    out = io.BytesIO()
    scene = photo.crop((0, 0, 256, 192)).point(lambda level: level // 2 + 50)
    with Image.open(io.BytesIO(jpeg(75, scene))) as image:
        image.save(out, "PNG")
        pixels = image.tobytes()
    shown.choose({"was.png": out.getvalue()})
    shown.page.click("#restore")
    shown.page.wait_for_selector("text=every pixel is the same", timeout=60 * SECOND)
    with Image.open(io.BytesIO(shown.saved("#restore"))) as back:
        assert back.tobytes() == pixels
    shown.shoot("restored")
    shown.page.click("#clear")
    shown.choose({"crop.png": files["was.png"]})
    shown.page.click("#restore")
    shown.page.wait_for_selector("text=Not given back: Cropped since it was a JPEG", timeout=60 * SECOND)
    shown.complaints[:] = [words for words in shown.complaints if "422" not in words]  # the browser notes each refusal
