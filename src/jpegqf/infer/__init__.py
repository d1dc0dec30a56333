"""The contract of infer.py: its arguments, files, console and exit codes."""
