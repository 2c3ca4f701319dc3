"""Every route delivers the right file or one clear line, and never leaves half a file behind."""

from __future__ import annotations

import hashlib
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import servers

from bench.core.errors import RouteError
from bench.data import download, package_index
from bench.data.cards import Route
from bench.data.package_index import PipSettings
from bench.data.public_formats import read
from bench.data.routes import Access, Delivered, deliver

BYTES = os.urandom(300_000)
SHA256 = f"sha256:{hashlib.sha256(BYTES).hexdigest()}"
REVISION = "a" * 40
ROOT = Path(__file__).parents[2]


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(cache=tmp_path / "cache", connect_timeout=1.0, read_timeout=1.0)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(subprocess, "run", refuse)


def archive(access: Access, url: str, **options: str) -> Delivered:
    return deliver(Route("archive", {"url": url, **options}), access)


def fails(kind: str, access: Access, **options: Any) -> str:
    """The one line of a route that does not deliver; no finished or half-written file is left of it."""
    before = set(access.cache.rglob("*")) if access.cache.exists() else set()
    with pytest.raises(RouteError) as caught:
        deliver(Route(kind, options), access)
    left = [p for p in set(access.cache.rglob("*")) - before if p.is_file() and ".locks" not in p.parts]
    assert left == []
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- directory


def test_a_file_of_the_data_folder_is_delivered(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.parquet").write_bytes(b"x")
    delivered = deliver(Route("directory", {"file": "raw/a.parquet"}), Access(data_dir=tmp_path, cache=tmp_path / "c"))
    assert delivered == Delivered(tmp_path / "raw" / "a.parquet", str(tmp_path / "raw" / "a.parquet"))


def test_the_data_folder_cannot_be_left(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "data" / "link").symlink_to(tmp_path / "secret")
    access = Access(data_dir=tmp_path / "data", cache=tmp_path / "cache")
    for name in ("../secret", str(tmp_path / "secret"), "link", "..\\secret"):
        assert "lies outside" in fails("directory", access, file=name)
    assert "no file missing" in fails("directory", access, file="missing")
    assert "--data-dir" in fails("directory", Access(cache=tmp_path / "cache"), file="a")


# --- archive


def test_a_good_file_is_downloaded_once(access: Access) -> None:
    with servers.serving(servers.files({"/a.zip": BYTES})) as server:
        for checksum in ({}, {}, {"checksum": SHA256}, {"checksum": f"md5:{hashlib.md5(BYTES).hexdigest()}"}):
            delivered = archive(access, f"{server.url}/a.zip", **checksum)
            assert delivered.path.read_bytes() == BYTES
            assert delivered.origin == f"{server.url}/a.zip"
        assert len(server.seen) == 1


def test_a_damaged_file_in_the_cache_is_downloaded_again(access: Access) -> None:
    with servers.serving(servers.files({"/a.zip": BYTES})) as server:
        for checksum in ({}, {"checksum": SHA256}):
            path = archive(access, f"{server.url}/a.zip", **checksum).path
            path.write_bytes(BYTES[:1000])
            assert archive(access, f"{server.url}/a.zip", **checksum).path.read_bytes() == BYTES
        assert len(server.seen) == 3


def test_a_wrong_checksum_leaves_nothing(access: Access) -> None:
    with servers.serving(servers.files({"/a.zip": BYTES})) as server:
        wrong = "sha256:" + "0" * 64
        assert "does not have the checksum" in fails("archive", access, url=f"{server.url}/a.zip", checksum=wrong)
        assert "neither sha256" in fails("archive", access, url=f"{server.url}/a.zip", checksum="crc:1")


def test_a_download_is_resumed_where_the_connection_was_cut(access: Access) -> None:
    with servers.serving(servers.cutting(BYTES, cuts=2)) as server:
        assert archive(access, f"{server.url}/a.zip", checksum=SHA256).path.read_bytes() == BYTES
        assert [asked for _, _, asked in server.seen] == ["", "bytes=150000-", "bytes=225000-"]


def test_a_cut_connection_starts_over_where_the_server_has_no_ranges(access: Access) -> None:
    with servers.serving(servers.cutting(BYTES, cuts=1, ranges=False)) as server:
        assert archive(access, f"{server.url}/a.zip").path.read_bytes() == BYTES


def test_a_download_is_resumed_by_the_next_run_unless_the_file_changed(access: Access) -> None:
    with servers.serving(servers.cutting(BYTES, cuts=3)) as server:
        with pytest.raises(RouteError, match=r"cut at byte 262500.*the next run resumes"):
            archive(access, f"{server.url}/a.zip")
        assert not list(access.cache.rglob("a.zip"))
        assert archive(access, f"{server.url}/a.zip").path.read_bytes() == BYTES
        assert server.seen[-1][2] == "bytes=262500-"
    other = BYTES[::-1]
    answers = [servers.cutting(BYTES, cuts=3), servers.cutting(other, cuts=0, etag='"two"')]
    with servers.serving(lambda request: answers[0](request)) as server:
        with pytest.raises(RouteError):
            archive(access, f"{server.url}/a.zip")
        answers.pop(0)
        assert archive(access, f"{server.url}/a.zip").path.read_bytes() == other


def test_a_partial_file_that_cannot_be_resumed_is_removed(access: Access) -> None:
    with servers.serving(servers.cutting(BYTES, cuts=9, etag="")) as server:
        assert "cut at byte" in fails("archive", access, url=f"{server.url}/a.zip")


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (403, 1), (500, 3), (503, 3), (204, 1)])
def test_a_bad_status_is_in_the_message(access: Access, status: int, tries: int) -> None:
    with servers.serving(lambda request: servers.send(request, b"", status)) as server:
        assert f"answered {status}" in fails("archive", access, url=f"{server.url}/a.zip")
        assert len(server.seen) == tries


