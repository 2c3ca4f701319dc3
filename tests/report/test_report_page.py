"""The report page as text: what it holds, what it never runs, and the server that follows a run."""

from __future__ import annotations

import html as html_module
import http.client
import json
import re
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from made import BASED, EVIL, SKILL, grid, hostile, record, results

from bench.analysis.domain_distance import DomainDistance
from bench.analysis.study import studies
from bench.core.errors import BenchError
from bench.report import charts, html_page, page_facts, paper_figures, target_files, vega
from bench.report.serve import serving
from bench.results import record_files

SCRIPT = "window.vegaEmbed = null;"


def embedded(page: str, name: str) -> dict:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_every_complete_cell_of_every_leaderboard_is_on_the_page_with_its_numbers():
    found = page_facts.facts(results())
    held = embedded(html_page.html(found, SCRIPT), "facts")
    assert held["columns"] == list(page_facts.CELL)
    cells = [dict(zip(held["columns"], c, strict=True)) for c in held["cells"]]
    assert len(cells) == 3 * 3 * len(SKILL) + 3 * (1 + len(BASED))
    wanted = ("beta", "imdb@official", "frozen", 128)
    mine = [r for r in results() if (r.task, r.source, r.baseline, r.budget) == wanted]
    board = next(b for b in held["boards"] if (b["target"], b["source"]) == ("beta@v1", "imdb@official"))
    cell = next(c for c in cells if (c["board"], c["baseline"], c["budget"]) == (board["id"], "frozen", "128"))
    assert cell["score"] == pytest.approx(sum(r.accuracy for r in mine) / 2, abs=1e-5)
    assert cell["low"] < cell["score"] < cell["high"]
    study = next(s for s in studies(results()) if (s.board.target, s.board.source) == ("beta@v1", "imdb@official"))
    row = next(r for r in study.at(128).rows if r.baseline == "frozen")
    assert (cell["verdict"], cell["rank"]) == (row.verdict, row.rank)
    assert cell["worth_words"] == study.label_equivalent("frozen", 128).in_words()
    assert (cell["done"], cell["of"], cell["pretrain"]) == (2, 2, 50.0)
    assert cell["adapt"] == pytest.approx(128 / 300, abs=1e-5)


def test_the_same_records_give_the_same_page():
    assert html_page.html(page_facts.facts(results()), SCRIPT) == html_page.html(page_facts.facts(results()), SCRIPT)


def test_a_page_that_follows_a_run_studies_only_what_is_new():
    parts: dict = {}
    first = page_facts.facts(results(), parts)
    before = dict(parts)
    more = [*results(), *[record("beta", "imdb@official", "late", 32, seed, 1.0) for seed in range(2)]]
    second = page_facts.facts(more, parts)
    assert second == page_facts.facts(more)
    assert len(second.cells) == len(first.cells) + 3  # at every budget of that board, two of them without a result
    assert sum(parts[k] is before[k] for k in before) == len(before) - 1


def test_no_text_of_a_record_can_begin_an_element():
    page = html_page.html(page_facts.facts(hostile()), SCRIPT, shown_command=f"bench report {EVIL}", live=EVIL)
    assert EVIL not in page
    assert page.count("<script") == 4
    assert page.count("</script") == 4
    assert "<img" not in page
    assert html_module.escape(EVIL) in page  # in the provenance, shown as it is
    assert embedded(page, "facts")["boards"][0]["engine"] == EVIL


def test_only_the_pages_own_scripts_may_run_and_nothing_may_be_fetched():
    page = html_page.html(page_facts.facts(results()), SCRIPT)
    policy = html_module.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1])
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert re.findall(r"script-src ([^;]*)", policy)[0].count("'sha256-") == 2
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)


def test_without_scripts_the_advice_and_the_provenance_are_there():
    page = html_page.html(page_facts.facts(results()), SCRIPT)
    text = re.search(r"<noscript>(.*?)</noscript>", page, re.DOTALL)[1]
    assert "With 128 labels use" in html_module.unescape(text)
    assert "ab" * 32 in page
    assert "abcdef123456" in page


