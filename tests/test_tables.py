import io

import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from conftest import MakeJpeg
from jpegqf.tables import ijg_luma, ijg_luma_all


@pytest.mark.parametrize("quality", range(1, 101))
def test_luma_table_equals_what_libjpeg_writes(quality: int, jpeg: MakeJpeg) -> None:
    with JpegImageFile(io.BytesIO(jpeg(quality, Image.new("L", (8, 8))))) as image:
        written = image.quantization[0]
    assert ijg_luma(quality).reshape(-1).tolist() == list(written)


def test_all_100_luma_tables_are_distinct() -> None:
    assert len(np.unique(ijg_luma_all(), axis=0)) == 100


@pytest.mark.parametrize("quality", [0, 101, -3])
def test_quality_outside_1_to_100_is_refused(quality: int) -> None:
    with pytest.raises(ValueError, match=r"outside 1\.\.100"):
        ijg_luma(quality)
