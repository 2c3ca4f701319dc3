"""Label costs, a view of `bench leaderboard`: what saved labels are worth, and when the base has paid for itself."""

from __future__ import annotations

from bench.cli.leaderboard_views import Answer, Question
from bench.cli.sections import Section


def break_even(question: Question) -> Answer:
    """What the saved labels are worth, and when the base has paid for itself."""
    from bench.analysis import learning_curves
    from bench.report import tables

    label_cost, hour_cost = question.options.label_cost, question.options.hour_cost
    head = ("at", "baseline", "labels saved per target [95%]", "worth", "base costs", "= labels", "targets to repay",
            "by time alone")
    sections = []
    studies, lacking = question.at_budgets
    for study in studies:
        sizes = dict(study.board.sizes)
        against_scratch = [labels for labels in study.label_equivalents
                           if labels.reference == "scratch" and question.keeps(labels.budget)]
        rows = sorted(learning_curves.break_even(against_scratch, study.predictions, sizes, label_cost, hour_cost),
                      key=lambda row: (sizes[row.budget], row.baseline))
        body = tuple((tables.labels_of(study, row.budget), row.baseline,
                      f"{row.saved.estimate:,.0f} [{row.saved.low:,.0f} {row.saved.high:,.0f}]",
                      f"{row.saved.estimate * label_cost:,.2f}", f"{row.price:,.2f}", f"{row.labels:,.1f}",
                      _count(row.targets), _count(row.targets_by_time)) for row in rows)
        sections.append(Section(study.board.title, tables.Table(head, body), [
            f"labels saved: how many more labels scratch needs for the same score, at most its largest budget; worth: "
            f"at {label_cost:g} per label; base costs: {max((row.pretrain for row in rows), default=0):.0f} s at "
            f"{hour_cost:g} per hour; by time alone: counts seconds of training on the target instead, never where "
            f"the score is beyond the curve of scratch or training takes longer."]))
    return Answer(sections, notes=lacking)


def _count(targets: int | None) -> str:
    return "never" if targets is None else str(targets)
