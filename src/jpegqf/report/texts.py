"""What the report says: texts by their keys, in its reader's language; strangers' names as they can be looked at."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jpegqf.names import visible

LANGUAGES = ("en", "zh", "ja")
"""Those that the page speaks; each has a file of texts in ``web/report/i18n`` and in ``web/page/i18n``."""
SHARED = ("verdict.", "reason.")
"""Beginnings of the keys whose texts are those of the page of ``jpegqf serve``."""

LONGEST_SHOWN = 300
"""Characters of a name or message in the page; longer ones lose their middle."""


@dataclass(frozen=True)
class Text:
    """A text of ``web/report/i18n`` by its key, with what fills its {places}. As a string it is English."""

    key: str
    places: "Places" = field(default_factory=dict)

    def __str__(self) -> str:
        filled = {name: str(value) for name, value in self.places.items()}
        return re.sub(r"\{(\w+)\}", lambda found: filled[found[1]], texts("en")[self.key])

    def data(self) -> list[Any]:
        """The same for JSON: a list of the key and the places; places that are texts are lists, too."""
        places = {name: value.data() if isinstance(value, Text) else value for name, value in self.places.items()}
        return [self.key, places] if places else [self.key]


Places = Mapping[str, str | Text]
"""What fills the {places} of a text, by their names."""


@lru_cache
def texts(language: str) -> dict[str, Any]:
    """All texts of a language by key; under ``phrases`` patterns of the engine's sentences with their translations."""
    shared = _read("page", language)
    told = {key: words for key, words in shared.items() if key.startswith(SHARED)}
    return told | _read("report", language) | {"phrases": shared["phrases"]}


def _read(folder: str, language: str) -> dict[str, Any]:
    path = files("jpegqf") / "web" / folder / "i18n" / f"{language}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def shown(text: str, longest: int = LONGEST_SHOWN) -> str:
    r"""A stranger's text as one that can be looked at: what is invisible or turns the writing is told as \uNNNN."""
    return _clipped(visible(_clipped(text, 4 * longest)), longest)


def _clipped(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest // 2]}…{text[longest // 2 + 1 - longest :]}"
