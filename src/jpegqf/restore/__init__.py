"""An image whose pixels are those of one JPEG -> that JPEG, proven by decoding it."""
