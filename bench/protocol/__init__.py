"""What may be learned from and how it is scored: splits, near duplicates, trials, metrics, and an audit of the data."""
