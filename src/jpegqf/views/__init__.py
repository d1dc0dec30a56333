"""Findings -> words, a picture, and the numbers that the page draws."""
