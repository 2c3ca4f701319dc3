"""Servers that want what is not theirs: a place outside the cache, the user's passwords, this machine's own servers."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html import escape
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import servers

from bench.core.errors import BenchError, RouteError
from bench.data import package_index
from bench.data.cards import Route
from bench.data.http import is_this_machine
from bench.data.package_index import PipSettings
from bench.data.routes import Access, deliver

WANTED = {"distribution": "made_up.data==1.0", "file": "made_up_data/rows.csv"}
END = "-py3-none-any.whl"
UP = "made_up_data-1.0-1/../../../../../evil"
NAMES = {
    "build tag": f"{UP}{END}", "encoded": f"made_up_data-1.0-1%2e%2e%2f..%2F..%2f..%2fevil{END}",
    "encoded twice": f"made_up_data-1.0-1%252e%252e%252fevil{END}", "name": f"../../../evil/made_up_data-1.0{END}",
    "absolute": f"/tmp/evil/made_up_data-1.0{END}", "backslashes": f"made_up_data-1.0-1\\..\\..\\evil{END}",
    "tag": "made_up_data-1.0-py3-none-../../../evil.whl", "python tag": "made_up_data-1.0-../../../evil-none-any.whl",
    "version": f"made_up_data-1.0+/../../../evil{END}", "NUL": f"made_up_data-1.0-1%00/../evil{END}",
    "line break": f"made_up_data-1.0-1%0A%0Devil{END}", "escape": f"made_up_data-1.0-1%1b[31m{END}",
    "drive": f"C:made_up_data-1.0{END}", "stream": f"made_up_data-1.0-1:evil{END}",
    "long": f"made_up_data-1.0-1{'x' * 400}{END}", "very long": f"made_up_data-1.0-1{'x' * 100_000}{END}",
    "source": "made_up_data-1.0/../../../evil.tar.gz", "source name": "../made_up_data-1.0.tar.gz",
    "zip": "..%2f..%2fmade_up_data-1.0.zip", "dots": "...whl", "hidden": f".made_up_data-1.0{END}",
    "half surrogate": f"made_up_data-1.0-1%ed%b0%80{END}", "dot": f"made_up_data-1.0-1/./../../evil{END}",
}


WHEEL = servers.zipped({"made_up_data/rows.csv": b"text,label\na,b\n"})
SHA256 = hashlib.sha256(WHEEL).hexdigest()


def hostile(page: bytes, content_type: str) -> servers.Answer:
    """An index whose every file is the wheel, whatever its name."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.path.startswith("/simple/"):
            servers.send(request, page, Content_Type=content_type)
        else:
            servers.send(request, WHEEL)

    return answer


def found_below(folder: Path) -> set[Path]:
    return {p.relative_to(folder) for p in folder.rglob("*") if not p.is_dir()}


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(cache=tmp_path / "deep" / "in" / "a" / "cache" / "raw", connect_timeout=2.0, read_timeout=2.0)


@pytest.mark.parametrize("form", ["html", "json", "text of the link"])
@pytest.mark.parametrize("kind", NAMES)
def test_an_index_cannot_write_outside_the_cache(access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                 kind: str, form: str):
    name = NAMES[kind]
    if form == "json":
        from urllib.parse import unquote

        file = {"filename": unquote(name), "url": "/files/x", "hashes": {"sha256": SHA256}}
        page = (json.dumps({"files": [file]}).encode(), "application/vnd.pypi.simple.v1+json")
    elif form == "html":
        page = (f'<a href="../../files/{escape(name)}#sha256={SHA256}">x</a>'.encode(), "text/html")
    else:
        page = (f'<a href="/files/x.whl">{escape(name)}</a>'.encode(), "text/html")
    with servers.serving(hostile(*page)) as server:
        monkeypatch.setattr(package_index, "pip_settings", lambda: PipSettings((f"{server.url}/simple",)))
        before = found_below(Path("/tmp/evil")) if Path("/tmp/evil").exists() else set()
        with suppress(RouteError):  # some names are plain in the end: what follows the last slash of an address
            assert deliver(Route("package", WANTED), access).path.read_bytes() == b"text,label\na,b\n"
        after = found_below(Path("/tmp/evil")) if Path("/tmp/evil").exists() else set()
    assert after == before
    written = found_below(tmp_path)
    inside = access.cache.relative_to(tmp_path)
    assert all(path.is_relative_to(inside) for path in written), written
    names = {path.relative_to(inside).parts[:2] for path in written}
    assert {top for top, *_ in names} <= {"packages", ".locks"}
    assert {second for top, second in names if top == "packages"} <= {"downloads", "made_up.data-1.0"}


@pytest.mark.parametrize("url", ["/a/..", "/..", "/%2e%2e", "/%2e%2e%2f%2e%2e%2fevil.zip", "/...", "/a/.b.seal", "/con",
                                 "/%00", "/" + "x" * 3_000, "/a\\..\\..\\evil", "/", ""])
def test_an_address_cannot_name_a_file_outside_the_cache(access: Access, tmp_path: Path, url: str):
    with servers.serving(lambda request: servers.send(request, b"data")) as server:
        delivered = deliver(Route("archive", {"url": server.url + url}), access)
    assert delivered.path.read_bytes() == b"data"
    assert delivered.path.parent.parent == access.cache / "archives"
    assert all(p.is_relative_to(access.cache.relative_to(tmp_path)) for p in found_below(tmp_path))


@pytest.mark.parametrize("path", ["../rows.csv", "/etc/passwd", "a/../../b", "a\\..\\b", "C:x", "a\0b", "a\nb", "",
                                  "a/", "x" * 300])
