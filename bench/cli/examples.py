"""One or two examples of each command, for its `--help`; a test takes each of them apart as the command line would."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "": ("bench run --target mine.csv", "bench run --help"),
    "run": ("bench run --target mine.csv", "bench run --target amazon,hotels --budgets 32,128"),
    "pretrain": ("bench pretrain --source imdb",),
    "leaderboard": ("bench leaderboard --target amazon", "bench leaderboard --target amazon --budget 128"),
    "report": ("bench report", "bench report --figures figures --formats pdf"),
    "fit": ("bench fit --target mine.csv --out my-model",
            "bench fit --target mine.csv --all-labels --out my-model"),
    "predict": ('bench predict my-model "a text"', "bench predict my-model --file new.csv > labelled.csv"),
    "distance": ("bench distance --target amazon,hotels",),
    "map": ("bench map words", "bench map confusion --target amazon"),
    "time": ("bench time --threads 1,2", "bench time --devices cpu,cuda"),
    "reproduce": ("bench reproduce --claim B1", "bench reproduce --published --share 1"),
    "doctor": ("bench doctor", "bench doctor --offline"),
    "list": ("bench list tasks", "bench list baselines"),
    "list tasks": ("bench list tasks",),
    "list baselines": ("bench list baselines",),
    "list nets": ("bench list nets",),
    "list engines": ("bench list engines",),
    "data": ("bench data pull amazon",),
    "data list": ("bench data list",),
    "data pull": ("bench data pull amazon hotels",),
    "data verify": ("bench data verify",),
    "data audit": ("bench data audit amazon imdb",),
    "data export": ("bench data export amazon --out texts.csv",),
    "results": ("bench results list --target amazon",),
    "results list": ("bench results list --target amazon --budget 32,128",),
    "results rm": ("bench results rm --failed --dry-run",),
    "results import": ("bench results import a.csv --name gpt-x -t amazon",),
    "task": ("bench task new mine.csv > mine.toml",),
    "task new": ("bench task new mine.csv > mine.toml",),
    "task check": ("bench task check mine.toml", "bench task check mine.csv --text-column body"),
}
