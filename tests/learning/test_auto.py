"""`auto`: which strategies it is a mean of where, with which weights, and what it does where one of them cannot run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import toy
from conftest import Prepare, World

from bench.baselines import BASELINES, auto
from bench.core.errors import BenchError
from bench.data.corpus import Examples
from bench.learning import distribution_alignment, known_words
from bench.learning.distribution_alignment import SMOOTHING
from bench.learning.models.calibration import AS_IT_IS, HOTTEST, LEAST, Calibration, fit_calibration
from bench.learning.models.mean_model import MeanModel, Member, geometric_mean
from bench.learning.models.model import ConstantModel, Fitted, ModelError
from bench.learning.out_of_fold import (
    TELLING,
    HeldOut,
    calibrated_weights,
    folds_of,
    held_out_texts_tell,
    out_of_fold,
)
from bench.learning.resources import Resources
from bench.protocol.domain import Domain
from bench.protocol.trial import Trial
from bench.runs import needs
from bench.runs.inputs import DataRef, TrialContext
from bench.runs.registry import Strategy, strategies_named

(AUTO,) = strategies_named(("auto",), BASELINES)


def fitted(world: World, context: TrialContext, prepare: Prepare, target: Domain, trial: Trial) -> Fitted:
    on_target = world.on_target(AUTO, target)
    assert on_target is not None
    at = replace(context, target=DataRef.of(target))
    prepare(at, *on_target.needs())
    fit: Fitted = auto.fit(trial, needs.resources_for(on_target.needs(), at, trial.seed))
    return fit


def without_encoder(fit: Fitted) -> dict[str, float]:
    """The weights of what needs no extra, so that a test says the same wherever it runs."""
    weights = {name: weight for name, weight in fit.members.items() if name != "sentence-embedding"}
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


def test_where_the_labels_are_the_sources_the_members_depend_on_how_many_there_are(
        world: World, context: TrialContext, prepare: Prepare, monkeypatch: pytest.MonkeyPatch):
    few = fitted(world, context, prepare, world.target, world.trial(32))
    assert without_encoder(few) == pytest.approx({"gradual": 0.4, "self-training": 0.6})
    assert sum(few.members.values()) == pytest.approx(1.0)
    limits = {auto.FEW: 32, auto.FEW + 1: 33}  # "full" are fewer here
    monkeypatch.setattr(auto, "SAME_LABELS", tuple(
        replace(c, labels=tuple(limits.get(n, n) for n in c.labels)) for c in auto.SAME_LABELS))
    many = fitted(world, context, prepare, world.target, world.trial("full"))
    assert without_encoder(many) == pytest.approx({"frozen": 0.4, "tfidf-joint": 0.6})


def test_it_predicts_the_mean_of_what_its_members_predict(world: World, context: TrialContext, prepare: Prepare):
    trial = world.trial(32)
    fit = fitted(world, context, prepare, world.target, trial)
    test = Examples(world.target.data.corpus, world.target.split.test)
    resources = needs.resources_for(world.on_target(AUTO).needs(), context, 0)  # type: ignore[union-attr]
    alone = [strategies_named((name,), BASELINES)[0].fit()(trial, resources)(test) for name in fit.members]
    np.testing.assert_allclose(fit(test), geometric_mean(alone, list(fit.members.values())), atol=1e-6)


def test_where_the_labels_are_new_the_texts_without_labels_say_what_is_predicted_too_often(
        world: World, context: TrialContext, prepare: Prepare, monkeypatch: pytest.MonkeyPatch):
    trial = world.trial(48, target=world.three)
    monkeypatch.setattr(distribution_alignment, "FEWEST", 20)  # the toy's pools are small
    fit = fitted(world, context, prepare, world.three, trial)
    wanted = (np.bincount(trial.labelled.labels) + SMOOTHING) / (48 + 3 * SMOOTHING)
    np.testing.assert_allclose(fit(trial.unlabelled).mean(axis=0), wanted, atol=0.01)
    saved = fit.model()
    assert isinstance(saved, MeanModel)
    biases = [member.calibration.bias for member in saved.members.values()]
    assert all(np.allclose(bias, biases[0]) for bias in biases)
    assert np.ptp(biases[0]) > 0.01
    texts = [str(text) for text in trial.unlabelled.texts()]
    np.testing.assert_allclose(saved.probabilities(texts), fit(trial.unlabelled), atol=1e-4)
    same = MeanModel.from_parts(saved.parts())
    np.testing.assert_array_equal(same.probabilities(texts), saved.probabilities(texts))


def test_a_linear_model_of_words_is_no_help_beside_the_encoder_with_few_new_labels(world: World):
    ready = frozenset().union(*(needs.complete(of) for _, of in auto.OPTIONAL_NEEDS)) - {"gpu"}
    for labels, prepared, there in ((48, ready, False), (49, ready, True), (48, ready - {"sentences"}, True)):
        resources = Resources(None, toy.NET, "cpu", 0, same_labels=False,  # type: ignore[arg-type]
                              prepared=prepared)
        members = auto._members(world.trial(labels, world.three), resources, auto.NEW_LABELS)
        assert ("tfidf" in members) == there


def test_where_the_labels_are_new_the_labelled_texts_decide(world: World, context: TrialContext, prepare: Prepare):
    fit = fitted(world, context, prepare, world.three, world.trial(48, target=world.three))
    assert sum(fit.members.values()) == pytest.approx(1.0)
    assert not {"gradual", "self-training", "source-only"} & set(fit.members)
    assert min(fit.members.values()) >= auto.SMALLEST
    test = world.three.split.test
    right = fit(Examples(world.three.data.corpus, test)).argmax(1) == world.three.data.y[test]
    assert right.mean() > 0.6


def test_in_another_language_the_labelled_texts_decide_though_the_labels_are_the_sources(
        world: World, context: TrialContext, prepare: Prepare, monkeypatch: pytest.MonkeyPatch):
    trial = world.trial(48)
    assert {"gradual", "self-training"} <= set(fitted(world, context, prepare, world.target, trial).members)
    monkeypatch.setattr(known_words, "FEW", 1.01)  # no text is in the source's language then
    few, some, many = (fitted(world, context, prepare, world.target, world.trial(n)).members for n in (16, 48, 97))
    assert set(few) <= {"tfidf", "self-training"}
    assert some == {"tfidf": 1.0}
    assert set(many) <= {"tfidf", "frozen", "sentence-embedding"}
    one = replace(trial, labelled=trial.labelled.part(np.flatnonzero(trial.labelled.labels == 1)))
    for few in (one, replace(trial, labelled=trial.labelled.part(np.arange(0)))):
        assert "self-training" in fitted(world, context, prepare, world.target, few).members


def test_classes_with_one_or_two_texts_are_predicted_too(world: World, context: TrialContext, prepare: Prepare):
    trial = world.trial(60, target=world.three)
    y = trial.labelled.labels
    for counts in ((20, 1, 1), (20, 2, 1), (1, 1, 1), (15, 1, 0), (2, 0, 0)):
        rows = np.concatenate([np.flatnonzero(y == c)[:n] for c, n in enumerate(counts)])
        small = replace(trial, labelled=trial.labelled.part(rows))
        if small.has_one_class:
            continue  # the suite answers: `auto` is not asked where the labels are new
        fit = fitted(world, context, prepare, world.three, small)
        assert fit.members in ({"sentence-embedding": 1.0}, {"glove-frozen": 1.0}, {"tfidf": 1.0})
        p = fit(Examples(trial.labelled.corpus, world.three.split.test))
        assert np.isfinite(p).all()
        np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-5)


def test_one_class_of_labels_leaves_the_members_that_know_the_others(world: World, context: TrialContext,
                                                                     prepare: Prepare):
    trial = world.trial(32)
    one = replace(trial, labelled=trial.labelled.part(np.flatnonzero(trial.labelled.labels == 1)))
    assert set(fitted(world, context, prepare, world.target, one).members) == {"gradual", "self-training"}
    assert needs.can_use_one_class(world.on_target(AUTO).needs())  # type: ignore[union-attr]
    assert not needs.can_use_one_class(world.on_target(AUTO, world.three).needs())  # type: ignore[union-attr]


# The mean of probabilities.

def test_the_mean_is_that_of_log_probabilities_and_no_member_rules_a_class_out():
    a, b = np.array([[0.9, 0.1]]), np.array([[0.5, 0.5]])
    assert geometric_mean([a, b], [0.5, 0.5]) == pytest.approx(np.array([[0.75, 0.25]]))
    assert geometric_mean([a, b], [1.0, 0.0]) == pytest.approx(a)
    never = np.array([[1.0, 0.0]])
    p = geometric_mean([never, np.array([[1e-7, 1 - 1e-7]])], [0.5, 0.5])
    assert p == pytest.approx(np.array([[0.5, 0.5]]), abs=1e-3)
    assert geometric_mean([never, never], [0.5, 0.5])[0, 1] == pytest.approx(LEAST, rel=0.01)


def constant(*share: float) -> ConstantModel:
    return ConstantModel(np.array(share, np.float32))


def test_a_model_of_models_that_is_not_what_its_card_says_is_refused():
    model = MeanModel({"one": Member(constant(0.2, 0.8), 0.25),
                       "two": Member(constant(0.5, 0.5), 0.75, Calibration(2.0, (0.4, -0.4)))})
    parts = model.parts()
    again = MeanModel.from_parts(parts)
    np.testing.assert_array_equal(again.probabilities(["a", "b"]), model.probabilities(["a", "b"]))
    assert again.probabilities(["a"])[0] == pytest.approx(geometric_mean(
        [np.array([[0.2, 0.8]]), np.array([[np.exp(0.8) / (1 + np.exp(0.8)), 1 / (1 + np.exp(0.8))]])],
        [0.25, 0.75])[0], abs=1e-6)
    assert "temperature" not in parts.settings["members"][0]

    def refused(message: str, **changes: object) -> None:
        members = [{**entry, **changes} if entry["name"] == "two" else entry for entry in parts.settings["members"]]
        with pytest.raises(ModelError, match=message):
            MeanModel.from_parts(replace(parts, settings={"members": members}))

    refused("do not sum to 1", weight=0.5)
    for weight in (-0.75, float("nan"), float("inf"), "0.75", True, None):
        refused("weight", weight=weight)
    for temperature in (0.1, 7, "2", True, None, float("nan")):
        refused("temperature", temperature=temperature)
    for bias in ([0.4, 99.0], [0.4, "1"], 3, [float("nan"), 0.0]):
        refused("the biases", bias=bias)
    refused("not as many biases as classes", bias=[0.1])
    refused("words", words=-1)
    refused("each once", words=1)
    refused("each once", name="one")
    refused("names a member", name="t/wo")
    refused("kind", kind="mean")
    refused("kind", kind="nonsense")
    refused("no array 'share'", name="three")
    for settings in ({}, {"members": []}, {"members": [7]}, {"members": parts.settings["members"] * 51}):
        with pytest.raises(ModelError):
            MeanModel.from_parts(replace(parts, settings=settings))
    with pytest.raises(ModelError, match="each once"):
        MeanModel.from_parts(replace(parts, arrays={**parts.arrays, "other/share": np.zeros(2, np.float32)}))
    three = MeanModel({"one": Member(constant(0.2, 0.8), 0.5), "two": Member(constant(0.2, 0.3, 0.5), 0.5)})
    with pytest.raises(ModelError, match="different numbers of classes"):
        MeanModel.from_parts(three.parts())
    assert issubclass(ModelError, BenchError)


# Out-of-fold weights.

def test_few_held_out_texts_tell_only_where_every_class_has_one():
    def tell(*sizes: int) -> bool:
        return held_out_texts_tell(np.repeat(np.arange(len(sizes)), sizes))

    assert tell(2, 2, 2)
    assert not tell(20, 2, 1)
    assert not tell(1, 1, 1)
    assert not tell(TELLING - 1, 1)
    assert tell(TELLING, 1), "one rare text beside many does not undo what they say"
    assert tell(4, 0, 3), "a class without any labelled text is nobody's to predict"


def test_folds_hold_every_text_out_once_and_deal_out_small_classes():
    labels = np.array([0] * 20 + [1] * 7 + [2] * 2 + [3])
    folds = folds_of(labels, np.random.default_rng(0))
    assert sorted(np.concatenate([held for _, held in folds]).tolist()) == list(range(30))
    assert all(not set(learn) & set(held) and len(learn) + len(held) == 30 for learn, held in folds)
    assert [len(held) for _, held in folds] == [10] * 3
    assert sorted((labels[held] == 0).sum() for _, held in folds) == [6, 7, 7]
    assert folds_of(np.array([0, 1, 2]), np.random.default_rng(0)) == []


def answers(right: float, y: np.ndarray, to: int = -1) -> object:
    """A strategy that gives this share to the true class of every text, or to the class `to`; the others are equal."""
    def fit(trial: Trial, resources: object) -> object:
        def predict(examples: Examples) -> np.ndarray:
            p = np.full((len(examples), len(trial.labels)), (1 - right) / (len(trial.labels) - 1), np.float32)
            p[np.arange(len(examples)), y[examples.rows] if to < 0 else to] = right
            return p

        return predict

    return fit


def test_weights_follow_the_calibrated_loss_and_are_equal_where_nothing_can_be_held_out(world: World):
    trial, y = world.trial(40, target=world.three), world.three.data.y
    fits = {"good": answers(0.6, y), "bad": answers(1 / 3, y)}
    found = calibrated_weights(fits, trial, None, 3.0)  # type: ignore[arg-type]
    held = {name: out_of_fold(fit, trial, None) for name, fit in fits.items()}  # type: ignore[arg-type]
    assert found["bad"][1].temperature == pytest.approx(1.0, abs=1e-3)
    assert found["good"][1].temperature < 1.0, "it is more often right than it says"
    gap = held["bad"].loss(AS_IT_IS) - held["good"].loss(found["good"][1])
    assert gap > held["bad"].loss(AS_IT_IS) - held["good"].loss(AS_IT_IS)
    assert found["good"][0] / found["bad"][0] == pytest.approx(np.exp(3 * gap), rel=1e-4)
    alike = calibrated_weights(fits, trial, None, 0.0)  # type: ignore[arg-type]
    assert [weight for weight, _ in alike.values()] == pytest.approx([0.5, 0.5])
    first = np.array([np.flatnonzero(trial.labelled.labels == c)[0] for c in range(3)])
    one_each = replace(trial, labelled=trial.labelled.part(first))
    assert calibrated_weights(fits, one_each, None, 3.0) == {  # type: ignore[arg-type]
        "good": (0.5, AS_IT_IS), "bad": (0.5, AS_IT_IS)}


def test_held_out_texts_are_given_without_labels_and_a_text_of_a_class_of_its_own_does_not_count(world: World):
    trial = world.trial(40, target=world.three)
    y = trial.labelled.labels
    rows = np.concatenate([np.flatnonzero(y == 0)[:9], np.flatnonzero(y == 1)[:1]])
    seen: list[Examples] = []

    def fit(part: Trial, resources: object) -> object:
        assert not part.has_one_class, "the class shares answer where it has one class alone"
        return lambda examples: np.full((len(examples), 3), 1 / 3, np.float32)

    held = out_of_fold(fit, replace(trial, labelled=trial.labelled.part(rows)), None)  # type: ignore[arg-type]
    assert (held.p.shape, held.y.tolist()) == ((9, 3), [0] * 9)

    def watching(part: Trial, resources: object) -> object:
        assert len(part.labelled) < len(trial.labelled)
        return lambda examples: seen.append(examples) or np.full((len(examples), 3), 1 / 3, np.float32)

    held = out_of_fold(watching, trial, None)  # type: ignore[arg-type]
    assert (len(held.y), held.loss(AS_IT_IS)) == (40, pytest.approx(np.log(3), rel=1e-5))
    assert sorted(held.y.tolist()) == sorted(y.tolist())
    assert all(examples.y is None for examples in seen)
    assert HeldOut(np.zeros((0, 3)), np.zeros(0, np.int64), np.zeros(0)).loss(AS_IT_IS) == 0.0


def test_where_every_class_counts_alike_so_it_does_in_the_weights(world: World):
    trial = replace(world.trial(40, target=world.three), balanced=True)
    y = trial.labelled.labels
    rows = np.concatenate([np.flatnonzero(y == 0)[:10], np.flatnonzero(y == 1)[:3], np.flatnonzero(y == 2)[:2]])
    small = replace(trial, labelled=trial.labelled.part(rows))
    held = out_of_fold(answers(0.5, world.three.data.y), small, None)  # type: ignore[arg-type]
    assert held.loss(AS_IT_IS) == pytest.approx(np.log(2), rel=1e-5)
    assert sorted(set(np.round(held.weights, 3))) == pytest.approx([0.5, 5 / 3, 2.5], abs=1e-3)
    always_first = {"one": answers(0.8, world.three.data.y, to=0)}
    ((_, calibration),) = calibrated_weights(always_first, small, None, 3.0).values()  # type: ignore[arg-type]
    assert calibration.bias[0] < min(calibration.bias[1:]) < 0.5
    ((_, calibration),) = calibrated_weights(
        always_first, replace(small, balanced=False), None, 3.0).values()  # type: ignore[arg-type]
    assert calibration.bias == ()


def test_a_calibration_makes_predictions_as_certain_as_they_are_right():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 400)
    said = np.where(rng.random(400) < 0.7, truth, 1 - truth)  # right in 70%, and says 99%
    p = np.where(np.arange(2) == said[:, None], 0.99, 0.01)
    ones = np.ones(400)
    sure = fit_calibration(p, truth, ones, biased=False)
    assert 3.0 < sure.temperature <= HOTTEST
    right = 1 / (1 + np.exp(-np.ptp(sure.logits(p), axis=1)))
    assert right.mean() == pytest.approx(0.7, abs=0.03)
    few = fit_calibration(p[:4], truth[:4], ones[:4], biased=True)
    assert 0.8 < few.temperature < 1.25
    assert max(map(abs, few.bias)) < 1.0
    three = np.column_stack([0.5 * p, np.full(400, 0.5)])  # a class that no text is of
    nobodys = fit_calibration(three, truth, ones, biased=True)
    rare = fit_calibration(three, truth, ones, biased=True, unseen=np.array([2]))
    assert nobodys.bias[2] < min(nobodys.bias[:2]), "no labelled text has the class: it is not to be predicted"
    assert rare.bias == (*nobodys.bias[:2], max(nobodys.bias[:2])), "it has one, which could not be held out"
    assert fit_calibration(p[:0], truth[:0], ones[:0], biased=True) == AS_IT_IS == Calibration(1.0, ())
    np.testing.assert_array_equal(AS_IT_IS.logits(np.array([[1.0, 0.0]])), np.log([[1.0, LEAST]]))


# What runs where.

@pytest.mark.parametrize(("which", "labels", "encoder", "share"), [
    ("target", 32, "encoder-finetune", 6 / 13), ("target", 0, "encoder-source-only", 6 / 12),
    ("three", 96, "encoder-scratch", 1 / 6), ("three", 96, "setfit", 1 / 6), ("three", 96, "encoder-finetune", 1 / 6)])
def test_on_a_gpu_the_encoder_is_a_member(world: World, which: str, labels: int, encoder: str, share: float):
    kind = "same-labels" if which == "target" else "new-labels"  # what is prepared for one is not for the other
    ready = frozenset().union(*(needs.complete(of) for _, of in auto.OPTIONAL_NEEDS if kind in of)) | {kind}
    for prepared, there in ((ready, True), (ready - {"gpu"}, False)):
        resources = Resources(None, toy.NET, "cuda", 0, same_labels=which == "target",  # type: ignore[arg-type]
                              prepared=prepared)
        candidates = auto.SAME_LABELS if which == "target" else auto.NEW_LABELS
        members = auto._members(world.trial(labels, getattr(world, which)), resources, candidates)
        assert (encoder in members) == there
        weights = auto._shares({name: c.weight for name, c in members.items()})
        assert weights.get(encoder, share) == pytest.approx(share)


def test_what_cannot_run_on_a_target_is_left_out_and_what_is_not_installed_is_named(
        world: World, monkeypatch: pytest.MonkeyPatch):
    from bench.core.errors import MissingExtra
    from bench.learning.features import encoders
    from bench.runs.applicable import applicable

    def on(target: Domain, glove: bool, device: str = "cpu") -> Strategy:
        (strategy,) = applicable([AUTO], world.source.task, target.task, glove, lambda text: None, device)
        return strategy

    monkeypatch.setattr(encoders, "missing", lambda model: None)
    whole = on(world.target, glove=True)
    assert whole.without() == ()
    assert {"base", "source-linear", "counts", "sentences", "same-labels", "one-class"} <= whole.needs()
    assert not {"glove", "new-labels"} & whole.needs()
    new = on(world.three, glove=True)
    assert {"counts", "sentences", "new-labels", "glove"} <= new.needs()
    assert not {"same-labels", "source-linear", "one-class"} & new.needs()
    assert not {"gpu", "encoder", "encoder-base"} & (whole.needs() | new.needs())
    on_a_gpu = on(world.target, glove=True, device="cuda")
    assert (on_a_gpu.without(), {"gpu", "encoder-base"} <= on_a_gpu.needs()) == ((), True)
    assert {"gpu", "encoder", "encoder-base"} <= on(world.three, glove=True, device="cuda").needs()
    no_glove = on(world.three, glove=False)
    assert "glove" not in no_glove.needs()
    assert any(name.startswith("glove-") for name in no_glove.without())
    monkeypatch.setattr(encoders, "missing", lambda model: MissingExtra("the encoder", "sentence"))
    lacking = on(world.target, glove=True)
    assert lacking.without() == ("sentence-embedding",)
    assert "sentences" not in lacking.needs()
