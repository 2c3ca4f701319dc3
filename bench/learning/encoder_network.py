"""A pre-trained encoder with a linear head, all of it trained (Devlin et al. 2019): PyTorch and transformers.

The text's vector is the mean of the last layer over its word pieces. NumPy alone goes in and out, as for the engines.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.core.seeds import seed_for
from bench.data.http import one_line
from bench.data.text import Ragged
from bench.learning.features.encoders import ANY, Encoder, missing, weights_of
from bench.learning.networks.batches import Batches

TOKENIZER = "tokenizer.json"
GREATEST_NORM = 1.0  # of a step's gradient
MARKS = 2  # positions that some encoders keep for padding
WARM_UP = 0.1  # share of the steps in which the learning rate rises; then it falls to 0
WEIGHT_DECAY = 0.01
NOT_KEPT = ("_name_or_path", "transformers_version", "dtype", "torch_dtype")  # all is computed in float32
SCORED = 32  # texts that are scored at once
Step = Callable[[int, int, float, int], None]  # step(done, in all, loss, word pieces of the batch)


@dataclass(frozen=True)
class EncoderNetwork:
    """An encoder's weights with all that it takes to use them; read-only, since trials share them."""

    config: Mapping[str, Any]  # of transformers
    tokenizer: bytes  # a tokenizer.json
    params: Mapping[str, NDArray[np.float32]]

    def __post_init__(self) -> None:
        """Trials share them."""
        for array in self.params.values():
            array.setflags(write=False)

    def pieces(self, texts: Sequence[str], most: int) -> Ragged:
        """Word pieces of texts with the encoder's own marks, of each text at most `most`."""
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_str(self.tokenizer.decode())
        except Exception as error:  # the library, written in Rust, raises nothing more specific
            raise BenchError(f"the encoder's {TOKENIZER} cannot be read: {one_line(error)}") from None
        if tokenizer.get_vocab_size() > int(self.config.get("vocab_size") or 0):
            raise BenchError(f"the encoder's {TOKENIZER} knows more word pieces than its config")
        tokenizer.no_padding()
        positions = int(self.config.get("max_position_embeddings") or most + MARKS)
        tokenizer.enable_truncation(max(1, min(most, positions - MARKS)))
        ids = [np.array(encoded.ids, np.int32) for encoded in tokenizer.encode_batch(list(texts))]
        return Ragged(np.concatenate([*ids, np.empty(0, np.int32)]), np.cumsum([0, *map(len, ids)]).astype(np.int64))


@dataclass(frozen=True)
class Head:
    """A linear layer on the encoder's vectors."""

    weight: NDArray[np.float32]  # [classes, d]
    bias: NDArray[np.float32]  # [classes]


@dataclass(frozen=True)
class Classifier:
    """An encoder with its head."""

    network: EncoderNetwork
    head: Head
    word_pieces: int  # that it reads of a text

    def logits(self, texts: Sequence[str], device: str) -> NDArray[np.float32]:
        """Logits of texts, [n, classes]."""
        vectors = features(self.network, self.network.pieces(texts, self.word_pieces), device)
        return np.asarray(vectors @ self.head.weight.T + self.head.bias, np.float32)


@dataclass(frozen=True)
class EncoderRecipe:
    """AdamW with a linear warm-up and decay."""

    epochs: int
    learning_rate: float = 1e-4


def open_network(encoder: Encoder) -> EncoderNetwork:
    """The pre-trained weights of an encoder; raises `BenchError` where it has no tokenizer.json or cannot be opened."""
    folder = weights_of(encoder)
    tokenizer = folder / TOKENIZER
    if not tokenizer.is_file():
        raise BenchError(f"the encoder {encoder.model} has no {TOKENIZER}", "save it with its fast tokenizer")
    with _quietly():
        from transformers import AutoModel

        try:
            module = AutoModel.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False,
                                               use_safetensors=True)
        except (OSError, ValueError, KeyError) as error:
            raise BenchError(f"the encoder {encoder.model} cannot be opened: {one_line(error)}") from None
    params = {name: value.detach().float().numpy() for name, value in module.state_dict().items()}
    config = {name: value for name, value in module.config.to_dict().items() if name not in NOT_KEPT}
    return EncoderNetwork(json.loads(json.dumps(config, default=str)), tokenizer.read_bytes(), params)


def check(network: EncoderNetwork) -> int:
    """The size of the encoder's vectors; raises `BenchError` where its parts do not fit each other.

    Raises `MissingExtra` where the extra is not installed.
    """
    if error := missing(ANY):
        raise error
    network.pieces(["a"], 8)
    return int(as_module(network, "cpu").config.hidden_size)


