"""The energy of a piece of work, measured by codecarbon where the machine has a meter.

Without a meter codecarbon would guess from a table of processors; a guess is not taken for a measurement here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

JOULES_PER_KWH = 3.6e6


def measure(work: Callable[[], object]) -> dict[str, Any]:
    """Do the work and return {"joules", "of", "by"}; or return {"unavailable": reason} and leave the work undone."""
    try:
        from codecarbon import OfflineEmissionsTracker
        from codecarbon.core.cpu import is_rapl_available
        from codecarbon.core.gpu import is_nvidia_system
    except ImportError:
        return {"unavailable": "codecarbon is not installed (pip install 'transferbench[energy]')"}
    meters = {"cpu": is_rapl_available(), "gpu": is_nvidia_system()}
    if not any(meters.values()):
        return {"unavailable": "this machine has no readable meter (no RAPL counters, no NVIDIA driver)"}
    # The country only matters for emissions, which are not used; it keeps the tracker from asking the network for it.
    tracker = OfflineEmissionsTracker(country_iso_code="USA", save_to_file=False, save_to_api=False,
                                      log_level="critical", measure_power_secs=1, allow_multiple_runs=True)
    tracker.start()
    work()
    tracker.stop()
    data = tracker.final_emissions_data
    joules = {name: round(float(getattr(data, f"{name}_energy")) * JOULES_PER_KWH, 1)
              for name, metered in meters.items() if metered}
    return {"joules": round(sum(joules.values()), 1), "of": joules, "by": "codecarbon"}
