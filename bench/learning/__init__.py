"""Everything that learns: networks, features, probes, and the models that are saved."""
