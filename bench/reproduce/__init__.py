"""Published claims and published trials, measured again."""
