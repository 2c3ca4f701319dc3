"""The recipes of the suite's own strategies: records of an earlier one are never taken for records of today's.

A recipe is all of a strategy that its settings do not show: how its weights begin, batches, epochs, what is trained.
Whoever changes one appends a line to `EARLIER` that says what it was. The strategy's number rises with it: trials run
again, their records stand in a row of their own, and what is counted from an earlier zero point is said.
A change to a member of `auto` (baselines/auto.py) changes `auto` too, and appends a line for both.
"""

from __future__ import annotations

from collections.abc import Mapping

RATES = "a learning rate of 0.003, of the embedding 0.009, and fewer steps"
STEPS = "no adversarial steps of the word vectors with more than 256 labels"
CLOSER = "self-training whose fits went on to a hundredth of today's gradient"
MIXED = "with new labels glove-forest in the place of frozen, and weights that depended less on out-of-fold losses"
CERTAIN = "with new labels members as certain as they were, and on a GPU neither encoder-finetune nor setfit among them"
FEWER = ("without labels source-only in the place of gradual-self; with new labels not calibrated where some class had "
         "a single labelled text, and then a weighted mean even where fewer than 50 could be held out")
UNBEGUN = "self-training whose fits took no step where the gradient was below the tolerance where they began"
UNALIGNED = ("with new labels, or in another language, not aligned with the class shares of the labelled texts, with "
             "tfidf among the members from the first label on, and weights that depended more on out-of-fold losses")
# What each strategy did before, the oldest first; today's recipe comes after the last. Others never changed.
EARLIER: Mapping[str, tuple[str, ...]] = {
    "scratch": (f"random word vectors, {RATES}", f"a word of one labelled text kept a vector of its own, {STEPS}"),
    "scratch-random": (STEPS,),
    "glove-frozen": (RATES, STEPS),
    "glove-trainable": (RATES, STEPS),
    "auto": (CLOSER, MIXED, CERTAIN, FEWER, UNBEGUN, UNALIGNED),
    "gradual-self": (CLOSER, UNBEGUN),
    "self-training": (UNBEGUN,),
    "tfidf-source": ("a fit that stopped early, with probabilities that were not calibrated",),
    "tfidf-joint": ("a fit that stopped early",),
}


def current(strategy: str) -> int:
    """The number of the recipe that a strategy has today; the first is 1."""
    return 1 + len(EARLIER.get(strategy, ()))


def what_it_was(strategy: str, recipe: int) -> str:
    """How an earlier recipe differed from today's; empty for today's, and for one that is not known here."""
    changes = EARLIER.get(strategy, ())
    return changes[recipe - 1] if 1 <= recipe <= len(changes) else ""