def test_the_command_shown_is_one_that_makes_the_records():
    mine = [r for r in results() if r.task == "alpha" and r.source.startswith("imdb")]
    assert page_facts.facts(mine).boards[0]["command"] == (
        "bench run --target alpha@v1 --source imdb@official --baseline scratch --baseline finetune --baseline frozen "
        "--baseline tfidf --baseline majority --budgets 32,128,full --seeds 2 --engine torch --device cpu")


def test_no_records_are_no_page():
    with pytest.raises(BenchError, match="no records to report"):
        page_facts.facts([])


def test_a_failed_cell_is_shown_without_a_mean():
    found = [*results(), replace(results()[0], seed=2, status="failed", error="out of memory", accuracy=None)]
    held = page_facts.facts(found)
    cells = [c for c in held.table() if (c["board"], c["baseline"], c["budget"]) == (1, "scratch", "32")
             or (c["board"], c["baseline"], c["budget"]) == (0, "scratch", "32")]
    assert [(c["done"], c["of"]) for c in cells if c["of"] == 3] == [(2, 3)]
    assert next(c for c in cells if c["of"] == 3)["score"] is None
    assert "out of memory" in html_page.html(held, SCRIPT)


def test_every_chart_is_drawn_as_a_vector_a_page_and_a_picture(tmp_path: Path):
    pytest.importorskip("vl_convert")
    found = [*grid(("alpha", "beta"), ("imdb@official",), ("scratch", "frozen")),
             *grid(("alpha",), ("beta@v1",), ("scratch", "frozen"))]
    far = [DomainDistance("alpha@v1", 0.5, 0.9, 0.3, 0.01), DomainDistance("beta@v1", 1.5, 0.7, 0.1, 0.1)]
    target_files.save_distances(tmp_path, "imdb", far)
    made = dict(paper_figures.named_panels(page_facts.facts(found, distances=target_files.load_distances(tmp_path))))
    kinds = {name.split("-")[0] for name in made}
    assert kinds == set(charts.specs([]))
    for kind in kinds:
        name = next(n for n in made if n.startswith(kind))
        svg, pdf, png = vega.save(made[name], tmp_path / name)
        assert svg.read_text(encoding="utf-8").startswith("<svg")
        assert "@" not in re.sub(r"\w+@\w+", "", svg.read_text(encoding="utf-8")), kind  # every word was filled in
        assert pdf.read_bytes().startswith(b"%PDF")
        assert png.read_bytes().startswith(b"\x89PNG")


def test_a_target_with_two_kinds_of_draws_is_in_the_picture_of_each():
    found = grid(("alpha", "beta", "gamma"), ("imdb@official",), ("scratch", "frozen"))
    found = [*found, *(replace(r, draw="random") for r in found if r.task in ("alpha", "gamma"))]
    far = [DomainDistance(f"{name}@v1", 0.5, 0.9, 0.3, 0.01) for name in ("alpha", "beta", "gamma")]
    made = paper_figures.named_panels(page_facts.facts(found, distances={"imdb@official": far}))
    drawn = {name.rpartition("-")[2]: {cell["target"] for cell in panel["datasets"]["cells"]}
             for name, panel in made if name.startswith("distance-frozen-32-")}
    assert drawn == {"stratified": {"alpha", "beta", "gamma"}, "random": {"alpha", "gamma"}}


