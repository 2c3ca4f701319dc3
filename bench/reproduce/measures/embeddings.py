"""Tutorial A: a GRU on IMDB, its words, and what it is worth on Amazon reviews."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from bench.core.budget import FULL, Budget
from bench.core.errors import BenchError
from bench.data.text import frequent
from bench.explore.word_lists import NEGATIVE, POSITIVE, separation
from bench.learning.networks.architectures import EMBEDDING, architecture_named
from bench.learning.pretrain import Base, pretrain
from bench.protocol.split import without_test_texts
from bench.reproduce.measures.workplace import Measured, Workplace
from bench.runs import executor, inputs
from bench.runs import plan as plans
from bench.runs.options import Options
from bench.runs.trials import blank_record

BUDGETS: tuple[Budget, ...] = (32, 128, 512, 2048, FULL)
BASELINES = ("finetune", "scratch", "tfidf")
SECONDS_A_LABEL = 20.0  # an assumption: to read a review of 100 to 200 words and mark it


def vocabulary(place: Workplace) -> Measured:
    """Different words of IMDB, counted in three ways."""
    data = place.data("imdb@official").data
    corpus = data.corpus
    train = corpus.tokens.take(np.flatnonzero(data.split == 1))
    return Measured({
        "words in the 25,000 training reviews": (float(len(np.unique(train.ids))),),
        "seen twice or more": (float(len(frequent(train, corpus.words).words)),),
        "in all 50,000 reviews": (float(len(corpus.words)),),
    })


def word_lists(place: Workplace) -> Measured:
    """How well a straight cut in the learned space tells words of praise from words of blame."""
    base = _base(place)
    wanted = [*POSITIVE, *NEGATIVE]
    numbers = base.vocabulary.numbers
    known = [word for word in wanted if word in numbers]
    x = base.params[EMBEDDING][[numbers[word] for word in known]]
    y = np.array([word in POSITIVE for word in known], np.int64)
    found = separation(x, y, "A1")
    glove = separation(place.vectors().look_up(known), y, "A1 GloVe")
    return Measured(
        {"plain": (found.plain,), "left out": (found.left_out,), "shuffled, plain": (found.shuffled_plain,),
         "shuffled, left out": (found.shuffled_left_out,), "GloVe, left out": (glove.left_out,),
         "base accuracy": (base.accuracy,), "words": (float(len(known)),)},
        ("The plain cut proves nothing: 100 points in 64 dimensions can nearly always be cut, the shuffled lists too. "
         "Each word left out in turn is the test.",), str(base.facts["engine"]))


def carry_over(place: Workplace) -> Measured:
    """Accuracy on Amazon reviews with the IMDB base and without it, at the same labels."""
    base = _base(place)
    options = replace(_options(place), results_dir=place.options.results_dir / "claims" / "A2", seeds=place.seeds)
    plan = next(plans.plan(options, place.table, place.say, place.watch, progress=False))
    from bench.results import record_files

    with executor.executor(options, place.say) as carry:
        for record in plans.execute(plan, carry):
            place.say(f"  {record.baseline} {record.budget} labels seed {record.seed}: {record.accuracy}")
    wanted = {blank_record(job).identity() for job in plan.jobs}
    ours = [r for r in record_files.read_with_packed(plan.path) if r.identity() in wanted]
    good = {(r.baseline, r.budget, r.seed): r.accuracy or 0.0 for r in ours if r.status == "ok"}
    if len(good) < len(plan.jobs):
        raise BenchError(f"{len(plan.jobs) - len(good)} of {len(plan.jobs)} trials failed: "
                         f"{next((r.error for r in ours if r.status != 'ok'), 'they gave no record')}")
    seeds = range(place.seeds)
    figures = {}
    for budget in BUDGETS[:3]:
        for other in ("scratch", "tfidf"):
            gains = [100 * (good["finetune", budget, s] - good[other, budget, s]) for s in seeds]
            figures[f"points over {other} at {budget}"] = tuple(gains)
    every = len(plan.target.split.pool)
    curves = [{every if b == FULL else int(b): good["scratch", b, s] for b in BUDGETS} for s in seeds]
    saved = [labels_worth(good["finetune", 32, s], curve) - 32 for s, curve in enumerate(curves)]
    never = sum(good["finetune", 32, s] > max(curve.values()) for s, curve in enumerate(curves))
    figures["labels saved"] = tuple(saved)
    figures["hours saved"] = tuple(n * SECONDS_A_LABEL / 3600 for n in saved)
    figures["base seconds"] = (base.seconds,)
    note = (f"Labels saved: how many more than 32 training from scratch needs to be as good as fine-tuning with 32, by "
            f"interpolation over {', '.join(f'{n:,}' for n in curves[0])}; hours at {SECONDS_A_LABEL:g} s a label."
            + (f" In {never} of {len(saved)} seeds all {every:,} were not enough: a lower bound." if never else ""))
    return Measured(figures, (note,), options.engine)


def labels_worth(accuracy: float, curve: dict[int, float]) -> float:
    """The labels at which a curve {labels: accuracy} first reaches an accuracy, interpolated in their logarithm."""
    points = sorted(curve.items())
    if points[0][1] >= accuracy:
        return float(points[0][0])
    for (few, low), (many, high) in pairwise(points):
        if high >= accuracy:
            share = (accuracy - low) / (high - low)
            return float(few * (many / few) ** share)
    return float(points[-1][0])


def _options(place: Workplace) -> Options:
    return replace(place.options, targets=("amazon",), source="imdb", baselines=BASELINES, budgets=BUDGETS, net="gru",
                   preset="tutorial", engine=place.mxnet_or_torch(), device="cpu", epochs=0, validation=0.0)


def _base(place: Workplace) -> Base:
    """The base that `carry_over` uses: IMDB's training reviews without those that stand in Amazon's test set."""
    source, target = place.data("imdb"), place.data("amazon")
    clean = without_test_texts(source.data, source.split, target.data, target.split.test)
    order = inputs.base_spec(_options(place), replace(source, split=clean), architecture_named("gru", "tutorial"),
                             inputs.find_vectors(place.access, place.say))
    return pretrain(order, place.options.cache_dir, place.watch)
