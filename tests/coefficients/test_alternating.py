"""A draft made in strips is the draft of the whole image."""

import numpy as np
import pytest
import skimage.data
from PIL import Image
from saved import saved

from jpegqf.coefficients import alternating
from jpegqf.coefficients.alternating import chroma_fit, draft_of_colours
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


def test_whole_mcus_tell_the_right_subsampling_where_most_pixels_are_clipped() -> None:
    strong = np.clip((skimage.data.coffee()[:192, :256].astype(np.float32) - 110) * 2.5 + 128, 0, 255)
    pixels, _ = saved(Image.fromarray(strong.astype(np.uint8)), quality=75, subsampling="4:2:0")
    steps = ijg_chroma(75).reshape(64).astype(np.int32)
    fits = {one.name: chroma_fit(pixels, Layout(192, 256, one), steps) for one in (*AS_DECODED, NOT_SUBSAMPLED)}
    assert max(fits, key=lambda name: fits[name].right) == "4:2:0"
    assert fits["4:2:0"].right > 2 * max(fit.right for name, fit in fits.items() if name != "4:2:0")
    assert chroma_fit(pixels, Layout(192, 256, AS_DECODED[0]), steps * 2).right < fits["4:2:0"].right / 2
