"""The old place of ``jpegqf.inspect_batch``, kept for one release."""

from jpegqf.scanning.arrow_batch import inspect_batch

__all__ = ["inspect_batch"]
