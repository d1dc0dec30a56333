"""Which words of a page are English, for tests of its other languages."""

import re

NAMES = {
    "jpegqf",
    "libjpeg",
    "turbo",
    "mozjpeg",
    "quant",
    "table",
    "jpegli",
    "guetzli",
    "ffmpeg",
    "pillow",
    "heif",
    "jxl",
    "plugin",
}
"""Lower-case words that are names in every language."""


def english_left(text: str, allowed: set[str] = NAMES) -> set[str]:
    """English words in a translation that are nobody's name."""
    plain = re.sub(r"\{\w+\}|pip install .*", "", text)
    return set(re.findall(r"\b[a-z]{2,}\b", plain)) - allowed
