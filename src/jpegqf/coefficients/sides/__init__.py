"""Blocks at the sides of a crop, of which pixels show a part or only a few interpolated chroma samples."""
