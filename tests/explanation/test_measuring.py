"""Measuring methods: values that are known for systems and methods that are known."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import PreTrainedTokenizerFast

from clem_icd.corpus import Corpus, Evidence, Note, corpus_writer
from clem_icd.decisions import Threshold
from clem_icd.errors import ScoresError
from clem_icd.explanation import Explainer, comprehensiveness, measure_methods, sufficiency
from clem_icd.explanation.masking import MaskedNote, masked_note
from clem_icd.explanation.methods.deep_lift import DeepLift
from clem_icd.explanation.methods.method import Method
from clem_icd.explanation.methods.random import Random
from clem_icd.explanation.spans import word_shares
from clem_icd.explanation.token_weights import TokenWeights
from clem_icd.explanation.trials import Trials
from clem_icd.explanation.units import on_tokens_of
from clem_icd.explanation.words import words_of
from clem_icd.icd import Code, CodeSystem, default_codebook
from clem_icd.modeling import ModelInfo, NeuralSystem, NoteScores, Span
from support import FINDINGS, info_of, make_note, new_system, tiny

NAMES = list(FINDINGS)


class Finder:
    """Assigns a code with 0.9 if all words of its finding are in the text, and 0.1 otherwise."""

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        for text in texts:
            there = [all(word in text.split() for word in FINDINGS[name].split()) for name in self.names]
            yield NoteScores(np.where(there, 0.9, 0.1).astype(np.float32))

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def save(self, folder: Path) -> None:
        raise NotImplementedError

    def spans(self, text: str, labels: Sequence[int]) -> list[tuple[Span, ...]]:
        found: list[tuple[Span, ...]] = []
        for label in labels:
            phrase = FINDINGS[self.names[label]]
            begin = text.find(phrase)
            found.append((Span(begin, begin + len(phrase), 1.0),) if begin >= 0 else ())
        return found


class Misleading(Finder):
    """Scores like a finder, but says that every code comes from the last three words."""

    def spans(self, text: str, labels: Sequence[int]) -> list[tuple[Span, ...]]:
        return [(Span(int(words_of(text)[-3, 0]), len(text), 1.0),) for _ in labels]


class Half(Finder):
    """A finder that is misleading about every other note."""

    def spans(self, text: str, labels: Sequence[int]) -> list[tuple[Span, ...]]:
        other: Finder = Misleading(self.names) if len(text) % 2 else Finder(self.names)
        return other.spans(text, labels)


class Certain(Finder):
    """A finder that assigns every code with a probability of 1."""

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        for _ in texts:
            yield NoteScores(np.ones(len(self.names), dtype=np.float32))


class Constant(Finder):
    """A finder that assigns every code with 0.9."""

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        for _ in texts:
            yield NoteScores(np.full(len(self.names), 0.9, dtype=np.float32))


@pytest.fixture(scope="module")
def spaced(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The notes of the little corpus with a blank before every full stop, so that words are tokens."""
    path = tmp_path_factory.mktemp("spaced") / "corpus"
    with corpus_writer(
        path, name="spaced", source="test", options={}, inputs=[], codebook=default_codebook()
    ) as writer:
        for split, numbers in {
            "train": range(80),
            "validation": range(80, 90),
            "test": range(90, 98),
        }.items():
            writer.write(split, [_spaced(make_note(number)) for number in numbers])
    return Corpus.open(path)


def _spaced(note: Note) -> Note:
    text = note.text.replace(".", " .")
    spans = []
    for span in note.evidence:
        added = note.text[: span.begin].count(".")
        spans.append(Evidence(span.code, span.begin + added, span.end + added))
    return Note(note.note_id, text, note.codes, tuple(spans), note.subject_id, note.admission_id)


def finder(corpus: Corpus) -> tuple[Finder, ModelInfo]:
    return Finder([code.value for code in corpus.codes]), info_of(corpus, system="lexicon")


