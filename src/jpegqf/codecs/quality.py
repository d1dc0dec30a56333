"""Bytes of an image file -> the quality that its own codec's encoder was asked for; decodes nothing."""

from jpegqf.codecs.avif import avif_quality
from jpegqf.codecs.containers import container_name
from jpegqf.codecs.webp import webp_quality


def codec_quality(data: bytes) -> float | None:
    """On the scale of the container's codec: libwebp's of a lossy WebP, libavif's of an AVIF; None of other files."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return webp_quality(data)
    return avif_quality(data) if container_name(data) == "AVIF" else None