def get(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("Host", f"{host}:{port}")
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_only_the_page_and_its_digest_are_served_and_only_to_this_machine(tmp_path: Path):
    now = ["one"]
    with serving(0, lambda: now[0], lambda digest: f"page of {digest}") as server:
        port = server.server_port
        assert server.server_address[0] == "127.0.0.1"
        assert get(port, "/") == (200, b"page of one")
        now[0] = "two"
        assert get(port, "/") == (200, b"page of two")
        assert json.loads(get(port, "/digest")[1]) == {"digest": "two"}
        for path in ("/records/", "/../etc/passwd", "/%2e%2e/", "/report.html", "/digest/x", "/?x"):
            assert get(port, path)[0] == 404
        assert get(port, "/", host="evil.example")[0] == 403
        with pytest.raises(BenchError, match="cannot serve on port"), serving(port, lambda: "", lambda digest: ""):
            pass
    with pytest.raises(ConnectionError):
        get(port, "/")


def heed_ctrl_c() -> None:
    """Tests begun in the background of a script ignore Ctrl-C, and what they start would too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.usefixtures("cached_script")
def test_the_server_says_where_it_is_and_ends_with_ctrl_c(tmp_path: Path):
    pytest.importorskip("vl_convert")
    record_files.append(tmp_path / "records" / "alpha.jsonl", results()[0])
    command = [sys.executable, "-m", "bench.cli", "report", "--serve", "--port", "0", "--results-dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          preexec_fn=heed_ctrl_c) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        said = running.stdout.readline()
        port = int(re.search(r"127\.0\.0\.1:(\d+)/", said)[1])
        assert b"Does it transfer?" in get(port, "/")[1]
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=60) == 0
        assert "Traceback" not in running.stderr.read()


def test_a_page_is_made_once_for_many_readers():
    made = []

    def page(digest: str) -> str:
        made.append(digest)
        return "page"

    with serving(0, lambda: "same", page) as server:
        threads = [threading.Thread(target=get, args=(server.server_port, "/")) for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert made == ["same"]


def test_a_damaged_script_in_the_cache_is_not_used(tmp_path: Path):
    pytest.importorskip("vl_convert")
    good = vega.script(tmp_path)
    kept = next((tmp_path / "page").glob("*/vega.js"))
    kept.write_text("alert(1)")
    assert vega.script(tmp_path) == good


@pytest.mark.usefixtures("cached_script")
def test_the_command_writes_the_page_and_says_what_is_wrong(tmp_path: Path):
    pytest.importorskip("vl_convert")
    from typer.testing import CliRunner

    from bench.cli.app import app

    for r in grid(("alpha",), ("imdb@official",), ("scratch", "frozen")):
        record_files.append(tmp_path / "records" / "alpha.jsonl", r)
    run = CliRunner().invoke
    done = run(app, ["report", "--results-dir", str(tmp_path)])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(page) < 3_000_000
    assert f"bench report --results-dir {tmp_path.name}" in page
    assert str(tmp_path) not in page
    here = ["--results-dir", str(tmp_path)]
    done = run(app, ["report", *here, "--figures", str(tmp_path / "figures"), "--formats", "svg"])
    assert done.exit_code == 0, done.output
    assert list((tmp_path / "figures").glob("curves-alpha-*.svg"))
    command = ["leaderboard", *here, "--figures"]
    board = run(app, [*command, str(tmp_path / "more"), "--formats", "svg", "--format", "json"])
    assert board.exit_code == 0, board.output
    assert json.loads(board.stdout)["leaderboards"]
    assert "Written: " in board.stderr
    drawn = {p.name: p.read_bytes() for p in (tmp_path / "figures").iterdir()}
    assert {p.name: p.read_bytes() for p in (tmp_path / "more").iterdir()} == drawn
    few = run(app, [*command, str(tmp_path / "few"), "--formats", "png,pdf", "--chart", "curves"])
    assert few.exit_code == 0, few.output
    assert {p.suffix for p in (tmp_path / "few").iterdir()} == {".png", ".pdf"}
    assert all(p.name.startswith("curves-") for p in (tmp_path / "few").iterdir())
    for wrong, said in ((["--chart", "pie"], "unknown chart 'pie'"), (["--formats", "gif"], "unknown format 'gif'"),
                        (["--compare", f"{tmp_path},{tmp_path}"], "--figures draws one results folder")):
        done = run(app, [*command, str(tmp_path / "x"), *wrong])
        assert done.exit_code == 2
        assert said in done.output
    for wrong, said in ((["--results-dir", str(tmp_path / "none")], "no records in"),
                        ([*here, "--target", "beta"], "no records of beta"),
                        ([*here, "--figures", "x", "--formats", "gif"], "unknown format 'gif'"),
                        ([*here, "--out", str(tmp_path / "records")], "cannot write")):
        done = run(app, ["report", *wrong])
        assert done.exit_code == 2
        assert said in done.output
