"""What a strategy imports: quick to import, and complete."""

from __future__ import annotations

import subprocess
import sys

from bench import api

HEAVY = ("torch", "mxnet", "sklearn", "scipy", "pandas", "pyarrow", "transformers", "sentence_transformers", "requests",
         "typer", "matplotlib")


def test_importing_the_api_loads_no_large_library():
    code = f"import sys, bench.api; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_name_is_there_and_listed_once():
    assert len(api.__all__) == len(set(api.__all__))
    assert all(hasattr(api, name) for name in api.__all__)
