"""From a task card to a data set: routes to the bytes, readers of file formats, cleaned and tokenised texts."""