def test_a_system_that_knows_its_words_is_plausible_and_faithful(spaced: Corpus) -> None:
    system, info = finder(spaced)
    document, misled = (
        measure_methods(one, info, spaced, "test", ["own"], faithfulness_notes=8)
        for one in (system, Misleading(system.names))
    )
    [result] = document["methods"]
    own, last = result["metrics"], misled["methods"][0]["metrics"]
    assert (result["method"], result["threshold_source"]) == ("lexicon", "validation")
    assert document["pairs"] == document["assigned"] == sum(len(n.evidence) for n in spaced.notes("test"))
    assert own["f1"] == pytest.approx(1)
    assert own["match_exact"] == own["top_span_beats_random"] == 1
    assert own["label_overlap"] == own["without_span"] == own["match_empty"] == 0
    assert last["f1"] < 0.5
    assert last["label_overlap"] == 1
    # The probability falls from 0.9 to 0.1 at the first word of a finding.
    assert own["strict_comprehensiveness"] == pytest.approx(8 / 9)
    assert own["strict_comprehensiveness"] > last["strict_comprehensiveness"]
    assert own["strict_sufficiency"] < last["strict_sufficiency"]
    assert own["normalised_aopc"] > last["normalised_aopc"]
    # A lexicon has no parameters to shuffle.
    assert own["shuffled_correlation"] is None
    assert set(own) == set(document["definitions"])


def test_without_validation_evidence_the_threshold_is_the_default(spaced: Corpus, tmp_path: Path) -> None:
    with corpus_writer(
        tmp_path / "bare", name="bare", source="test", options={}, inputs=[], codebook=default_codebook()
    ) as writer:
        writer.write("train", list(spaced.notes("train")))
        writer.write("test", list(spaced.notes("test")))
    bare = Corpus.open(tmp_path / "bare")
    document = measure_methods(*finder(bare), bare, "test", faithfulness_notes=0)
    [result] = document["methods"]
    assert (result["threshold"], result["threshold_source"]) == (0.05, "default")
    assert result["metrics"]["comprehensiveness"] is None


def test_intervals_are_those_of_notes_around_the_metrics(little_corpus: Corpus) -> None:
    """Half of the notes are explained wrongly, so that notes differ."""
    system, info = finder(little_corpus)
    some, more = (
        measure_methods(Half(system.names), info, little_corpus, "test", notes=count, faithfulness_notes=0)
        for count in (4, 20)
    )
    for document in (some, more):
        [result] = document["methods"]
        found = result["intervals"]
        assert (found["level"], found["resamples"]) == (0.95, 1000)
        assert {"precision", "recall", "f1", "match_exact", "label_overlap"} <= set(found["metrics"])
        for name, interval in found["metrics"].items():
            assert interval["low"] <= result["metrics"][name] + 1e-9
            assert interval["high"] >= result["metrics"][name] - 1e-9
        assert found["metrics"]["f1"]["low"] < found["metrics"]["f1"]["high"]
    widths = [
        one["methods"][0]["intervals"]["metrics"]["f1"]["high"]
        - one["methods"][0]["intervals"]["metrics"]["f1"]["low"]
        for one in (some, more)
    ]
    assert widths[0] > widths[1]
    bare = measure_methods(system, info, little_corpus, "test", faithfulness_notes=0, resamples=0)
    assert "intervals" not in bare["methods"][0]


def test_notes_are_drawn_reproducibly(spaced: Corpus) -> None:
    system, info = finder(spaced)
    one, other = (
        measure_methods(system, info, spaced, "test", notes=3, faithfulness_notes=1) for _ in range(2)
    )
    assert one["notes"] == one["validation_notes"] == 3
    for document in (one, other):
        for name in ("seconds_per_note", "seconds_per_code"):
            assert document["methods"][0]["metrics"].pop(name) > 0
    assert one == other


def test_codes_that_the_model_does_not_know_are_left_out(spaced: Corpus) -> None:
    system, info = finder(spaced)
    unknown = [Code(f"Z99.{number}", CodeSystem.ICD10CM) for number in range(len(info.labels))]
    foreign = ModelInfo(**{**vars(info), "labels": tuple(unknown)})
    with pytest.raises(ScoresError, match="no note of test has evidence for one of the model's 6 codes"):
        measure_methods(system, foreign, spaced, "test")


@pytest.fixture(scope="module")
def neural(little_corpus: Corpus) -> NeuralSystem:
    return new_system(little_corpus)


