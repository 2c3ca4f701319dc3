"""The same trials on a Dask cluster."""
