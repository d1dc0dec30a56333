"""The structure that CONTRIBUTING.md draws: what may import what, read off the code's own imports, lazy ones too."""

import ast
from functools import cache
from pathlib import Path

import pytest

from conftest import REPOSITORY

PACKAGE = REPOSITORY / "src" / "jpegqf"
NEVER = [
    ("jpeg", "pixels"),
    ("pixels", "evidence"),
    ("evidence", "model"),
    ("evidence", "history"),
    ("evidence", "tables"),
    ("tables", "model"),
    ("tables", "history"),
    ("history", "model"),
    ("model", "history"),
    ("outputs", "scanning"),
]
ONLY_FROM = {"cluster": {"cluster", "cli"}, "infer": {"infer", "__main__"}}
"""Folders that nothing else may import."""
LIGHT = ("inputs", "workers", "outputs")
"""The process that only hands out work imports these alone, and must not load NumPy."""


@cache
def modules() -> dict[str, Path]:
    """Dotted names below ``jpegqf`` and files; a folder's ``__init__`` has the folder's name."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


@cache
def import_statements(name: str, at_import: bool = False) -> list[ast.Import | ast.ImportFrom]:
    """Import statements of a module of ours; ``at_import``: only those that run as it loads."""
    tree = ast.parse(modules()[name].read_text(encoding="utf-8"))
    nodes = tree.body if at_import else ast.walk(tree)
    return [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


@cache
def imports(name: str, at_import: bool = False) -> frozenset[str]:
    """Modules of ours that a module imports; ``at_import``: only those that load with it."""
    found = set()
    for node in import_statements(name, at_import):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "jpegqf":
            base = (node.module or "").removeprefix("jpegqf").removeprefix(".")
            for alias in node.names:
                below = f"{base}.{alias.name}".removeprefix(".")
                found.add(below if below in modules() else base)
    return frozenset(found - {name})


def below(name: str, at_import: bool = False) -> frozenset[str]:
    """All that a module leads to."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for other in imports(waiting.pop(), at_import) - seen:
            seen.add(other)
            waiting.append(other)
    return frozenset(seen)


def in_folder(folder: str) -> list[str]:
    return [name for name in modules() if name == folder or name.startswith(f"{folder}.")]


def test_no_module_imports_itself_through_others() -> None:
    assert [name for name in modules() if name and name in below(name)] == []


@pytest.mark.parametrize(("importer", "imported"), NEVER)
def test_a_folder_does_not_look_up(importer: str, imported: str) -> None:
    wrong = {(a, b) for a in in_folder(importer) for b in imports(a) if b.split(".")[0] == imported}
    assert wrong == set()


@pytest.mark.parametrize("folder", list(ONLY_FROM))
def test_the_edges_are_imported_by_nothing_else(folder: str) -> None:
    users = {a.split(".")[0] for a in modules() for b in imports(a) if b.split(".")[0] == folder}
    assert users <= ONLY_FROM[folder]


@pytest.mark.parametrize("folder", LIGHT)
def test_what_hands_out_work_loads_no_numpy(folder: str) -> None:
    for name in in_folder(folder):
        for loaded in {name, *below(name, at_import=True)}:
            statements = import_statements(loaded, at_import=True)
            tops = [alias.name for node in statements if isinstance(node, ast.Import) for alias in node.names]
            tops += [node.module or "" for node in statements if isinstance(node, ast.ImportFrom)]
            assert not [top for top in tops if top.split(".")[0] == "numpy"], f"{name} loads NumPy through {loaded}"


def test_no_folder_has_more_than_twelve_modules() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")} - {PACKAGE}
    crowded = {folder.name: len(list(folder.glob("*.py"))) - 1 for folder in folders}
    assert {name: count for name, count in crowded.items() if count > 12} == {}


def test_there_are_at_most_ten_floors() -> None:
    """A folder, or a module beside the folders, stands on the floor above the highest that it imports."""
    rooms = {name.split(".")[0] for name in modules()} - {""}
    needs = {room: {b.split(".")[0] for a in in_folder(room) for b in imports(a)} - {room, ""} for room in rooms}
    floors: dict[str, int] = {}
    while len(floors) < len(rooms):
        ready = [room for room in rooms if room not in floors and needs[room] <= set(floors)]
        assert ready, f"a circle of folders among {sorted(rooms - set(floors))}"
        floors |= {room: 1 + max((floors[below] for below in needs[room]), default=0) for room in ready}
    assert max(floors.values()) <= 10
