"""What the 63 other grids show of an earlier save: the image was cropped in between."""
