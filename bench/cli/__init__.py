"""The commands: the only package that prints, exits and imports typer."""

import os
import sys


def _working_directory_last() -> None:
    """Look for modules in the working directory last, before anything is imported that a file there could replace.

    `python -m bench.cli` and `PYTHONPATH=.` put it first. A checkout of ours stays where it is.
    """
    ours = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    try:
        here = os.getcwd()
    except OSError:  # it has been removed
        return
    if os.path.realpath(here) == os.path.realpath(ours):
        return
    others = [folder for folder in sys.path if os.path.realpath(folder or here) != os.path.realpath(here)]
    if len(others) < len(sys.path):
        sys.path[:] = [*others, here]


def _warnings_are_no_errors() -> None:
    """Undo `PYTHONWARNINGS=error` and `-W error`: it would end a command at the first warning of any library."""
    kept = [option for option in sys.warnoptions if not option.startswith("e")]
    if len(kept) < len(sys.warnoptions):
        import warnings

        sys.warnoptions[:] = kept  # worker processes get these
        warnings.resetwarnings()
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)


_working_directory_last()
_warnings_are_no_errors()
