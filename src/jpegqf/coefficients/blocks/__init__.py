"""Bounds of the samples of blocks -> their quantized coefficients."""
