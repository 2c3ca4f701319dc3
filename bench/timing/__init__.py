"""`bench time`: the same work by engine, device and threads."""
