"""A server of this package and a headless Chromium, for tests and for the screenshot in the documentation."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from browser import ARGUMENTS, CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext


@dataclass
class Served:
    """A running server: its address and its process; ``said`` holds what it has printed so far."""

    url: str
    process: "subprocess.Popen[str]"
    said: list[str] = field(default_factory=list)


@contextmanager
def served(*flags: str, **more: Any) -> Iterator[Served]:
    """``jpegqf serve`` on a free port of this machine; ``more`` for subprocess.Popen."""
    command = [sys.executable, "-m", "jpegqf", "serve", "--port", "0", *flags]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **more) as process:
        try:
            assert process.stderr
            line = process.stderr.readline()
            found = re.search(r"at (http://\S+?)/ ", line)
            assert found, line + process.stderr.read()
            yield Served(found[1], process, [line])
        finally:
            process.kill()


@contextmanager
def chromium() -> "Iterator[Browser]":
    """The system's Chromium. Raises ImportError without Playwright."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        environment: dict[str, str | float | bool] = {
            **os.environ,
            "HOME": home,
            "XDG_CONFIG_HOME": home,
            "XDG_CACHE_HOME": home,
        }
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, env=environment)
        try:
            yield browser
        finally:
            browser.close()


def context_of(browser: "Browser", width: int = 1400, height: int = 900, **more: Any) -> "BrowserContext":
    """A window of this size in pixels."""
    return browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True, **more)
