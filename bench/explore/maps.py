"""What `bench map` draws: from options to the points, titles and facts of each picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.core.seeds import generator_for
from bench.data.corpus import Corpus, Examples
from bench.data.text import SPECIALS, Ragged
from bench.explore import drawing, projection
from bench.explore.drawing import Points
from bench.explore.word_lists import NEGATIVE, POSITIVE, separation
from bench.learning.features.glove import WordVectors
from bench.learning.finetune import fine_tune, to_embedding_rows
from bench.learning.networks.architectures import EMBEDDING, HEAD, Architecture, Params
from bench.learning.networks.engines import engine
from bench.learning.pretrain import Base, pretrain
from bench.learning.resources import Resources
from bench.protocol.domain import Domain
from bench.protocol.metrics import softmax
from bench.protocol.trial import make_trial
from bench.runs import inputs
from bench.runs.options import Options, Say, Watch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FREQUENT = 500  # words


@dataclass(frozen=True)
class Request:
    """What to draw of a base, or of a net that was fine-tuned on so many labels of a target."""

    options: Options
    target: str = ""
    labels: int = 0  # 0: the base itself
    texts: int = 5_000
    seed: int = 0


@dataclass(frozen=True)
class Picture:
    """A figure, the stem of its files, and what to read beside it."""

    stem: str
    figure: Figure
    facts: str


@dataclass(frozen=True)
class Scene:
    """A network and the data that it is shown."""

    source: Domain
    target: Domain | None
    base: Base
    resources: Resources
    net: Architecture
    tuned: Params | None  # with an embedding of the target's words; None: the base itself
    request: Request

    @property
    def who(self) -> str:
        """The net and what it was trained on, for titles."""
        engine = self.request.options.engine
        more = f", fine-tuned on {self.request.labels:,} labels of {self._target().name}" if self.tuned else ""
        return f"{self.base.net} ({engine}) trained on {self.source.name}{more}"

    @property
    def stem(self) -> str:
        """The files' names after the kind of picture."""
        parts = [self.source.task.name, self.target.task.name if self.target else "", self.request.options.net,
                 self.request.options.preset.replace("default", ""), f"{self.request.labels or ''}"]
        return "-".join(filter(None, parts))

    def _target(self) -> Domain:
        assert self.target is not None
        return self.target

    def params(self, corpus: Corpus) -> Params:
        """The network's weights with an embedding for a corpus's words; fine-tuned rows go by their word."""
        if self.tuned is None:
            return self.resources.base_params(corpus)
        target = self._target().data.corpus
        if corpus is target:
            return self.tuned
        rows = self.resources.base_params(corpus)[EMBEDDING].copy()  # what is kept for all is read-only
        numbers = {word: i for i, word in enumerate(target.words)}
        shared = [(i, numbers[word]) for i, word in enumerate(corpus.words) if word in numbers]
        here, there = np.array(shared, np.int64).reshape(-1, 2).T
        rows[here + SPECIALS] = self.tuned[EMBEDDING][there + SPECIALS]
        return {**self.tuned, EMBEDDING: rows}

    def features(self, examples: Examples) -> NDArray[np.float32]:
        """Hidden features of examples, [n, d]."""
        x = Ragged(np.asarray(examples.x.ids), np.asarray(examples.x.offsets))
        resources = self.resources
        return resources.engine.features(self.net, self.params(examples.corpus), to_embedding_rows(x), resources.device)

    def judges(self, loaded: Domain) -> bool:
        """Whether the network's classes are those of the data."""
        return loaded.data.labels == (self._target() if self.tuned else self.source).data.labels

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the head says of features."""
        head = self.base.params if self.tuned is None else self.tuned
        return softmax(features @ head[HEAD].T + head["head.bias"])


def scene(request: Request, say: Say, watch: Watch, *, progress: bool) -> Scene:
    """Load the data, train the base or take it from the cache, and fine-tune it where that is asked for."""
    options = request.options
    if request.labels and not request.target:
        raise BenchError(f"--labels {request.labels} of which target?", "name it with --target")
    access = inputs.access_for(options, say, progress=progress)
    source = inputs.load(options.source, options, access, say)
    target = inputs.load(request.target, options, access, say) if request.target else None
    vectors = inputs.find_vectors(access, say)
    spec = inputs.base_spec(options, source, vectors)
    if target:
        pair = inputs.for_pair(options, source, target, vectors)
        source, spec = pair.source, pair.base_spec
    net = spec.net
    base = pretrain(spec, options.cache_dir, watch)
    same = target is None or target.data.labels == source.data.labels
    resources = Resources(engine(spec.engine), base.net, spec.device, request.seed, base, vectors, same_labels=same)
    tuned = None
    if target and request.labels:
        trial = make_trial(target.data, target.split, source.name, target.name, request.labels, request.seed,
                         balanced=target.task.imbalanced)
        net, tuned = fine_tune(trial, resources)
    return Scene(source, target, base, resources, net if tuned else base.net, tuned, request)


def chosen_words(shown: Scene) -> list[Picture]:
    """Fifty words of praise and fifty of blame, in the learned vectors and in GloVe's."""
    wanted = np.array([*POSITIVE, *NEGATIVE])
    group = np.repeat([1, 0], [len(POSITIVE), len(NEGATIVE)])
    made = []
    for name, vectors in _spaces(shown, wanted).items():
        known = vectors.any(axis=1)
        x, y, labels = vectors[known], group[known], wanted[known].tolist()
        apart = separation(x, y, name)
        missing = wanted[~known].tolist()
        title = (f"{len(labels)} chosen words, {name} vectors ({x.shape[1]}-d): {_origin(shown, name)}\n"
                 f"a straight cut in {x.shape[1]}-d puts {100 * apart.left_out:.0f}% of the words on the right side, "
                 "each left out in turn")
        points = Points(projection.project(x, shown.request.seed, "cosine"), y, ("negative words", "positive words"))
        unknown = f"; not in its vocabulary: {', '.join(missing)}" if missing else ""
        facts = (f"{name} vectors: a straight cut tells {apart.plain:.2f} of the {len(labels)} words apart, "
                 f"{apart.left_out:.2f} when each is left out in turn (shuffled lists: {apart.shuffled_plain:.2f} and "
                 f"{apart.shuffled_left_out:.2f}){unknown}")
        made.append(Picture(f"words-{shown.stem}-{name.lower()}", drawing.words(points, labels, title), facts))
    return made


