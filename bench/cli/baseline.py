"""The commands `bench baseline …`: a strategy of one's own, begun and checked."""

from __future__ import annotations

import keyword
import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bench.cli import completion, help, output
from bench.cli.lists import SplitBy, whole
from bench.cli.options import AsJson, CacheDir, Offline, options_of
from bench.core.errors import BenchError

TEMPLATE = '''"""{title}: say here in one line what it does, and which paper it is from."""

import numpy as np

from bench.api import class_probabilities

NEEDS = {{"counts"}}  # prepared before the clock starts; docs/adding-a-baseline.md lists what there is


def fit(trial, resources, *, penalty: float = 1.0):
    """Learn from `trial`. Each keyword is a setting: bench run --set {module}:fit.penalty=0.1,1,10."""
    from sklearn.linear_model import LogisticRegression  # heavy imports belong in here

    counts = resources.counts(trial.labelled)  # trial.labelled.texts() are the texts themselves
    seen = np.unique(counts.indices)  # the words and word pairs of the labelled texts
    model = LogisticRegression(C=penalty, class_weight=trial.class_weight, max_iter=1000)
    model.fit(counts[:, seen], trial.labelled.labels)  # randomness, where there is any, comes from trial.seed

    def predict(examples):
        """Probabilities [texts, classes]: a column for each of trial.labels, also for one never seen."""
        return class_probabilities(model, resources.counts(examples)[:, seen], len(trial.labels))

    return predict
'''


def baseline_new(
    *,
    name: Annotated[str, typer.Argument(
        metavar="NAME", help="Name of the strategy, such as my-idea; the file is my_idea.py.")],
) -> None:
    """Write a strategy that works, in 20 lines, as a file to change: bench baseline new my-idea."""
    module = re.sub(r"[-.\s]+", "_", name.removesuffix(".py"))
    if not module.isidentifier() or keyword.iskeyword(module):
        raise BenchError(f"{name!r} cannot name a Python file", "letters, digits and -, such as my-idea")
    path = Path(f"{module}.py")
    text = TEMPLATE.format(title=name.removesuffix(".py").replace("_", "-").capitalize(), module=module)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise BenchError(f"{path} exists already", "choose another name, or move it away") from None
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror or error}", "is the folder writable?") from None
    output.say(f"Written: {path}\n"
               f"  bench baseline check {path}                                   what is missing, if anything\n"
               f"  bench run --target amazon --baseline {path} --baseline tfidf  how good it is")


def baseline_check(
    *,
    baseline: Annotated[str, typer.Argument(metavar="FILE|NAME", autocompletion=completion.strategies,
                                            help="File, file.py:function, package.module:function, or name.")],
    settings: Annotated[list[str] | None, typer.Option(
        "--set", metavar="STRATEGY.SETTING=VALUE", rich_help_panel=help.WHAT,
        help="A setting, such as my_idea:fit.penalty=0.1. Repeat it for several."), SplitBy(whole)] = None,
    cache_dir: CacheDir = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Try a strategy on made-up texts: few, all and uneven labels, new classes, the same bits again, a saved model."""
    from bench.library import strategy_check

    strategy, findings = strategy_check.check(baseline, options_of(cache_dir=cache_dir, offline=offline),
                                              tuple(settings or ()))
    if as_json:
        output.json_values({"strategy": strategy.row, "needs": sorted(strategy.needs()),
                            "settings": strategy.settings(), "checks": [asdict(finding) for finding in findings]})
    else:
        shown = ", ".join(f"{name}={value!r}" for name, value in strategy.settings().items()) or "none"
        output.say(f"{strategy.row}: needs {', '.join(sorted(strategy.needs())) or 'nothing'}; settings: {shown}")
        for finding in findings:
            mark = "·" if finding.optional else "✓" if finding.passed else "✗"
            output.say(f"  {mark} {finding.name}: {finding.text}")
    if failed := [finding for finding in findings if not finding.passed]:
        raise BenchError(f"{strategy.name}: {len(failed)} of {len(findings)} checks failed",
                         "each line with ✗ says what is missing (docs/adding-a-baseline.md)")
    if not as_json:
        output.say(f"Ready: bench run --target amazon --baseline {baseline}")
