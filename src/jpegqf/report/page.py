"""Figures and sentences -> one HTML page that opens offline: scripts, styles and data inside, nothing fetched."""

import base64
import hashlib
import re
from datetime import date
from html import escape
from importlib.resources import files

from jpegqf.report.figures import Json, as_json
from jpegqf.version import __version__


def page(figures: Json, headline: str, lead: list[str], sources: list[str], day: date) -> str:
    """The page. All texts may hold any character; only the package's own files become markup."""
    style, script, charts = _file("report/report.css"), _file("report/report.js"), _file("vendor/echarts.min.js")
    policy = (
        f"default-src 'none'; script-src {_hash(charts)} {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return _fill(
        _file("report/report.html"),
        {
            "policy": escape(policy),
            "title": escape(headline),
            "lead": escape(" ".join(lead)),
            "made": escape(f"Made on {day.isoformat()} by jpegqf {__version__} from {', '.join(sources)}"),
            "style": style,
            "data": as_json(figures),
            "charts": charts,
            "script": script,
        },
    )


def _file(name: str) -> str:
    return (files("jpegqf") / "web" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _fill(template: str, contents: dict[str, str]) -> str:
    """Put contents into the places ``{{name}}`` of the template, and into none of their own."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: contents[found[1]], template)
