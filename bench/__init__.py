"""transferbench: whether what a network learned on one text domain will carry over to another.

In Python (docs/python.md): `bench.run` → `Board`, `bench.fit` and `bench.load` → `TextModel`, `bench.records` →
`Records`, `bench.TransferClassifier` for scikit-learn, `bench.BenchError`. Each is imported when it is first used.
"""

TYPE_CHECKING = False  # for type checkers it is True; an import here might find a file of the user's

if TYPE_CHECKING:
    from typing import Any

    from bench.core.errors import BenchError as BenchError
    from bench.library.board import Board as Board
    from bench.library.classifier import TransferClassifier as TransferClassifier
    from bench.library.fit import fit as fit
    from bench.library.model import TextModel as TextModel
    from bench.library.model import load as load
    from bench.library.records import Records as Records
    from bench.library.records import records as records
    from bench.library.run import run as run

__version__ = "0.2.0"
__all__ = ["BenchError", "Board", "Records", "TextModel", "TransferClassifier", "fit", "load", "records", "run"]

_MODULES = {"BenchError": "core.errors", "Board": "library.board", "Records": "library.records",
            "TextModel": "library.model", "TransferClassifier": "library.classifier", "fit": "library.fit",
            "load": "library.model", "records": "library.records", "run": "library.run"}


def __getattr__(name: str) -> "Any":
    """The name, imported now; from then on it is an attribute like any other."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    globals()[name] = value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return value


def __dir__() -> list[str]:
    """What is there, and what would be imported."""
    return sorted({*globals(), *__all__})
