"""Training: clean scenes -> synthetic JPEGs -> evidence -> weights. Needs the extra ``train``."""
