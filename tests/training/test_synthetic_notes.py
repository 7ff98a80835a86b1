"""Synthetic twins: what they say, what they depend on, and that only training sees them."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from clem_icd.corpus import Corpus
from clem_icd.errors import RecipeError, RunError, SourceError
from clem_icd.files import sha256_of, write_json
from clem_icd.icd import Code, CodeSystem, inclusion_terms
from clem_icd.modeling import LabelSpace, NeuralSystem, Reading, SegmentsReading, WholeReading
from clem_icd.modeling.inputs import TokenizedNotes
from clem_icd.progress import Silent
from clem_icd.training import NeuralRecipe, RunFolder, read_recipe, train
from clem_icd.training.fit import fit_neural
from clem_icd.training.objective import Objective
from clem_icd.training.sampler import EpochAndRowSampler, LengthGroupedSampler
from clem_icd.training.synthetic_notes import Names, NotesWithTwins, SyntheticNotes, Twins, with_twins
from support import LITTLE_SETTINGS, new_system
from training.interrupting import Interrupting

# Titles mean nothing to an encoder with random weights.
SETTINGS = ["encoder={kind: small, dropout: 0.1}", "head.start=random", *LITTLE_SETTINGS]


def recipe_with(*settings: str) -> NeuralRecipe:
    recipe = read_recipe("gki", ["training.warmup_steps=null", *SETTINGS, *settings])
    assert isinstance(recipe, NeuralRecipe)
    return recipe


@pytest.fixture(scope="module")
def labels(little_corpus: Corpus) -> LabelSpace:
    return LabelSpace.of(little_corpus)


@pytest.fixture(scope="module")
def system(little_corpus: Corpus) -> NeuralSystem:
    return new_system(little_corpus)


def twins_of(names: Names, system: NeuralSystem, reading: Reading | None = None, seed: int = 0) -> Twins:
    return Twins(names, system.tokenizer, reading or WholeReading(), seed)


def parts_of(
    twins: Twins, system: NeuralSystem, labels: Sequence[int], epoch: int = 0, row: int = 0
) -> list[str]:
    """Return what a twin says, split into what it says of each code."""
    twin = twins.of(np.array(labels), epoch, row)
    text = str(system.tokenizer.decode(twin["input_ids"], skip_special_tokens=True))
    assert text.startswith(" ")
    assert text.endswith(".")
    return text[1:-1].split(". ")


# --- names --------------------------------------------------------------------------------------------------


def test_a_code_is_called_by_its_title_or_its_inclusion_terms(labels: LabelSpace) -> None:
    names = SyntheticNotes(hierarchy=False).names(labels)
    for code, title, found in zip(labels.codes, labels.titles, names.of_labels, strict=True):
        assert found == (title, *inclusion_terms(code.value))
    with_terms = sum(bool(inclusion_terms(code.value)) for code in labels.codes)
    assert 0 < with_terms < len(labels.codes)
    assert names.sentences() == [f"Synonyms for {with_terms} of 6 codes; titles alone for the others"]


def test_the_chapter_and_the_category_precede_a_name(labels: LabelSpace) -> None:
    names = dict(
        zip((code.value for code in labels.codes), SyntheticNotes().names(labels).of_labels, strict=True)
    )
    assert names["N17.9"] == (
        "Diseases of the genitourinary system, Acute kidney failure, Acute kidney failure, unspecified",
        "Diseases of the genitourinary system, Acute kidney failure, Acute kidney injury (nontraumatic)",
    )
    # I10 is a category itself.
    assert names["I10"] == ("Diseases of the circulatory system, Essential (primary) hypertension",)


def test_a_file_takes_precedence_code_by_code(labels: LabelSpace, tmp_path: Path) -> None:
    path = tmp_path / "synonyms.csv"
    path.write_text("code,synonym\nI10,HTN\nN17.9,AKI\nA41.9,sepsis\n")
    names = SyntheticNotes(synonyms=str(path), hierarchy=False).names(labels)
    found = dict(zip((code.value for code in labels.codes), names.of_labels, strict=True))
    assert found["N17.9"] == ("Acute kidney failure, unspecified", "AKI")
    assert found["E87.6"] == ("Hypokalemia", "Potassium [K] deficiency")
    assert names.sentences()[1:] == ["1 code with synonyms is not in the corpus"]


def test_codes_without_synonyms_or_titles_are_said_to_be_left_out() -> None:
    icd9 = [Code(value, CodeSystem.ICD9CM) for value in ("401.9", "250.00")]
    space = LabelSpace(tuple(icd9), ("Hypertension NOS", None), np.array([1, 1]), 2)
    names = SyntheticNotes(hierarchy=False).names(space)
    assert names.of_labels == (("Hypertension NOS",), ())
    assert names.sentences() == [
        "No synonyms for any of the 2 codes: synthetic notes are made of titles alone",
        "1 code has neither a synonym nor a title: synthetic notes leave it out",
    ]


def test_a_label_space_without_names_is_refused_before_notes_are_read(
    labels: LabelSpace, little_corpus: Corpus, tmp_path: Path
) -> None:
    nameless = replace(
        labels,
        codes=tuple(Code(code.value, CodeSystem.ICD10) for code in labels.codes),
        titles=(None,) * len(labels.codes),
    )
    with pytest.raises(RecipeError, match=r"none of the 6 codes has a title or a synonym\..*--titles"):
        SyntheticNotes().names(nameless)
    recipe = recipe_with("training.synthetic_notes.synonyms=missing.csv")
    with pytest.raises(SourceError, match=r"missing\.csv"):
        train(recipe, little_corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()


# --- twins --------------------------------------------------------------------------------------------------


def test_a_twin_names_each_code_once_and_has_the_tokens_of_its_text(
    labels: LabelSpace, system: NeuralSystem
) -> None:
    names = SyntheticNotes(hierarchy=False).names(labels)
    twin = twins_of(names, system).of(np.array([0, 3, 5]), 2, 7)
    assert twin["labels"].tolist() == [0, 3, 5]
    parts = parts_of(twins_of(names, system), system, [0, 3, 5], 2, 7)
    assert len(parts) == 3
    for label in (0, 3, 5):
        assert sum(part in names.of_labels[label] for part in parts) == 1
    [whole] = WholeReading().read(system.tokenizer, ["".join(f" {part}." for part in parts)])
    assert twin["input_ids"].tolist() == whole.ids.tolist()
    assert twin["input_ids"].dtype == np.int32


def test_order_and_synonyms_change_with_seed_epoch_and_note_and_with_nothing_else(
    labels: LabelSpace, system: NeuralSystem
) -> None:
    names = SyntheticNotes().names(labels)
    twins = twins_of(names, system)
    everything = range(6)
    first = parts_of(twins, system, everything, 0, 0)
    np.random.default_rng(0).random(5)
    assert parts_of(twins_of(names, system), system, everything, 0, 0) == first
    places = [(epoch, row) for epoch in range(6) for row in range(6)]
    found = {tuple(parts_of(twins, system, everything, *place)) for place in places}
    assert len(found) > 30
    assert {tuple(sorted(parts)) for parts in found} > {tuple(sorted(first))}
    assert parts_of(twins_of(names, system, seed=1), system, everything, 0, 0) != first
    # Each name of a code is drawn.
    label = [code.value for code in labels.codes].index("N17.9")
    assert {parts_of(twins, system, [label], *place)[0] for place in places} == set(names.of_labels[label])


def test_a_twin_has_only_the_labels_that_it_names(system: NeuralSystem) -> None:
    twins = twins_of(Names((("fever",), ()), 0, 0), system)
    assert twins.of(np.array([0, 1]), 0, 0)["labels"].tolist() == [0]
    empty = twins.of(np.array([1]), 0, 0)
    assert empty["labels"].tolist() == []
    assert empty["input_ids"].tolist() == system.tokenizer("")["input_ids"]


@pytest.mark.parametrize(
    "reading",
    [
        WholeReading(max_tokens=96),
        SegmentsReading(max_tokens=96, segment_tokens=16, special_tokens="segment"),
    ],
    ids=["whole", "segments"],
)
def test_a_twin_that_is_too_long_has_fewer_names_and_only_their_labels(
    labels: LabelSpace, system: NeuralSystem, reading: Reading
) -> None:
    names = SyntheticNotes().names(labels)
    twin = twins_of(names, system, reading).of(np.arange(6), 0, 0)
    whole = twins_of(names, system).of(np.arange(6), 0, 0)
    special = set(system.tokenizer("")["input_ids"])
    inner, all_ = (
        [one for one in ids if one not in special] for ids in (twin["input_ids"], whole["input_ids"])
    )
    assert len(twin["input_ids"]) <= reading.max_tokens
    assert inner == all_[: len(inner)]
    assert 0 < len(twin["labels"]) < 6
    # Every name ends with a full stop.
    assert system.tokenizer.decode(inner).count(".") == len(twin["labels"])
    assert set(twin["labels"].tolist()) <= set(range(6))


def notes_with_twins(corpus: Corpus, labels: LabelSpace, system: NeuralSystem) -> NotesWithTwins:
    read = WholeReading().read(system.tokenizer, corpus.texts("train"))
    notes = TokenizedNotes(read, corpus.label_indices("train"))
    return NotesWithTwins(notes, twins_of(SyntheticNotes().names(labels), system))


def test_another_process_composes_the_same_twins_in_any_order(
    little_corpus: Corpus, labels: LabelSpace, system: NeuralSystem
) -> None:
    notes = notes_with_twins(little_corpus, labels, system)
    copy = pickle.loads(pickle.dumps(notes))  # noqa: S301
    places = [(epoch, row) for epoch in (0, 3) for row in range(10)]
    ahead = [notes[place]["twin"]["input_ids"].tolist() for place in places]
    assert [copy[place]["twin"]["input_ids"].tolist() for place in reversed(places)] == ahead[::-1]
    assert ahead[:10] != ahead[10:]


def test_a_batch_has_notes_and_as_many_twins(
    little_corpus: Corpus, labels: LabelSpace, system: NeuralSystem
) -> None:
    notes = notes_with_twins(little_corpus, labels, system)
    sampler = EpochAndRowSampler(LengthGroupedSampler(notes.lengths, 8, 0))
    sampler.set_epoch(2)
    places = list(sampler)
    assert len(places) == len(sampler) == 80
    assert {epoch for epoch, _ in places} == {2}
    assert places != [(2, row) for row in range(80)]
    collate = with_twins(WholeReading().collator(system.tokenizer.pad_token_id, 6))
    batch = collate([notes[place] for place in places[:8]])
    assert torch.equal(batch["twins"]["labels"], batch["labels"])
    assert batch["labels"].sum() > 8
    assert batch["twins"]["input_ids"].shape == batch["twins"]["attention_mask"].shape
    assert batch["twins"]["input_ids"].shape[0] == 8
    assert "twins" not in collate([{"input_ids": notes[places[0]]["input_ids"]}])


# --- training -----------------------------------------------------------------------------------------------


def fit(corpus: Corpus, run: Path, *settings: str) -> tuple[NeuralSystem, list[dict[str, Any]]]:
    run.mkdir()
    system = fit_neural(recipe_with(*settings), corpus, run, Silent())
    return system, json.loads((run / "history.json").read_text())


def test_accumulated_batches_with_twins_give_the_same_step_as_one_batch(
    little_corpus: Corpus, tmp_path: Path
) -> None:
    settings = ["encoder.dropout=0", "training.r_drop=null", "training.epochs=1", "training.log_steps=1"]
    one = ["training.batch_size=80", "training.gradient_accumulation=1"]
    four = ["training.batch_size=20", "training.gradient_accumulation=4"]
    _, whole = fit(little_corpus, tmp_path / "whole", *settings, *one)
    _, summed = fit(little_corpus, tmp_path / "parts", *settings, *four)
    _, plain = fit(little_corpus, tmp_path / "plain", *settings, *one, "training.synthetic_notes=null")
    assert summed[0]["loss"] == pytest.approx(whole[0]["loss"], rel=1e-4)
    assert summed[0]["grad_norm"] == pytest.approx(whole[0]["grad_norm"], rel=1e-3)
    assert plain[0]["grad_norm"] != pytest.approx(whole[0]["grad_norm"], rel=1e-2)


def test_validation_has_the_plain_loss_of_its_notes(little_corpus: Corpus, tmp_path: Path) -> None:
    system, history = fit(
        little_corpus,
        tmp_path / "run",
        "training.epochs=1",
        "training.r_drop={after_epochs: 0}",
    )
    scores = np.stack([note.probabilities for note in system.score(little_corpus.texts("validation"))])
    targets = np.zeros_like(scores)
    for row, labels in enumerate(little_corpus.label_indices("validation")):
        targets[row, labels] = 1
    expected = torch.nn.functional.binary_cross_entropy(torch.tensor(scores), torch.tensor(targets))
    [found] = [row["eval_loss"] for row in history if "eval_loss" in row]
    assert found == pytest.approx(float(expected), abs=1e-5)


def test_a_run_interrupted_within_an_epoch_resumes_to_the_same_weights(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An epoch has 4 steps; R-drop starts with the second, in which training is interrupted."""
    epochs: list[int] = []
    call = Objective.__call__

    def remembering(self: Any, score: Any, batch: Any, logits: Any, epoch: int) -> torch.Tensor:
        epochs.append(epoch)
        return call(self, score, batch, logits, epoch)

    monkeypatch.setattr(Objective, "__call__", remembering)
    recipe = recipe_with(
        "training.epochs=2",
        "training.gradient_accumulation=3",
        "training.checkpoint_steps=3",
    )
    whole, run = tmp_path / "whole", tmp_path / "run"
    for folder in (whole, run):
        folder.mkdir()
    fit_neural(recipe, little_corpus, whole, Silent())
    assert epochs == [0] * 10 + [1] * 10
    with pytest.raises(KeyboardInterrupt):
        fit_neural(recipe, little_corpus, run, Interrupting(7))
    epochs.clear()
    fit_neural(recipe, little_corpus, run, Silent())
    assert epochs == [1] * 4
    last = "checkpoints/checkpoint-8/model.safetensors"
    assert (run / last).read_bytes() == (whole / last).read_bytes()


