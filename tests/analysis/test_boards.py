"""Which records share a leaderboard and a row: two sources, settings, bases or versions are never one number."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from board_records import NEW, ON_BASE, RECIPE, mean, means, record, seeds

from bench.analysis import boards, comparisons, regressions, study
from bench.analysis.across_targets import comparable, rank_across_targets
from bench.analysis.leaderboard import leaderboards
from bench.analysis.transfer_matrix import possible_matrices, transfer_matrix
from bench.core.errors import BenchError
from bench.report import leaderboard_files, leaderboard_json, page_facts
from bench.report.advice import notes
from bench.results.record import Record

LONGER = {"base": "b2" * 12, "base_spec": {**RECIPE, "spec": {"epochs": 2, "batch": 32}}, **NEW}


def test_two_contents_of_one_source_are_two_leaderboards_whose_titles_tell_them_apart():
    first, second = seeds("finetune", **NEW), seeds("finetune", strength=0.2, **{**NEW, "source_sha256": "b2" * 32})
    assert means([*first, *second]) == pytest.approx({("source content a1a1a1", "finetune"): mean(first),
                                                      ("source content b2b2b2", "finetune"): mean(second)})


def test_two_contents_of_one_target_are_two_leaderboards():
    first, second = seeds("finetune", **NEW), seeds("finetune", strength=0.2, content_sha256="cd" * 32, **NEW)
    assert set(means([*first, *second])) == {("target content ababab", "finetune"),
                                             ("target content cdcdcd", "finetune")}


def test_two_settings_are_two_rows_that_name_what_differs_and_nothing_else():
    strong = seeds("tfidf", settings={"penalty": 1.0, "words": 5}, **NEW)
    weak = seeds("tfidf", strength=0.1, settings={"penalty": 0.01, "words": 5}, **NEW)
    assert means([*strong, *weak, *seeds("scratch", **NEW)]) == pytest.approx({
        ("", "tfidf[penalty=1.0]"): mean(strong), ("", "tfidf[penalty=0.01]"): mean(weak),
        ("", "scratch"): mean(seeds("scratch"))})
    assert set(means(strong)) == {("", "tfidf")}


def test_a_setting_that_only_one_of_two_has_is_named_there():
    plain, more = seeds("mine", settings={}, **NEW), seeds("mine", strength=0.2, settings={"depth": [3, 4]}, **NEW)
    assert {name for _, name in means([*plain, *more])} == {"mine", "mine[depth=[3 4]]"}


def test_two_versions_of_a_strategy_are_two_rows():
    first = seeds("mine:fit", strategy_sha256="1a" * 32, **NEW)
    second = seeds("mine:fit", strength=0.9, strategy_sha256="2b" * 32, **NEW)
    assert means([*first, *second]) == pytest.approx({("", "mine:fit (version 1a1a1a)"): mean(first),
                                                      ("", "mine:fit (version 2b2b2b)"): mean(second)})
    unknown = seeds("mine:fit", strength=0.5, **NEW)
    assert {name for _, name in means([*first, *unknown])} == {"mine:fit (version 1a1a1a)", "mine:fit (earlier)"}
    assert set(means(first)) == {("", "mine:fit")}


def test_names_of_rows_are_never_shared():
    rows = [boards.RowKey("a", '{"C": 1}'), boards.RowKey("a", '{"C": "1"}'), boards.RowKey("a[C=1]")]
    assert len(set(boards.row_names(rows).values())) == 3


def test_two_bases_are_two_leaderboards_and_what_needs_no_base_stands_on_both():
    one, two = seeds("finetune", **ON_BASE), seeds("finetune", strength=0.4, **LONGER)
    scratch, only = seeds("scratch", **NEW), seeds("frozen", **ON_BASE)
    found = means([*one, *only, *scratch, *two])
    assert found == pytest.approx({
        ("epochs 1", "finetune"): mean(one), ("epochs 1", "frozen"): mean(only), ("epochs 1", "scratch"): mean(scratch),
        ("epochs 2", "finetune"): mean(two), ("epochs 2", "scratch"): mean(scratch)})
    for board in leaderboards([*one, *only, *scratch, *two]):
        assert board.cells["finetune", 32].gain is not None


def test_bases_of_other_seeds_stay_on_the_leaderboard_of_the_first():
    both = [*seeds("finetune", **ON_BASE), *seeds("finetune", **{**ON_BASE, "base": "c3" * 12}, base_seed=1)]
    assert [board.variant for board in leaderboards(both)] == [""]
    assert study.studies(both)[0].variance_components[0].bases == 2


def test_earlier_records_of_two_bases_are_two_leaderboards():
    old = [*seeds("finetune", base="b1" * 12), *seeds("finetune", strength=0.2, base="b2" * 12)]
    assert {title for title, _ in means(old)} == {"base b1b1b1", "base b2b2b2"}


def test_word_vectors_tell_leaderboards_apart():
    one = seeds("glove-forest", vectors_sha256="e1" * 32, **NEW)
    two = seeds("glove-forest", strength=0.9, vectors_sha256="e2" * 32, **NEW)
    assert means([*one, *two, *seeds("scratch", **NEW)]).keys() == {
        (f"word vectors {e}", name) for e in ("e1e1e1", "e2e2e2") for name in ("glove-forest", "scratch")}


@pytest.mark.parametrize(("change", "words"), [
    ({"split_sha256": "6" * 24}, "split 666666"), ({"text_version": 3}, "text version 3"),
    ({"net_spec": {"kind": "gru", "words": 5000}}, "net's words 5000"),
    ({"leading": "balanced_accuracy"}, "leading score balanced_accuracy"), ({"draw": "random"}, "label draw random"),
])
def test_all_that_a_score_depends_on_tells_leaderboards_apart(change: dict[str, object], words: str):
    found = {title for title, _ in means([*seeds("scratch", **NEW), *seeds("scratch", **{**NEW, **change})])}
    assert len(found) == 2
    assert words in found


def test_earlier_records_keep_their_identity_and_stand_beside_new_ones_with_a_word():
    old, new = seeds("finetune"), seeds("finetune", strength=0.2, **NEW)
    assert old[0].identity() == old[0].earlier_identity() == new[0].earlier_identity() != new[0].identity()
    assert means([*old, *new]) == pytest.approx({(boards.EARLIER, "finetune"): mean(old), ("", "finetune"): mean(new)})
    assert set(means(old)) == {("", "finetune")}


@pytest.mark.parametrize("name", ["source_sha256", "split_sha256", "vectors_sha256", "strategy_sha256", "net_spec",
                                  "text_version", "leading", "base", "settings", "content_sha256", "recipe", "draw"])
def test_what_a_score_depends_on_is_in_the_identity(name: str):
    values = {"net_spec": {"kind": "cnn"}, "settings": {"C": 2}, "text_version": 3, "leading": "balanced_accuracy",
              "recipe": 2, "draw": "random"}
    one = record("tfidf", 0, **NEW)
    assert replace(one, **{name: values.get(name, "f" * 64)}).identity() != one.identity()  # type: ignore[arg-type]


def test_several_rows_of_scratch_are_no_zero_point_and_that_is_said():
    records = [*seeds("scratch", settings={"rate": 1}, **NEW), *seeds("scratch", settings={"rate": 2}, **NEW),
               *seeds("finetune", **NEW)]
    found = study.studies(records)[0]
    assert all(row.gain is None for ranking in found.rankings for row in ranking.rows)
    assert any("no gain is shown: there are 2 rows of scratch" in line for line in notes(found))


MIXED = [*seeds("tfidf", settings={"C": 1.0}, **NEW), *seeds("tfidf", strength=0.1, settings={"C": 0.01}, **NEW),
         *seeds("finetune", **ON_BASE), *seeds("finetune", strength=0.3, **LONGER), *seeds("scratch", **NEW),
         *seeds("mine:fit", strategy_sha256="1a" * 32, **NEW),
         *seeds("mine:fit", strength=0.9, strategy_sha256="2b" * 32, **NEW),
         *seeds("tfidf", strength=0.6, settings={"C": 1.0}, **{**NEW, "source_sha256": "b2" * 32})]


def numbers(records: list[Record]) -> dict[tuple[str, str, str, str, str], float]:
    """What each row must show, from the records alone: by source's content, strategy, settings, version, epochs."""
    groups: dict[tuple[str, str, str, str, str], list[Record]] = {}
    for r in records:
        epochs = str(r.base_spec.get("spec", {}).get("epochs", ""))
        key = (r.source_sha256, r.baseline, json.dumps(r.settings), r.strategy_sha256, epochs)
        groups.setdefault(key, []).append(r)
    return {key: mean(group) for key, group in groups.items()}


