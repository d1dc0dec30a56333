"""Records -> results files, one module a format, and back."""
