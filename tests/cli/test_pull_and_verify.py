"""`bench data pull` and `bench data verify` beside servers and files that are good, broken or hostile.

Whatever a server sends, the command says what is wrong, ends with exit status 2, and the next pull from a server that
has recovered gets the whole file.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace

import pytest
import servers
import toy
from conftest import Bench

from bench.data import corpus, download
from bench.runs import inputs

ROWS = toy.rows(40)
GOOD = ROWS.to_csv(index=False).encode()
OTHER = toy.rows(40, seed=5).to_csv(index=False).encode()
CONTENT = corpus.normalised_rows(ROWS, toy.LABELS, "toy")[1]
HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Please accept, then go on.</p></body></html>"
Request = BaseHTTPRequestHandler


def sends(body: bytes, status: int = 200, **headers: str) -> servers.Answer:
    return lambda request: servers.send(request, body, status, **headers)


def raw(data: bytes) -> servers.Answer:
    """Bytes that need not be HTTP, then the end of the connection."""
    def answer(request: Request) -> None:
        request.wfile.write(data)
        request.close_connection = True

    return answer


def head(*lines: bytes, status: bytes = b"200 OK") -> bytes:
    return b"\r\n".join([b"HTTP/1.1 " + status, *lines, b"", b""])


def elsewhere(request: Request) -> None:
    """One redirect, then the file."""
    if request.path == "/real":
        servers.send(request, GOOD)
    else:
        servers.send(request, b"", 302, Location="/real")


def dripped_head(request: Request) -> None:
    for _ in range(40):
        request.wfile.write(b"H")
        time.sleep(0.1)


@cache
def bomb() -> bytes:
    """A table of 200 MB in 200 kB."""
    return gzip.compress(b"text,label\n" + b"a good text,positive\n" * 10_000_000, 1)


PACKED = gzip.compress(GOOD)
# What a server sends, and what the error says.
BROKEN: Mapping[str, tuple[servers.Answer, str]] = {
    **{str(status): (sends(b"sorry", status), f"answered {status}") for status in
       (204, 404, 416, 429, 503)},
    "no such status": (raw(head(status=b"999 What")), "answered 999"),
    "closed at once": (raw(b""), "cannot be reached"),
    "no HTTP": (raw(b"\x16\x03\x01\0\0" * 50), "cannot be reached"),
    "half a status line": (raw(b"HTTP/1.1 2"), ""),
    "a header of 200 kB": (raw(head(b"X: " + b"a" * 200_000)), "cannot be reached"),
    "5,000 headers": (raw(head(*[b"X-%d: a" % i for i in range(5_000)])), "cannot be reached"),
    "closed after the headers": (raw(head(b"Content-Length: 1000")), "cut at byte 0"),
    "closed in the body": (raw(head(b"Content-Length: 99999") + GOOD), f"cut at byte {len(GOOD)}"),
    "closed in a chunk": (raw(head(b"Transfer-Encoding: chunked") + b"ffff\r\n" + GOOD[:500]), "cut at byte"),
    "no chunks": (raw(head(b"Transfer-Encoding: chunked") + b"zz\r\n" + GOOD), "cut at byte"),
    "endless": (raw(head(b"Content-Length: " + b"9" * 18) + GOOD), "larger than"),
    "silent": (servers.silent(3), "no answer within 1 s"),
    "a byte at a time": (servers.dripping(4), "slower than"),
    "a header at a time": (dripped_head, ""),
    "redirects for ever": (servers.redirecting, "redirects more than 5 times"),
    "redirect to a file": (sends(b"", 302, Location="file:///etc/passwd"), "No connection adapters"),
    "redirect to nothing": (sends(b"", 302), "answered 302"),
    "redirect to a bad address": (sends(b"", 302, Location="http://[::1"), ""),
    "a range from its middle": (sends(GOOD, 206, Content_Range="bytes 7-9/10"), "another range"),
    "a range of its start": (sends(GOOD, 206, Content_Range="bytes 0-99/9999"), "another range"),
    "a range without words": (sends(GOOD, 206), "another range"),
    "HTML": (sends(HTML, Content_Type="text/html"), "HTML"),
    "HTML that says CSV": (sends(HTML, Content_Type="text/csv"), "HTML"),
    "empty": (sends(b""), "empty"),
    "JSON": (sends(b'{"error": "quota"}'), ""),
    "a picture": (sends(b"\x89PNG\r\n\x1a\n" + os.urandom(500)), ""),
    "zeros": (sends(bytes(5_000)), ""),
    "names alone": (sends(b"text,label\n"), ""),
    "other labels": (sends(GOOD.replace(b"positive", b"cats")), "cats"),
    "half of the file": (sends(GOOD[: len(GOOD) // 2]), ""),
    "another file": (sends(OTHER), "is not what the card"),
    "a gzip bomb": (lambda request: servers.send(request, bomb()), ""),
    "half a gzip": (sends(PACKED[: len(PACKED) // 2]), ""),
    "a damaged gzip": (sends(PACKED[:60] + b"\0\0\0" + PACKED[63:]), ""),
    "a zip of two": (sends(servers.zipped({"a.csv": GOOD, "b.csv": OTHER})), ""),
    "a zip that leads out": (sends(servers.zipped({"../../evil.txt": b"x"})), ""),
}
FINE: Mapping[str, servers.Answer] = {
    "a file": sends(GOOD),
    "another type": sends(GOOD, Content_Type="image/png"),
    "a hostile file name": sends(GOOD, Content_Disposition='attachment; filename="../../../evil.csv"'),
    "no length": raw(head() + GOOD),
    "chunks": raw(head(b"Transfer-Encoding: chunked") + b"%x\r\n" % len(GOOD) + GOOD + b"\r\n0\r\n\r\n"),
    "moved": elsewhere,
    "all of it as a range": sends(GOOD, 206, Content_Range=f"bytes 0-{len(GOOD) - 1}/{len(GOOD)}"),
    "cut twice": servers.cutting(GOOD, cuts=2),
    "cut, no ranges": servers.cutting(GOOD, cuts=1, ranges=False),
    "gzip": sends(PACKED),
}


def write_card(folder: Path, url: str, checksum: str = "", content: str = CONTENT) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "far.toml").write_text(f"""
name = "far"
title = "From a server"
labels = {list(toy.LABELS)}
[[editions]]
name = "toy"
{f'sha256 = "{content}"' if content else ""}
rows = {len(ROWS)}
[[editions.routes]]
from = "archive"
url = "{url}"
reader = "csv"
{f'checksum = "{checksum}"' if checksum else ""}
""")


@pytest.fixture
def answers() -> Iterator[tuple[str, list[servers.Answer]]]:
    """A server's address, and what it answers."""
    given: list[servers.Answer] = []
    with servers.serving(lambda request: given[0](request)) as server:
        yield server.url, given