def test_every_number_of_the_csv_and_the_json_belongs_to_what_its_row_says():
    studies, expected = study.studies(MIXED), numbers(MIXED)
    rows = list(csv.DictReader(io.StringIO(leaderboard_files.csv(studies))))
    seen = set()
    for row in rows:
        epochs = row["variant"].partition("epochs ")[2][:1] if row["strategy"] == "finetune" else ""
        key = (row["source_sha256"], row["strategy"], row["settings"], row["strategy_sha256"], epochs)
        assert float(row["score"]) == pytest.approx(expected[key], abs=1e-6)
        seen.add(key)
    assert seen == set(expected)
    boards_ = json.loads(leaderboard_json.as_json(studies))["leaderboards"]
    assert len({board["title"] for board in boards_}) == len(boards_) == 3
    for board in boards_:
        by_name = {row["baseline"]: row for row in board["rows"]}
        epochs = str(board["base"].get("spec", {}).get("epochs", ""))
        for cell in board["cells"]:
            row = by_name[cell["baseline"]]
            key = (board["source_sha256"], row["strategy"], json.dumps(row["settings"]), row["strategy_sha256"],
                   epochs if row["strategy"] == "finetune" else "")
            assert cell["leading"] == pytest.approx(expected[key])


def test_the_page_and_markdown_name_every_board_and_row_apart():
    studies = study.studies(MIXED)
    text = leaderboard_files.whole(studies, "md")
    for words in ("tfidf[C=0.01]", "tfidf[C=1.0]", "mine:fit (version 2b2b2b)", "epochs 1", "epochs 2",
                  "source content b2b2b2"):
        assert words in text
    facts = page_facts.facts(MIXED)
    assert len({board["net"] for board in facts.boards}) == 3
    assert {"tfidf[C=0.01]", "tfidf[C=1.0]"} <= set(facts.baselines)
    assert any("--epochs 2" in board["command"] for board in facts.boards)
    places = {(cell[0], cell[1], cell[2]) for cell in facts.cells}
    assert len(places) == len(facts.cells)


