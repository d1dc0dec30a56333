"""The system's Chromium for tests of pages: a page is opened, and what it complained of, asked or fetched is noted."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SLOW = 60_000
"""Milliseconds that a busy machine may take to show a page."""


@dataclass
class Watched:
    """A page of Playwright's and what happened to it.

    ``problems`` are warnings and errors on the console, uncaught errors and dialogs; ``requests`` are addresses.
    """

    page: Any
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def on_console(self, said: Any) -> None:
        if said.type in ("error", "warning"):
            self.problems.append(said.text)

    def on_dialog(self, dialog: Any) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless browser; without Chromium or Playwright the test is skipped with the reason."""
    playwright = pytest.importorskip("playwright.sync_api", reason="pages are tested with playwright")
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Any, url: str, **context: Any) -> Iterator[Watched]:
    """The page at ``url``, loaded; ``context`` are Playwright's options: viewport, color_scheme, offline."""
    place = browser.new_context(**context)
    place.set_default_timeout(SLOW)
    watched = Watched(place.new_page())
    page = watched.page
    page.on("console", watched.on_console)
    page.on("pageerror", lambda error: watched.problems.append(str(error)))
    page.on("dialog", watched.on_dialog)
    page.on("request", lambda request: watched.requests.append(request.url))
    try:
        page.goto(url)
        yield watched
    finally:
        place.close()


def violations(page: Any) -> list[str]:
    """What axe-core finds wrong with a page's accessibility."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="accessibility is tested with axe-core")
    options = {"resultTypes": ["violations"]}  # of what passes, axe then collects one element a rule: a third faster
    found = axe.Axe().run(page, options=options).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}" for rule in found for node in rule["nodes"]]
