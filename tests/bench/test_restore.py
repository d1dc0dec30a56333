"""Scenes that are drawn again are drawn as other parts, so that any number of negatives can be tried."""

import csv
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from bench.restore import part_of, scenes


def test_parts_lie_inside_of_a_scene_and_are_as_large_as_asked_for() -> None:
    scene = Image.fromarray(skimage.data.coffee())
    parts = [part_of(scene, np.random.default_rng([20, number]), 160) for number in range(50)]
    assert all(160 <= part.width <= scene.width and 160 <= part.height <= scene.height for part in parts)
    assert len({part.tobytes() for part in parts}) == 50
    whole = part_of(scene, np.random.default_rng(0), 1000)
    assert whole.size == scene.size


def test_scenes_have_at_least_the_sides_asked_for_and_one_is_taken_of_each_group(tmp_path: Path) -> None:
    rows = [
        ("a.webp", "one", 300, 400),
        ("b.webp", "one", 300, 400),
        ("c.webp", "two", 160, 200),
        ("d.webp", "x", 90, 90),
    ]
    with open(tmp_path / "manifest.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", "group", "width", "height"), *rows])
    assert {path.name for path in scenes(tmp_path, 9)} == {"b.webp"}
    assert {path.name for path in scenes(tmp_path, 9, 160)} == {"b.webp", "c.webp"}
