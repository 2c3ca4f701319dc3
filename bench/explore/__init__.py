"""Pictures of words and features, and the distance between domains."""
