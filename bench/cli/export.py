"""The command `bench data export`: texts of a task with their ids, for whoever answers them elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bench.cli import completion, help, output
from bench.cli.data import load
from bench.cli.options import DataOptions, Draw, OwnFileOptions, options_of
from bench.cli.predictions import name_cell, quoted
from bench.core.budget import parse_budget
from bench.core.errors import BenchError


def data_export(
    *,
    target: Annotated[str, typer.Argument(metavar="NAME|FILE", autocompletion=completion.tasks,
                                          help="Task, task@edition, your own data file or hf:OWNER/NAME.")],
    part: Annotated[str, typer.Option(
        metavar="test|labelled|unlabelled", rich_help_panel=help.WHAT,
        help="test: the texts that have to be answered, without labels; labelled: the texts that a trial learns from, "
             "with labels; unlabelled: the others of its training pool.")] = "test",
    budget: Annotated[str, typer.Option(metavar="N", rich_help_panel=help.WHAT,
    help="Number of labelled texts of the trial; full: all.")] = "full",
    seed: Annotated[int, typer.Option(metavar="N", rich_help_panel=help.WHAT,
                                      help="Seed of the label draw.")] = 0,
    draw: Draw = "stratified",
    format: Annotated[str, typer.Option("--format", "-f", metavar="csv|jsonl", rich_help_panel=help.OUTPUT,
                                        help="How they are written.")] = "csv",
    out: Annotated[Path | None, typer.Option(
        "--out", "-o", metavar="FILE", rich_help_panel=help.OUTPUT,
        help="File to write. [default: standard output]")] = None,
    force: Annotated[bool, typer.Option("--force", rich_help_panel=help.OUTPUT,
    help="Replace an existing file.")] = False,
    data: DataOptions,
    own_file: OwnFileOptions,
) -> None:
    """Write the test texts with their ids, to be answered elsewhere, or the labelled texts for a prompt."""
    from bench.core.files import save_bytes
    from bench.runs import imported

    if format not in ("csv", "jsonl"):
        raise BenchError(f"unknown format {format!r}", "csv or jsonl")
    if part not in imported.PARTS:
        raise BenchError(f"--part {part!r} is no part of a task's texts", ", ".join(imported.PARTS))
    if out and out.exists() and not force:
        raise BenchError(f"{out} exists", "--force replaces it")
    options = options_of(data, own_file, draw=draw)
    domain = load(target, options)
    rows, labels = imported.part_of(domain, part, parse_budget(budget), seed, options.draw)
    corpus = domain.data.corpus
    records = [{"id": name, "text": corpus.text(int(row)), **({"label": labels[i]} if labels else {})}
               for i, (name, row) in enumerate(zip(imported.text_ids(corpus, rows), rows, strict=True))]
    if format == "jsonl":
        lines = [json.dumps(record, ensure_ascii=False) for record in records]
    else:
        lines = [f"id,text{',label' * bool(labels)}",
                 *(",".join([record["id"], quoted(record["text"]), *map(name_cell, labels[i : i + 1])])
                   for i, record in enumerate(records))]
    text = "\n".join(lines) + "\n"
    if out:
        save_bytes(out, text.encode("utf-8", "replace"), "", shared=False)
    else:
        output.data(text)
    where = f" in {out}" if out else ""
    output.warn(f"{domain.name}: {len(rows):,} {part} texts{where}; the classes: {', '.join(domain.data.labels)}")
    if part == "test":
        output.warn("Answer with a table of the ids and a probability for each class (columns: id, "
                    f"{', '.join(domain.data.labels)}), or a label. Then: bench results import ANSWERS --name NAME "
                    f"--target {target}")
