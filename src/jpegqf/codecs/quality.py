"""Bytes of an image file -> the quality that its own codec's encoder was asked for; decodes nothing."""

from jpegqf.codecs.avif import avif_quality
from jpegqf.codecs.containers import container_name
from jpegqf.codecs.hevc import heif_quality
from jpegqf.codecs.jpeg_xl_frame import jpeg_xl_quality
from jpegqf.codecs.webp import webp_quality


def codec_quality(data: bytes) -> float | None:
    """On the scale of the container's codec, None of other files.

    Libwebp's of a lossy WebP, libavif's of an AVIF, libheif's of a HEIF that x265 wrote, libjxl's of a JPEG XL.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return webp_quality(data)
    read = {"AVIF": avif_quality, "HEIF": heif_quality, "JPEG XL": jpeg_xl_quality}.get(container_name(data) or "")
    return read(data) if read else None
