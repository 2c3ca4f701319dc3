"""From records to statistics: means, intervals, tests, learning curves. Pure functions that write no files."""
