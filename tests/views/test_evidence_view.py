import io
import json
from dataclasses import asdict
from itertools import product

import numpy as np
import pytest
from PIL import Image

from conftest import MakeJpeg, png
from jpegqf.inspection.findings import Findings
from jpegqf.inspection.inspector import Inspector
from jpegqf.inspection.to_record import to_record
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.model.prediction import Prediction
from jpegqf.model.predictor import Predictor
from jpegqf.pixels.decode import decode_luma
from jpegqf.views.evidence_view import Evidence, view_evidence
from jpegqf.views.explain import next_best
from jpegqf.views.plotted import PLOTTED_FREQUENCIES
from jpegqf.views.quality_map import quality_map


def view(data: bytes, predictor: Predictor) -> Evidence:
    looked = Inspector(predictor).look(data, "name")
    found = view_evidence(looked, to_record(looked), predictor)
    assert json.loads(json.dumps(asdict(found), allow_nan=False)) == asdict(found)
    return found


def png_of(data: bytes, turned: bool) -> bytes:
    """Cropped off its grid by 3 columns and 5 rows, after a turn by 90 degrees."""
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.transpose(Image.Transpose.TRANSPOSE) if turned else opened.copy()
    return png(image.crop((5, 3, image.width, image.height)))


def test_the_numbers_are_the_engines_own(predictor: Predictor, jpeg: MakeJpeg, cat: Image.Image) -> None:
    data = jpeg(77, cat)
    pixels = view(data, predictor).pixels
    luma = decode_luma(data).luma
    said = predictor.examine(luma, own_luma=True)
    assert pixels is not None
    assert pixels.posterior.probability == pytest.approx(said.probability.tolist(), abs=1e-5)
    assert (pixels.posterior.low, pixels.posterior.high) == said.interval()
    assert pixels.best.steps == ijg_luma(77).tolist()
    assert np.array(pixels.map.quality, float).tolist() == quality_map(predictor, luma, Findings("")).quality.tolist()
    assert [(found.row, found.column) for found in pixels.histograms] == list(PLOTTED_FREQUENCIES)
    for found in pixels.histograms:
        assert found.step == ijg_luma(77)[found.row, found.column]


def test_coefficients_lie_on_the_comb_of_the_winning_table(
    predictor: Predictor, jpeg: MakeJpeg, cat: Image.Image
) -> None:
    pixels = view(jpeg(50, cat), predictor).pixels
    assert pixels is not None
    for found in pixels.histograms:
        middles = (np.arange(len(found.counts)) + 0.5) * found.width
        off = np.abs(middles - np.rint(middles / found.step) * found.step)
        assert sum(found.counts) > 100
        assert np.average(off < 1.2, weights=found.counts) > 0.99


@pytest.mark.parametrize("turned", [False, True])
def test_map_and_patches_are_in_the_stored_image_also_after_a_crop_and_a_turn(
    predictor: Predictor, jpeg: MakeJpeg, photo: Image.Image, turned: bool
) -> None:
    data = png_of(jpeg(70, photo.crop((0, 0, 512, 300))), turned)
    with Image.open(io.BytesIO(data)) as image:
        size = image.size
    pixels = view(data, predictor).pixels
    assert pixels is not None
    assert pixels.posterior.turned == turned
    assert (pixels.map.x, pixels.map.y) == (3, 5)
    rows, columns = len(pixels.map.quality), len(pixels.map.quality[0])
    assert (columns > rows) == (size[0] > size[1])
    assert pixels.map.x + columns * pixels.map.side <= size[0]
    assert pixels.map.y + rows * pixels.map.side <= size[1]
    assert pixels.patches
    for patch in pixels.patches:
        assert (patch.x % 8, patch.y % 8) == (3, 5)
        assert patch.x + patch.side <= size[0]
        assert patch.y + patch.side <= size[1]


def test_a_splice_is_where_it_was_pasted(predictor: Predictor, jpeg: MakeJpeg, photo: Image.Image) -> None:
    halves = [np.asarray(Image.open(io.BytesIO(jpeg(quality, photo.convert("L"))))) for quality in (60, 90)]
    out = io.BytesIO()
    Image.fromarray(np.concatenate([halves[0][:, :256], halves[1][:, 256:]], axis=1)).save(out, "PNG")
    pixels = view(out.getvalue(), predictor).pixels
    assert pixels is not None
    quality = np.array(pixels.map.quality, float)
    assert (np.nanmedian(quality[:, :4]), np.nanmedian(quality[:, 4:])) == (60, 90)


def test_the_file_tells_encoder_tables_segments_and_what_is_odd_or_absent(
    predictor: Predictor, jpeg: MakeJpeg, cat: Image.Image
) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Maker", 6
    file = view(jpeg(81, cat, exif=exif, comment=b"a note") + b"tail", predictor).file
    assert file is not None
    assert file.encoder.startswith("IJG")
    assert (file.encoder_by, file.match_error, file.orientation) == ("tables", 0, 6)
    assert file.tables[0].steps == ijg_luma(81).tolist()
    assert [table.role for table in file.tables] == ["luma", "chroma"]
    assert "Exif" in [segment.identifier for segment in file.segments]
    assert (file.made_by, file.comments, file.notes) == (["Maker"], ["a note"], ["bytes follow the image"])
    assert file.absent == ["XMP", "ICC"]


def test_words_name_the_evidence_and_not_the_file(predictor: Predictor, jpeg: MakeJpeg, cat: Image.Image) -> None:
    words = view(jpeg(81, cat), predictor).words
    assert words[0] == "answer 81 (consistent)"
    assert not any("name" in line.split(":")[0] for line in words)


def test_what_cannot_be_judged_keeps_what_its_header_tells(predictor: Predictor, jpeg: MakeJpeg) -> None:
    cut = view(jpeg(50)[:4000], predictor)
    assert cut.pixels is None
    assert cut.file is not None
    assert "truncated" in " ".join(cut.words)
    nothing = view(b"nothing", predictor)
    assert (nothing.file, nothing.pixels) == (None, None)


def test_the_next_best_is_a_neighbour_where_nothing_else_is_probable() -> None:
    for best, other in product((1, 50, 100), (None, 7)):
        probability = np.zeros(100)
        probability[best - 1] = 1.0
        if other:
            probability[other - 1], probability[best - 1] = 0.3, 0.7
        found = next_best(Prediction(best, probability, 1.0))
        assert found == other if other else abs(found - best) == 1
