"""What `bench map` draws: the network that the options name, and the points, titles and facts of each picture."""

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
class MapRequest:
    """Which network is drawn, and with which texts: a base, or one fine-tuned on labels of a target."""

    options: Options
    target: str = ""
    labels: int = 0  # to fine-tune on; 0: the base itself
    texts: int = 5_000
    seed: int = 0


@dataclass(frozen=True)
class Picture:
    """A figure, the stem of its file names, and the facts written beside it."""

    stem: str
    figure: Figure
    facts: str


@dataclass(frozen=True)
class MappedNetwork:
    """A network and the data that it is applied to."""

    source: Domain
    target: Domain | None
    base: Base
    resources: Resources
    net: Architecture
    tuned: Params | None  # fine-tuned, with an embedding of the target's words; None: the base itself
    request: MapRequest

    @property
    def description(self) -> str:
        """The net and what it was trained on, for titles."""
        engine = self.request.options.engine
        drawn = " drawn at random" if self.request.options.draw == "random" else ""
        tuned = f", fine-tuned on {self.request.labels:,} labels of {self._target().name}{drawn}" if self.tuned else ""
        return f"{self.base.net} ({engine}) trained on {self.source.name}{tuned}"

    @property
    def stem(self) -> str:
        """What file names say after the kind of picture."""
        parts = [self.source.task.name, self.target.task.name if self.target else "", self.request.options.net,
                 self.request.options.preset.replace("default", ""), f"{self.request.labels or ''}",
                 "random" if self.request.labels and self.request.options.draw == "random" else ""]
        return "-".join(filter(None, parts))

    def _target(self) -> Domain:
        assert self.target is not None
        return self.target

    def params(self, corpus: Corpus) -> Params:
        """The weights, with an embedding for the words of a corpus; a fine-tuned vector for each word that has one."""
        if self.tuned is None:
            return self.resources.base_params(corpus)
        target = self._target().data.corpus
        if corpus is target:
            return self.tuned
        rows = self.resources.base_params(corpus)[EMBEDDING].copy()  # the shared array is read-only
        numbers = {word: i for i, word in enumerate(target.words)}
        shared = [(i, numbers[word]) for i, word in enumerate(corpus.words) if word in numbers]
        in_corpus, in_target = np.array(shared, np.int64).reshape(-1, 2).T
        rows[in_corpus + SPECIALS] = self.tuned[EMBEDDING][in_target + SPECIALS]
        return {**self.tuned, EMBEDDING: rows}

    def features(self, examples: Examples) -> NDArray[np.float32]:
        """Hidden features of examples, [n, d]."""
        x = Ragged(np.asarray(examples.x.ids), np.asarray(examples.x.offsets))
        resources = self.resources
        return resources.engine.features(self.net, self.params(examples.corpus), to_embedding_rows(x), resources.device)

    def has_labels_of(self, domain: Domain) -> bool:
        """Whether the classes of the network are those of the data."""
        return domain.data.labels == (self._target() if self.tuned else self.source).data.labels

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The probabilities [n, classes] of features [n, d]."""
        head = self.base.params if self.tuned is None else self.tuned
        return softmax(features @ head[HEAD].T + head["head.bias"])


def load_network(request: MapRequest, say: Say, watch: Watch, *, progress: bool) -> MappedNetwork:
    """Load the data, train the base or take it from the cache, and fine-tune it if the request says so."""
    options = request.options
    if request.labels and not request.target:
        raise BenchError(f"--labels {request.labels} without a target", "name it with --target")
    access = inputs.access_for(options, say, progress=progress)
    source = inputs.load_source(options.source, options, access, say)
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
                         balanced=target.task.imbalanced, draw=options.draw)
        net, tuned = fine_tune(trial, resources)
    return MappedNetwork(source, target, base, resources, net if tuned else base.net, tuned, request)


def chosen_words(network: MappedNetwork) -> list[Picture]:
    """Fifty positive and fifty negative words, in the learned vectors and in GloVe's."""
    words = np.array([*POSITIVE, *NEGATIVE])
    group = np.repeat([1, 0], [len(POSITIVE), len(NEGATIVE)])
    pictures = []
    for name, vectors in _spaces(network, words).items():
        known = vectors.any(axis=1)
        x, y, labels = vectors[known], group[known], words[known].tolist()
        shares = separation(x, y, name)
        missing = words[~known].tolist()
        title = (f"{len(labels)} chosen words, {name} vectors ({x.shape[1]}-d): {_origin(network, name)}\n"
                 f"a linear classifier puts {100 * shares.left_out:.0f}% of the words into the right list, "
                 "each left out in turn")
        points = Points(projection.project(x, network.request.seed, "cosine"), y, ("negative words", "positive words"))
        unknown = f"; not in its vocabulary: {', '.join(missing)}" if missing else ""
        facts = (f"{name} vectors: a linear classifier puts {shares.plain:.2f} of the {len(labels)} words into the "
                 f"right list, {shares.left_out:.2f} when each is left out in turn (shuffled lists: "
                 f"{shares.shuffled_plain:.2f} and {shares.shuffled_left_out:.2f}){unknown}")
        pictures.append(Picture(f"words-{network.stem}-{name.lower()}", drawing.word_map(points, labels, title), facts))
    return pictures