@pytest.fixture
def data(bench_: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """`bench data …` on the card, with a cache of its own and short time limits: exit status and all that it says."""
    usual = inputs.access_for
    monkeypatch.setattr(inputs, "access_for", lambda *args, **named: replace(
        usual(*args, **named), connect_timeout=1.0, read_timeout=1.0))
    monkeypatch.setattr(download, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda seconds: None))

    def run(what: str, *more: object) -> tuple[int, str]:
        done = bench_("data", what, "far", "--tasks", tmp_path / "cards", "--cache-dir", tmp_path / "cache", *more)
        assert not list(tmp_path.rglob("evil*"))
        return done.exit_code, done.output

    return run


@pytest.mark.parametrize(("name", "content"), [
    *(pytest.param(name, "", id=name) for name in BROKEN if name not in ("another file", "half of the file")),
    *(pytest.param(name, CONTENT, id=f"{name}, hash") for name in list(BROKEN)[list(BROKEN).index("HTML"):])])
def test_a_broken_answer_is_one_clear_error_and_the_next_pull_is_whole(
        answers: tuple[str, list[servers.Answer]], data: Callable[..., tuple[int, str]], tmp_path: Path, name: str,
        content: str):
    url, given = answers
    answer, said = BROKEN[name]
    write_card(tmp_path / "cards", f"{url}/far.csv", content=content)
    given[:] = [answer]
    code, output = data("pull")
    assert code == 2, output
    assert said in output
    assert "not available: far" in output
    code, output = data("verify")
    assert "agrees" not in output
    given[:] = [sends(GOOD)]
    code, output = data("pull")
    assert (code, "far@toy: 40 texts" in output) == (0, True), output
    given[:] = [answer]  # what is in the cache is used
    assert data("pull")[0] == 0
    assert data("verify")[0] == 0


