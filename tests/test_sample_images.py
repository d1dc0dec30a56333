"""The images that the page offers to try: small, of three situations, and with their origin beside them."""

from docs.sample_images import FOLDER, sample_images
from jpegqf import inspect

MOST_BYTES = 150_000


def test_the_sample_images_show_three_situations_in_few_bytes() -> None:
    shipped = {path.name: path for path in FOLDER.iterdir() if path.name != "NOTICE"}
    assert shipped.keys() == sample_images().keys()
    assert sum(path.stat().st_size for path in shipped.values()) < MOST_BYTES
    verdicts = {name: inspect(str(path)).verdict.value for name, path in shipped.items()}
    assert verdicts == {"coffee.jpg": "consistent", "cat.png": "pixels_only", "astronaut.jpg": "resaved"}
    assert all(name in (FOLDER / "NOTICE").read_text(encoding="utf-8") for name in shipped)


def test_what_is_shipped_is_what_the_command_makes() -> None:
    for name, data in sample_images().items():
        made, kept = inspect(data), inspect((FOLDER / name).read_bytes())
        assert (made.width, made.height, made.verdict, made.pixel_qf, made.first_qf) == (
            kept.width, kept.height, kept.verdict, kept.pixel_qf, kept.first_qf,
        )  # fmt: skip
