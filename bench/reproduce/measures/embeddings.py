"""Tutorial A: a GRU on IMDB, its words, and what it is worth on Amazon reviews."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bench.analysis.learning_curves import labels_at_score
from bench.core.budget import FULL, Budget, labels_in
from bench.core.errors import BenchError
from bench.data.text import frequent
from bench.explore.word_lists import NEGATIVE, POSITIVE, separation
from bench.learning.networks.architectures import EMBEDDING
from bench.learning.pretrain import Base, pretrain
from bench.reproduce.measures.session import Measurement, Session
from bench.results import record_files
from bench.runs import executor, inputs
from bench.runs import plan as plans
from bench.runs.options import Options
from bench.runs.trials import blank_record

BUDGETS: tuple[Budget, ...] = (32, 128, 512, 2048, FULL)
BASELINES = ("finetune", "scratch", "tfidf")
SECONDS_PER_LABEL = 20.0  # an assumption: to read a review of 100 to 200 words and mark it


def vocabulary(session: Session) -> Measurement:
    """Different words of IMDB, counted in three ways."""
    data = session.data("imdb@official").data
    corpus = data.corpus
    train = corpus.tokens.take(np.flatnonzero(data.split == 1))
    return Measurement({
        "words in the 25,000 training reviews": (float(len(np.unique(train.ids))),),
        "seen twice or more": (float(len(frequent(train, corpus.words).words)),),
        "in all 50,000 reviews": (float(len(corpus.words)),),
    })


def word_lists(session: Session) -> Measurement:
    """How well a straight cut through the learned space separates words of praise from words of blame."""
    base = _base(session)
    numbers = base.vocabulary.numbers
    known = [word for word in (*POSITIVE, *NEGATIVE) if word in numbers]
    x = base.params[EMBEDDING][[numbers[word] for word in known]]
    y = np.array([word in POSITIVE for word in known], np.int64)
    learned = separation(x, y, "A1")
    glove = separation(session.vectors().look_up(known), y, "A1 GloVe")
    return Measurement(
        {"plain": (learned.plain,), "left out": (learned.left_out,), "shuffled, plain": (learned.shuffled_plain,),
         "shuffled, left out": (learned.shuffled_left_out,), "GloVe, left out": (glove.left_out,),
         "base accuracy": (base.accuracy,), "words": (float(len(known)),)},
        ("The plain separation proves nothing: 100 points in 64 dimensions can nearly always be separated, shuffled "
         "lists too. Leaving out each word in turn is the test.",), str(base.facts["engine"]))


def carry_over(session: Session) -> Measurement:
    """Accuracy on Amazon reviews with the IMDB base and without it, at the same labels."""
    base = _base(session)
    options = replace(_options(session), results_dir=session.options.results_dir / "claims" / "A2", seeds=session.seeds)
    plan = next(plans.plan(options, session.table, session.say, session.watch, progress=False))
    with executor.executor(options, session.say) as run:
        for record in plans.execute(plan, run):
            session.say(f"  {record.baseline} {record.budget} labels seed {record.seed}: {record.accuracy}")
    wanted = {blank_record(spec).identity() for spec in plan.specs}
    records = [r for r in record_files.read_with_packed(plan.path) if r.identity() in wanted]
    accuracy = {(r.baseline, r.budget, r.seed): r.accuracy or 0.0 for r in records if r.status == "ok"}
    if len(accuracy) < len(plan.specs):
        raise BenchError(f"{len(plan.specs) - len(accuracy)} of {len(plan.specs)} trials failed: "
                         f"{next((r.error for r in records if r.status != 'ok'), 'they gave no record')}")
    seeds = range(session.seeds)
    figures: dict[str, tuple[float, ...]] = {}
    for budget in BUDGETS[:3]:
        for other in ("scratch", "tfidf"):
            gains = [100 * (accuracy["finetune", budget, s] - accuracy[other, budget, s]) for s in seeds]
            figures[f"points over {other} at {budget}"] = tuple(gains)
    every = len(plan.target.split.pool)
    curves = [{labels_in(b, every): accuracy["scratch", b, s] for b in BUDGETS} for s in seeds]
    equivalents = [labels_at_score(accuracy["finetune", 32, s], curve) for s, curve in enumerate(curves)]
    beyond = equivalents.count(np.inf)
    saved = [min(max(labels, 32.0), float(every)) - 32 for labels in equivalents]
    figures["labels saved"] = tuple(saved)
    figures["hours saved"] = tuple(n * SECONDS_PER_LABEL / 3600 for n in saved)
    figures["base seconds"] = (base.seconds,)
    note = (f"Labels saved: how many more than 32 labels training from scratch needs to be as good as fine-tuning with "
            f"32, by interpolation over {', '.join(f'{n:,}' for n in curves[0])}; hours at {SECONDS_PER_LABEL:g} s per "
            "label.")
    if beyond:
        note += f" In {beyond} of {len(saved)} seeds all {every:,} were not enough, so this is a lower bound."
    return Measurement(figures, (note,), options.engine)


def _options(session: Session) -> Options:
    return replace(session.options, targets=("amazon",), source="imdb", baselines=BASELINES, budgets=BUDGETS,
                   net="gru", preset="tutorial", engine=session.mxnet_or_torch(), device="cpu", epochs=0,
                   validation=0.0)


def _base(session: Session) -> Base:
    """The base that `carry_over` uses: IMDB's training reviews without those in Amazon's test set."""
    source, target = session.data("imdb"), session.data("amazon")
    vectors = inputs.find_vectors(session.access, session.say)
    spec = inputs.for_pair(_options(session), source, target, vectors).base_spec
    return pretrain(spec, session.options.cache_dir, session.watch)
