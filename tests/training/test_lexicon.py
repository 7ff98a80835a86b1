"""Training a lexicon or a dictionary: what it learns from, and what it refuses."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from clem_icd.corpus import Corpus, Note, corpus_writer
from clem_icd.decisions import POLICIES
from clem_icd.errors import CorpusError, MissingExtraError, RecipeError
from clem_icd.icd import Code, Codebook, CodeSystem, default_codebook
from clem_icd.modeling import load_model
from clem_icd.modeling.lexicon.titles import Name
from clem_icd.training import DictionaryRecipe, LexiconRecipe, read_recipe, train
from clem_icd.training.lexicon import TrainedLexicon, train_dictionary, train_lexicon
from support import FINDINGS, make_note
from training.conftest import Listener

CHOLERA, UNNAMED = Code("A00.0", CodeSystem.ICD10CM), Code("X99.99", CodeSystem.ICD10CM)


@pytest.fixture(scope="module", autouse=True)
def few_titles() -> Iterator[None]:
    """Installed titles of a few codes, so that no test reads those of a whole code system."""

    def names(system: CodeSystem) -> list[Name]:
        values = {**FINDINGS, "A00.0": "cholera", "I48.92": "atrial flutter"}
        return [Name(Code(value, system), text, "en") for value, text in values.items()]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("clem_icd.training.lexicon.names_of", names)
        yield


def write(path: Path, splits: Mapping[str, Sequence[Note]], *, codebook: Codebook | None = None) -> Corpus:
    with corpus_writer(
        path,
        name="little",
        source="test",
        options={},
        inputs=[],
        codebook=codebook or default_codebook(),
        synthetic=True,
    ) as writer:
        for split, notes in splits.items():
            writer.write(split, notes)
    return Corpus.open(path)


def splits() -> dict[str, list[Note]]:
    notes = [make_note(number) for number in range(56)]
    return {"train": notes[:40], "validation": notes[40:48], "test": notes[48:]}


def with_code(note: Note, code: Code) -> Note:
    return dataclasses.replace(note, codes=(*note.codes, code))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return write(tmp_path_factory.mktemp("corpus") / "corpus", splits())


@pytest.fixture(scope="module")
def longer_corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The same corpus with two more codes in validation and test only, which it gives titles of its own."""
    parts = splits()
    parts["validation"][0] = with_code(parts["validation"][0], CHOLERA)
    parts["test"][3] = with_code(parts["test"][3], UNNAMED)
    book = default_codebook().extended({CHOLERA: "hypertension and cholera", UNNAMED: "pneumonia"})
    return write(tmp_path_factory.mktemp("corpus") / "longer", parts, codebook=book)


def learned(name: str, corpus: Corpus, *settings: str, listener: Listener | None = None) -> TrainedLexicon:
    recipe = read_recipe(name, settings)
    if isinstance(recipe, LexiconRecipe):
        return train_lexicon(recipe, corpus, listener or Listener())
    assert isinstance(recipe, DictionaryRecipe)
    return train_dictionary(recipe, corpus, listener or Listener())


def scores_by_label(trained: TrainedLexicon, texts: Sequence[str]) -> dict[Code, bytes]:
    table = np.stack([scores.probabilities for scores in trained.system.score(texts)])
    return {label: table[:, place].tobytes() for place, label in enumerate(trained.labels)}


@pytest.mark.parametrize(
    ("name", "settings"), [("lexicon", ()), ("lexicon", ("labels=icd10cm",)), ("dictionary", ())]
)
def test_labels_of_other_splits_change_no_other_score(
    corpus: Corpus, longer_corpus: Corpus, name: str, settings: Sequence[str]
) -> None:
    texts = [*corpus.texts("validation"), "cholera. atrial flutter.", "hypertension"]
    one, other = (learned(name, found, *settings) for found in (corpus, longer_corpus))
    first, second = scores_by_label(one, texts), scores_by_label(other, texts)
    if settings:
        assert first.keys() == second.keys()
        assert CHOLERA in first
        assert UNNAMED not in second
    else:
        assert second.keys() - first.keys() == {CHOLERA, UNNAMED}
    assert {label: second[label] for label in first} == first
    assert one.held_out.scores.tobytes() == other.held_out.scores.tobytes()
    assert one.held_out.right.tobytes() == other.held_out.right.tobytes()
    assert one.held_out.choose("exact") == other.held_out.choose("exact")


def test_a_code_of_no_training_note_is_proposed_by_its_title(longer_corpus: Corpus) -> None:
    trained = learned("lexicon", longer_corpus)
    [scores] = trained.system.score(["Now cholera."])
    by_label = dict(zip(trained.labels, scores.probabilities.tolist(), strict=True))
    assert by_label[CHOLERA] > 0
    assert by_label[UNNAMED] == 0


def test_a_system_is_ranked_in_the_order_of_its_codes(corpus: Corpus) -> None:
    trained = learned("lexicon", corpus, "labels=icd10cm")
    assert list(trained.labels) == sorted(trained.labels)
    assert len(trained.labels) == len(FINDINGS) + 2
    assert trained.titles[trained.labels.index(CHOLERA)] == default_codebook().title("A00.0", CHOLERA.system)
    assert learned("lexicon", corpus).labels == corpus.codes


