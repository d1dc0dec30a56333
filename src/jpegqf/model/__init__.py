"""Evidence -> a distribution over qualities."""
