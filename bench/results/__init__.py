"""The record of one finished trial, and the files that hold records."""
