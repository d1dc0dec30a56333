"""Planes -> the quantization table that the pixels show, and who writes such a table."""
