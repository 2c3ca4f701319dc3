"""transferbench: whether what a network learned on one text domain will carry over to another."""

__version__ = "0.1.0"
