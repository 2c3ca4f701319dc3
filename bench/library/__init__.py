"""The suite as a library: what a notebook calls, and what the command line calls too."""
