"""jpegqf: how hard was this image compressed as JPEG?"""

__version__ = "0.1.0"
