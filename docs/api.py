"""The page about the public names, from their own signatures and docstrings."""

import ast
import inspect
from enum import Enum
from types import FunctionType
from typing import Any

import jpegqf

INTRODUCTION = """# Python API

Made by `python -m docs.generate` from the docstrings. `jpegqf.__all__` names what programs may rely on; all other
modules may change without notice. `import jpegqf` loads nothing heavy: a name is loaded when it is first used."""


def api_reference() -> str:
    """The page as Markdown."""
    public = {name: getattr(jpegqf, name) for name in jpegqf.__all__ if name != "__version__"}
    functions = {name: item for name, item in public.items() if isinstance(item, FunctionType)}
    errors = {name: item for name, item in public.items() if isinstance(item, type) and issubclass(item, Exception)}
    others = {name: item for name, item in public.items() if name not in functions and name not in errors}
    return "\n\n".join([
        INTRODUCTION,
        *(_function(name, item) for name, item in functions.items()),
        *(_class(name, item) for name, item in others.items()),
        "## Errors\n\nTheir messages are one line each.\n\n" + _tree(jpegqf.JpegqfError),
    ]) + "\n"  # fmt: skip


def _function(name: str, function: Any) -> str:
    """A function with its signature as it is written: how types are shown differs between versions of Python."""
    source = inspect.getsource(function)
    (definition,) = ast.parse(source).body
    if not isinstance(definition, ast.FunctionDef):
        raise TypeError(f"{name} is no function")
    header = source.splitlines()[definition.lineno - 1 : definition.body[0].lineno - 1]  # without decorators
    signature = "\n".join(header).replace('"', "").removeprefix("def ").removesuffix(":")
    return f"## jpegqf.{name}\n\n```python\n{signature}\n```\n\n{_plain(function)}"


def _class(name: str, kind: type) -> str:
    if issubclass(kind, Enum):
        members = "\n".join(f"- `{name}.{member.name}`: `{member.value}`" for member in kind)
        return f"## jpegqf.{name}\n\n{_plain(kind)}\n\n{members}"
    methods = [
        f"### {name}.{method}\n\n{_plain(item)}"
        for method, item in vars(kind).items()
        if isinstance(item, FunctionType) and not method.startswith("_")
    ]
    columns = "Its columns are in [scan.md](scan.md)." if name == "Record" else ""
    return "\n\n".join(part for part in (f"## jpegqf.{name}", _plain(kind), columns, *methods) if part)


def _tree(kind: type[Exception], depth: int = 0) -> str:
    """An error and those below it, as a list within a list."""
    first = " ".join(_plain(kind).split("\n\n")[0].split())
    below = [_tree(one, depth + 1) for one in kind.__subclasses__() if one.__name__ in jpegqf.__all__]
    return "\n".join([f"{'  ' * depth}- `{kind.__name__}`: {first}", *below])


def _plain(item: Any) -> str:
    """A docstring without the marks of reStructuredText."""
    text = inspect.getdoc(item) or ""
    for mark in (":class:", ":func:", ":meth:"):
        text = text.replace(mark, "")
    return text.replace("``", "`")
