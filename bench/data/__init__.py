"""Cards, where the bytes come from, file formats, and the corpus that they become."""
