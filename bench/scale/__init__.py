"""Scans on Ray: costs, failures, and what five billion images would take."""