def test_fields_that_do_not_fit_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"Did you mean training\.synthetic_notes\.synonyms"):
        recipe_with("training.synthetic_notes.synonym=a.csv")
    with pytest.raises(RecipeError, match=r"training\.synthetic_notes\.synonyms"):
        recipe_with("training.synthetic_notes.synonyms=''")
    with pytest.raises(RecipeError, match=r"there is no key 'training\.synthetic_notes"):
        read_recipe("linear", ["training.synthetic_notes={}"])


@pytest.fixture
def synonyms(tmp_path: Path) -> Path:
    path = tmp_path / "synonyms.csv"
    path.write_text("code,synonym\nicd10cm:I10,HTN\n")
    return path


def test_a_run_is_not_resumed_with_other_synonyms(
    little_corpus: Corpus, tmp_path: Path, synonyms: Path, without_report: None
) -> None:
    out, as_before = tmp_path / "run", synonyms.read_text()
    recipe = recipe_with(
        "training.epochs=2",
        "training.gradient_accumulation=1",
        f"training.synthetic_notes.synonyms={synonyms}",
    )
    with pytest.raises(KeyboardInterrupt):
        train(recipe, little_corpus, out, observer=Interrupting(13))
    synonyms.write_text(as_before.replace("HTN", "high blood pressure"))
    with pytest.raises(RunError, match=r"was started with other synonyms.*Restore that file"):
        train(recipe, little_corpus, out, resume=True)
    synonyms.unlink()
    with pytest.raises(SourceError, match=r"synonyms\.csv"):
        RunFolder.start(out, recipe, little_corpus, resume=True, force=False)
    synonyms.write_text(as_before)
    train(recipe, little_corpus, out, resume=True)
    state = json.loads((out / "run.json").read_text())
    assert state["ended"]
    assert state["synonyms"] == sha256_of(synonyms)


