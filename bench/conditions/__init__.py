"""Accuracy, condition by condition: ``python -m bench.conditions``."""