def test_codes_are_found_by_titles_of_the_corpus(tmp_path: Path) -> None:
    parts = splits()
    parts["train"][0] = with_code(parts["train"][0], UNNAMED)
    book = default_codebook().extended({UNNAMED: "gravel throat"})
    corpus = write(tmp_path / "corpus", parts, codebook=book)
    trained = learned("lexicon", corpus)
    [scores] = trained.system.score(["Gravel in the throat."])
    assert scores.probabilities[trained.labels.index(UNNAMED)] > 0


def test_what_is_learned_from_is_said(corpus: Corpus, tmp_path: Path) -> None:
    listener = Listener()
    learned("lexicon", corpus, listener=listener)
    assert listener.tasks == ["Learning the lexicon"]
    assert listener.lines == ["Phrases are taken from the evidence of 40 of 40 coded training notes"]

    parts = splits()
    parts["train"] = [dataclasses.replace(note, evidence=()) for note in parts["train"]]
    parts["train"][0] = with_code(parts["train"][0], UNNAMED)
    listener = Listener()
    learned("lexicon", write(tmp_path / "unmarked", parts), listener=listener)
    first, second = listener.lines
    assert first.startswith("0 of ")
    assert "coded training notes have evidence: phrases are also runs of words that predict a code" in first
    assert second.startswith("1 of 7 training codes have no installed title, such as X99.99")


def test_a_threshold_is_chosen_on_training_notes(corpus: Corpus) -> None:
    held_out = learned("lexicon", corpus).held_out
    assert held_out.scores.shape[0] == 40
    assert held_out.right.sum() == sum(len(note.codes) for note in corpus.notes("train"))
    for policy in ("exact", "edin2024", "top-k", "expected-f1", "fixed"):
        _, sentence = held_out.choose(policy)
        assert "validation" not in sentence
        assert sentence == POLICIES[policy].sentence or (
            "the training split, each note scored by what the others teach" in sentence
        )
    assert "training split" in held_out.choose("exact")[1]


@pytest.mark.parametrize("name", ["lexicon", "dictionary"])
def test_a_corpus_of_one_patient_is_refused_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    parts = splits()
    parts["train"] = [dataclasses.replace(note, subject_id="s") for note in parts["train"]]
    corpus = write(tmp_path / "corpus", parts)
    with pytest.raises(CorpusError, match=r"codes of 1 patient; .*at least two"):
        train(read_recipe(name), corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_training_without_lightgbm_names_the_extra_and_leaves_nothing(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingExtraError, match=r"lightgbm.*pip install 'clem-icd\[lexicon\]'"):
        train(read_recipe("lexicon"), corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("without_report")
def test_a_dictionary_needs_no_extra(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    run = train(read_recipe("dictionary", ["longest_match=true"]), corpus, tmp_path / "run")
    metrics = json.loads((run / "metrics.json").read_text())["metrics"]
    # Every finding is said in the same words, and its phrase is always right.
    assert metrics["micro_f1"] == 1
    system, info = load_model(run / "model")
    assert info.system == "dictionary"
    assert "training split" in info.threshold_policy
    [scores] = system.score(["Pneumonia."])
    assert scores.probabilities[info.labels.index(Code("J18.9", CodeSystem.ICD10CM))] == 1


@pytest.mark.parametrize(
    ("name", "setting", "words"),
    [
        ("lexicon", "labels=icd11", "labels: expected one of corpus, icd9cm, icd9pcs, icd10cm, icd10pcs"),
        ("lexicon", "labels=icd10", "labels: expected one of corpus"),
        ("lexicon", "labels=[icd10cm]", "labels: "),
        ("lexicon", "language=xx", "language: .*'en', 'es' or 'other'"),
        ("lexicon", "threshold_policy=per-code", "threshold_policy: .*one rule for all codes.*edin2024"),
        ("lexicon", "threshold_policy=frequency", "threshold_policy: .*one rule for all codes.*edin2024"),
        ("lexicon", "training.epochs=3", "no key 'training.epochs'. Only neural systems have it"),
        ("lexicon", "encoder=small", "no key 'encoder'. Only neural systems have it"),
        ("lexicon", "encoder.layers=3", "no key 'encoder.layers'. Only neural systems have it"),
        ("lexicon", "seeds=2", "no key 'seeds'. A lexicon has one seed"),
        ("lexicon", "seed=-1", "seed: .*greater than or equal to 0"),
        ("lexicon", "seed=2147483648", "seed: .*less than 2147483648"),
        ("lexicon", "longest_match=true", "no key 'longest_match'. The keys are .*labels"),
        ("dictionary", "language=xx", "language: .*'en', 'es' or 'other'"),
        ("dictionary", "threshold_policy=per-code", "threshold_policy: .*one rule for all codes"),
        ("dictionary", "threshold_policy=frequency", "threshold_policy: .*one rule for all codes"),
        ("dictionary", "training.epochs=3", "no key 'training.epochs'. Only neural systems have it"),
        ("dictionary", "labels=icd10cm", "no key 'labels'. The keys are .*longest_match"),
        ("dictionary", "seeds=2", "no key 'seeds'. The keys are .*longest_match"),
    ],
)
def test_a_setting_that_does_not_apply_is_refused(name: str, setting: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words) as raised:
        read_recipe(name, [setting])
    assert "\n" not in str(raised.value)
