"""Importing this module loads PyTorch's engine and the compiled kernels: for the server that workers are copies of."""

from bench.learning.networks.engines import compiled, torch

__all__ = ["torch"]

compiled.ready()
