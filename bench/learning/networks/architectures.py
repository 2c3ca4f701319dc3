"""Network architectures as values: a kind and its sizes, and their initial weights, drawn in NumPy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError, DataError
from bench.core.seeds import generator_for
from bench.data.text import SPECIALS

Params = dict[str, NDArray[np.float32]]  # a network's weights by name, the same in every engine
EMBEDDING, HEAD, HEAD_BIAS = "embedding.weight", "head.weight", "head.bias"


@dataclass(frozen=True)
class Architecture:
    """A text classifier: embedding, encoder, pooling, linear head; `net` for short, as in `--net`.

    Its field names are part of base keys, records and model cards, so they stay as they are.
    """

    kind: str  # gru, bigru, bilstm, dense, cnn, textcnn
    classes: int = 2
    embedding: int = 64  # dimensions of a word
    hidden: int = 64  # units per direction, or of the dense layer, or filters per width
    widths: tuple[int, ...] = ()  # of the convolutions, in words
    pooling: str = "mean-max"  # over time: mean-max, last, max or flatten
    most_tokens: int = 400  # longer texts are clipped (see Ragged.clip)
    words: int = 0  # vocabulary size, most frequent first; 0: every word that occurs twice or more
    dropout: float = 0.2  # on the features, while training
    glove: str = "start"  # word vectors: "no", "start" (initial values), "frozen"

    def __str__(self) -> str:
        """`gru-64-64`, as records name it."""
        return "-".join([self.kind, str(self.embedding), str(self.hidden), *(["glove"] if self.glove != "no" else [])])

    def as_json(self) -> dict[str, object]:
        """Every field, for keys and records."""
        return asdict(self)

    @property
    def features(self) -> int:
        """Dimensions of the pooled features, which the head reads."""
        if self.kind == "dense":
            return self.hidden
        if self.kind in ("cnn", "textcnn"):
            steps = self.most_tokens - self.widths[0] + 1 if self.pooling == "flatten" else 1
            return self.hidden * len(self.widths) * steps
        return self.hidden * len(RECURRENT[self.kind]) * (2 if self.pooling == "mean-max" else 1)


ARCHITECTURES: Mapping[str, Architecture] = {
    "gru": Architecture("gru"),
    "bigru": Architecture("bigru", hidden=32),
    "bilstm": Architecture("bilstm"),
    "dense": Architecture("dense", hidden=128, most_tokens=400, glove="start"),
    "cnn": Architecture("cnn", hidden=100, widths=(5,), pooling="max"),
    "textcnn": Architecture("textcnn", hidden=100, widths=(3, 4, 5), pooling="max"),
    "glove-cnn": Architecture("cnn", embedding=50, hidden=100, widths=(5,), pooling="max", glove="frozen"),
}
TUTORIAL: Mapping[str, Architecture] = {  # sizes of the five tutorials
    "gru": Architecture("gru", pooling="last", most_tokens=500, dropout=0.0, glove="no"),
    # In no tutorial: their GRU's units, half of them in each direction.
    "bigru": Architecture("bigru", hidden=32, pooling="last", most_tokens=500, dropout=0.0, glove="no"),
    "bilstm": Architecture("bilstm", pooling="last", most_tokens=200, words=20_000, dropout=0.5, glove="no"),
    "dense": Architecture("dense", embedding=50, hidden=500, most_tokens=500, words=5_000, dropout=0.0, glove="no"),
    "cnn": Architecture("cnn", embedding=50, hidden=100, widths=(5,), pooling="flatten", most_tokens=500, words=5_000,
                        dropout=0.0, glove="no"),
    "textcnn": Architecture("textcnn", embedding=50, hidden=100, widths=(3, 4, 5), pooling="max", most_tokens=500,
                            words=5_000, dropout=0.0, glove="no"),
    "glove-cnn": Architecture("cnn", embedding=50, hidden=100, widths=(5,), pooling="flatten", most_tokens=500,
                              words=5_000, dropout=0.0, glove="frozen"),
}


def architecture_named(name: str, preset: str = "default") -> Architecture:
    """The architecture called `name`, in our sizes or the tutorials' (`preset="tutorial"`).

    Raises `BenchError` for an unknown name or preset.
    """
    table = {"default": ARCHITECTURES, "tutorial": TUTORIAL}.get(preset)
    if table is None:
        raise BenchError(f"unknown preset {preset!r}", "default or tutorial")
    if name not in table:
        from bench.data.cards import unknown_name

        raise unknown_name("net", name, table, "bench list nets")
    return table[name]


def with_classes(net: Architecture, classes: int) -> Architecture:
    """The same architecture with a head for `classes` classes."""
    return replace(net, classes=classes)


RECURRENT: Mapping[str, tuple[str, ...]] = {  # kind -> ends of the names of the weights of each direction
    "gru": ("",), "bigru": ("", "_reverse"), "bilstm": ("", "_reverse"),
}
GRUS = frozenset({"gru", "bigru"})  # the other recurrent kinds are LSTMs
GATES: Mapping[str, int] = {kind: 3 if kind in GRUS else 4 for kind in RECURRENT}  # blocks of rows in each weight
POOLINGS: Mapping[str, tuple[str, ...]] = {  # kind -> the poolings it can have
    **dict.fromkeys(RECURRENT, ("mean-max", "last")), "dense": ("mean-max", "flatten"),
    "cnn": ("max", "flatten"), "textcnn": ("max",),
}


def weight_shapes(net: Architecture, vocabulary: int) -> dict[str, tuple[int, ...]]:
    """The shape of each weight, for an embedding of `vocabulary` rows."""
    e, h = net.embedding, net.hidden
    shapes: dict[str, tuple[int, ...]] = {EMBEDDING: (vocabulary, e)}
    if net.kind in RECURRENT:
        gates = GATES[net.kind] * h
        for side in RECURRENT[net.kind]:
            shapes |= {f"rnn.weight_ih_l0{side}": (gates, e), f"rnn.weight_hh_l0{side}": (gates, h),
                       f"rnn.bias_ih_l0{side}": (gates,), f"rnn.bias_hh_l0{side}": (gates,)}
    elif net.kind == "dense":
        shapes |= {"hidden.weight": (h, net.most_tokens * e), "hidden.bias": (h,)}
    for width in net.widths:
        shapes |= {f"conv{width}.weight": (h, e, width), f"conv{width}.bias": (h,)}
    return {**shapes, HEAD: (net.classes, net.features), HEAD_BIAS: (net.classes,)}


def initial_params(net: Architecture, vocabulary: int, *names: object) -> Params:
    """Fresh weights for an embedding of `vocabulary` rows; the draw depends on `names` alone.

    Uniform in ±1/sqrt(fan-in) as torch.nn does for these layers; the embedding is drawn from N(0, 0.1²), its row 0
    (padding) is zero.
    """
    rng = generator_for("weights", net.kind, *names)

    def uniform(fan: int, *shape: int) -> NDArray[np.float32]:
        bound = 1.0 / math.sqrt(fan)
        return rng.uniform(-bound, bound, shape).astype(np.float32)

    e, h = net.embedding, net.hidden
    params: Params = {EMBEDDING: rng.normal(0.0, 0.1, (vocabulary, e)).astype(np.float32)}
    params[EMBEDDING][0] = 0.0
    if net.kind in RECURRENT:
        gates = GATES[net.kind]
        for side in RECURRENT[net.kind]:
            params[f"rnn.weight_ih_l0{side}"] = uniform(h, gates * h, e)
            params[f"rnn.weight_hh_l0{side}"] = uniform(h, gates * h, h)
            params[f"rnn.bias_ih_l0{side}"] = uniform(h, gates * h)
            params[f"rnn.bias_hh_l0{side}"] = uniform(h, gates * h)
    elif net.kind == "dense":
        fan = net.most_tokens * e
        params["hidden.weight"], params["hidden.bias"] = uniform(fan, h, fan), uniform(fan, h)
    elif net.kind in ("cnn", "textcnn"):
        for width in net.widths:
            params[f"conv{width}.weight"] = uniform(e * width, h, e, width)
            params[f"conv{width}.bias"] = uniform(e * width, h)
    else:
        raise BenchError(f"unknown kind of net {net.kind!r}")
    params.update(initial_head(net, rng))
    return params


def check_params(params: Params, net: Architecture, vocabulary: int, what: str) -> None:
    """Raises `DataError` unless `params` are finite float32 weights of `net` with `vocabulary` embedding rows.

    `what` names the weights in the message.
    """
    expected = {name: a.shape for name, a in initial_params(net, SPECIALS).items()}
    expected[EMBEDDING] = (vocabulary, net.embedding)
    for name in sorted(expected.keys() | params.keys()):
        shape = params[name].shape if name in params else "missing"
        if shape != expected.get(name, "unknown"):
            raise DataError(f"{what}: weight {name[:80]!r} is {shape}, expected {expected.get(name, 'none')}",
                            "made by another version, or damaged: remove it")
        if params[name].dtype != np.float32 or not np.isfinite(params[name]).all():
            raise DataError(f"{what}: weight {name!r} is not finite float32", "damaged: remove it")


def initial_head(net: Architecture, rng: np.random.Generator) -> Params:
    """A fresh linear head, [classes, features] and [classes]."""
    bound = 1.0 / math.sqrt(net.features)
    weight = rng.uniform(-bound, bound, (net.classes, net.features)).astype(np.float32)
    return {HEAD: weight, HEAD_BIAS: np.zeros(net.classes, np.float32)}


def place_vectors(params: Params, vectors: NDArray[np.float32]) -> None:
    """Set the embedding's first dimensions to `vectors` [words, any]; a word of zeros keeps its own."""
    known = vectors.any(axis=1)
    width = min(vectors.shape[1], params[EMBEDDING].shape[1])
    params[EMBEDDING][SPECIALS:][known, :width] = vectors[known, :width]
