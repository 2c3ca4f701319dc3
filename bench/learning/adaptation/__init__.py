"""Unsupervised domain adaptation on feature matrices: source texts with labels, and target texts without."""
