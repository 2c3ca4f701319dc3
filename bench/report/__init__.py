"""Studies become sentences, tables, charts and one HTML page."""
