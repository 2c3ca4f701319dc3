"""Who may learn from what, and how it is scored: splits, near duplicates, trials, metrics."""
