from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from clem_icd.sources import compare_with_published
from clem_icd.sources.published import counts as published_counts
from clem_icd.sources.published.splits import find_split

PUBLISHED: dict[str, Any] = yaml.safe_load(
    Path(published_counts.__file__).with_suffix(".yaml").read_text(encoding="utf-8")
)


def about(source: str = "mimic3-clean", *, synthetic: bool = False, **other: Any) -> dict[str, Any]:
    options = {"compat": "edin2024", "min_count": 10, "splits": ["mimiciii_clean_splits.feather"]}
    return {"source": source, "synthetic": synthetic, "options": {**options, **other}, "absent": {}}


def description(
    train: int = 38_401,
    validation: int = 5_577,
    test: int = 8_734,
    *,
    labels: int = 3_681,
    codes: float = 14,
    words: float = 1_375,
) -> dict[str, Any]:
    notes = {"train": train, "validation": validation, "test": test}
    return {
        "labels": labels,
        "medians": {"codes_per_note": codes, "words_per_note": words},
        "splits": {split: {"notes": count} for split, count in notes.items() if count},
    }


def warnings(corpus: dict[str, Any], described: dict[str, Any]) -> tuple[str, ...]:
    found = compare_with_published(corpus, described)
    assert found is not None
    assert found.remark is None
    return found.warnings


def test_published_corpus_has_no_differences() -> None:
    found = compare_with_published(about(), description())

    assert found is not None
    assert (found.warnings, found.remark) == ((), None)
    assert [count.name for count in found.counts] == [
        "notes in train",
        "notes in validation",
        "notes in test",
        "labels",
        "median codes per note",
        "median words per note",
    ]
    assert {count.difference for count in found.counts} == {0}
    assert "recalled" in found.counts[3].origin
    assert found.counts[0].origin == "split file, counted"


def test_missing_notes_are_counted_and_named() -> None:
    corpus = about()
    corpus["absent"] = {
        "train": {"count": 12, "admissions": [str(100_001 + number) for number in range(12)]},
        "test": {"count": 1, "admissions": ["199999"]},
    }

    assert warnings(corpus, description(train=38_389, test=8_733)) == (
        "train has 12 fewer notes than published: 12 admissions in the split file have no note here "
        "(100001, 100002, …)",
        "test has 1 fewer note than published: 1 admission in the split file has no note here (199999)",
    )
    assert warnings(corpus, description(train=38_401, test=8_734))[1] == (
        "test has as many notes as published: 1 admission in the split file has no note here (199999)"
    )


@pytest.mark.parametrize(
    ("described", "words"),
    [
        (description(train=38_402), "train has 1 more note than published"),
        (description(validation=0), "validation has 5,577 fewer notes than published"),
        (description(labels=3_690), "labels: 3,690, 9 more than the published 3,681"),
        (description(labels=3_680), "labels: 3,680, 1 fewer than the published 3,681"),
        (description(codes=13), "median codes per note: 13, published 14"),
    ],
)
def test_every_other_difference_is_a_warning(described: dict[str, Any], words: str) -> None:
    assert warnings(about(), described) == (words,)


def test_half_a_code_more_in_the_median_is_not_a_difference() -> None:
    assert warnings(about(), description(codes=13.5)) == ()


def test_words_are_compared_only_in_cleaned_texts() -> None:
    described = description(words=1_525.5)

    assert warnings(about(), described) == ()
    [raw] = [count for count in compare_counts(about(), described) if "words" in count.what]
    assert not raw.comparable
    assert warnings(about(compat="edin2023"), described) == (
        "median words per note: 1,525.5, published 1,375",
    )


def compare_counts(corpus: dict[str, Any], described: dict[str, Any]) -> tuple[Any, ...]:
    found = compare_with_published(corpus, described)
    assert found is not None
    return found.counts


@pytest.mark.parametrize(
    ("corpus", "words"),
    [
        (about(synthetic=True), "synthetic"),
        (about(splits=None), "drawn here"),
        (about(splits=[]), "drawn here"),
        (about(min_count=5), "options"),
        (about("mdace-inpatient-icd9", codes="D"), "options"),
    ],
)
def test_incomparable_corpora_get_one_remark_instead_of_warnings(corpus: dict[str, Any], words: str) -> None:
    found = compare_with_published(corpus, description(train=5, labels=1))

    assert found is not None
    assert found.counts
    assert found.warnings == ()
    assert found.remark is not None
    assert words in found.remark


@pytest.mark.parametrize(
    ("per", "train"), [("note", 48_074), ("discharge-summary", 47_904), ("admission", 47_900)]
)
def test_mdace_is_compared_by_its_unit_of_notes(per: str, train: int) -> None:
    counts = compare_counts(about("mdace-inpatient-icd9-code", per=per, codes="DP"), description())

    assert counts[0].published == train


@pytest.mark.parametrize(
    "corpus", [about("table"), about("mimic3-clean", compat="caml"), about("mdace-profee-icd10", per="day")]
)
def test_unpublished_corpus_has_no_comparison(corpus: dict[str, Any]) -> None:
    assert compare_with_published(corpus, description()) is None


def test_corpus_of_an_earlier_release_is_compared() -> None:
    options = {"min_count": 10, "validation": 0.1, "splits": "mimiciv_icd10_split.feather", "evidence": None}
    corpus = {"source": "mimic4-icd10", "synthetic": False, "options": options}

    found = warnings(corpus, description(89_099, 13_378, 19_802, labels=7_942))
    assert found == ()


def test_every_count_has_an_origin_and_every_origin_a_count() -> None:
    rows = [row for source in PUBLISHED["counts"].values() for one in source.values() for row in one.values()]

    assert {row["origin"] for row in rows} == PUBLISHED["origins"].keys()
    for origin in PUBLISHED["origins"].values():
        assert origin.endswith((", counted", ", derived", ", recalled", "by definition"))


@pytest.mark.shared_data
@pytest.mark.parametrize("compat", ["edin2024", "edin2023"])
@pytest.mark.parametrize(
    "source", ["mimic3-full", "mimic3-50", "mimic3-clean", "mimic4-icd9", "mimic4-icd10"]
)
def test_published_counts_match_the_split_files(shared_data: Path, source: str, compat: str) -> None:
    assigned = list(find_split(source, compat, shared_data / "splits").read().values())

    notes = PUBLISHED["counts"][source][compat]["notes"]
    assert {split: assigned.count(split) for split in ("train", "validation", "test")} == {
        split: count for split, count in notes.items() if split != "origin"
    }
