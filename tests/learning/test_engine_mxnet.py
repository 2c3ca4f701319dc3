"""The MXNet engine alone: how it is loaded, and what it does to its process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bench.core.errors import BenchError
from bench.learning.networks.engines import Engine


@pytest.fixture(scope="module")
def mxnet() -> Engine:
    try:
        from bench.learning.networks.engines import mxnet as engine
    except BenchError as error:
        pytest.skip(str(error))
    return engine


IMPORTED = """
import os, sys
before = dict(os.environ)
import bench.learning.networks.engines.mxnet
assert dict(os.environ) == before, set(os.environ.items()) ^ set(before.items())
assert "torch" not in sys.modules
"""
DENORMALS = """
import numpy as np
from mxnet import nd
tiny = np.full(4, 1e-39, np.float32)
assert not (nd.array(tiny) * 1).asnumpy().any()
assert (tiny * np.float32(1)).all()
"""


@pytest.mark.parametrize("threads", [None, "2"])
def test_importing_the_engine_changes_no_setting_loads_no_other_framework_and_flushes_denormals_in_it_alone(
        mxnet: Engine, threads: str | None):
    """In a process of its own: here another test may have begun MXNet's threads."""
    variables = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    variables |= {} if threads is None else {"OMP_NUM_THREADS": threads}
    subprocess.run([sys.executable, "-W", "error::FutureWarning", "-c", IMPORTED + DENORMALS], check=True,
                   env=variables)


def test_without_mxnet_one_line_says_what_to_install():
    code = ("import sys; sys.modules['mxnet'] = None\n"
            "from bench.core.errors import MissingExtra\n"
            "try:\n    import bench.learning.networks.engines.mxnet\n"
            "except MissingExtra as error:\n    sys.exit(str(error))")
    stderr = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr
    assert stderr == "MXNet is not installed (pip install 'transferbench[mxnet]')\n"
