"""The cut of a finished model, tuned anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from clem_icd.corpus import Corpus, corpus_writer
from clem_icd.errors import InputError
from clem_icd.explanation import Explainer, SpanRule, retune, retuning, tuned_rule, with_evidence
from clem_icd.explanation.methods.attention import Attention
from clem_icd.icd import default_codebook
from clem_icd.modeling import ModelInfo, load_model, save_model
from explanation.conftest import system_of
from fixtures.ranking import ExplainingSystem, ranking_info
from support import info_of, make_note, tiny, write_little_corpus


@pytest.fixture
def folder(little_corpus: Corpus, tmp_path: Path) -> Path:
    architecture = tiny(head="label-attention")
    system = system_of(little_corpus, head="label-attention")
    save_model(system, info_of(little_corpus, architecture), tmp_path / "model")
    return tmp_path / "model"


def test_the_method_and_its_best_cut_are_stored_and_nothing_else_changes(
    folder: Path, little_corpus: Corpus
) -> None:
    (folder / "README.md").write_text("edited by hand")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    system, info = load_model(folder)
    expected = tuned_rule(Explainer(system, info, "attention"), little_corpus.notes("validation"))
    assert expected is not None
    found = retune(folder, little_corpus, method="attention")
    assert (found.method, found.rule, found.chosen) == (Attention(), *expected)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"clem.json"}
    assert ModelInfo.read(folder) == with_evidence(info, Attention(), *expected)


def test_by_default_the_method_of_the_model_is_tuned(folder: Path, little_corpus: Corpus) -> None:
    assert retune(folder, little_corpus).method.kind == "contributions"
    retune(folder, little_corpus, method="att-grad")
    assert retune(folder, little_corpus).method.kind == "att-grad"


def test_a_stored_rule_without_spread_does_not_prevent_one(folder: Path, little_corpus: Corpus) -> None:
    first = retune(folder, little_corpus)
    info = ModelInfo.read(folder)
    with_evidence(info, first.method, SpanRule(cut=0.3, gap=0, spread=0), "by hand").write(folder)
    again = retune(folder, little_corpus)
    assert again.chosen == first.chosen
    assert again.rule == first.rule.model_copy(update={"gap": 0})


def test_notes_of_another_corpus_are_named(folder: Path, little_corpus: Corpus, tmp_path: Path) -> None:
    other = write_little_corpus(tmp_path / "ward", name="ward")
    assert retune(folder, little_corpus).chosen.endswith("notes of validation")
    assert retune(folder, other, split="test").chosen.endswith("notes of test of ward")


def test_notes_without_evidence_are_refused_and_the_model_stays(
    folder: Path, little_corpus: Corpus, tmp_path: Path
) -> None:
    with corpus_writer(
        tmp_path / "bare", name="bare", source="test", options={}, inputs=[], codebook=default_codebook()
    ) as writer:
        writer.write("train", [replace(make_note(number), evidence=()) for number in range(4)])
        writer.write("validation", [replace(make_note(number), evidence=()) for number in range(4, 8)])
    before = (folder / "clem.json").read_bytes()
    with pytest.raises(InputError, match="contributions finds no marked evidence") as problem:
        retune(folder, Corpus.open(tmp_path / "bare"))
    assert "clem describe" in str(problem.value)
    assert (folder / "clem.json").read_bytes() == before


def test_a_system_that_knows_its_spans_is_refused(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retuning, "load_model", lambda _: (ExplainingSystem(), ranking_info(little_corpus)))
    with pytest.raises(InputError, match="lexicon gives spans without a cut"):
        retune(tmp_path, little_corpus)
