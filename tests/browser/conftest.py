"""A page made from seeded records, opened in the system's Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made import hostile, results

from bench.analysis.domain_distance import DomainDistance
from bench.report import html_page, page_facts, vega

sync_api = pytest.importorskip("playwright.sync_api", reason="make browser installs it")


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    return vega.script(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no chromium: make browser installs it")
    with sync_api.sync_playwright() as p:
        made = p.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory, script: str) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    found = page_facts.facts(results(), distances={"imdb": [DomainDistance("alpha@v1", 0.5, 0.9, 0.3, 0.01),
                                                        DomainDistance("beta@v1", 1.5, 0.7, 0.1, 0.1)]})
    path.write_text(html_page.html(found, script), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def hostile_file(tmp_path_factory: pytest.TempPathFactory, script: str) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "report.html"
    facts = page_facts.facts(hostile())
    path.write_text(html_page.html(facts, script, shown_command="bench report </script><script>1"),
                    encoding="utf-8")
    return path


class Visit:
    """One open page and what went wrong on it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", lambda e: self.errors.append(str(e)))
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("dialog", lambda d: (self.errors.append(f"dialog {d.message}"), d.dismiss()))
        page.on("request", lambda r: self.requests.append(r.url))

    def rows(self) -> list[str]:
        """The strategies, in the table's order."""
        return self.page.locator("#body th").all_text_contents()

    def column(self, name: str) -> list[str]:
        """The texts of a column."""
        heads = [h.rstrip(" ↑↓") for h in self.page.locator("#head th button").all_text_contents()]
        return self.page.locator(f"#body tr > :nth-child({heads.index(name) + 1})").all_text_contents()

    def drawn(self, figure: str) -> Any:
        """A figure scrolled to and drawn."""
        self.page.locator(f"#figure-{figure}").scroll_into_view_if_needed()
        self.page.wait_for_selector(f"#figure-{figure}[data-drawn]", timeout=20_000)
        return self.page.locator(f"#figure-{figure}")


@pytest.fixture
def visit(browser: Any, page_file: Path) -> Iterator[Any]:
    """Open the page (or another file) with an address's end, a size and a scheme."""
    contexts = []

    def open_page(end: str = "", width: int = 1280, scheme: str = "light", file: Path | str = page_file) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme,
                                      accept_downloads=True)
        contexts.append(context)
        made = Visit(context.new_page())
        made.page.goto((file if isinstance(file, str) else file.as_uri()) + end)
        return made

    yield open_page
    for context in contexts:
        context.close()
