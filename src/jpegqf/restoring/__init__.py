"""Paths -> restored JPEGs and a row for each image, on one machine."""
