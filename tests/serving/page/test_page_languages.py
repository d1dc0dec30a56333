"""The page in each of its languages."""

import re

import pytest
from page_fixtures import Shown
from PIL import Image

from conftest import MakeJpeg
from page_words import NAMES, english_left


def test_parts_of_different_jpegs_are_told_in_every_language(shown: Shown, mixtures: dict[str, bytes]) -> None:
    shown.choose({"composite.png": mixtures["composite.png"]})
    assert shown.rows() == [["composite.png", "–", "–", "88", "Composite"]]
    card = shown.page.locator("#card")
    assert sorted(card.locator(".boxes .label").all_inner_texts()) == ["1: quality 50", "rest: quality 88"]
    parts = card.locator(".parts li")
    assert parts.all_inner_texts() == [
        "1: 240×240 pixels, 203 from the left and 131 from the top: quality 50",
        "The rest: quality 88",
    ]
    shown.shoot("composite")
    said = {
        "zh": (
            "zh-Hans",
            "拼接图",
            "由不同 JPEG 拼成的图片（PNG）",
            "1：240×240 像素，距左边 203、距上边 131：质量 50",
        ),
        "ja": (
            "ja",
            "合成",
            "異なる JPEG を組み合わせた画像（PNG）",
            "1：240×240 画素、左から 203、上から 131：品質 50",
        ),
    }
    for language, (tag, verdict, sentence, part) in said.items():
        shown.page.select_option("#language", language)
        shown.page.wait_for_selector(f"html[lang={tag}]")
        assert shown.rows()[0][4] == verdict
        assert sentence in card.locator(".sentence").inner_text()
        assert part in parts.first.inner_text()
        assert not re.search(r"\b(part|rest|saved|regions)\b", card.inner_text())


@pytest.mark.parametrize("language", ["zh", "ja"])
def test_no_english_is_left_on_the_page(
    shown: Shown, files: dict[str, bytes], mixtures: dict[str, bytes], jpeg: MakeJpeg, language: str
) -> None:
    page = shown.page
    page.select_option("#language", language)
    page.wait_for_selector(f"html[lang^={language}]")
    flat = jpeg(90, Image.new("RGB", (300, 300), "gray"))
    made = {name: files[name] for name in ("photo.jpg", "was.png", "twice.jpg", "broken.jpg")}
    tiny = jpeg(90, Image.new("RGB", (9, 9)))
    sent = made | mixtures | {"flat.jpg": flat, "tiny.jpg": tiny, "notes.txt": b"no"}
    shown.choose(sent)
    page.click("#filter-box summary")
    texts = []
    for row in page.locator("#rows tr").all():
        row.locator("th").click()
        shown.settle()
        texts.append(page.locator("body").inner_text())
        texts += [str(drawn.get_attribute("aria-label")) for drawn in page.locator("#card [aria-label]").all()]
    names = NAMES | {"base", *re.findall("[a-z]+", " ".join(sent))}
    left = {word for text in texts for word in english_left(text, names)}
    assert left == set()


def test_language_and_theme_are_switched_and_remembered(shown: Shown, files: dict[str, bytes]) -> None:
    shown.choose({"twice.jpg": files["twice.jpg"]})
    page = shown.page
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    said = {
        "zh": ("zh-Hans", "重新保存过", "文件头为 92，像素此前曾以 60 压缩"),
        "ja": ("ja", "再保存あり", "再保存あり"),
    }
    for language, (tag, verdict, words) in said.items():
        page.select_option("#language", language)
        page.wait_for_selector(f"html[lang={tag}]")
        assert shown.rows()[0][4] == verdict
        assert words in page.locator("#card").inner_text()
        visible = page.locator("body").inner_text()
        assert not re.search(r"\{\w+\}|\b(sure|card|file)\.\w+", visible)
        shown.shoot(language)
    assert page.locator("#theme").get_attribute("aria-pressed") == "false"
    page.click("#theme")
    assert page.locator("#theme").get_attribute("aria-pressed") == "true"
    assert page.evaluate(paper) != light
    shown.shoot("dark")
    page.reload()
    page.wait_for_selector("html[data-ready][lang=ja][data-theme=dark]")
