"""The words that led to a code: beside suggestions, and as an evidence file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from clem_icd.corpus import Corpus
from clem_icd.decisions import Threshold
from clem_icd.errors import InputError, ModelError, OutputError
from clem_icd.evidence import evidence_document, evidence_writer, read_evidence, writing
from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling import NoteScores, Span
from clem_icd.prediction import Coder, predict_split
from fixtures.ranking import SPACE, ExplainingSystem, RankingSystem, ranking_info

COLUMNS = ["note_id", "code", "system", "begin", "end", "weight", "method"]


def test_the_evidence_file_has_the_spans_of_the_assigned_codes(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "GROUP_SPANS", 5)
    out, spans = tmp_path / "scores.parquet", tmp_path / "evidence.parquet"
    info = ranking_info(little_corpus)
    predict_split(ExplainingSystem(), info, little_corpus, "test", out, evidence=spans)

    rows = pl.read_parquet(spans)
    assert rows.columns == COLUMNS
    assert set(rows["method"]) == {"lexicon"}
    assert set(rows["weight"]) == {0.75}
    expected = [
        (note.note_id, code.value, one.begin, one.end)
        for note, scores in zip(
            little_corpus.notes("test"), ExplainingSystem().score(little_corpus.texts("test")), strict=True
        )
        for label in np.flatnonzero(scores.probabilities > 0.25)
        for code in [SPACE[label]]
        for one in ExplainingSystem().spans(note.text, [int(label)])[0]
    ]
    assert rows.select("note_id", "code", "begin", "end").rows() == expected
    assert len(expected) > 20
    document = evidence_document(little_corpus, "test", read_evidence(spans), trimmed=False, merged=False)
    assert document["metrics"]["evidence_span_precision"] == 1


def test_the_scores_are_the_same_with_evidence(little_corpus: Corpus, tmp_path: Path) -> None:
    info = ranking_info(little_corpus)
    for name, where in (("plain", None), ("explained", tmp_path / "evidence.parquet")):
        predict_split(
            ExplainingSystem(), info, little_corpus, "test", tmp_path / f"{name}.parquet", evidence=where
        )
    plain, explained = (pl.read_parquet(tmp_path / f"{name}.parquet") for name in ("plain", "explained"))
    assert plain.equals(explained)


def test_a_file_without_spans_is_readable(little_corpus: Corpus, tmp_path: Path) -> None:
    nothing = Coder(ExplainingSystem(), ranking_info(little_corpus), threshold=2.0)
    assert isinstance(nothing.rule, Threshold)
    with evidence_writer(tmp_path / "evidence.parquet", "lexicon"):
        pass
    assert read_evidence(tmp_path / "evidence.parquet") == {}
    assert pl.read_parquet(tmp_path / "evidence.parquet").columns == COLUMNS


class Failing(ExplainingSystem):
    """Returns no finite score for the tenth note."""

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        for place, scores in enumerate(super().score(texts)):
            yield scores._replace(probabilities=scores.probabilities * np.nan) if place == 9 else scores


def test_a_failure_leaves_no_file(little_corpus: Corpus, tmp_path: Path) -> None:
    out, spans = tmp_path / "scores.parquet", tmp_path / "evidence.parquet"
    with pytest.raises(ModelError, match="not finite"):
        predict_split(Failing(), ranking_info(little_corpus), little_corpus, "test", out, evidence=spans)
    assert list(tmp_path.iterdir()) == []


def test_an_occupied_evidence_file_is_refused_before_anything_is_written(
    little_corpus: Corpus, tmp_path: Path
) -> None:
    spans = tmp_path / "evidence.parquet"
    spans.write_text("mine")
    with pytest.raises(OutputError, match="already exists"):
        predict_split(
            ExplainingSystem(),
            ranking_info(little_corpus),
            little_corpus,
            "test",
            tmp_path / "scores.parquet",
            evidence=spans,
        )
    assert [path.name for path in tmp_path.iterdir()] == ["evidence.parquet"]
    assert spans.read_text() == "mine"


def test_a_system_that_no_method_explains_is_refused(little_corpus: Corpus, tmp_path: Path) -> None:
    info, spans = ranking_info(little_corpus), tmp_path / "evidence.parquet"
    with pytest.raises(ModelError, match="no method explains a lexicon system"):
        predict_split(
            RankingSystem(), info, little_corpus, "test", tmp_path / "scores.parquet", evidence=spans
        )
    with pytest.raises(ModelError, match="no method explains a lexicon system"):
        Coder(RankingSystem(), info).code("pneumonia", evidence=True)
    assert list(tmp_path.iterdir()) == []


def test_suggestions_have_evidence_only_if_asked(little_corpus: Corpus) -> None:
    coder = Coder(ExplainingSystem(), ranking_info(little_corpus))
    text = "Known pneumonia. Now pneumonia again."
    plain, explained = (coder.code(text, top=5, evidence=asked) for asked in (False, True))
    assert {one.evidence for one in plain} == {()}
    assert [one.code for one in plain] == [one.code for one in explained]
    [pneumonia] = (one for one in explained if one.code == "J18.9")
    assert pneumonia.evidence == (Span(6, 15, 0.75), Span(21, 30, 0.75))


def test_codes_that_a_ranking_system_did_not_find_are_no_suggestions(little_corpus: Corpus) -> None:
    coder = Coder(ExplainingSystem(), ranking_info(little_corpus))
    text = "hypertension"
    [scores] = ExplainingSystem().score([text])
    suggested = coder.code(text, top=1000)
    assert len(suggested) == np.count_nonzero(scores.probabilities) < len(SPACE)
    assert all(one.probability > 0 for one in suggested)


def test_named_codes_are_explained_assigned_or_not(little_corpus: Corpus) -> None:
    coder = Coder(ExplainingSystem(), ranking_info(little_corpus))
    text = "Known pneumonia."
    codes = [Code("I10", CodeSystem.ICD10CM), Code("J18.9", CodeSystem.ICD10CM)]
    coding = coder.explain(text, [*codes, codes[0]])
    assert [(one.code, one.decided) for one in coding.suggestions] == [("J18.9", True), ("I10", False)]
    assert [one.evidence for one in coding.suggestions] == [(Span(6, 15, 0.75),), ()]
    with pytest.raises(InputError, match=r"Z99\.9 \(icd10cm\) is not one of the model's"):
        coder.explain(text, [Code("Z99.9", CodeSystem.ICD10CM)])


def test_without_codes_those_suggested_are_explained(little_corpus: Corpus) -> None:
    coder = Coder(ExplainingSystem(), ranking_info(little_corpus))
    text = "Known pneumonia. Now pneumonia again."
    for top in (0, 5):
        coding = coder.explain(text, top=top)
        assert list(coding.suggestions) == coder.code(text, top=top, evidence=True)
