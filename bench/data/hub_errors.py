"""Errors of the Hugging Face libraries in plain words: why a data set cannot be fetched or read."""

from __future__ import annotations

from collections.abc import Iterator

from bench.core.errors import RouteError
from bench.data.http import cause, one_line

SIGN_IN = "sign in: set HF_TOKEN, or run hf auth login"
AGAIN = "try again; files that have arrived are not fetched twice"
SCRIPT = "Dataset scripts are no longer supported"


def hub_error(error: BaseException, dataset: str, endpoint: str) -> RouteError:
    """The error to raise in place of one that `datasets` or `huggingface_hub` raised."""
    for inner in _chain(error):
        if (reason := _of_the_hub(inner, dataset, endpoint)) is not None:
            return reason
    for inner in _chain(error):
        if (reason := _of_the_files(inner, dataset)) is not None:
            return reason
    first = error
    while type(first).__name__ == "DatasetGenerationError" and first.__cause__ is not None:
        first = first.__cause__
    return RouteError(f"hub {dataset}: {type(first).__name__}: {one_line(first)}")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, then what it was raised from, and so on."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__  # type: ignore[assignment]


def _of_the_hub(error: BaseException, dataset: str, endpoint: str) -> RouteError | None:
    """What the hub answered, or that it did not.

    `datasets` drops what some of its errors were raised from, so that their texts have to do.
    """
    from huggingface_hub import errors, get_token

    page = f"{endpoint}/datasets/{dataset}"
    status = getattr(getattr(error, "response", None), "status_code", 0)
    signed_in = bool(get_token())
    if isinstance(error, errors.GatedRepoError) or "is a gated dataset" in str(error):
        return RouteError(f"the data set {dataset} is gated: its owner gives access to those who ask for it" +
                          (", and the owner of this token has none" if signed_in else ""),
                          f"ask on {page}" + ("" if signed_in else f", then {SIGN_IN}"))
    if isinstance(error, errors.RepositoryNotFoundError) or (status == 401 and not signed_in) or \
            "doesn't exist on the Hub or cannot be accessed" in str(error):
        return RouteError(f"the hub has no data set {dataset}, or a private one that " +
                          ("this token does not open" if signed_in else "strangers do not see"),
                          "is the name right?" + ("" if signed_in else f" for a private one {SIGN_IN}"))
    if isinstance(error, errors.RevisionNotFoundError):
        return RouteError(f"the data set {dataset} has no such revision",
                          f"a branch, a tag, or all 40 digits of a commit: {page}/commits/main")
    if isinstance(error, errors.OfflineModeIsEnabled) or "HF_HUB_OFFLINE" in str(error):
        return RouteError(f"hub {dataset}: the variable HF_HUB_OFFLINE forbids all requests", "unset it once")
    if isinstance(error, errors.HfHubHTTPError) and not isinstance(error, errors.EntryNotFoundError) and status:
        hint = {401: f"is the token right? {SIGN_IN}", 403: "has the token the right to read it?",
                429: "wait some minutes" + ("" if signed_in else f"; the hub allows more to those who {SIGN_IN}"),
                }.get(status, "try again later")
        return RouteError(f"hub {dataset}: the hub answered {status} {error.response.reason_phrase}", hint)
    if type(error).__module__.split(".")[0].startswith(("httpx", "requests")):
        timed_out = "Timeout" in type(error).__name__
        return RouteError(f"hub {dataset}: " + ("the hub did not answer in time" if timed_out else
                                                f"the connection broke ({cause(error)})"), AGAIN)
    return RouteError(f"hub {dataset}: {one_line(error)}", AGAIN) if isinstance(error, ConnectionError) else None


def _of_the_files(error: BaseException, dataset: str) -> RouteError | None:
    """What is wrong with the files of the data set."""
    import pyarrow as pa
    from datasets.exceptions import DataFilesNotFoundError, DatasetGenerationCastError, SplitsVerificationError

    if SCRIPT in str(error):
        script = str(error).rpartition(" ")[2]
        return RouteError(f"the data set {dataset} is made by a program of its own ({script}), which is never run",
                          f"hf:{dataset}@refs/convert/parquet reads the hub's own copy in Parquet, where there is one")
    if isinstance(error, DataFilesNotFoundError) or type(error).__name__ == "EmptyDatasetError":
        return RouteError(f"the data set {dataset} holds no file that can be read as a table")
    if isinstance(error, DatasetGenerationCastError):
        details = str(error).partition("but at some point ")[2].partition("This happened")[0]
        return RouteError(f"the files of {dataset} have different columns: {' '.join(details.split())[:300]}",
                          "name a config, or download one file and name that")
    if isinstance(error, SplitsVerificationError):
        return RouteError(f"the files of {dataset} are not what its card on the hub says: {one_line(error)}",
                          "tell its owner, or name another @REVISION")
    if isinstance(error, pa.ArrowException | UnicodeDecodeError):
        return RouteError(f"a file of {dataset} cannot be read: {one_line(error)}", "tell its owner")
    if isinstance(error, OSError) and "Consistency check" in str(error):
        return RouteError(f"a file of {dataset} did not arrive whole", "try again")
    return None
