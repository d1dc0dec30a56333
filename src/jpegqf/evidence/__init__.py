"""Planes -> what their DCT coefficients say of each candidate quantization table."""
