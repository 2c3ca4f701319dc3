"""What a training of the base leaves after each epoch: its state, to go on from, and where asked for, its weights."""

from __future__ import annotations

import json
from pathlib import Path

from bench.core import store
from bench.learning.networks.batches import TrainingState


def saved_checkpoints(root: Path, key: str) -> list[Path]:
    """The folders that hold the weights of the base's epochs, in order; none where they were not saved."""
    folders = (root / "bases" / f"{key}.epochs").glob("epoch-*")
    return sorted((f for f in folders if store.load(f)), key=lambda f: int(f.name.rpartition("-")[2]))


def checkpoint_beside(folder: Path) -> Path:
    """Where the state of a training is kept whose base will lie in `folder`."""
    return folder.with_name(f"{folder.name}.checkpoint")


def state_files(state: TrainingState) -> dict[str, bytes]:
    """The files of an entry of the cache that holds the state."""
    from safetensors.numpy import save

    return {"params.safetensors": save(state.params), "moments.safetensors": save(state.moments),
            "history.json": json.dumps(list(state.history)).encode()}


def load_state(folder: Path) -> TrainingState | None:
    """The state saved in `folder`; None where there is none, or a damaged one."""
    from safetensors.numpy import load

    entry = store.load(folder)
    if entry is None:
        return None
    history = tuple(json.loads(entry.bytes("history.json")))
    return TrainingState(int(entry.facts["epoch"]), load(entry.bytes("params.safetensors")),
                 load(entry.bytes("moments.safetensors")), history)
