"""Ranked scores are judged over the whole code system, and over the corpus's labels where that matters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clem_icd.corpus import Corpus
from clem_icd.decisions import LabelThresholds, Threshold, TopK
from clem_icd.errors import ScoresError
from clem_icd.evaluation import DEFINITIONS, SplitScores, evaluate, judge_scores, thresholds_document
from clem_icd.evaluation.analysis import errors_document
from clem_icd.evaluation.areas import AREAS
from clem_icd.icd import Code, CodeSystem
from clem_icd.runs.layout import RunLayout
from clem_icd.scores import RankedScores, Scores, corpus_labels, open_scores, write_ranked

OUTSIDE = tuple(Code(f"Q{n:02d}.0", CodeSystem.ICD10CM) for n in range(30))
CORPUS_METRICS = (
    *AREAS,
    "macro_precision",
    "macro_recall",
    "macro_f1_all_labels",
    "macro_f1_caml",
    "jaccard_macro",
    "fpr_macro",
    "fpr_micro",
)


def ranked(
    path: Path, corpus: Corpus, values: Any, *, top: int = 1000, labels: tuple[Code, ...] | None = None
) -> RankedScores:
    """Write scores of the test split, over the corpus's labels and others by default, and read them."""
    labels = tuple(sorted((*corpus.codes, *OUTSIDE))) if labels is None else labels
    rows = zip(corpus.note_ids("test"), values, strict=True)
    write_ranked(path, labels, rows, {"system": "lexicon"}, name="icd10cm", top=top, force=True)
    return RankedScores.read(path)


def drawn(corpus: Corpus, seed: int, *, zeros: float = 0.0) -> Any:
    random = np.random.default_rng(seed)
    values = random.random((corpus.size("test"), len(corpus.codes) + len(OUTSIDE)), dtype=np.float32)
    return np.where(random.random(values.shape) < zeros, 0, values + np.float32(0.001)).astype(np.float32)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), threshold=st.floats(0.05, 0.95))
def test_listing_every_code_gives_the_metrics_of_the_whole_label_space(
    little_corpus: Corpus, tmp_path: Path, seed: int, threshold: float
) -> None:
    values = drawn(little_corpus, seed)
    scores = ranked(tmp_path / "scores.parquet", little_corpus, values)
    found = judge_scores(
        scores, little_corpus, "test", Threshold(threshold), threshold_source="given", resamples=0
    )
    labels = sorted((*little_corpus.codes, *OUTSIDE))
    own = [labels.index(code) for code in little_corpus.codes]
    targets = np.zeros(values.shape, dtype=bool)
    targets[:, own] = little_corpus.targets("test")
    whole = evaluate(targets, values, threshold)
    only = evaluate(targets[:, own], values[:, own], threshold)
    for name, value in whole.items():
        expected = only[name] if name in CORPUS_METRICS else value
        assert found["metrics"][name] == pytest.approx(expected, abs=1e-12), name


def test_wrong_codes_outside_the_corpus_lower_micro_f1_but_no_macro_metric(
    little_corpus: Corpus, tmp_path: Path
) -> None:
    labels = sorted((*little_corpus.codes, *OUTSIDE))
    values = np.zeros((little_corpus.size("test"), len(labels)), dtype=np.float32)
    values[:, [labels.index(code) for code in little_corpus.codes]] = 0.9 * little_corpus.targets("test")
    right = ranked(tmp_path / "right.parquet", little_corpus, values)
    values[:, labels.index(OUTSIDE[3])] = 0.8
    wrong = ranked(tmp_path / "wrong.parquet", little_corpus, values)

    def metrics(scores: RankedScores) -> dict[str, float]:
        document = judge_scores(
            scores, little_corpus, "test", Threshold(0.5), threshold_source="given", resamples=0
        )
        return {name: float(value) for name, value in document["metrics"].items()}

    one, other = metrics(right), metrics(wrong)
    assert (one["micro_f1"], one["map"], one["macro_f1_all_labels"]) == (1, 1, 1)
    assert other["micro_precision"] < 1
    assert other["micro_recall"] == other["macro_f1_all_labels"] == other["roc_auc_micro"] == 1
    assert other["micro_f1_split_labels"] == 1


