"""Codes without a model: a search in the titles of a code system."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.corpus import Corpus
from clem_icd.scores import RankedScores
from fixtures.ranking import ExplainingSystem, ranking_info

Invoke = Callable[..., Any]
Refused = Callable[..., str]

NOTE = "Denies chest pain.\nCombined right and left heart\n cardiac catheterization. [x]"


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A cache for all tests here, so that each index is built once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLEM_ICD_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("COLUMNS", "200")
        yield


def test_codes_are_suggested_without_a_model(clem: Invoke) -> None:
    found = clem("code", "icd9pcs", stdin=NOTE)

    assert found.code == 0, found.err
    title, header, _, first, *_ = found.out.splitlines()
    assert title.strip().endswith(": search suggestions")
    assert header.split() == ["code", "title", "score", "assigned"]
    assert first.split()[:2] == ["37.23", "Combined"]
    assert "yes" not in found.out
    assert "not predictions: none is assigned, and their scores are not probabilities." in found.out
    assert "not measured for this code system" in found.out
    assert "docs/results/title-search.md" in found.out


def test_a_search_in_icd10cm_says_how_good_it_is(clem: Invoke) -> None:
    found = clem("code", "icd10cm", "--evidence", "--json", "--top", 3, stdin="Denies chest pain. Pneumonia.")

    assert found.code == 0, found.err
    assert found.json.keys() == {"threshold", "decided", "search_suggestions", "notes", "failed"}
    assert (found.json["threshold"], found.json["decided"]) == (None, "never")
    assert "not predictions" in found.json["search_suggestions"]
    assert "CodiEsp English dev, 39 %" in found.json["search_suggestions"]
    [note] = found.json["notes"]
    assert len(note["suggestions"]) == 3
    assert note["suggestions"][0].keys() == {"code", "system", "title", "score", "decided", "evidence"}
    by_code = {one["code"]: one for one in note["suggestions"]}
    assert by_code.keys() >= {"J18.9", "R07.9"}
    [span] = by_code["R07.9"]["evidence"]
    assert (span["begin"], span["end"], span["cues"]) == (7, 17, ["negated"])
    assert [span["cues"] for span in by_code["J18.9"]["evidence"]] == [[]]
    assert not any(one["decided"] for one in note["suggestions"])


def test_evidence_shows_the_words_on_one_line_with_offsets(clem: Invoke) -> None:
    found = clem("code", "icd9pcs", "--evidence", "--top", 1, stdin=NOTE)
    begin = NOTE.index("Combined")
    end = NOTE.index(". [x]")
    assert "“Combined right and left heart cardiac catheterization”" in found.out
    assert f"{begin}-{end}" in found.out


def test_a_note_without_words_of_titles_has_no_suggestions(clem: Invoke) -> None:
    [note] = clem("code", "icd9pcs", "--json", stdin="Zzzz qqqq.").json["notes"]
    assert note["suggestions"] == []


def test_words_of_other_languages_are_found_if_they_resemble_english(clem: Invoke) -> None:
    def codes(*options: str) -> set[str]:
        found = clem("code", "icd9pcs", "--json", *options, stdin="Se realiza cateterización cardíaca.")
        [note] = found.json["notes"]
        return {one["code"] for one in note["suggestions"]}

    assert codes() == set()
    assert "37.22" in codes("--language", "es")


def test_bad_notes_are_named_and_the_others_searched(clem: Invoke, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(NOTE)
    (tmp_path / "b.txt").write_text(" ")
    found = clem("code", "icd9pcs", tmp_path, "--json")
    assert found.code == 3
    assert [Path(note["note"]).name for note in found.json["notes"]] == ["a.txt"]


def test_a_folder_of_that_name_is_a_model(
    clem: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "icd9pcs").mkdir()
    monkeypatch.chdir(tmp_path)
    found = clem("code", "icd9pcs", stdin=NOTE)
    assert found.code == 2
    said, error = found.err.splitlines()
    assert "icd9pcs is a folder here, and is used as a model" in said
    assert "not a model: clem.json is missing" in error


def test_a_code_system_without_titles_is_refused(refused: Refused) -> None:
    refused("code", "icd10", stdin=NOTE, says=["no titles of icd10", "icd10cm, icd10pcs, icd9cm, icd9pcs"])


def test_options_that_do_not_apply_are_refused(refused: Refused, journey: Any, tmp_path: Path) -> None:
    search = ("predict", "icd9pcs", "--corpus", journey.corpus, "--out", tmp_path / "scores.parquet")
    refused("code", "icd9pcs", "--threshold", 0.5, stdin=NOTE, says=["--threshold", "assigns none"])
    refused("code", journey.model, "--language", "es", stdin=NOTE, says=["--language", "search in titles"])
    refused(*search, "--evidence", tmp_path / "spans.parquet", says=["--evidence", "assigns none"])


def test_a_search_is_scored_like_any_system_that_ranks_a_code_system(
    clem: Invoke, little_corpus: Corpus, tmp_path: Path
) -> None:
    out = tmp_path / "scores.parquet"
    found = clem("predict", "icd10cm", "--corpus", little_corpus.path, "--out", out, "--json", "--quiet")
    assert (found.code, found.json["top"]) == (0, 1000)
    scores = RankedScores.read(out)
    assert (scores.space.name, scores.about["system"]) == ("icd10cm", "title-search")
    judged = clem(
        *("evaluate", "--corpus", little_corpus.path, "--scores", out, "--threshold", 1, "--json"),
        *("--out", tmp_path / "metrics.json"),
    )
    assert judged.json["metrics"]["precision_at_5"] > 0.2


def test_evidence_of_a_model_is_scored_by_clem_evidence(
    clem: Invoke,
    refused: Refused,
    little_corpus: Corpus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = ExplainingSystem(), ranking_info(little_corpus)
    monkeypatch.setattr("clem_icd.modeling.load_model", lambda folder, **_: made)
    out, spans = tmp_path / "scores.parquet", tmp_path / "evidence.parquet"
    model = tmp_path / "model"
    model.mkdir()
    predict = ("predict", model, "--corpus", little_corpus.path, "--out", out)
    refused(*predict, "--evidence", out, says=["--evidence and --out name the same file"])
    found = clem(*predict, "--evidence", spans)
    assert found.code == 0, found.err
    assert f"Wrote the evidence for their assigned codes to {spans}" in found.out
    refused(*predict[:-1], tmp_path / "new.parquet", "--evidence", spans, says=["already exists"])
    again = clem(*predict, "--evidence", spans, "--force", "--json", "--quiet")
    assert again.json["evidence"] == str(spans)

    judged = clem(
        *("evidence", "score", "--corpus", little_corpus.path, "--evidence", spans, "--json"),
        *("--out", tmp_path / "evidence.json"),
    )
    assert judged.json["metrics"]["evidence_span_precision"] == 1


def test_a_neural_model_has_evidence_too(clem: Invoke, world: Any) -> None:
    spans = world.root / "spans.parquet"
    assert clem(*world.predict(), "--evidence", spans).code == 0
    rows = pl.read_parquet(spans)
    assert set(rows["method"]) == {"decomposition-x-saliency"}
    assert (rows["begin"] < rows["end"]).all()
