"""From studies to what people read: sentences, tables, charts and one HTML page."""
