"""Runs one scan on many machines: the input is split into shards, and each shard gives one results file."""
