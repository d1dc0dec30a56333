"""How the page stands in its window: on a phone, in both themes, for those who use other means than eyes."""

from typing import TYPE_CHECKING

import pytest
from page_fixtures import PHONE, opened

from browser import violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_on_a_phone_the_card_opens_below_the_row_that_was_tapped(
    browser: "Browser", address: str, files: dict[str, bytes]
) -> None:
    shown = opened(browser, address, **PHONE, locale="en-US")
    page = shown.page
    shown.choose(files | {f"{i}.jpg": files["photo.jpg"] for i in range(8)})
    assert not page.locator("#card").is_visible()
    for name in ("1.jpg", "twice.jpg", "7.jpg"):
        row = page.locator("#rows tr:not(.card-row)", has_text=name)
        row.scroll_into_view_if_needed()
        row.locator("td.answer").click()
        shown.settle()
        card, top = page.locator("#card"), row.bounding_box()
        below = card.bounding_box()
        assert card.locator("h2").inner_text() == name
        assert top
        assert below
        assert abs(below["y"] - top["y"] - top["height"]) < 2
        assert 0 <= top["y"] <= 0.45 * PHONE["height"]
    page.keyboard.press("Escape")
    assert not page.locator("#card").is_visible()
    assert page.evaluate("document.activeElement.innerText.split('\\n')[0]") == "7.jpg"
    assert shown.complaints == []
    page.context.close()


BROKEN_WORDS = """() => {
    const broken = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode;
        const parent = node.parentElement;
        if (!parent.checkVisibility() || parent.closest(".file, .hidden, option, noscript")) continue;
        for (const found of node.data.matchAll(/[\\p{Script=Latin}\\d]{2,}/gu)) {
            const range = document.createRange();
            range.setStart(node, found.index);
            range.setEnd(node, found.index + found[0].length);
            const drawn = [...range.getClientRects()].filter(({width}) => width > 0);
            if (new Set(drawn.map(({top}) => Math.round(top))).size > 1) broken.push(found[0]);
        }
    }
    return broken;
}"""


@pytest.mark.parametrize("language", ["en", "zh", "ja"])
def test_on_a_phone_no_word_is_broken_in_two(
    browser: "Browser", address: str, files: dict[str, bytes], mixtures: dict[str, bytes], language: str
) -> None:
    shown = opened(browser, address, **PHONE, locale=language)
    assert shown.page.evaluate(BROKEN_WORDS) == []
    shown.choose(files | mixtures)
    shown.page.click("#filter-box summary")
    for name in (*files, *mixtures):
        shown.page.locator("#rows tr:not(.card-row)", has_text=name).locator("th").click()
        shown.settle()
        assert shown.page.evaluate(BROKEN_WORDS) == []
        assert shown.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        shown.shoot(f"phone-{language}-{name}")
    shown.page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_axe_finds_no_violation_and_nothing_is_wider_than_the_window(
    browser: "Browser", address: str, files: dict[str, bytes], mixtures: dict[str, bytes], width: int, theme: str
) -> None:
    shown = opened(browser, address, width=width, color_scheme=theme, bypass_csp=True)  # for axe's script alone
    for state in ("empty", "full", "parts"):
        if state == "full":
            shown.choose(files)
            shown.page.click("#filter-box summary")
            shown.page.locator("#rows tr").nth(1).click()
            shown.settle()
        if state == "parts":
            shown.page.click("#clear")
            shown.choose({"composite.png": mixtures["composite.png"]})
        assert violations(shown.page) == []
        assert shown.page.evaluate("document.documentElement.scrollWidth") == width
        shown.shoot(f"{state}-{width}-{theme}")
    assert shown.complaints == []
    shown.page.context.close()