def test_a_gold_code_that_is_not_listed_is_missed(little_corpus: Corpus, tmp_path: Path) -> None:
    values = drawn(little_corpus, 1)
    labels = sorted((*little_corpus.codes, *OUTSIDE))
    whole = SplitScores.of(ranked(tmp_path / "a.parquet", little_corpus, values), little_corpus, "test")
    # Where a score is 0, the note's own codes come first in label order; they must not be found by that.
    values[:, labels.index(little_corpus.codes[0])] = 0
    part = SplitScores.of(ranked(tmp_path / "b.parquet", little_corpus, values), little_corpus, "test")
    assert part.targets.sum() == whole.targets.sum() == little_corpus.targets("test").sum()
    before = whole.judgement(Threshold(0.0)).values()
    after = part.judgement(Threshold(0.0)).values()
    for name in ("micro_recall", "map", "recall_at_15", "map_at_30"):
        assert after[name][0] < before[name][0]
    nothing = SplitScores.of(
        ranked(tmp_path / "c.parquet", little_corpus, 0 * values), little_corpus, "test"
    ).judgement(TopK(5))
    assert {nothing.values()[name][0] for name in ("micro_recall", "map", "precision_at_5")} == {0}
    assert not nothing.decided.any()


def test_codes_that_the_system_does_not_know_count_as_missed(
    little_corpus: Corpus, ranking_run: RunLayout
) -> None:
    one = SplitScores.of(open_scores(ranking_run.scores("test")), little_corpus, "test")
    assert set(little_corpus.codes) < set(one.labels)
    assert list(one.labels) == sorted(one.labels)
    assert one.targets.sum() == little_corpus.targets("test").sum()
    place = one.labels.index(Code("E87.6", CodeSystem.ICD10CM))
    assert one.targets[:, place].any()
    assert not one.values[:, place].any()
    assert (
        one.train_counts[place] == little_corpus.train_counts()[little_corpus.codes.index(one.labels[place])]
    )


def test_the_document_says_which_labels_each_metric_counts(
    little_corpus: Corpus, ranking_run: RunLayout
) -> None:
    scores = open_scores(ranking_run.scores("test"))
    document = judge_scores(
        scores, little_corpus, "test", Threshold(0.4), threshold_source="given", resamples=2
    )
    text = "65 codes of icd10cm (ranked: the 1,000 best per note)"
    assert document["labels"] == 65
    assert document["label_space"] == {
        "name": "icd10cm",
        "size": 65,
        "top": 1000,
        "corpus_labels": 6,
        "description": text,
    }
    labels = {name: one["labels"] for name, one in document["definitions"].items()}
    assert labels["micro_f1"] == labels["map"] == text
    assert {labels[name] for name in CORPUS_METRICS if DEFINITIONS[name].labels == "all labels"} == {
        "all labels of the corpus"
    }
    assert labels["macro_f1_split_labels"] == "labels with a positive in this split"
    assert labels["micro_f1_train_count_11_50"] == f"labels with 11 to 50 training notes, of {text}"
    assert labels["macro_f1_train_count_11_50"] == "labels with 11 to 50 training notes, of the corpus"
    assert set(document["intervals"]["metrics"]) == set(document["metrics"])


def test_restricted_scores_share_the_checksums_of_other_systems(
    little_corpus: Corpus, ranking_run: RunLayout
) -> None:
    scores = open_scores(ranking_run.scores("test"))
    assert isinstance(scores, RankedScores)
    zeros = np.zeros((little_corpus.size("test"), 6), np.float32)
    dense = Scores(tuple(little_corpus.note_ids("test")), little_corpus.codes, zeros)
    documents = [
        judge_scores(one, little_corpus, "test", Threshold(0.4), threshold_source="given", resamples=0)
        for one in (scores, corpus_labels(scores, little_corpus), dense)
    ]
    assert documents[0]["identity"] == documents[1]["identity"] == documents[2]["identity"]
    assert [one["labels"] for one in documents] == [65, 6, 6]
    assert documents[0]["metrics"]["micro_f1"] < documents[1]["metrics"]["micro_f1"]
    assert documents[0]["metrics"]["macro_f1_all_labels"] == pytest.approx(
        documents[1]["metrics"]["macro_f1_all_labels"]
    )