def features(network: EncoderNetwork, pieces: Ragged, device: str) -> NDArray[np.float32]:
    """Vectors of texts, [n, d]."""
    import torch

    module = as_module(network, device).eval()
    order = np.argsort(pieces.lengths, kind="stable")
    vectors = np.zeros((len(pieces), int(module.config.hidden_size)), np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), SCORED):
            rows = order[start : start + SCORED]
            vectors[rows] = text_vectors(module, pieces.take(rows), device).cpu().numpy()
    return vectors


def train(network: EncoderNetwork, head: Head, batches: Batches, recipe: EncoderRecipe, device: str,
          step: Step = lambda done, total, loss, pieces: None) -> tuple[EncoderNetwork, Head]:
    """All weights trained further on the batches; the same bits for the same arguments, device and threads."""
    import torch

    def losses() -> Iterator[tuple[Any, int]]:
        for epoch in range(recipe.epochs):
            for rows in batches.epoch(epoch):
                x = batches.x.take(rows)
                y = torch.from_numpy(batches.y[rows]).to(device)
                yield torch.nn.functional.cross_entropy(linear(text_vectors(module, x, device)), y, weights), len(x.ids)

    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(seed_for("encoder", *batches.seed_names))
        module, linear = as_module(network, device).train(), _linear(head, device)
        weights = None if batches.class_weights is None else torch.tensor(batches.class_weights, device=device)
        descend([*module.parameters(), *linear.parameters()], losses(), recipe.epochs * batches.steps(),
                recipe.learning_rate, step)
    trained = Head(linear.weight.detach().cpu().numpy().copy(), linear.bias.detach().cpu().numpy().copy())
    return network_of(module, network), trained


def descend(parameters: list[Any], losses: Iterator[tuple[Any, int]], total: int, learning_rate: float,
            step: Step = lambda done, total, loss, pieces: None) -> None:
    """AdamW on `total` losses, each computed when its turn comes, with the word pieces that it is of."""
    import torch

    optimiser = torch.optim.AdamW(parameters, learning_rate, weight_decay=WEIGHT_DECAY)
    for done, (loss, pieces) in enumerate(losses):
        rate = min((done + 1) / max(1.0, WARM_UP * total), (total - done) / max(1.0, (1 - WARM_UP) * total))
        optimiser.param_groups[0]["lr"] = learning_rate * rate
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, GREATEST_NORM)
        optimiser.step()
        step(done + 1, total, float(loss.detach()), pieces)


def network_of(module: Any, network: EncoderNetwork) -> EncoderNetwork:
    """The network with the weights that the module has now."""
    params = {name: value.detach().cpu().numpy().copy() for name, value in module.state_dict().items()}
    return EncoderNetwork(network.config, network.tokenizer, params)


def text_vectors(module: Any, x: Ragged, device: str) -> Any:
    """The mean of the last layer over the word pieces of each text, a tensor [n, d]."""
    import torch

    ids = np.zeros((len(x), max(int(x.lengths.max()), 1)), np.int64)
    mask = np.arange(ids.shape[1]) < x.lengths[:, None]
    ids[mask] = x.ids
    read = torch.from_numpy(mask).to(device)
    hidden = module(input_ids=torch.from_numpy(ids).to(device), attention_mask=read.long()).last_hidden_state
    share = read.unsqueeze(-1).to(hidden.dtype)
    return (hidden * share).sum(1) / share.sum(1).clamp(min=1.0)


def as_module(network: EncoderNetwork, device: str) -> Any:
    """The network as a PyTorch module; raises `BenchError` where the weights are not those that its config asks for."""
    import torch

    config = dict(network.config)
    layers = config.get("num_hidden_layers", 0)
    if not isinstance(layers, int) or layers > len(network.params):
        raise BenchError(f"the encoder's config says {layers} layers, its weights have fewer")
    with _quietly():
        from transformers import AutoConfig, AutoModel

        try:
            settings = AutoConfig.for_model(str(config.pop("model_type", "")), **config)
            with torch.device("meta"):
                expected = {k: tuple(v.shape) for k, v in AutoModel.from_config(settings).state_dict().items()}
            if expected != {name: array.shape for name, array in network.params.items()}:
                raise BenchError("the encoder's weights are not those that its config describes")
            module = AutoModel.from_config(settings)
        except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
            raise BenchError(f"the encoder's config cannot be used: {one_line(error)}") from None
    module.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in network.params.items()})
    return module.to(device)


def _linear(head: Head, device: str) -> Any:
    import torch

    linear = torch.nn.Linear(head.weight.shape[1], head.weight.shape[0])
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(np.array(head.weight, np.float32)))
        linear.bias.copy_(torch.from_numpy(np.array(head.bias, np.float32)))
    return linear.to(device)


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside the block PyTorch computes on one thread, so that a trial gives the same bits wherever it runs."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the progress bars and the advice of transformers; it draws random weights before it loads others."""
    import torch
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        logging.set_verbosity(before)
