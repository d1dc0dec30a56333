import importlib.util
import os
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from jpegqf.kernels import library


def copied(folder: Path) -> ModuleType:
    """The module as the package's build loads it: from its file, beside a copy of the source that it compiles."""
    source = Path(library.__file__)
    for name in (source.name, "kernels.c"):
        shutil.copy(source.with_name(name), folder)
    spec = importlib.util.spec_from_file_location("library_copy", folder / source.name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_library_of_another_source_is_never_found(tmp_path: Path) -> None:
    module = copied(tmp_path)
    before = module.library_path()
    assert os.path.basename(before) == os.path.basename(library.library_path())
    with open(tmp_path / "kernels.c", "a", encoding="utf-8") as file:
        file.write("\n/* changed */\n")
    assert module.library_path() != before


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_the_library_is_compiled_where_it_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    module = copied(tmp_path)
    assert module.compile_library() == module.library_path()
    assert os.path.exists(module.library_path())


@pytest.mark.parametrize("compiler", ["there-is-no-such-compiler", "false"])
def test_without_a_compiler_nothing_is_left_behind(
    compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", compiler)
    module = copied(tmp_path)
    assert module.compile_library() is None
    assert sorted(os.listdir(tmp_path)) == ["kernels.c", "library.py"]
