"""transferbench: does what a network learned on one text domain carry over to another?"""

__version__ = "0.1.0"