def test_a_run_of_an_earlier_release_is_resumed_with_any_synonyms(
    little_corpus: Corpus, tmp_path: Path, synonyms: Path
) -> None:
    recipe = recipe_with("training.epochs=2", f"training.synthetic_notes.synonyms={synonyms}")
    run = RunFolder.start(tmp_path / "run", recipe, little_corpus, resume=False, force=False)
    state = run.state()
    del state["synonyms"]
    write_json(run.path / run.STATE, state)
    RunFolder.start(run.path, recipe, little_corpus, resume=True, force=False)


def test_all_seeds_have_the_same_synonyms(
    little_corpus: Corpus, tmp_path: Path, synonyms: Path, without_report: None
) -> None:
    class Editing(Silent):
        def say(self, line: str) -> None:
            if line.startswith("Seed 2"):
                synonyms.write_text("code,synonym\nicd10cm:I10,Hypertonie\n")

    recipe = recipe_with(
        "seeds=2",
        "training.epochs=1",
        "training.r_drop=null",
        f"training.synthetic_notes.synonyms={synonyms}",
    )
    with pytest.raises(RunError, match="was started with other synonyms"):
        train(recipe, little_corpus, tmp_path / "runs", observer=Editing())
    assert (tmp_path / "runs" / "seed-0" / "metrics.json").is_file()
    assert not (tmp_path / "runs" / "seed-1").exists()
