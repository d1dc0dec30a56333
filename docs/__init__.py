"""The documentation, and what writes parts of it, as ``python -m docs.generate``."""