def test_a_threshold_for_each_label_is_refused(little_corpus: Corpus, ranking_run: RunLayout) -> None:
    one = SplitScores.of(open_scores(ranking_run.scores("validation")), little_corpus, "validation")
    with pytest.raises(ScoresError, match=r"a threshold for each label.* edin2024"):
        one.judgement(LabelThresholds(np.full(len(one.labels), 0.5)))
    with pytest.raises(ScoresError, match="a threshold for each label"):
        one.choose("per-code")
    assert isinstance(one.choose("exact"), Threshold)


def test_policies_are_compared_on_splits_with_different_codes(
    little_corpus: Corpus, ranking_run: RunLayout
) -> None:
    scores = {split: open_scores(ranking_run.scores(split)) for split in ("validation", "test")}
    document = thresholds_document(little_corpus, scores)
    assert document["label_space"]["name"] == "icd10cm"
    refused = {effect["policy"] for effect in document["policies"] if "refused" in effect}
    assert refused == {"frequency", "per-code"}
    [exact] = [effect for effect in document["policies"] if effect["policy"] == "exact"]
    one = SplitScores.of(scores["test"], little_corpus, "test")
    expected = one.judgement(Threshold(exact["rule"]["value"])).values()
    for name, value in exact["metrics"]["test"].items():
        assert value == pytest.approx(expected[name][0])


def test_codes_unseen_in_training_have_a_row(little_corpus: Corpus, ranking_run: RunLayout) -> None:
    one = SplitScores.of(open_scores(ranking_run.scores("test")), little_corpus, "test")
    document = errors_document(one, Threshold(0.4))
    assert (document["labels"], document["label_space"]["corpus_labels"]) == (65, 6)
    unseen, *_ = document["errors"][0]["groups"]
    outside = [label not in little_corpus.codes for label in one.labels]
    assert unseen["name"] == "0 training notes"
    assert (unseen["positives"], unseen["recall_at_10"]) == (0, 0)
    assert unseen["given"] == np.count_nonzero(one.values[:, outside] > np.float32(0.4)) > 0
    for table in document["errors"]:
        assert "share" in table["groups"][0] or sum(group["positives"] for group in table["groups"]) > 0


def test_unseen_codes_of_the_corpus_are_found_by_a_system_that_ranks_them(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = little_corpus.train_counts()
    counts[0] = 0
    monkeypatch.setattr(Corpus, "train_counts", lambda corpus: counts)
    scores = ranked(tmp_path / "scores.parquet", little_corpus, drawn(little_corpus, 0, zeros=0.3))
    document = judge_scores(
        scores, little_corpus, "test", Threshold(0.5), threshold_source="given", resamples=0
    )
    unseen = document["buckets"][0]
    one = SplitScores.of(scores, little_corpus, "test")
    place = one.labels.index(little_corpus.codes[0])
    gold, given = one.targets[:, place], one.values > np.float32(0.5)
    outside = one.train_counts == 0
    assert (unseen["name"], unseen["labels"], unseen["positives"]) == ("0", 1, gold.sum())
    assert unseen["micro_recall"] == pytest.approx((gold & given[:, place]).sum() / gold.sum())
    assert unseen["micro_precision"] == pytest.approx(
        (gold & given[:, place]).sum() / given[:, outside].sum()
    )
    above = (one.values > one.values[:, [place]]).sum(axis=1)
    found = gold & (above < 10) & (one.values[:, place] > 0)
    assert unseen["recall_at_10"] == pytest.approx(found.sum() / gold.sum())
    assert unseen["recall_at_50"] == pytest.approx((gold & (one.values[:, place] > 0)).sum() / gold.sum())
