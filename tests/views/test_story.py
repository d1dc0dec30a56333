import io

import numpy as np
from PIL import Image

from conftest import MakeJpeg, png
from jpegqf.inspection.inspector import Inspector
from jpegqf.inspection.to_record import to_record
from jpegqf.model.predictor import Predictor
from jpegqf.views.story import story


def told(source: bytes | Image.Image, predictor: Predictor, name: str = "a") -> dict[str, str]:
    found = Inspector(predictor).look(source, name)
    return dict(story(found, to_record(found)))


def as_png(data: bytes, box: tuple[int, int, int, int] | None = None) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return png(image.crop(box or (0, 0, *image.size)))


def test_a_story_has_a_line_for_each_kind_of_evidence(predictor: Predictor, jpeg: MakeJpeg, cat: Image.Image) -> None:
    lines = told(jpeg(82, cat), predictor)
    assert list(lines) == ["file", "verdict", "quality", "header", "pixels", "history", "regions", "odd"]
    assert lines["quality"] == "82 of 100, from the header"
    assert lines["header"].startswith("82 (exact), chroma 82")
    assert lines["odd"] == "nothing"


def test_a_png_has_no_line_for_a_header_and_a_crop_is_odd(
    predictor: Predictor, jpeg: MakeJpeg, photo: Image.Image
) -> None:
    lines = told(as_png(jpeg(70, photo), (3, 5, 400, 400)), predictor)
    assert "header" not in lines
    assert lines["odd"] == "cropped or mirrored since that save: its grid starts at (5, 3)"


def test_bytes_after_the_image_are_odd(predictor: Predictor, jpeg: MakeJpeg, cat: Image.Image) -> None:
    assert told(jpeg(82, cat) + b"more", predictor)["odd"] == "bytes follow the image"


def test_an_earlier_save_is_told_with_its_interval(predictor: Predictor, jpeg: MakeJpeg, photo: Image.Image) -> None:
    with Image.open(io.BytesIO(jpeg(60, photo))) as first:
        lines = told(jpeg(92, first), predictor)
    assert lines["history"].startswith("saved before at 60, 95 % interval exactly 60")


def test_the_regions_of_a_composite_are_told_with_their_boxes(
    predictor: Predictor, jpeg: MakeJpeg, photo: Image.Image
) -> None:
    left, right = (np.asarray(Image.open(io.BytesIO(jpeg(quality, photo)))) for quality in (60, 90))
    lines = told(Image.fromarray(np.concatenate([left[:, :256], right[:, 256:]], axis=1)), predictor)
    assert "saved at 60" in lines["regions"]
    assert "saved at 90" in lines["regions"]


def test_control_characters_of_a_name_never_reach_the_terminal(predictor: Predictor) -> None:
    assert told(b"no image", predictor, "a\033[2Jb.jpg")["file"] == "a\\x1b[2Jb.jpg"


def test_what_cannot_be_read_is_two_lines(predictor: Predictor) -> None:
    assert list(told(b"no image", predictor)) == ["file", "verdict"]
