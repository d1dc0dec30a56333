"""Inner loops in C: compiled where the package is built with a compiler, done by NumPy where it is not."""
