"""What every other package builds on: errors, names, seeds, budgets, checked input, and files and folders on disk."""
