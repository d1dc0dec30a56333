"""Bytes of any container -> planes of samples, and the 8x8 grid that JPEG lays over them."""