def frequent_words(shown: Scene) -> list[Picture]:
    """The most frequent words of the source, shaded by the class whose texts hold them more often."""
    wanted = np.array(shown.base.vocabulary.words[:FREQUENT])
    data, pool = shown.source.data, shown.source.split.pool
    lean = _lean(data.corpus, pool, data.y[pool], wanted.tolist())
    made = []
    for name, vectors in _spaces(shown, wanted).items():
        known = vectors.any(axis=1)
        at = projection.project(vectors[known], shown.request.seed, "cosine")
        title = (f"The {int(known.sum())} most frequent words of {shown.source.name}, {name} vectors "
                 f"({vectors.shape[1]}-d): {_origin(shown, name)}")
        meaning = f"log odds of the word in {data.labels[-1]} against {data.labels[0]} texts"
        drawn = drawing.shaded_words(at, lean[known], wanted[known].tolist(), title, meaning)
        made.append(Picture(f"frequent-{shown.stem}-{name.lower()}", drawn, f"{name} vectors of {len(at)} words"))
    return made


def hidden_features(shown: Scene) -> list[Picture]:
    """Test texts by their hidden features; with a target, both domains in one plane."""
    sides = [shown.source, *([shown.target] if shown.target else [])]
    parts, groups, domains, marks = [], [], [], []
    names = tuple(dict.fromkeys(label for side in sides for label in side.data.labels))
    for number, side in enumerate(sides):
        rows = side.split.test
        some = generator_for("map", side.name, shown.request.seed).permutation(rows)[
            : shown.request.texts // len(sides)
        ]
        examples = side.data.examples(np.sort(some))
        parts.append(shown.features(examples))
        groups.append(np.array([names.index(label) for label in side.data.labels])[examples.labels])
        domains.append(np.full(len(examples), number))
        if shown.judges(side):
            right = float((shown.probabilities(parts[-1]).argmax(1) == examples.labels).mean())
            marks.append(f"accuracy on these {len(examples):,} of {side.name}: {right:.3f}")
    x = np.concatenate(parts)
    reduced = projection.principal_components(x)
    points = Points(projection.project(reduced.points, shown.request.seed), np.concatenate(groups), names)
    kept = (f"{x.shape[1]}-d features, PCA to {reduced.points.shape[1]} keeps {100 * reduced.kept:.1f}% of the "
            "variance, then t-SNE")
    title = f"{len(x):,} test texts · {shown.who}\n{kept}" + "".join(f"\n{mark}" for mark in marks)
    drawn = drawing.texts(points, title, np.concatenate(domains) if len(sides) > 1 else None,
                           tuple(side.task.name for side in sides) if len(sides) > 1 else ())
    return [Picture(f"features-{shown.stem}", drawn, "; ".join([f"features {x.shape}: {kept}", *marks]))]