def test_a_neural_system_is_measured_with_shuffled_parameters_too(
    neural: NeuralSystem, little_corpus: Corpus
) -> None:
    before = {name: value.clone() for name, value in neural.model.state_dict().items()}
    document = measure_methods(
        neural, info_of(little_corpus), little_corpus, "test", notes=4, faithfulness_notes=1
    )
    [result] = document["methods"]
    assert result["method"] == "decomposition-x-saliency"
    assert abs(result["metrics"]["shuffled_correlation"]) < 0.5
    for name in ("comprehensiveness", "sufficiency", "normalised_aopc"):
        assert 0 <= result["metrics"][name] <= 1
    assert all((value == before[name]).all() for name, value in neural.model.state_dict().items())


@pytest.fixture
def noted(tmp_path: Path) -> Callable[..., Corpus]:
    """Return what writes a corpus of some texts, each with its first word as evidence of hypertension."""

    def write(*texts: str, **splits: Sequence[str]) -> Corpus:
        code = Code("I10", CodeSystem.ICD10CM)
        with corpus_writer(
            tmp_path / "noted",
            name="noted",
            source="test",
            options={},
            inputs=[],
            codebook=default_codebook(),
        ) as writer:
            writer.write("train", [make_note(1)])
            for split, some in {**splits, "test": texts}.items():
                writer.write(
                    split,
                    [
                        Note(f"{split}{number}", text, (code,), (Evidence(code, 0, len(text.split()[0])),))
                        for number, text in enumerate(some)
                    ],
                )
        return Corpus.open(tmp_path / "noted")

    return write


def test_notes_that_a_method_refuses_are_left_out_for_it_and_counted(
    neural: NeuralSystem, little_corpus: Corpus, noted: Callable[..., Corpus]
) -> None:
    short, long = ("hypertension " + "the patient had a quiet night " * count for count in (2, 6))
    corpus = noted(short, long, short, long, validation=[short, long])
    methods: list[Method | str] = [DeepLift(max_tokens=20), "random", DeepLift(max_tokens=8)]
    document = measure_methods(neural, info_of(little_corpus), corpus, "test", methods, faithfulness_notes=0)
    some, every, none = document["methods"]
    assert (some["notes_left_out"], some["validation_notes_left_out"]) == (2, 1)
    assert "method deep-lift explains at most 20" in some["left_out_because"]
    assert some["metrics"]["f1"] > 0
    assert (every["notes_left_out"], every["left_out_because"]) == (0, None)
    assert (none["notes_left_out"], none["threshold_source"]) == (4, "default")
    assert none["metrics"] == dict.fromkeys(document["definitions"])
    assert document["pairs"] == 4


