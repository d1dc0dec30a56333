"""Names of files as texts that can be printed and stored."""


def printable(name: str) -> str:
    r"""A file name as Unicode: bytes that are not UTF-8 become ``\xNN``."""
    return name if name.isascii() else name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
