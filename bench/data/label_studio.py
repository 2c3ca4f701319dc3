"""Records of annotation tools: what Label Studio nests becomes plain columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flattened(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The task's data, and per question the choices of its first annotation that was not cancelled.

    A record that is no task of Label Studio's full JSON export (https://labelstud.io/guide/export) stands as it is.
    """
    data, annotations = record.get("data"), record.get("annotations", record.get("completions"))
    if not isinstance(data, dict) or not isinstance(annotations, list):
        return record
    columns = dict(data)
    done = [a for a in annotations if isinstance(a, dict) and not a.get("was_cancelled")]
    results = done[0].get("result") if done else None
    for result in results if isinstance(results, list) else ():
        if isinstance(result, dict) and isinstance(value := result.get("value"), dict) and "choices" in value:
            columns[str(result.get("from_name", "choice"))] = value["choices"]
    return columns