def confusion_matrix(shown: Scene) -> list[Picture]:
    """The confusion matrix of the whole test set, with the classification report."""
    from sklearn.metrics import classification_report
    from sklearn.metrics import confusion_matrix as count

    side = shown.target or shown.source
    labels = side.data.labels
    if not shown.judges(side):
        raise BenchError(f"the base knows {', '.join(shown.source.data.labels)}, not the labels of {side.name}",
                         "fine-tune it first: --labels 512")
    examples = side.data.examples(side.split.test)
    guess = shown.probabilities(shown.features(examples)).argmax(axis=1)
    everyone = np.arange(len(labels))
    matrix = count(examples.labels, guess, labels=everyone)
    report = str(classification_report(examples.labels, guess, labels=everyone, target_names=labels, digits=3,
                                       zero_division=0.0))
    accuracy = float((guess == examples.labels).mean())
    title = f"{side.name}, {len(examples):,} test texts, accuracy {accuracy:.3f}\n{shown.who}"
    return [Picture(f"confusion-{shown.stem}", drawing.confusion(matrix, labels, title), report)]


MAPS: Mapping[str, Callable[[Scene], list[Picture]]] = {
    "words": chosen_words,
    "frequent": frequent_words,
    "features": hidden_features,
    "confusion": confusion_matrix,
}


def _spaces(shown: Scene, wanted: NDArray[np.str_]) -> dict[str, NDArray[np.float32]]:
    """Vectors of the words: learned, and GloVe's where they are at hand; zeros for words that are not known."""
    numbers = shown.base.vocabulary.numbers
    learned = shown.base.params[EMBEDDING] if shown.tuned is None else None
    if learned is None:
        words = {word: i for i, word in enumerate(shown.target.data.corpus.words)} if shown.target else {}
        assert shown.tuned is not None
        learned, numbers = shown.tuned[EMBEDDING], {word: i + SPECIALS for word, i in words.items()}
    rows = [learned[numbers[w]] if w in numbers else np.zeros(learned.shape[1], np.float32) for w in wanted]
    found = {"learned": np.array(rows, np.float32)}
    vectors: WordVectors | None = shown.resources.vectors
    return {**found, "GloVe": vectors.look_up(wanted.tolist())} if vectors else found


def _origin(shown: Scene, name: str) -> str:
    if name == "GloVe":
        return "6B, trained on Wikipedia and Gigaword"
    return f"{shown.who}, accuracy {shown.base.accuracy:.3f} on its own test"


def _lean(corpus: Corpus, rows: NDArray[np.int64], y: NDArray[np.int64], wanted: list[str]) -> NDArray[np.float64]:
    """Log odds of each word in texts of the last class against those of the first."""
    numbers = {word: i for i, word in enumerate(corpus.words)}
    ids = [numbers[word] for word in wanted]
    rates = []
    for own in (y == y.max(), y == y.min()):
        counts = np.bincount(corpus.tokens.take(rows[own]).ids, minlength=len(numbers))
        rates.append((counts[ids] + 1.0) / counts.sum())
    return np.asarray(np.log(rates[0] / rates[1]))