def test_settings_can_be_compared_by_the_names_of_their_rows():
    found = study.studies([*seeds("tfidf", settings={"C": 1.0}, **NEW),
                           *seeds("tfidf", strength=0.1, settings={"C": 0.01}, **NEW)])[0]
    pair = comparisons.compare_baselines(found.predictions, ["tfidf[C=1.0]", "tfidf[C=0.01]"])[0]
    assert (pair.first, pair.second) == ("tfidf[C=1.0]", "tfidf[C=0.01]")
    with pytest.raises(BenchError, match=r"there are: tfidf\[C=0.01\], tfidf\[C=1.0\]"):
        comparisons.compare_baselines(found.predictions, ["tfidf", "scratch"])


def test_two_runs_are_compared_on_the_same_leaderboards_and_a_change_is_said():
    before = study.studies([*seeds("finetune", **ON_BASE), *seeds("finetune", strength=0.2, **LONGER)])
    same = comparisons.matching_boards(before, before)
    assert [(a.board.key, change) for a, _, change in same] == [(s.board.key, "") for s in before]
    later = study.studies(seeds("finetune", strength=0.2, **LONGER))
    (_, late, change), = comparisons.matching_boards(study.studies(seeds("finetune", **ON_BASE)), later)
    assert late is later[0]
    assert change == "before: epochs 1, after: epochs 2"
    edited = study.studies(seeds("finetune", settings={"rate": 2}, **ON_BASE))
    assert "settings {} before" in comparisons.matching_boards(study.studies(seeds("finetune", **ON_BASE)),
                                                               edited)[0][2]


