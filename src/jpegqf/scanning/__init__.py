"""Paths -> results files, on one machine."""
