"""Which IJG quality is the equivalent of any table, beside measured distortion: ``python -m bench.equivalents``."""
