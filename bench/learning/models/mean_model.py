"""The weighted geometric mean of several classifiers, and the same as a model that holds the models of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.brief import shown
from bench.data.text import Vocabulary
from bench.learning.models.calibration import AS_IT_IS, COLDEST, HOTTEST, UTMOST, Calibration
from bench.learning.models.model import Model, ModelError, ModelParts, class_of, kind_of
from bench.learning.models.network_model import NetworkModel
from bench.protocol.metrics import softmax

KIND = "mean"  # its key in model.KINDS
MOST_MEMBERS = 100
CALIBRATED = {"temperature", "bias"}  # what the card states of a member that has a calibration


def geometric_mean(probabilities: Sequence[NDArray[np.floating[Any]]], weights: Sequence[float],
                   calibrations: Sequence[Calibration] | None = None) -> NDArray[np.float32]:
    """The mean of log-probabilities [n, classes] of several classifiers, as probabilities: a logarithmic opinion pool.

    The weights sum to 1 (Genest & Zidek 1986). A probability below 0.0001 counts as 0.0001. Each classifier may have a
    calibration.
    """
    return softmax(mean_logits(probabilities, weights, calibrations))


def mean_logits(probabilities: Sequence[NDArray[np.floating[Any]]], weights: Sequence[float],
                calibrations: Sequence[Calibration] | None = None) -> NDArray[np.float64]:
    """The logits [n, classes] of which `geometric_mean` makes probabilities."""
    logs = [weight * calibration.logits(p) for p, weight, calibration
            in zip(probabilities, weights, calibrations or [AS_IT_IS] * len(weights), strict=True)]
    return np.asarray(np.sum(logs, axis=0), np.float64)


@dataclass(frozen=True)
class Member:
    """One of the models."""

    model: Model
    weight: float
    calibration: Calibration = AS_IT_IS


@dataclass(frozen=True)
class MeanModel:
    """Several models of the same classes, by name; their weights sum to 1."""

    members: Mapping[str, Member]

    @property
    def classes(self) -> int:
        """The number of classes."""
        return next(iter(self.members.values())).model.classes

    @property
    def vocabulary(self) -> Vocabulary | None:
        """The words that any of the models knows; None where none of them has a list of words."""
        known = [model.vocabulary.words for m in self.members.values() if hasattr(model := m.model, "vocabulary")]
        return Vocabulary(tuple(dict.fromkeys(word for words in known for word in words))) if known else None

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Probabilities, [n, classes]."""
        members = self.members.values()
        return geometric_mean([m.model.probabilities(texts) for m in members], [m.weight for m in members],
                              [m.calibration for m in members])

    def parts(self) -> ModelParts:
        """The parts of all members: an array is named `MEMBER/ARRAY`, and words stand one member after the other."""
        parts = {name: member.model.parts() for name, member in self.members.items()}
        settings = [{"name": name, "kind": kind_of(member.model), "weight": member.weight,
                     "words": len(parts[name].words), "model": dict(parts[name].settings),
                     **_stated(member.calibration)}
                    for name, member in self.members.items()]
        arrays = {f"{name}/{key}": array for name, of_one in parts.items() for key, array in of_one.arrays.items()}
        return ModelParts({"members": settings}, arrays, tuple(w for of_one in parts.values() for w in of_one.words))

    @classmethod
    def from_parts(cls, parts: ModelParts) -> MeanModel:
        """The model of these parts; raises `ModelError` where a member's do not fit, or are left over."""
        settings = parts.settings.get("members")
        if not isinstance(settings, list) or not 0 < len(settings) <= MOST_MEMBERS:
            raise ModelError(f"its card does not state its 1 to {MOST_MEMBERS} members")
        members: dict[str, Member] = {}
        used, begin = 0, 0
        for entry in settings:
            name, kind, weight, words = _checked(entry)
            calibration = _calibration(name, entry)
            arrays = {key.partition("/")[2]: value for key, value in parts.arrays.items()
                      if key.startswith(f"{name}/")}
            of_member = ModelParts(entry["model"], arrays, parts.words[begin : begin + words])
            members[name] = Member(class_of(kind).from_parts(of_member), weight, calibration)
            used, begin = used + len(arrays), begin + words
        if len(members) < len(settings) or used < len(parts.arrays) or begin != len(parts.words):
            raise ModelError("its members do not account for its weights and words, each once")
        if len({member.model.classes for member in members.values()}) > 1:
            raise ModelError("its members have different numbers of classes")
        if any(len(m.calibration.bias) not in (0, m.model.classes) for m in members.values()):
            raise ModelError("a member has not as many biases as classes")
        if abs(sum(member.weight for member in members.values()) - 1.0) > 1e-6:
            raise ModelError("the weights of its members do not sum to 1")
        return cls(members)


def _checked(entry: object) -> tuple[str, str, float, int]:
    """Name, kind, weight and number of words of a member; raises `ModelError` where the card states something else."""
    if not isinstance(entry, dict) or set(entry) - CALIBRATED != {"name", "kind", "weight", "words", "model"}:
        raise ModelError("its card does not state name, kind, weight, words and model of each member")
    name, kind, weight, words = (entry[key] for key in ("name", "kind", "weight", "words"))
    if not isinstance(name, str) or not name or "/" in name or kind == KIND or not isinstance(entry["model"], dict):
        raise ModelError(f"its card names a member {shown(name)} of the kind {shown(kind)}")
    if not _is_number(weight) or weight < 0:
        raise ModelError(f"its card gives the member {shown(name)} the weight {shown(weight)}")
    if not isinstance(words, int) or isinstance(words, bool) or words < 0:
        raise ModelError(f"its card gives the member {shown(name)} {shown(words)} words")
    return name, kind, float(weight), words


def _stated(calibration: Calibration) -> dict[str, Any]:
    """What the card states of a calibration: nothing where it changes nothing."""
    return {} if calibration == AS_IT_IS else {"temperature": calibration.temperature, "bias": list(calibration.bias)}


def _calibration(name: str, entry: Mapping[str, Any]) -> Calibration:
    """A member's calibration; raises `ModelError` where the card states something else."""
    temperature, bias = entry.get("temperature", 1.0), entry.get("bias", [])
    if not _is_number(temperature) or not COLDEST - 1e-9 <= temperature <= HOTTEST + 1e-9:
        raise ModelError(f"its card gives the member {shown(name)} the temperature {shown(temperature)}")
    if not isinstance(bias, list) or not all(_is_number(b) and abs(b) <= UTMOST for b in bias):
        raise ModelError(f"its card gives the member {shown(name)} the biases {shown(bias)}")
    return Calibration(float(temperature), tuple(map(float, bias)))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def on_device(model: Model, engine: str, device: str) -> Model:
    """The model with every network in it set to an engine (empty: the one that trained it) and a device."""
    if isinstance(model, NetworkModel):
        return replace(model, engine=engine or model.engine, device=device)
    if isinstance(model, MeanModel):
        return MeanModel({name: replace(member, model=on_device(member.model, engine, device))
                          for name, member in model.members.items()})
    return model
