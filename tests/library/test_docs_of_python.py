"""docs/python.md and its notebook do what they say: every block and cell runs, in a process without a main guard."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
NOTEBOOK = DOCS / "python.ipynb"


def blocks_of_the_page() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (DOCS / "python.md").read_text(encoding="utf-8"), re.DOTALL)


def cells_of_the_notebook() -> list[str]:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("parts", [blocks_of_the_page, cells_of_the_notebook])
def test_every_block_runs_one_after_the_other(parts, tmp_path: Path):
    code = "\n\n".join(parts())
    assert "bench.run(" in code
    assert "TransferClassifier(" in code
    code = f'open("begun", "a").write("x")\n{code}\nprint(board.recommendation, model.classes_)\n'
    (tmp_path / "script.py").write_text(code, encoding="utf-8")
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=280,
                          check=False)
    assert done.returncode == 0, done.stderr
    assert "labels use tfidf" in done.stdout
    assert "['bad' 'good']" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert (tmp_path / "begun").read_text() == "x", "a worker has run the script once more"
    assert (tmp_path / "results/runs/records/inns.jsonl").exists()


def test_the_notebook_runs_in_a_kernel(tmp_path: Path):
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    import nbformat

    notebook = nbformat.read(NOTEBOOK, 4)
    nbclient.NotebookClient(notebook, timeout=250, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    shown = "".join(str(output) for output in outputs)
    assert "<table>" in shown
    assert "trials: 8 of 8" in shown
    assert "x1b" not in shown
    assert all(output.get("name") != "stderr" for output in outputs), shown
