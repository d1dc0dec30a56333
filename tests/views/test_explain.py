import io

import numpy as np
from PIL import Image

from conftest import MakeJpeg
from jpegqf.inspection.findings import Findings
from jpegqf.inspection.inspector import Inspector
from jpegqf.inspection.to_record import to_record
from jpegqf.jpeg.ruled_tables import ffmpeg_table
from jpegqf.model.predictor import Predictor
from jpegqf.views.explain import explain_lines


def explained(data: bytes, name: str, predictor: Predictor) -> tuple[list[str], Findings]:
    found = Inspector(predictor).look(data, name)
    return explain_lines(found, to_record(found)), found


def test_the_words_tell_the_table_that_the_pixels_show_and_its_writer(
    predictor: Predictor, jpeg: MakeJpeg, photo: Image.Image
) -> None:
    data = jpeg(None, photo, qtables=[ffmpeg_table(7).tolist()] * 2)
    lines, found = explained(data, "frame.jpg", predictor)
    text = "\n".join(lines)
    assert "luma table ffmpeg -q:v, quality 7" in text
    assert " 8 14 16 19 22 23 25 29" in text
    assert found.table_of_plane is not None
    assert found.table_of_plane.reshape(64).tolist() == ffmpeg_table(7).tolist()


def test_the_words_name_answer_interval_and_history(predictor: Predictor, jpeg: MakeJpeg, cat: Image.Image) -> None:
    with Image.open(io.BytesIO(jpeg(60, cat))) as image:
        data = jpeg(92, image.copy())
    lines, found = explained(data, "twice.jpg", predictor)
    text = "\n".join(lines)
    assert lines[0] == "twice.jpg: header 92, pixels compressed at 60 before: re-saved"
    expected = (
        "answer     92 (resaved)",
        "quality 92, exact",
        "95 % interval exactly 92",
        "saved before with probability",
    )
    for words in expected:
        assert words in text
    assert found.predicted_plane is not None
    assert found.prediction is not None


def test_the_words_say_when_the_green_channel_told(predictor: Predictor, jpeg: MakeJpeg) -> None:
    with Image.open(io.BytesIO(jpeg(75, keep_rgb=True))) as image:
        pixels = np.asarray(image)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    lines, found = explained(out.getvalue(), "a.png", predictor)
    assert lines[0] == "a.png: PNG whose pixels were a JPEG at 75"
    assert any("told by the green channel" in line for line in lines)
    assert found.predicted_plane is not None
    assert np.array_equal(found.predicted_plane.plane, pixels[..., 1])


def test_what_cannot_be_decoded_is_told_in_words(predictor: Predictor, jpeg: MakeJpeg) -> None:
    data = jpeg(50)[:4000]
    lines, found = explained(data, "cut.jpg", predictor)
    assert (found.predicted_plane, found.prediction) == (None, None)
    assert "truncated" in "\n".join(lines)


def test_the_quality_of_another_codec_is_told_on_its_own_scale(predictor: Predictor, photo: Image.Image) -> None:
    out = io.BytesIO()
    photo.save(out, "WEBP", quality=75)
    lines, _ = explained(out.getvalue(), "a.webp", predictor)
    assert "  WEBP       saved at 75 on its own encoder's scale" in lines


def test_control_characters_of_a_name_are_told_and_not_sent_to_the_terminal() -> None:
    found = Inspector().look(b"no image", "a\033[2Jb.jpg")
    assert explain_lines(found, to_record(found))[0].startswith("a\\x1b[2Jb.jpg: ")
