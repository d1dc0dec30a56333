"""The blocks of docs/dataframes.md, run as they stand there."""

import importlib.util
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from commands import run_here
from conftest import REPOSITORY, MakeJpeg

TEXT = (REPOSITORY / "docs" / "dataframes.md").read_text(encoding="utf-8")
SCRIPTS = {
    found[1]: found[0]
    for found in re.finditer(r"(?<=^```python\n)# (\w+\.py)\n.*?(?=^```$)", TEXT, re.DOTALL | re.MULTILINE)
}
"""The Python of each block, by the name that its first line tells."""
COMMAND = "jpegqf scan photos --recursive --quiet -o photos.parquet -o photos.csv"
NEEDED = {
    "one_call.py": ("pyarrow", "pandas"),
    "resaved.py": ("pyarrow", "pandas"),
    "from_csv.py": ("pyarrow", "pandas"),
    "by_encoder.py": ("pyarrow", "polars"),
    "polars_in_one_call.py": ("pyarrow", "polars"),
    "to_sql.py": ("pyarrow", "duckdb"),
    "regions.py": ("pyarrow", "duckdb"),
    "as_dataset.py": ("pyarrow", "datasets"),
    "filter_dataset.py": ("pyarrow", "datasets"),
}
SHOWN = {
    "one_call.py": ["once.jpg", "90", "consistent", "png_of_jpeg.png", "77", "pixels_only"],
    "resaved.py": ["photos/twice.jpg", "92", "60"],
    "from_csv.py": ["composite", "consistent", "pixels_only", "resaved"],
    "by_encoder.py": ["ijg", "91.0"],
    "polars_in_one_call.py": ["['once.jpg', 'twice.jpg']"],
    "to_sql.py": ["('consistent', 1, 90.0)", "('resaved', 1, 92.0)"],
    "regions.py": ["('photos/pasted.png', 160, 96, 256, 192, 92)"],
    "as_dataset.py": ["2"],
    "filter_dataset.py": ["2"],
}
"""What each block prints, among other things."""
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HF_HUB_OFFLINE": "1"}


def test_every_block_is_run() -> None:
    assert set(SCRIPTS) == set(NEEDED) == set(SHOWN)
    assert TEXT.count("```python") == len(SCRIPTS)
    assert re.findall(r"```sh\n(.*?)\n```", TEXT, re.DOTALL) == [COMMAND]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, jpeg: MakeJpeg, photo: Image.Image, cat: Image.Image) -> Path:
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    inside = tmp_path_factory.mktemp("tables") / "photos"
    inside.mkdir()
    (inside / "once.jpg").write_bytes(jpeg(90, cat))
    (inside / "twice.jpg").write_bytes(jpeg(92, Image.open(io.BytesIO(jpeg(60, photo)))))
    Image.open(io.BytesIO(jpeg(77, cat))).save(inside / "png_of_jpeg.png")
    whole, part = (Image.open(io.BytesIO(jpeg(*one))) for one in ((60, photo), (92, cat.resize((512, 512)))))
    whole.paste(part.crop((160, 96, 416, 288)), (160, 96))
    whole.save(inside / "pasted.png")
    assert run_here(*COMMAND.split()[1:], cwd=inside.parent).returncode == 0
    return inside.parent


@pytest.mark.parametrize("name", list(NEEDED))
def test_a_block_prints_what_it_is_for(folder: Path, name: str) -> None:
    for module in NEEDED[name]:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed: pip install '.[recipes]'")
    (folder / name).write_text(SCRIPTS[name], encoding="utf-8")
    more = {"HF_HOME": str(folder / "hf"), "HF_DATASETS_OFFLINE": "1"}
    done = subprocess.run([sys.executable, name], cwd=folder, capture_output=True, text=True, encoding="utf-8",
                          timeout=180, check=False, env=ENVIRONMENT | more)  # fmt: skip
    assert done.returncode == 0, done.stderr
    for words in SHOWN[name]:
        assert words in done.stdout
