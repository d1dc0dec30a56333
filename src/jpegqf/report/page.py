"""Figures and sentences -> one HTML page that opens offline: scripts, styles and data inside, nothing fetched."""

import base64
import hashlib
import re
from datetime import date
from html import escape
from importlib.resources import files

from jpegqf.report.figures import Json, as_json
from jpegqf.report.texts import LANGUAGES, Text, texts
from jpegqf.version import __version__

MODULES = (
    "page/words.js",
    "report/language.js",
    "report/elements.js",
    "report/charts.js",
    "report/tables.js",
    "report/images.js",
    "report/report.js",
)
"""JavaScript modules, in the order of their needs. A page from a disk may load none, so they are joined."""


def page(figures: Json, headline: Text, lead: list[Text], sources: list[str], day: date) -> str:
    """The page. All texts may hold any character; only the package's own files become markup."""
    style, script, charts = _file("report/report.css"), _script(), _file("vendor/echarts.min.js")
    policy = (
        f"default-src 'none'; script-src {_hash(charts)} {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    made = Text("made", {"day": day.isoformat(), "version": __version__, "sources": ", ".join(sources)})
    told = {"headline": headline.data(), "lead": [sentence.data() for sentence in lead], "made": made.data()}
    return _fill(
        _file("report/report.html"),
        {
            "policy": escape(policy),
            "title": escape(str(headline)),
            "lead": escape(" ".join(map(str, lead))),
            "style": style,
            "data": as_json(figures | told),
            "texts": as_json({language: texts(language) for language in LANGUAGES}),
            "charts": charts,
            "script": script,
        },
    )


def _script() -> str:
    """All modules in one block of strict code, whose names are their own."""
    joined = "\n".join(map(_file, MODULES))
    joined = re.sub(r"^import [^;]+;\n", "", joined, flags=re.MULTILINE)
    return '"use strict";\n{\n' + re.sub(r"^export ", "", joined, flags=re.MULTILINE) + "}\n"


def _file(name: str) -> str:
    return (files("jpegqf") / "web" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _fill(template: str, contents: dict[str, str]) -> str:
    """Put contents into the places ``{{name}}`` of the template, and into none of their own."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: contents[found[1]], template)
