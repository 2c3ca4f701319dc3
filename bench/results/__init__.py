"""The record of a finished trial, its stored predictions, and the files that hold records."""
