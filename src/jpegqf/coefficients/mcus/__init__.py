"""MCUs that do not come back alone -> coefficients of all their blocks, searched together."""