def test_a_card_cannot_name_a_file_outside_a_package_or_the_data_folder(access: Access, tmp_path: Path, path: str):
    for options in ({"file": path}, {"file": "rows.csv", "member": path}):
        if options == {"file": "rows.csv", "member": ""}:
            continue  # the same as none
        with pytest.raises(RouteError):
            deliver(Route("package", {"distribution": "made_up.data==1.0", **options}), access)
    (tmp_path / "data").mkdir()
    (tmp_path / "rows.csv").write_text("text,label\n")
    with pytest.raises(RouteError):
        deliver(Route("directory", {"file": path}), Access(data_dir=tmp_path / "data", cache=access.cache))
    assert found_below(tmp_path) == {Path("rows.csv")}


# --- passwords


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who has a password for every server."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine 127.0.0.1 login me password secret\ndefault login me password secret\n")
    (home / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("NETRC", raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@contextmanager
def listening(redirect: str = "") -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that sets a cookie and notes the headers it gets; /go redirects."""
    seen: list[dict[str, str]] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        seen.append({"path": request.path, **{k.lower(): v for k, v in request.headers.items()}})
        if request.path.endswith("/go"):
            servers.send(request, b"", 302, Location=redirect or "/a.zip", Set_Cookie="who=me")
        elif request.path.startswith("/simple"):
            servers.send(request, f'<a href="/files/made_up_data-1.0{END}">x</a>'.encode(), Content_Type="text/html")
        else:
            servers.send(request, WHEEL)

    with servers.serving(answer) as server:
        yield server.url, seen


def archive(access: Access, url: str) -> bytes:
    return deliver(Route("archive", {"url": url}), access).path.read_bytes()


def test_no_password_of_the_users_goes_to_a_cards_server_nor_to_where_it_redirects(access: Access, netrc: None):
    with listening() as (url, seen):
        assert archive(access, f"{url}/a.zip") == WHEEL
        assert archive(access, f"{url}/go") == WHEEL
        with listening(f"{url.replace('127.0.0.1', 'localhost')}/b.zip") as (other, also):
            assert archive(access, f"{other}/go") == WHEEL
    assert len(seen) == 4
    assert len(also) == 1
    assert not any("authorization" in headers for headers in seen + also)


def test_no_password_of_the_users_goes_to_a_package_index(access: Access, netrc: None,
                                                          monkeypatch: pytest.MonkeyPatch):
    with listening() as (url, seen):
        monkeypatch.setattr(package_index, "pip_settings", lambda: PipSettings((f"{url}/simple",)))
        assert deliver(Route("package", WANTED), access).path.read_bytes() == b"text,label\na,b\n"
    assert len(seen) == 2
    assert not any("authorization" in headers for headers in seen)


def test_the_password_in_an_address_and_cookies_stay_with_their_server(access: Access, netrc: None):
    sent = f"Basic {base64.b64encode(b'you:pass').decode()}"
    with listening() as (url, seen):
        with listening(f"{url.replace('127.0.0.1', 'localhost')}/b.zip") as (other, also):
            assert archive(access, f"{other.replace('//', '//you:pass@')}/go") == WHEEL
        assert archive(access, f"{url.replace('//', '//you:pass@')}/go") == WHEEL
    assert [h.get("authorization") for h in also] == [sent]
    assert [h.get("authorization") for h in seen] == [None, sent, sent], "the same server gets it again"
    assert [h.get("cookie") for h in seen] == [None, None, "who=me"]


def test_proxies_of_the_environment_are_used(access: Access, netrc: None, monkeypatch: pytest.MonkeyPatch):
    with listening() as (url, seen):
        monkeypatch.setenv("http_proxy", url.replace("//", "//agent:word@"))
        assert archive(access, "http://card.example/a.zip") == WHEEL
    assert [h["path"] for h in seen] == ["http://card.example/a.zip"]
    assert seen[0]["proxy-authorization"] == f"Basic {base64.b64encode(b'agent:word').decode()}"
    assert "authorization" not in seen[0]


# --- this machine


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a host that is elsewhere, as far as its name says."""
    look_up = socket.getaddrinfo

    def found(host: Any, *more: Any, **named: Any) -> Any:
        return look_up("127.0.0.1" if host == "card.example" else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return "card.example"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "LOCALHOST."])
def test_a_server_elsewhere_cannot_point_to_a_server_of_this_machine(access: Access, netrc: None, elsewhere: str,
                                                                     monkeypatch: pytest.MonkeyPatch, host: str):
    with listening() as (url, seen):
        inner = url.replace("127.0.0.1", host)
        with listening(f"{inner}/secret") as (other, _), pytest.raises(BenchError, match="this machine"):
            archive(access, f"{other.replace('127.0.0.1', elsewhere)}/go")
        page = f'<a href="{inner}/made_up_data-1.0{END}">x</a>'.encode()
        with servers.serving(hostile(page, "text/html")) as index:
            place = f"{index.url.replace('127.0.0.1', elsewhere)}/simple"
            monkeypatch.setattr(package_index, "pip_settings", lambda: PipSettings((place,)))
            with pytest.raises(RouteError, match="no package index"):
                deliver(Route("package", WANTED), access)
    assert seen == []


def test_what_is_this_machine():
    here = ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "0.0.0.0", "0", "169.254.169.254", "fe80::1%eth0",
            "a.localhost")
    there = ("example.org", "93.184.216.34", "10.0.0.1", "2606:2800:220:1::1", "localhost.example.org", "", None)
    assert [host for host in here if not is_this_machine(host)] == []
    assert [host for host in there if is_this_machine(host)] == []