def frequent_words(network: MappedNetwork) -> list[Picture]:
    """The most frequent words of the source, shaded by the class whose texts hold them more often."""
    words = np.array(network.base.vocabulary.words[:FREQUENT])
    data, pool = network.source.data, network.source.split.pool
    odds = _log_odds(data.corpus, pool, data.y[pool], words.tolist())
    pictures = []
    for name, vectors in _spaces(network, words).items():
        known = vectors.any(axis=1)
        at = projection.project(vectors[known], network.request.seed, "cosine")
        title = (f"The {int(known.sum())} most frequent words of {network.source.name}, {name} vectors "
                 f"({vectors.shape[1]}-d): {_origin(network, name)}")
        meaning = f"log odds of the word in {data.labels[-1]} against {data.labels[0]} texts"
        figure = drawing.shaded_word_map(at, odds[known], words[known].tolist(), title, meaning)
        facts = f"{name} vectors of {len(at)} words"
        pictures.append(Picture(f"frequent-{network.stem}-{name.lower()}", figure, facts))
    return pictures


def hidden_features(network: MappedNetwork) -> list[Picture]:
    """Test texts by their hidden features; with a target, both domains in one picture."""
    domains = [network.source, *([network.target] if network.target else [])]
    features, groups, numbers, accuracies = [], [], [], []
    names = tuple(dict.fromkeys(label for domain in domains for label in domain.data.labels))
    for number, domain in enumerate(domains):
        rows = generator_for("map", domain.name, network.request.seed).permutation(domain.split.test)
        examples = domain.data.examples(np.sort(rows[: network.request.texts // len(domains)]))
        features.append(network.features(examples))
        groups.append(np.array([names.index(label) for label in domain.data.labels])[examples.labels])
        numbers.append(np.full(len(examples), number))
        if network.has_labels_of(domain):
            accuracy = float((network.probabilities(features[-1]).argmax(1) == examples.labels).mean())
            accuracies.append(f"accuracy on these {len(examples):,} of {domain.name}: {accuracy:.3f}")
    x = np.concatenate(features)
    reduced = projection.principal_components(x)
    points = Points(projection.project(reduced.points, network.request.seed), np.concatenate(groups), names)
    method = (f"{x.shape[1]}-d features, PCA to {reduced.points.shape[1]} keeps {100 * reduced.explained:.1f}% of the "
              "variance, then t-SNE")
    title = "\n".join([f"{len(x):,} test texts · {network.description}", method, *accuracies])
    figure = drawing.text_map(points, title, np.concatenate(numbers) if len(domains) > 1 else None,
                              tuple(domain.task.name for domain in domains) if len(domains) > 1 else ())
    return [Picture(f"features-{network.stem}", figure, "; ".join([f"features {x.shape}: {method}", *accuracies]))]


def confusion_matrix(network: MappedNetwork) -> list[Picture]:
    """The confusion matrix of the whole test set, with the classification report."""
    from sklearn.metrics import classification_report
    from sklearn.metrics import confusion_matrix as count

    domain = network.target or network.source
    labels = domain.data.labels
    if not network.has_labels_of(domain):
        raise BenchError(f"the base knows {', '.join(network.source.data.labels)}, not the labels of {domain.name}",
                         "fine-tune it first: --labels 512")
    examples = domain.data.examples(domain.split.test)
    guess = network.probabilities(network.features(examples)).argmax(axis=1)
    numbers = np.arange(len(labels))
    matrix = count(examples.labels, guess, labels=numbers)
    report = str(classification_report(examples.labels, guess, labels=numbers, target_names=labels, digits=3,
                                       zero_division=0.0))
    accuracy = float((guess == examples.labels).mean())
    title = f"{domain.name}, {len(examples):,} test texts, accuracy {accuracy:.3f}\n{network.description}"
    return [Picture(f"confusion-{network.stem}", drawing.confusion_heat_map(matrix, labels, title), report)]


MAPS: Mapping[str, Callable[[MappedNetwork], list[Picture]]] = {
    "words": chosen_words,
    "frequent": frequent_words,
    "features": hidden_features,
    "confusion": confusion_matrix,
}


def _spaces(network: MappedNetwork, words: NDArray[np.str_]) -> dict[str, NDArray[np.float32]]:
    """Vectors of words [n, d]: learned, and GloVe's where they are available; zeros for unknown words."""
    numbers = network.base.vocabulary.numbers
    learned = network.base.params[EMBEDDING] if network.tuned is None else None
    if learned is None:
        target_words = network.target.data.corpus.words if network.target else ()
        assert network.tuned is not None
        learned, numbers = network.tuned[EMBEDDING], {word: i + SPECIALS for i, word in enumerate(target_words)}
    unknown = np.zeros(learned.shape[1], np.float32)
    rows = [learned[numbers[word]] if word in numbers else unknown for word in words]
    spaces = {"learned": np.array(rows, np.float32)}
    glove: WordVectors | None = network.resources.vectors
    return {**spaces, "GloVe": glove.look_up(words.tolist())} if glove else spaces


def _origin(network: MappedNetwork, name: str) -> str:
    """What the vectors were trained on."""
    if name == "GloVe":
        return "6B, trained on Wikipedia and Gigaword"
    return f"{network.description}, accuracy {network.base.accuracy:.3f} on its own test set"


def _log_odds(corpus: Corpus, rows: NDArray[np.int64], y: NDArray[np.int64], words: list[str]) -> NDArray[np.float64]:
    """Log odds of each word in texts of the last class against texts of the first."""
    numbers = {word: i for i, word in enumerate(corpus.words)}
    ids = [numbers[word] for word in words]
    rates = []
    for of_class in (y == y.max(), y == y.min()):
        counts = np.bincount(corpus.tokens.take(rows[of_class]).ids, minlength=len(numbers))
        rates.append((counts[ids] + 1.0) / counts.sum())
    return np.asarray(np.log(rates[0] / rates[1]))
