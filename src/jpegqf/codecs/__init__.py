"""Bytes of an image file of any codec but JPEG -> what its headers tell; decodes nothing."""
