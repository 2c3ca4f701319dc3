"""In a checkout: the strategies of the folder `baselines/`, as the package `bench.baselines`.

A wheel holds that folder here instead of this file. `import baselines` would find whatever folder of that name comes
first on the path: one in the working directory, or another package's.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING

from bench.core import places

if TYPE_CHECKING:
    from baselines import BASELINES as BASELINES
    from baselines import FITTED as FITTED
    from baselines import MAIN as MAIN

FOLDER = places.shipped("baselines")
spec = spec_from_file_location(__name__, FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)])
assert spec is not None
assert spec.loader is not None
package = module_from_spec(spec)
sys.modules[__name__] = package  # `import bench.baselines` returns it, and finds `bench.baselines.finetune` through it
spec.loader.exec_module(package)
