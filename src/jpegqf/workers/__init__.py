"""Processes that look at images, so that a crash or a hang costs one row."""