def test_two_draws_are_never_one_board_and_a_random_one_is_always_named():
    stratified = seeds("finetune", **ON_BASE)
    random = seeds("finetune", strength=0.2, draw="random", **ON_BASE)
    assert set(means(random)) == {("label draw random", "finetune")}
    assert set(means(stratified)) == {("", "finetune")}
    assert means([*stratified, *random]) == pytest.approx({("label draw stratified", "finetune"): mean(stratified),
                                                           ("label draw random", "finetune"): mean(random)})
    before, after = study.studies(stratified), study.studies(random)
    assert comparisons.matching_boards(before, after) == []
    both = comparisons.matching_boards(before, study.studies([*stratified, *random]))
    assert [(late.board.key.draw, change) for _, late, change in both] == [("stratified", "")]
    change, = regressions.changes(stratified, random)
    assert not change.pairs
    assert "labels drawn stratified before, random in the later run" in change.lost[0]


def test_a_matrix_has_a_line_for_each_of_two_bases():
    records = [*seeds("finetune", **ON_BASE), *seeds("finetune", strength=0.2, **LONGER),
               *seeds("finetune", source="books@x", **{**ON_BASE, "source_sha256": "b2" * 32})]
    assert possible_matrices(records) == [("finetune", 32)]
    matrix = transfer_matrix(records, "finetune", 32)
    assert matrix.sources == ("books@x", "imdb@x · epochs 1", "imdb@x · epochs 2")
    with pytest.raises(BenchError, match="1 source"):
        transfer_matrix(records[:6], "finetune", 32)


def test_bases_that_left_out_other_texts_are_ranked_together():
    def on(task: str, rows: str) -> list[Record]:
        words = [1, "numba 1", ["f8" * 32, rows]]
        about = {**RECIPE, "pool": f"labelled but {rows}", "source_words": words}
        return [*seeds("finetune", task=task, **{**ON_BASE, "base_spec": about}), *seeds("scratch", task=task, **NEW)]

    group, = comparable(study.studies([*on("one", "all"), *on("two", "all but one")]))
    assert group.variant == ""
    assert rank_across_targets(group.studies, 32).targets == ("one@one", "two@one")


def test_targets_are_ranked_apart_on_each_device():
    records = [r for task in ("one", "two") for device in ("cpu", "cuda")
               for r in seeds("finetune", task=task, **{**ON_BASE, "device": device})]
    assert [(g.machine.rsplit(" ", 1)[1], len(g.studies)) for g in comparable(study.studies(records))] == \
        [("cpu", 2), ("cuda", 2)]


def test_targets_are_ranked_on_one_base_at_a_time():
    def on(task: str, **other: object) -> list[Record]:
        return [*seeds("finetune", task=task, **other), *seeds("scratch", task=task, **NEW)]

    studies = study.studies([r for task in ("one", "two") for r in (*on(task, **ON_BASE), *on(task, **LONGER))])
    groups = comparable(studies)
    assert [group.variant for group in groups] == ["epochs 1", "epochs 2"]
    for group in groups:
        assert len(rank_across_targets(group.studies, 32, group.variant).targets) == 2
    with pytest.raises(BenchError, match="cannot be ranked together: one@one"):
        rank_across_targets(studies, 32)