def test_slow_and_dead_servers_cost_no_more_than_the_limits(access: Access) -> None:
    started = time.monotonic()
    with servers.serving(servers.silent(6)) as server:
        assert "no answer within 1 s" in fails("archive", access, url=f"{server.url}/a.zip")
    with servers.serving(servers.dripping(6)) as server:
        assert "slower than 1024 bytes per second" in fails("archive", access, url=f"{server.url}/a.zip")
    assert time.monotonic() - started < 6


def test_a_redirect_loop_a_refused_port_and_an_odd_address_are_one_line(access: Access) -> None:
    with servers.serving(servers.redirecting) as server:
        assert "redirects more than 5 times" in fails("archive", access, url=f"{server.url}/a")
        assert len(server.seen) == 6
    assert "connection refused" in fails("archive", access, url=f"{server.url}/a")
    for url in ("file:///etc/passwd", "ftp://127.0.0.1/a", "http:///a", "a.zip"):
        assert "not an http or https address" in fails("archive", access, url=url)


def test_a_redirect_to_a_file_on_this_machine_is_refused(access: Access) -> None:
    with servers.serving(lambda r: servers.send(r, b"", 302, Location="file:///etc/passwd")) as server:
        assert "No connection adapters" in fails("archive", access, url=f"{server.url}/a")


def test_a_file_larger_than_the_limit_is_refused(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "LARGEST", 100_000)
    with servers.serving(servers.files({"/a.zip": BYTES})) as server:
        assert "larger than" in fails("archive", access, url=f"{server.url}/a.zip")


def test_a_password_in_an_address_is_not_shown(access: Access) -> None:
    with servers.serving(servers.files({})) as server:
        message = fails("archive", access, url=server.url.replace("//", "//me:hush@") + "/a?token=hush")
    assert "hush" not in message


def test_threads_that_want_the_same_file_download_it_once(access: Access) -> None:
    with servers.serving(servers.files({"/a.zip": BYTES})) as server, ThreadPoolExecutor(4) as pool:
        contents = list(pool.map(lambda _: archive(access, f"{server.url}/a.zip").path.read_bytes(), range(4)))
        assert contents == [BYTES] * 4
        assert len(server.seen) == 1


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with servers.serving(servers.files({"/a.zip": BYTES})) as server:
        message = fails("archive", Access(cache=tmp_path / "file"), url=f"{server.url}/a.zip")
    assert "Not a directory" in message or "File exists" in message


