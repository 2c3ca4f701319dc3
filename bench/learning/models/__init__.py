"""Fitted strategies that predict any text, in memory and on disk."""
