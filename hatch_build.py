"""Build hook: compile the kernels into the wheel where there is a C compiler; else the package is pure Python."""

import importlib.util
import os
import sysconfig
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class KernelsHook(BuildHookInterface):
    """Adds the compiled ``kernels.c`` to a wheel, and the platform to the wheel's name."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it collects files; ``version`` is "standard" or "editable"."""
        if os.environ.get("JPEGQF_KERNELS") == "0":
            return
        path = _library(self.root).compile_library()
        if path is None:
            self.app.display_warning("No C compiler: the package is built without compiled kernels.")
            return
        build_data["artifacts"].append(os.path.relpath(path, self.root))
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"


def _library(root: str) -> Any:
    """The module that compiles, from its file: the package itself needs NumPy to be imported."""
    path = os.path.join(root, "src", "jpegqf", "kernels", "library.py")
    spec = importlib.util.spec_from_file_location("library", path)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module