# --- package


def wheel(name: str, version: str, files: Mapping[str, bytes]) -> tuple[str, bytes]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as built:
        for path, data in {**files, f"{name}-{version}.dist-info/METADATA": b""}.items():
            built.writestr(path, data)
    return f"{name}-{version}-py3-none-any.whl", out.getvalue()


def sdist(name: str, version: str, files: Mapping[str, bytes]) -> tuple[str, bytes]:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as built:
        for path, data in files.items():
            entry = tarfile.TarInfo(f"{name}-{version}/{path}")
            entry.size = len(data)
            built.addfile(entry, io.BytesIO(data))
    return f"{name}-{version}.tar.gz", out.getvalue()


def page(*files: tuple[str, bytes], damage: str = "") -> bytes:
    links = [f'<a href="../../files/{name}#sha256={hashlib.sha256(data).hexdigest()}{damage}">{name}</a>'
             for name, data in files]
    return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()


def index(*files: tuple[str, bytes], body: bytes | None = None) -> servers.Answer:
    contents: dict[str, bytes | tuple[bytes, str]] = {f"/files/{name}": data for name, data in files}
    contents["/simple/made-up-data/"] = (page(*files) if body is None else body, "text/html")
    return servers.files(contents)


def use(monkeypatch: pytest.MonkeyPatch, *indexes: str, links: tuple[str, ...] = ()) -> None:
    monkeypatch.setattr(package_index, "pip_settings", lambda: PipSettings(indexes, links))


WANTED = {"distribution": "made_up.data==1.0", "file": "made_up_data/rows.csv"}
WHEEL = wheel("made_up_data", "1.0", {"made_up_data/rows.csv": b"text,label\na,b\n", "made_up_data/__init__.py": b""})


