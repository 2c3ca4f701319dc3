"""A server on this machine alone for one page, which reloads when it is out of date; nothing else is served."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.core.errors import BenchError

LOOPBACK = "127.0.0.1"
NAMES = ("127.0.0.1", "localhost", "[::1]")


class Server(ThreadingHTTPServer):
    """`GET /` returns the page of the current digest, `GET /digest` the digest as JSON; anything else is not found."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, digest: Callable[[], str], page: Callable[[str], str]) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.digest = digest
        self._page = page
        self._rendered: tuple[str, bytes] | None = None  # digest and page
        self._lock = threading.Lock()

    def page(self) -> bytes:
        """The page, rendered again when the digest has changed."""
        with self._lock:
            digest = self.digest()
            if self._rendered is None or self._rendered[0] != digest:
                self._rendered = (digest, self._page(digest).encode())
            return self._rendered[1]

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{LOOPBACK}:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version = "transferbench"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        """Answer with the page or the digest."""
        name = (self.headers.get("Host") or "").rpartition(":")[0] or self.headers.get("Host")
        if name not in NAMES:  # another site may have pointed its name at this machine (DNS rebinding)
            self._send(403, "text/plain", b"only for this machine\n")
        elif self.path == "/":
            try:
                self._send(200, "text/html; charset=utf-8", self.server.page())
            except BenchError as error:
                self._send(503, "text/plain; charset=utf-8", f"{error}\n".encode())
        elif self.path == "/digest":
            self._send(200, "application/json", json.dumps({"digest": self.server.digest()}).encode())
        else:
            self._send(404, "text/plain", b"not found\n")

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Frame-Options", "DENY")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Requests are not logged."""


@contextmanager
def serving(port: int, digest: Callable[[], str], page: Callable[[str], str]) -> Iterator[Server]:
    """Run the server in its own thread; `port` 0 takes a free port. `BenchError` where the port is taken."""
    try:
        server = Server(port, digest, page)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BenchError(f"cannot serve on port {port}: {reason}", "--port 0 takes a free one") from None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
