"""Records become studies: means, intervals, tests, curves. Pure functions."""
