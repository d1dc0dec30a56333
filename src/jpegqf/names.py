"""Names of files and messages of libraries as texts that can be printed and stored."""


def printable(name: str) -> str:
    r"""A file name as Unicode: bytes that are not UTF-8 become ``\xNN``."""
    return name if name.isascii() else name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def visible(text: str) -> str:
    r"""A stranger's text with what is invisible, or turns or moves the writing, told as \uNNNN."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def in_one_line(error: Exception) -> str:
    """What a library's error says, or the name of its kind, in one line of at most 200 characters."""
    return " ".join(str(error).split())[:200] or type(error).__name__
