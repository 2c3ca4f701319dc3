"""What every other package builds on: errors, seeds, the store on disk."""
