"""The same scan on many machines."""
