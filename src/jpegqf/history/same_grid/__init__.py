"""What the grid of the last save shows of an earlier save: the counts of its coefficients tell."""
