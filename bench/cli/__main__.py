"""`python -m bench.cli` is the command `bench`."""

from __future__ import annotations

from bench.cli.app import entry

if __name__ == "__main__":
    entry()
