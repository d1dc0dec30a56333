"""Pixels of one JPEG -> its quantized coefficients, and the JPEG, proven by decoding it."""
