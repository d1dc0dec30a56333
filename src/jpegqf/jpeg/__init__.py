"""Bytes of a JPEG file -> its header, its tables, and the encoder that writes such tables."""