@pytest.mark.parametrize("checksum", [False, True])
@pytest.mark.parametrize("name", FINE)
def test_a_good_answer_is_pulled_and_verified(
        answers: tuple[str, list[servers.Answer]], data: Callable[..., tuple[int, str]], tmp_path: Path, name: str,
        checksum: bool):
    url, given = answers
    given[:] = [FINE[name]]
    body = PACKED if name == "gzip" else GOOD
    write_card(tmp_path / "cards", f"{url}/a/%2e%2e/far.csv",
               f"sha256:{hashlib.sha256(body).hexdigest()}" if checksum else "")
    code, output = data("pull")
    assert (code, "far@toy: 40 texts" in output) == (0, True), output
    code, output = data("verify")
    assert (code, "content agrees" in output) == (0, True), output


def test_a_download_that_was_damaged_since_is_wrong_and_then_pulled_again(
        answers: tuple[str, list[servers.Answer]], data: Callable[..., tuple[int, str]], tmp_path: Path):
    url, given = answers
    given[:] = [sends(GOOD)]
    write_card(tmp_path / "cards", f"{url}/far.csv", content="")
    assert data("pull")[0] == 0
    (file,) = (tmp_path / "cache").rglob("far.csv")
    toy.flip(file)
    code, output = data("verify")
    assert (code, "WRONG" in output, "is damaged" in output) == (2, True, True), output
    assert file.is_file()
    assert data("pull")[0] == 0
    assert file.read_bytes() == GOOD


LOCAL: Mapping[str, Callable[[Path], object]] = {
    "another": lambda path: path.write_bytes(OTHER),
    "one byte": lambda path: path.write_bytes(GOOD.replace(b"zala", b"zola", 1)),
    "cut": lambda path: path.write_bytes(GOOD[:-200]),
    "empty": lambda path: path.write_bytes(b""),
    "HTML": lambda path: path.write_bytes(HTML),
    "zeros": lambda path: path.write_bytes(bytes(9_000)),
    "a bomb": lambda path: path.write_bytes(bomb()),
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a link in a circle": lambda path: path.symlink_to(path),
    "a link out of the folder": lambda path: path.symlink_to("/etc/hostname"),
}


WRONG = ("another", "one byte", "cut", "empty", "HTML", "zeros", "a bomb")  # the others are no files of the folder


@pytest.mark.parametrize("name", LOCAL)
def test_a_wrong_file_of_the_data_folder_is_named_and_left_as_it_is(
        data: Callable[..., tuple[int, str]], tmp_path: Path, name: str):
    write_card(tmp_path / "cards", "http://127.0.0.1:9/far.csv")
    card = tmp_path / "cards" / "far.toml"
    card.write_text(card.read_text().split("[[editions.routes]]")[0] + """
[[editions.routes]]
from = "directory"
file = "here.csv"
reader = "csv"
""")
    (tmp_path / "files").mkdir()
    path = tmp_path / "files" / "here.csv"
    LOCAL[name](path)
    for what in ("verify", "pull"):
        code, output = data(what, "--data-dir", tmp_path / "files")
        assert "agrees" not in output
        assert code == (2 if what == "pull" or name in WRONG else 0), output
    assert os.path.lexists(path)
    if not os.path.islink(path) and path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)
    path.write_bytes(GOOD)
    code, output = data("verify", "--data-dir", tmp_path / "files")
    assert (code, "content agrees" in output) == (0, True), output
