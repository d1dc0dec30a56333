"""Paths, folders, lists, archives and tables -> items to inspect."""
