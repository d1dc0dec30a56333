"""A draft made in strips is the draft of the whole image."""

import numpy as np
import pytest
import skimage.data
from PIL import Image
from saved import saved

from jpegqf.coefficients import alternating
from jpegqf.coefficients.alternating import draft_of_colours
from jpegqf.coefficients.colours import differing
from jpegqf.coefficients.draft import Layout
from jpegqf.jpeg.ijg import ijg_chroma, ijg_luma
from jpegqf.pixels.upsampling import AS_DECODED, NOT_SUBSAMPLED, Sampling

PHOTO = (skimage.data.coffee()[:192, :208].astype(np.float32) * 0.7 + 40).astype(np.uint8)


@pytest.mark.parametrize("sampling", [*AS_DECODED[:2], NOT_SUBSAMPLED])
def test_strips_give_all_pixels_that_the_whole_image_gives(sampling: Sampling, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels, _ = saved(Image.fromarray(PHOTO), quality=80, subsampling=sampling.name)
    layout = Layout(pixels.shape[0], pixels.shape[1], sampling)
    steps = (table(80).reshape(64).astype(np.int32) for table in (ijg_luma, ijg_chroma))
    luma, chroma = steps
    whole = differing(draft_of_colours(pixels, layout, luma, chroma).pixels(), pixels)
    monkeypatch.setattr(alternating, "STRIP_PIXELS", 48 * pixels.shape[1])
    strips = differing(draft_of_colours(pixels, layout, luma, chroma).pixels(), pixels)
    assert np.count_nonzero(whole) <= 0.001 * whole.size
    assert np.count_nonzero(strips) <= np.count_nonzero(whole) + 0.001 * whole.size
