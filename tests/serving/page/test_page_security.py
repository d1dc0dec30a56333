"""What the page keeps to itself: hostile names are text, nothing leaves the machine, the token is in no address."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from page_fixtures import HOSTILE, Shown, opened

from jpegqf.names import visible
from serve_browser import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HOSTILE_NAMES = (
    HOSTILE,
    "</td></tr></table><script>alert(1)</script>.jpg",
    "two\nlines\tand a tab.jpg",
    "a" * 251 + ".jpg",
    "\u202egpj.exe.jpg",
)
TOKEN = "a-token-that-is-long-enough"  # noqa: S105 - of a test


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
def test_a_hostile_name_is_text(
    browser: "Browser", address: str, files: dict[str, bytes], name: str, width: int
) -> None:
    shown = opened(browser, address, width=width, locale="en-US")
    shown.drop({name: files["photo.jpg"]})
    for place in ("#card h2 .file", "#rows .name .file"):
        assert shown.page.locator(place).evaluate("(file) => file.textContent") == visible(name)
    assert shown.page.locator("img[src='x']").count() == 0
    assert shown.page.evaluate("document.documentElement.scrollWidth") == width
    assert shown.complaints == []
    shown.page.context.close()


def test_the_page_says_where_images_go_and_nothing_leaves_the_machine(shown: Shown, files: dict[str, bytes]) -> None:
    asked: list[str] = []
    shown.page.on("request", lambda request: asked.append(request.url))
    assert "stay on this machine" in shown.page.locator("#privacy").inner_text()
    shown.page.reload()
    shown.page.wait_for_selector("html[data-ready]")
    shown.choose(files)
    here = shown.page.url.rstrip("/")
    assert {url for url in asked if not url.startswith((here, f"blob:{here}"))} == set()
    kept = shown.page.evaluate(
        "JSON.stringify([Object.keys(localStorage), Object.keys(sessionStorage), document.cookie])"
    )
    assert kept == '[[],[],""]'


def test_the_token_is_asked_for_and_never_in_an_address(
    browser: "Browser", files: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    with served("--token-file", str(tmp_path / "token")) as server:
        shown = opened(browser, server.url)
        asked: list[str] = []
        shown.page.on("request", lambda request: asked.append(request.url))
        page = shown.page
        page.wait_for_selector("#token[open]")
        shown.shoot("token")
        page.fill("#token-value", "not the token at all")
        page.keyboard.press("Enter")
        page.wait_for_selector("#token-wrong:not([hidden])")
        page.fill("#token-value", TOKEN)
        page.click("#token button")
        page.wait_for_selector("#formats:not(:empty)")
        shown.choose({"photo.jpg": files["photo.jpg"]})
        assert shown.rows()[0][1] == "82"
        assert not any(TOKEN in url for url in asked)
        assert all("401" in words for words in shown.complaints)
        page.context.close()


def test_the_api_reference_works_offline_under_the_same_policy(shown: Shown) -> None:
    shown.page.goto(shown.page.url + "docs")
    shown.page.click("#operations-API-inspect_v1_inspect_post")
    shown.page.wait_for_selector("option[value='multipart/form-data']", state="attached")
    shown.shoot("docs")
    assert shown.complaints == []
