"""Errors that the user can fix: one line that says what is wrong, the value, and what to do."""


class BenchError(Exception):
    """Wrong input, or a machine that cannot do what was asked; the command line exits with 2."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = ""  # the traceback of an error in a strategy's code, for --debug

    def __str__(self) -> str:
        """One line: the message, then the hint in brackets."""
        return f"{self.message} ({self.hint})" if self.hint else self.message


class InputError(BenchError, ValueError):
    """A value that Python code handed over and that cannot be used; a `ValueError` too, as scikit-learn expects."""


class CardError(BenchError):
    """A task card that cannot be used."""


class DataError(BenchError):
    """Data that cannot be read or that differ from what their card says."""


class RouteError(BenchError):
    """A route to a data set that failed; the next one is tried."""


class MissingExtra(BenchError):
    """An optional package that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed", f"pip install 'transferbench[{extra}]'")
        self.args = (what, extra)  # pickle calls the class with these when it sends the error to another process


class NoRoom(BenchError):
    """A limit of memory that an optional part cannot work within."""