def test_a_file_is_taken_out_of_a_wheel_once(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    others = [wheel("made_up_data", "2.0", {}), ("junk.whl", b""), ("made_up_data-1.0.egg", b"")]
    with servers.serving(index(*others, WHEEL)) as server:
        use(monkeypatch, f"{server.url}/simple")
        delivered = deliver(Route("package", WANTED), access)
        assert delivered.path.read_bytes() == b"text,label\na,b\n"
        assert delivered.path == access.cache / "packages" / "made_up.data-1.0" / "made_up_data" / "rows.csv"
        assert delivered.origin == "package made_up.data 1.0"
        seen = len(server.seen)
        assert deliver(Route("package", WANTED), access) == delivered
        assert "no made_up_data/other in made_up_data-1.0-py3" in fails("package", access, **{
            **WANTED, "file": "made_up_data/other"})
        assert [p for _, p, _ in server.seen[seen:]] == ["/simple/made-up-data/"]


def test_an_index_may_answer_in_json(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    name, data = WHEEL
    files = [{"filename": name, "url": f"/files/{name}", "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}]
    body = json.dumps({"files": files}).encode()
    answer = servers.files({"/simple/made-up-data/": (body, "application/vnd.pypi.simple.v1+json"),
                            f"/files/{name}": data})
    with servers.serving(answer) as server:
        use(monkeypatch, f"{server.url}/simple")
        assert deliver(Route("package", WANTED), access).path.read_bytes() == b"text,label\na,b\n"


def test_a_source_distribution_is_opened_and_never_run(
        access: Access, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    marker = tmp_path / "was-run"
    source = sdist("made_up_data", "1.0", {
        "setup.py": f"open({str(marker)!r}, 'w')".encode(), "extra/rows.tar.gz": b"inner", "rows.csv": b"top"})
    with servers.serving(index(WHEEL, source)) as server:
        use(monkeypatch, f"{server.url}/simple")
        delivered = deliver(Route("package", {**WANTED, "file": "extra/rows.tar.gz"}), access)
        assert delivered.path.read_bytes() == b"inner"
        delivered = deliver(Route("package", {**WANTED, "member": "rows.csv"}), access)
        assert delivered.path.read_bytes() == b"top"
    assert not marker.exists()


def test_several_files_of_a_package_come_as_one_zip(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"distribution": "made_up.data==1.0", "files": ("data/b.txt", "data/a.txt")}
    files = {"data/a.txt": b"one", "data/b.txt": b"two", "data/c.txt": b"three"}
    with servers.serving(index(wheel("made_up_data", "1.0", files))) as server:
        use(monkeypatch, f"{server.url}/simple")
        delivered = deliver(Route("package", both), access)
        content = delivered.path.read_bytes()
        with zipfile.ZipFile(delivered.path) as together:
            assert {name: together.read(name) for name in together.namelist()} == {
                "data/a.txt": b"one", "data/b.txt": b"two"}
        assert "no data/d.txt in" in fails("package", access, **{**both, "files": ("data/a.txt", "data/d.txt")})
    delivered.path.unlink()
    again = deliver(Route("package", both), access)  # of the cached files, with the network gone: bit for bit the same
    assert (again, again.path.read_bytes()) == (delivered, content)


def test_a_folder_of_wheels_serves_as_find_links(
        access: Access, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / WHEEL[0]).write_bytes(WHEEL[1])
    for place in (str(tmp_path / "wheels"), (tmp_path / "wheels").as_uri()):
        fresh = Access(cache=tmp_path / str(len(place)))
        use(monkeypatch, links=("/no/such/folder", place))
        assert deliver(Route("package", WANTED), fresh).path.read_bytes() == b"text,label\na,b\n"


def test_a_folder_laid_out_as_an_index_is_one(access: Access, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for folder in ("files", "simple/made-up-data"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "files" / WHEEL[0]).write_bytes(WHEEL[1])
    (tmp_path / "simple" / "made-up-data" / "index.html").write_bytes(page(WHEEL))
    use(monkeypatch, (tmp_path / "simple").as_uri())
    assert deliver(Route("package", WANTED), access).path.read_bytes() == b"text,label\na,b\n"


def test_a_page_from_the_network_cannot_point_into_this_machine(
        access: Access, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / WHEEL[0]).write_bytes(WHEEL[1])
    body = f'<a href="{(tmp_path / WHEEL[0]).as_uri()}">x</a>'.encode()
    with servers.serving(index(body=body)) as server:
        use(monkeypatch, f"{server.url}/simple")
        assert "no package index" in fails("package", access, **WANTED)


@pytest.mark.parametrize("body", [b"<a\"><a\xff><![0>\xda'<a>", b"<![if x", b"<!DOCTYPE [<!x>"])
def test_an_index_page_that_is_not_html_is_one_line(access: Access, monkeypatch: pytest.MonkeyPatch,
                                                   body: bytes) -> None:
    with servers.serving(index(WHEEL, body=body)) as server:
        use(monkeypatch, f"{server.url}/simple")
        assert "made_up.data" in fails("package", access, **WANTED)


def test_a_package_that_no_index_delivers_is_one_line(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.serving(index(WHEEL, body=page((WHEEL[0], b"another file")))) as server:
        use(monkeypatch, f"{server.url}/simple")
        assert "does not have the checksum" in fails("package", access, **WANTED)
        assert "no package index" in fails("package", access, **{**WANTED, "distribution": "made-up-data==3.0"})
        assert "no package index" in fails("package", access, **{**WANTED, "distribution": "unknown==3.0"})
    assert "ConnectionError" in fails("package", access, **WANTED)
    with servers.serving(lambda request: servers.send(request, b"", 503)) as server:
        use(monkeypatch, f"{server.url}/simple")
        assert "answered 503" in fails("package", access, **WANTED)
    for file in ("../evil", "/etc/passwd", "a\\b"):
        assert "not a path inside a package" in fails("package", access, **{**WANTED, "file": file})
    assert "names no file" in fails("package", access, distribution="a==1")
    assert "not NAME==VERSION" in fails("package", access, distribution="a>=1", file="b")


def test_a_damaged_or_bursting_package_is_refused(
        access: Access, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    use(monkeypatch, links=(str(tmp_path / "w"),))
    bomb = wheel("made_up_data", "1.0", {"made_up_data/rows.csv": bytes(100 << 20)})[1]
    evil = sdist("made_up_data", "1.0", {"../../evil": b"x", "made_up_data/rows.csv": b"x"})
    for data, message in ((WHEEL[1][:-40], "damaged or cut short"), (b"<html>", "neither"), (bomb, "bomb")):
        (tmp_path / "w" / WHEEL[0]).write_bytes(data)
        assert message in fails("package", access, **WANTED)
    (tmp_path / "w" / WHEEL[0]).unlink()
    (tmp_path / "w" / evil[0]).write_bytes(evil[1])
    assert "outside its own folder" in fails("package", access, **WANTED)
    monkeypatch.setattr(package_index, "LARGEST_FILE", 3)
    (tmp_path / "w" / WHEEL[0]).write_bytes(WHEEL[1])
    assert "larger than" in fails("package", access, **WANTED)


def test_an_installed_package_is_read_where_it_lies(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> None:
    with zipfile.ZipFile(io.BytesIO(wheel("made_up_data", "1.0", {"made_up_data/rows.csv": b"x"})[1])) as built:
        built.extractall(tmp_path / "site")
    metadata = tmp_path / "site" / "made_up_data-1.0.dist-info" / "METADATA"
    metadata.write_text("Metadata-Version: 2.1\nName: made_up_data\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    access = Access(cache=tmp_path / "cache", offline=True)
    delivered = deliver(Route("package", {**WANTED, "distribution": "made-up-data==1.0"}), access)
    assert delivered == Delivered(tmp_path / "site" / "made_up_data" / "rows.csv", "installed package made-up-data 1.0")
    assert "not installed" in fails("package", access, **{**WANTED, "distribution": "made-up-data==2.0"})


def test_the_settings_of_the_users_own_pip_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = https://a.invalid/simple\nfind-links = /x\n    /y\ncert = /c.pem\n"
                      "[install]\nindex-url = https://no.invalid\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://b.invalid/simple https://c.invalid/simple")
    settings = package_index.pip_settings()
    assert settings.indexes == ("https://a.invalid/simple", "https://b.invalid/simple", "https://c.invalid/simple")
    assert settings.find_links == ("/x", "/y")
    assert settings.cert == "/c.pem"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert package_index.pip_settings().indexes == ()


# --- hub and scikit-learn


def hub_files() -> dict[str, bytes]:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=["neg", "pos"]))
    files = {}
    for split, texts in (("train", ["a", "b"]), ("test", ["c"])):
        out = io.BytesIO()
        rows = {"text": texts, "label": [i % 2 for i in range(len(texts))]}
        datasets.Dataset.from_dict(rows, features=features).to_parquet(out)
        files[f"data/{split}-00000-of-00001.parquet"] = out.getvalue()
    return files


def load_in_a_process(endpoint: str, folder: Path, *wanted: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """The hub route in a process of its own: HF_ENDPOINT is read when huggingface_hub is imported."""
    code = ("import json, sys; from pathlib import Path; from bench.core.errors import RouteError\n"
            "from bench.data.routes import Access, deliver; from bench.data.cards import Route\n"
            "access = Access(cache=Path(sys.argv[1]), connect_timeout=2.0)\n"
            "for options in sys.argv[2:]:\n"
            "    try: print(deliver(Route('hub', json.loads(options)), access).path)\n"
            "    except RouteError as error: print('RouteError', error)\n")
    environment = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(folder / "hf"), "PYTHONPATH": str(ROOT),
                   "HF_HUB_DISABLE_TELEMETRY": "1"}
    command = [sys.executable, "-c", code, str(folder / "cache"), *map(json.dumps, wanted)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_hub_data_set_is_loaded_at_its_revision_with_label_names(tmp_path: Path, no_hub_token: None) -> None:
    whole = {"dataset": "me/toy", "revision": REVISION, "splits": ["train", "test"]}
    with servers.serving(servers.hub("me/toy", REVISION, hub_files())) as server:
        done = load_in_a_process(server.url, tmp_path, whole, {**whole, "splits": ["dev"]})
        assert done.stderr == ""
        path, wrong = done.stdout.splitlines()
        assert read("parquet", Path(path), {}).to_dict("list") == {
            "text": ["a", "b", "c"], "label": ["neg", "pos", "neg"], "split": ["train", "train", "test"]}
        assert wrong.startswith("RouteError hub me/toy: ValueError: Unknown split")


def test_a_hub_that_is_missing_or_silent_costs_seconds(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.serving(servers.silent(4)) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        started = time.monotonic()
        assert "did not answer within 1 s" in fails("hub", access, dataset="me/toy", revision=REVISION)
        assert time.monotonic() - started < 3
    assert "connection refused" in fails("hub", access, dataset="me/toy", revision=REVISION)


@pytest.fixture
def no_hub_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token of the user's goes to the toy server, and no setting of theirs changes the test."""
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


def test_newsgroups_come_with_their_official_split(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    import sklearn.datasets

    from bench.data import routes

    def fetch(**options: Any) -> Any:
        assert Path(options["data_home"]).is_relative_to(access.cache)
        names = ["20news-bydate-train/sci.med/1", "20news-bydate-test/sci.space/2"]
        return sklearn.utils.Bunch(data=["a", "b"], target=[0, 1], target_names=["sci.med", "sci.space"],
                                   filenames=names)

    with servers.serving(servers.files({})) as server:
        monkeypatch.setattr(routes, "NEWSGROUPS", server.url)
        monkeypatch.setattr(sklearn.datasets, "fetch_20newsgroups", fetch)
        delivered = deliver(Route("scikit-learn", {"dataset": "20newsgroups"}, "20newsgroups"), access)
    assert read("20newsgroups", delivered.path, {}).to_dict("list") == {
        "text": ["a", "b"], "label": ["sci.med", "sci.space"], "split": ["train", "test"]}
    assert sorted(p.name for p in access.cache.iterdir()) == [".locks", "scikit-learn"]


def test_newsgroups_that_cannot_be_fetched_are_one_line(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    import sklearn.datasets

    from bench.data import routes

    def fetch(**_: Any) -> None:
        raise OSError("HTTP Error 403\nForbidden")

    assert "unknown scikit-learn data set 'iris'" in fails("scikit-learn", access, dataset="iris")
    monkeypatch.setattr(routes, "NEWSGROUPS", "http://127.0.0.1:1")
    assert "connection refused" in fails("scikit-learn", access, dataset="20newsgroups")
    monkeypatch.setattr(routes, "reachable", lambda url, access: None)
    monkeypatch.setattr(sklearn.datasets, "fetch_20newsgroups", fetch)
    assert "HTTP Error 403 Forbidden" in fails("scikit-learn", access, dataset="20newsgroups")


# --- offline


def test_offline_opens_no_socket_and_uses_the_cache(
        access: Access, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    with servers.serving(index(WHEEL)) as server:
        use(monkeypatch, f"{server.url}/simple")
        online = [archive(access, f"{server.url}/files/{WHEEL[0]}"), deliver(Route("package", WANTED), access)]
    request.getfixturevalue("no_network")
    offline = Access(cache=access.cache, offline=True)
    assert online == [archive(offline, online[0].origin), deliver(Route("package", WANTED), offline)]
    inside = deliver(Route("package", {**WANTED, "file": "made_up_data/__init__.py"}), offline)  # from the cached wheel
    assert inside.path.read_bytes() == b""
    for kind, options in (("archive", {"url": "http://127.0.0.1:1/b"}),
                          ("hub", {"dataset": "a/b", "revision": REVISION}),
                          ("package", {"distribution": "nowhere==1", "file": "x"}),
                          ("scikit-learn", {"dataset": "20newsgroups"})):
        assert "network is off" in fails(kind, offline, **options)


def test_a_damaged_parquet_file_is_written_again(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.data import hub_download, routes

    monkeypatch.setattr(routes, "reachable", lambda url, access: None)
    frame = pd.DataFrame({"text": ["a"], "label": ["b"], "split": ["train"]})
    monkeypatch.setattr(hub_download, "write_parquet", lambda options, access, scratch, path: frame.to_parquet(path))
    route = Route("hub", {"dataset": "me/toy", "revision": REVISION})
    path = deliver(route, access).path
    path.write_bytes(b"damaged")
    assert read("parquet", deliver(route, access).path, {}).equals(frame.astype(object))
