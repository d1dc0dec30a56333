import numpy as np
import pytest
import skimage.data
from PIL import Image

from conftest import MakeJpeg, png
from jpegqf.advise.likeness import PictureHash, groups, hash_of

pytest.importorskip("imagehash", reason="--duplicates needs imagehash")
MOST = 10**8


def test_copies_made_smaller_saved_again_or_turned_by_exif_are_one_group(jpeg: MakeJpeg, photo: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise when shown
    files = [png(photo), jpeg(30), jpeg(90, photo.resize((200, 200))), jpeg(80, photo.rotate(90), exif=exif)]
    assert groups([hash_of(data, MOST) for data in files]) == [1, 1, 1, 1]


def test_different_pictures_and_a_gray_copy_are_apart(jpeg: MakeJpeg, photo: Image.Image, cat: Image.Image) -> None:
    pictures = [photo, cat, Image.fromarray(skimage.data.coffee()), photo.convert("L")]
    assert groups([hash_of(jpeg(85, picture), MOST) for picture in pictures]) == [None] * 4


def test_plain_and_broken_files_are_in_no_group(jpeg: MakeJpeg) -> None:
    plain = jpeg(90, Image.new("RGB", (300, 300), "white"))
    assert groups([hash_of(data, MOST) for data in (plain, plain, b"", b"no image")]) == [None] * 4


def test_samples_of_16_bits_are_in_no_group(photo: Image.Image) -> None:
    wide = Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257)
    assert hash_of(png(wide), MOST) is None


def test_a_file_of_too_many_pixels_is_in_no_group(jpeg: MakeJpeg) -> None:
    assert hash_of(jpeg(85), 1000) is None


def test_small_differences_in_a_row_do_not_lead_to_another_picture() -> None:
    chain = [np.packbits(np.arange(256) < 30 * step).tobytes() for step in range(4)]
    assert groups([PictureHash(bits, True) for bits in chain]) == [1, 1, 2, 2]