def test_words_are_masked_in_the_same_notes_for_every_method(
    neural: NeuralSystem,
    little_corpus: Corpus,
    noted: Callable[..., Corpus],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short, long = ("hypertension " + "the patient had a quiet night " * count for count in (2, 6))
    corpus = noted(long, short, short, short)
    masked = []

    def metrics(self: Trials, explainer: Explainer, explained: Sequence[Any]) -> dict[str, float | None]:
        masked.append([one.note.note_id for one in explained])
        return {}

    monkeypatch.setattr(Trials, "metrics", metrics)
    methods: list[Method | str] = [DeepLift(max_tokens=20), "random"]
    document = measure_methods(neural, info_of(little_corpus), corpus, "test", methods, faithfulness_notes=2)
    assert masked == [["test1"], ["test0", "test1"]]
    assert document["faithfulness_notes"] == 2
    assert [result["faithfulness_notes"] for result in document["methods"]] == [1, 2]


def test_a_method_without_finite_weights_is_left_out(
    neural: NeuralSystem,
    little_corpus: Corpus,
    noted: Callable[..., Corpus],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> TokenWeights:
        return TokenWeights(np.array([[0, 12]]), np.full((1, 1), np.nan, dtype=np.float32), 12)

    monkeypatch.setattr(Random, "weigh", broken)
    corpus = noted("hypertension today")
    document = measure_methods(neural, info_of(little_corpus), corpus, "test", ["random"])
    [result] = document["methods"]
    assert result["left_out_because"] == "method random gave weights that are not finite"


def test_the_top_span_is_compared_by_logits_of_codes_that_are_certain_too(
    neural: NeuralSystem, little_corpus: Corpus
) -> None:
    certain = copy.deepcopy(neural.model)
    with torch.no_grad():
        certain.classifier.bias += 30
    info = dataclasses.replace(info_of(little_corpus), rule=Threshold(0))
    shares = []
    for model in (neural.model, certain):
        system = NeuralSystem(model, neural.tokenizer, neural.reading)
        document = measure_methods(
            system, info, little_corpus, "test", ["random"], notes=2, faithfulness_notes=2
        )
        shares.append(document["methods"][0]["metrics"]["top_span_beats_random"])
    [scores] = system.score([make_note(3).text])
    assert (scores.probabilities == 1).all()
    assert 0 < shares[0] == shares[1]


def test_a_top_span_that_changes_no_probability_does_not_beat_a_random_one(spaced: Corpus) -> None:
    system, info = finder(spaced)
    constant, certain = (
        measure_methods(one(system.names), info, spaced, "test", ["own"], notes=2, faithfulness_notes=2)
        for one in (Constant, Certain)
    )
    assert constant["methods"][0]["metrics"]["top_span_beats_random"] == 0
    # Rounded to 1, probabilities do not say which is lower.
    assert certain["methods"][0]["metrics"]["top_span_beats_random"] is None


def test_evidence_that_was_not_read_to_its_end_does_not_count(
    little_corpus: Corpus, noted: Callable[..., Corpus]
) -> None:
    architecture = tiny(8)
    system, info = new_system(little_corpus, architecture), info_of(little_corpus, architecture)
    corpus = noted("hypertension today", "electroencephalographically")
    document = measure_methods(system, info, corpus, "test", ["random"], faithfulness_notes=0)
    assert (document["notes"], document["pairs"]) == (2, 1)


def test_all_methods_of_a_system_are_compared_on_its_tokens(
    neural: NeuralSystem, little_corpus: Corpus, noted: Callable[..., Corpus]
) -> None:
    corpus = noted("electroencephalographically seen, the patient (quiet) was had.")
    methods = ["input-x-gradient", "random", "description-match", "occlusion"]
    document = measure_methods(neural, info_of(little_corpus), corpus, "test", methods, faithfulness_notes=0)
    # With fewer than 100 tokens, it is the share of tokens that are marked.
    assert len({result["metrics"]["strict_precision_at_100"] for result in document["methods"]}) == 1


def test_the_tokens_of_a_word_have_equal_parts_of_its_weight(
    neural: NeuralSystem, little_corpus: Corpus
) -> None:
    text, info = "electroencephalographically seen.", info_of(little_corpus)
    found = Explainer(neural, info, "random").weigh(text, [0, 3])
    spread = on_tokens_of(neural, info, text, found)
    first = spread.offsets[:, 1] <= words_of(text)[0, 1]
    assert first.sum() > 1
    assert len(np.unique(spread.weights[0, first])) == 1
    words, shares = word_shares(text, spread)
    np.testing.assert_array_equal(words, found.offsets)
    np.testing.assert_allclose(shares, found.shares, rtol=1e-5)
    again = on_tokens_of(neural, info, text, spread)
    np.testing.assert_array_equal(again.weights, spread.weights)


def test_a_masked_word_reads_mask_tokens_and_nothing_else_moves(
    neural: NeuralSystem, little_corpus: Corpus
) -> None:
    text = make_note(3).text
    note = masked_note(neural, info_of(little_corpus), text, [0, 2])
    [read] = neural.reading.read(neural.tokenizer, [text], offsets=True)
    ids = note.without([1])
    assert [text[begin:end] for begin, end in note.offsets] == [text[b:e] for b, e in words_of(text)]
    changed = np.flatnonzero(ids != read.ids)
    offsets: Any = read.offsets
    assert (ids[changed] == neural.tokenizer.mask_token_id).all()
    begin, end = note.offsets[1]
    assert text[offsets[changed[0], 0] : offsets[changed[-1], 1]].strip() == text[begin:end]


def test_a_word_that_the_reading_cuts_is_not_masked_as_it_has_no_share(little_corpus: Corpus) -> None:
    info, text, cut = info_of(little_corpus), "hypertension, electroencephalographically", 0
    for limit in (8, 9):
        system = new_system(little_corpus, tiny(limit))
        note = masked_note(system, info, text, [0])
        words, _ = word_shares(text, Explainer(system, info, "input-x-gradient").weigh(text, [0]))
        np.testing.assert_array_equal(note.offsets, words)
        cut += words_of(text)[1, 0] < system.read(text).end_in(text) < len(text)
    assert cut > 0


def test_notes_whose_last_word_is_cut_are_measured(
    little_corpus: Corpus, noted: Callable[..., Corpus]
) -> None:
    architecture = tiny(8)
    system, info = new_system(little_corpus, architecture), info_of(little_corpus, architecture)
    info = dataclasses.replace(info, rule=Threshold(0))
    corpus = noted("hypertension, electroencephalographically")
    document = measure_methods(system, info, corpus, "test", ["random"])
    assert 0 <= document["methods"][0]["metrics"]["normalised_aopc"] <= 1


def test_a_token_that_also_covers_punctuation_is_masked_with_its_word(
    little_corpus: Corpus, neural: NeuralSystem
) -> None:
    """The tokenizer reads whole words between blanks, and has an unknown token only."""
    text = "Saturation (95%). No pneumonia, she said."
    special = {"unk_token": "[UNK]", "pad_token": "[PAD]"}
    pieces = {piece: place for place, piece in enumerate([*special.values(), *text.split()])}
    model = Tokenizer(WordLevel(pieces, special["unk_token"]))
    model.pre_tokenizer = WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=model, **special)
    system = NeuralSystem(neural.model, tokenizer, neural.reading)
    note = masked_note(system, info_of(little_corpus), text, [0])
    assert [text[begin:end] for begin, end in note.offsets] == re.findall(r"[A-Za-z]+|95%", text)
    assert note.words == [[place] for place in range(6)]
    assert note.without([1])[1] == note.mask_id == pieces["[UNK]"]


def test_batches_of_masked_notes_score_like_single_ones(neural: NeuralSystem, little_corpus: Corpus) -> None:
    text = make_note(5).text
    info = info_of(little_corpus)
    bounded = NeuralSystem(neural.model, neural.tokenizer, neural.reading, batch_tokens=200)
    note = masked_note(bounded, info, text, [1])
    variants = [note.without([word]) for word in range(len(note.words))]
    together = note.probabilities([note.ids, *variants])
    alone = masked_note(neural, info, text, [1])
    single: list[npt.NDArray[np.float32]] = [alone.probabilities([ids])[0] for ids in (note.ids, *variants)]
    np.testing.assert_allclose(together, single, atol=1e-6)
    [scores] = neural.score([text])
    assert together[0, 0] == pytest.approx(scores.probabilities[1], abs=1e-6)


def test_faithfulness_of_a_model_is_that_of_its_assigned_codes(
    neural: NeuralSystem, little_corpus: Corpus
) -> None:
    """Computed again, one code and one variant at a time."""
    info = info_of(little_corpus)
    document = measure_methods(neural, info, little_corpus, "test", notes=1, faithfulness_notes=1)
    chosen = np.random.default_rng(0).choice(24, 1)[0]
    text = list(little_corpus.texts("test"))[chosen]
    [scores] = neural.score([text])
    [assigned] = info.rule.decide(scores.probabilities[np.newaxis])
    values: dict[str, list[float]] = {"comprehensiveness": [], "sufficiency": []}
    for label in np.flatnonzero(assigned).tolist():
        note = masked_note(neural, info, text, [label])
        _, shares = word_shares(text, Explainer(neural, info).weigh(text, [label]))
        order = [note.words[word] for word in np.argsort(-shares[0], kind="stable")]

        def score(ids: npt.NDArray[np.int64], note: MaskedNote = note) -> float:
            return float(note.probabilities([ids])[0, 0])

        for function in (comprehensiveness, sufficiency):
            values[function.__name__].append(function(score, note.ids, order, note.mask_id))
    assert document["assigned"] == len(values["sufficiency"]) > 0
    for name, own in values.items():
        assert document["methods"][0]["metrics"][name] == pytest.approx(np.mean(own), rel=1e-4)
