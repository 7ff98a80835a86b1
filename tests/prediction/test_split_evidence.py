"""Evidence for the codes of a split, without scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import InputError, NoteError, OutputError
from clem_icd.explanation import Explainer, SpanRule
from clem_icd.explanation.methods.deep_lift import DeepLift
from clem_icd.icd import CodeSystem
from clem_icd.modeling import NoteScores, Span, open_title_search
from clem_icd.prediction import SplitEvidence, explain_split, predict_split
from fixtures.ranking import UNKNOWN, ExplainingSystem, ranking_info
from support import info_of, new_system, tiny, write_little_corpus


def explainer_of(corpus: Corpus) -> Explainer:
    return Explainer(ExplainingSystem(), ranking_info(corpus))


def test_assigned_codes_have_the_evidence_that_a_prediction_writes(
    little_corpus: Corpus, tmp_path: Path
) -> None:
    mine, theirs = tmp_path / "mine.parquet", tmp_path / "theirs.parquet"
    steps: list[int] = []
    explainer = explainer_of(little_corpus)
    written = explain_split(explainer, little_corpus, "test", mine, progress=steps.append)
    predict_split(
        explainer.system, explainer.info, little_corpus, "test", tmp_path / "s.parquet", evidence=theirs
    )
    rows = pl.read_parquet(mine)
    assert rows.equals(pl.read_parquet(theirs))
    assert sum(steps) == written.notes == 24
    assert written.spans == len(rows)
    assert written.codes - written.codes_without_span == rows.n_unique(["note_id", "code"])
    assert written.codes_without_span > 0
    assert (written.gold_left_out, written.notes_cut) == (0, 0)
    [line] = written.warnings
    assert line == f"{written.codes_without_span} of {written.codes} assigned codes have no evidence."


def test_gold_codes_are_explained_whatever_the_model_assigns(little_corpus: Corpus, tmp_path: Path) -> None:
    out = tmp_path / "gold.parquet"
    written = explain_split(explainer_of(little_corpus), little_corpus, "test", out, codes="gold")
    gold = {
        (note.note_id, span.code.value, span.begin, span.end)
        for note in little_corpus.notes("test")
        for span in note.evidence
    }
    found = set(pl.read_parquet(out).select("note_id", "code", "begin", "end").rows())
    assert found == {row for row in gold if row[1] != UNKNOWN.value}
    unknown = sum(note.codes.count(UNKNOWN) for note in little_corpus.notes("test"))
    assert written == SplitEvidence("gold", 24, 0, 0, None, len(found), 0, unknown, len(found), None)
    assert unknown > 0


def test_notes_that_are_not_read_to_the_end_are_counted(little_corpus: Corpus, tmp_path: Path) -> None:
    architecture = tiny(12)
    system = new_system(little_corpus, architecture)
    explainer = Explainer(system, info_of(little_corpus, architecture))
    out = tmp_path / "evidence.parquet"
    written = explain_split(explainer, little_corpus, "test", out, codes="gold")
    texts = list(little_corpus.texts("test"))
    ends = [explainer.end_of_reading(text) for text in texts]
    assert f"{written.notes_cut} of 24 notes are longer than the model reads" in written.warnings[0]
    assert written.notes_cut == sum(end < len(text) for end, text in zip(ends, texts, strict=True)) > 0
    read = dict(zip(little_corpus.note_ids("test"), ends, strict=True))
    assert all(end <= read[note] for note, end in pl.read_parquet(out).select("note_id", "end").rows())


def test_notes_that_the_method_refuses_are_left_out_and_counted(
    little_corpus: Corpus, tmp_path: Path
) -> None:
    system, info = new_system(little_corpus), info_of(little_corpus)
    tokens = {note.note_id: len(system.read(note.text).ids) for note in little_corpus.notes("test")}
    limit = int(np.median(list(tokens.values())))
    long = {note for note, count in tokens.items() if count > limit}
    out = tmp_path / "evidence.parquet"
    steps: list[int] = []
    method = DeepLift(max_tokens=limit)
    explainer = Explainer(system, info, method, SpanRule(cut=0))
    written = explain_split(explainer, little_corpus, "test", out, codes="gold", progress=steps.append)
    assert sum(steps) == 24
    assert written.notes_left_out == len(long) > 0
    assert set(pl.read_parquet(out)["note_id"]) == set(tokens) - long
    [line] = written.warnings
    assert line.startswith(f"{len(long)} of 24 notes were left out, and have no evidence: the note has ")


def test_a_method_that_refuses_every_note_writes_no_file(little_corpus: Corpus, tmp_path: Path) -> None:
    explainer = Explainer(RefusingSystem(), ranking_info(little_corpus))
    with pytest.raises(NoteError, match="too long"):
        explain_split(explainer, little_corpus, "test", tmp_path / "evidence.parquet", codes="gold")
    assert list(tmp_path.iterdir()) == []


class RefusingSystem(ExplainingSystem):
    """Explains no note."""

    def spans(self, text: str, labels: Sequence[int]) -> list[tuple[Span, ...]]:
        raise NoteError("too long")


def test_a_model_of_another_code_system_is_refused(little_corpus: Corpus, tmp_path: Path) -> None:
    explainer = Explainer(*open_title_search(CodeSystem.ICD9PCS, "en"))
    with pytest.raises(InputError, match=r"none of the .* gold codes of test is one of the model's"):
        explain_split(explainer, little_corpus, "test", tmp_path / "evidence.parquet", codes="gold")
    assert list(tmp_path.iterdir()) == []


def test_an_occupied_file_is_kept(little_corpus: Corpus, tmp_path: Path) -> None:
    out = tmp_path / "evidence.parquet"
    out.write_text("mine")
    with pytest.raises(OutputError, match="already exists"):
        explain_split(explainer_of(little_corpus), little_corpus, "test", out)
    assert out.read_text() == "mine"
    explain_split(explainer_of(little_corpus), little_corpus, "test", out, force=True)
    assert pl.read_parquet(out)["method"].unique().to_list() == ["lexicon"]


def test_a_split_without_codes_has_an_empty_file(tmp_path: Path) -> None:
    corpus = write_little_corpus(tmp_path / "corpus", sizes={"train": 3, "test": 1})
    info = ranking_info(corpus)
    no_code = Explainer(SilentSystem(), info)
    written = explain_split(no_code, corpus, "test", tmp_path / "evidence.parquet")
    assert (written.codes, written.spans) == (0, 0)
    assert pl.read_parquet(tmp_path / "evidence.parquet").is_empty()


class SilentSystem(ExplainingSystem):
    """Assigns no code."""

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        for scores in super().score(texts):
            yield scores._replace(probabilities=scores.probabilities * 0)
