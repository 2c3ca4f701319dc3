"""The Hugging Face hub on 127.0.0.1: data sets with branches, large files that lie elsewhere, and shut doors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from servers import send

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".parquet", ".zst")  # endings of files that are stored as large ones, as the hub's .gitattributes has it
Fault = Callable[[BaseHTTPRequestHandler, str], bool]  # of a request and its path: whether it was answered


@dataclass
class DataSet:
    """A repository of the hub: its files at each commit, and what branches and tags mean."""

    contents: Mapping[str, bytes]
    commit: str = COMMIT
    revisions: dict[str, str] = field(default_factory=dict)  # branch or tag → commit; main is `commit`
    others: dict[str, Mapping[str, bytes]] = field(default_factory=dict)  # commit → its files
    token: str = ""  # who has it may read; others see what the hub shows of a private data set
    gated: bool = False  # with the token, everybody sees it, and those who have it read it
    renamed: str = ""  # the name of today
    sizes: Mapping[str, int] = field(default_factory=dict)  # bytes that the hub says a file has, where it is too large

    def at(self, revision: str) -> tuple[str, Mapping[str, bytes]] | None:
        """The commit and files of a revision."""
        commit = self.revisions.get(revision, self.commit if revision == "main" else revision)
        return (commit, self.contents) if commit == self.commit else \
            (commit, self.others[commit]) if commit in self.others else None


class Hub:
    """An answer to every request, as `servers.serving` takes it; `fault` may answer first."""

    def __init__(self, data_sets: Mapping[str, DataSet], fault: Fault | None = None) -> None:
        self.data_sets, self.fault = dict(data_sets), fault

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(request.path).path)
        if self.fault is not None and self.fault(request, path):
            return
        if path == "/":
            send(request, b"the hub")
        elif path.startswith("/cdn/"):
            _file(request, self.stored(path))
        elif path.startswith("/api/datasets/"):
            self._api(request, path.removeprefix("/api/datasets/"), body)
        elif path.startswith("/datasets/") and "/resolve/" in path:
            self._resolve(request, *path.removeprefix("/datasets/").split("/resolve/", 1))
        else:
            _refuse(request, 404, "", "Not found")

    def stored(self, path: str) -> bytes:
        """The large file at a path such as /cdn/DIGEST."""
        return next(data for one in self.data_sets.values() for files in (one.contents, *one.others.values())
                    for data in files.values() if hashlib.sha256(data).hexdigest() == path.rpartition("/")[2])

    def _find(self, request: BaseHTTPRequestHandler, name: str, *, content: bool) -> DataSet | None:
        """The data set, or None where the request was answered with why it cannot be read."""
        data_set = self.data_sets.get(name)
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if data_set is None or (data_set.token and not data_set.gated and given != data_set.token):
            # The hub does not say to strangers what there is: 401 for what is private and for what does not exist.
            _refuse(request, 404, "RepoNotFound", "Repository not found") if given else \
                _refuse(request, 401, "", "Invalid username or password.")
            return None
        if content and data_set.gated and given != data_set.token:
            _refuse(request, 403 if given else 401, "GatedRepo", f"Access to dataset {name} is restricted.")
            return None
        return data_set

    def _api(self, request: BaseHTTPRequestHandler, rest: str, body: bytes) -> None:
        parts = rest.split("/")
        known = next((n for n in (2, 1) if "/".join(parts[:n]) in self.data_sets), 2)
        name, verb, revision = "/".join(parts[:known]), *[*parts[known:], "revision", "main"][:2]
        tail = "/".join(parts[known + 2 :])
        data_set = self._find(request, name, content=verb != "revision")
        if data_set is None:
            return
        if data_set.renamed:
            send(request, b"", 307, Location=request.path.replace(name, data_set.renamed, 1))
            return
        if verb == "revision":  # the name of a branch may hold slashes
            revision, tail = "/".join(parts[known + 1 :]) or "main", ""
        found = data_set.at(revision)
        if found is None:
            _refuse(request, 404, "RevisionNotFound", f"Invalid rev id: {revision}")
            return
        commit, files = found
        entries = [_entry(path, data) for path, data in files.items()]
        folders = {"/".join(path.split("/")[:n]) for path in files for n in range(1, path.count("/") + 1)}
        entries += [{"type": "directory", "path": folder, "size": 0, "oid": "0" * 40} for folder in sorted(folders)]
        if verb == "revision":
            blobs = "blobs" in parse_qs(urlsplit(request.path).query)
            siblings = [{"rfilename": path, **({"size": data_set.sizes.get(path, len(data))} if blobs else {})}
                        for path, data in files.items()]
            _json(request, {"id": name, "sha": commit, "private": False, "gated": "auto" if data_set.gated else False,
                            "disabled": False, "downloads": 0, "likes": 0, "tags": [], "siblings": siblings})
        elif verb == "paths-info":
            _json(request, [entry for entry in entries if entry["path"] in _asked(body)])
        else:  # tree
            deep = "true" in parse_qs(urlsplit(request.path).query).get("recursive", [""])[0].lower()
            inside = [e for e in entries if str(e["path"]).startswith(f"{tail}/" if tail else "")]
            depth = tail.count("/") + 1 if tail else 0
            _json(request, [e for e in inside if deep or str(e["path"]).count("/") == depth])

    def _resolve(self, request: BaseHTTPRequestHandler, name: str, rest: str) -> None:
        data_set = self._find(request, name, content=True)
        if data_set is None:
            return
        if data_set.renamed:
            send(request, b"", 307, Location=request.path.replace(name, data_set.renamed, 1))
            return
        revision, path = rest.split("/", 1)
        commit, files = data_set.at(revision) or ("", {})
        if not commit:
            _refuse(request, 404, "RevisionNotFound", f"Invalid rev id: {revision}")
        elif path not in files:
            _refuse(request, 404, "EntryNotFound", "Entry not found", X_Repo_Commit=commit)
        elif path.endswith(LARGE):
            digest = hashlib.sha256(files[path]).hexdigest()
            elsewhere = request.headers["Host"].replace("127.0.0.1", "localhost")
            send(request, b"", 302, Location=f"http://{elsewhere}/cdn/{digest}", X_Repo_Commit=commit,
                 X_Linked_Size=str(len(files[path])), X_Linked_ETag=f'"{digest}"', ETag=f'"{digest}"')
        else:
            _file(request, files[path], X_Repo_Commit=commit)


def _file(request: BaseHTTPRequestHandler, data: bytes, **headers: str) -> None:
    asked = request.headers.get("Range", "")
    start = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
    if start:
        headers["Content_Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
    send(request, data[start:], 206 if start else 200, ETag=f'"{hashlib.sha1(data).hexdigest()}"', **headers)


def _entry(path: str, data: bytes) -> dict[str, object]:
    entry: dict[str, object] = {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
    if path.endswith(LARGE):
        entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 133}
    return entry


def _json(request: BaseHTTPRequestHandler, value: object) -> None:
    send(request, json.dumps(value).encode(), Content_Type="application/json")


def _refuse(request: BaseHTTPRequestHandler, status: int, code: str, message: str, **headers: str) -> None:
    send(request, json.dumps({"error": message}).encode(), status, Content_Type="application/json",
         X_Error_Message=message, **({"X_Error_Code": code} if code else {}), **headers)


def _asked(body: bytes) -> list[Any]:
    try:
        return list(json.loads(body)["paths"])
    except ValueError:  # sent as a form
        return parse_qs(body.decode()).get("paths", [])
