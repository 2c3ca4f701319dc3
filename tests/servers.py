"""Small web servers on 127.0.0.1 that behave well, badly, or like the Hugging Face hub."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import unquote, urlsplit

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Served:
    """A running server: its address, and the requests that it has seen as (method, path, Range header)."""

    url: str
    seen: list[tuple[str, str, str]] = field(default_factory=list)


@contextmanager
def serving(answer: Answer) -> Iterator[Served]:
    """A server whose every request is answered by `answer`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        hooks: ClassVar[list[Answer]] = [answer]

        def _any(self) -> None:
            served.seen.append((self.command, self.path, self.headers.get("Range", "")))
            try:
                self.hooks[0](self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_GET = do_HEAD = do_POST = _any

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served = Served(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()


def send(request: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    """A whole answer; header names are given with _ for -."""
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    if "Content_Length" not in headers:
        request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)


def files(contents: Mapping[str, bytes | tuple[bytes, str]]) -> Answer:
    """Each path's bytes, or bytes and content type; 404 for the rest; no ranges."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        found = contents.get(unquote(urlsplit(request.path).path))
        if found is None:
            send(request, b"no such file", 404)
        elif isinstance(found, tuple):
            send(request, found[0], Content_Type=found[1])
        else:
            send(request, found)

    return answer


def zipped(contents: Mapping[str, bytes]) -> bytes:
    """A zip file of these files; a wheel is one."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as built:
        for path, data in contents.items():
            built.writestr(path, data)
    return out.getvalue()


def cutting(data: bytes, cuts: int, ranges: bool = True, etag: str = '"one"') -> Answer:
    """A file whose first `cuts` answers break off half-way through what is left."""
    left = [cuts]

    def answer(request: BaseHTTPRequestHandler) -> None:
        start = 0
        asked = request.headers.get("Range", "")
        if ranges and asked and request.headers.get("If-Range", etag) == etag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        rest = data[start:]
        headers = {"Content_Length": str(len(rest)), "ETag": etag}
        if start:
            headers["Content_Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        if left[0]:
            left[0] -= 1
            rest = rest[: len(rest) // 2]
            request.close_connection = True
        send(request, rest, 206 if start else 200, **headers)

    return answer


def silent(seconds: float) -> Answer:
    """Nothing at all for a while."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        request.close_connection = True

    return answer


def dripping(seconds: float) -> Answer:
    """A large file, ten bytes a second."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        send(request, b"", Content_Length="1000000")
        for _ in range(int(seconds * 10)):
            request.wfile.write(b"x")
            time.sleep(0.1)
        request.close_connection = True

    return answer


def redirecting(request: BaseHTTPRequestHandler) -> None:
    """On to a longer address, for ever."""
    send(request, b"", 302, Location=request.path + "x")


def hub(name: str, revision: str, contents: Mapping[str, bytes], kind: str = "datasets") -> Answer:
    """As much of the Hugging Face hub as loading a data set (or `models`) of files in `contents` asks for."""
    entries = [{"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
               for name, data in contents.items()]
    folders = sorted({name.rpartition("/")[0] for name in contents} - {""})
    entries += [{"type": "directory", "path": name, "size": 0, "oid": "0" * 40} for name in folders]
    info = {"id": name, "sha": revision, "private": False, "gated": False, "disabled": False, "downloads": 0,
            "likes": 0, "tags": [], "siblings": [{"rfilename": name} for name in contents]}

    def within(folder: str) -> list[dict[str, object]]:
        return [e for e in entries if not folder or str(e["path"]).startswith(folder + "/")]

    def answer(request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(request.path).path)
        prefix = "" if kind == "models" else f"/{kind}"
        api, files_ = f"/api/{kind}/{name}", f"{prefix}/{name}/resolve/{revision}/"
        if path in (api, f"{api}/revision/{revision}"):
            _json(request, info)
        elif path.startswith(f"{api}/tree/{revision}"):
            _json(request, within(path.removeprefix(f"{api}/tree/{revision}").strip("/")))
        elif path == f"{api}/paths-info/{revision}":
            asked = _paths(body)
            _json(request, [e for e in entries if e["path"] in asked])
        elif path.startswith(files_) and path.removeprefix(files_) in contents:
            data = contents[path.removeprefix(files_)]
            send(request, data, X_Repo_Commit=revision, ETag=f'"{hashlib.sha1(data).hexdigest()}"')
        else:
            send(request, b'{"error": "Entry not found"}', 404, X_Error_Code="EntryNotFound",
                 X_Repo_Commit=revision, Content_Type="application/json")

    return answer


def _json(request: BaseHTTPRequestHandler, value: object) -> None:
    send(request, json.dumps(value).encode(), Content_Type="application/json")


def _paths(body: bytes) -> list[str]:
    try:
        return list(json.loads(body)["paths"])
    except ValueError:  # sent as a form
        from urllib.parse import parse_qs

        return parse_qs(body.decode()).get("paths", [])
