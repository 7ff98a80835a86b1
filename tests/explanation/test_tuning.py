"""The cut that is chosen on annotated notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from clem_icd.corpus import Corpus, Evidence, Note
from clem_icd.explanation import Explainer, Method, SpanRule, TokenWeights, tuned_rule, tuning
from clem_icd.explanation.methods.own import OwnSpans
from clem_icd.explanation.spans import spans_of, word_shares
from clem_icd.explanation.tuning import CUTS, gold_words
from clem_icd.explanation.words import words_of
from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling import ModelInfo, System
from fixtures.ranking import ExplainingSystem
from support import info_of


class Noisy(Method):
    """Weighs the words of a finding by 10 each, and all others at random up to 4."""

    kind: Literal["noisy"] = "noisy"
    read: int = 10**6

    def weigh(self, system: System, info: ModelInfo, text: str, labels: Sequence[int]) -> TokenWeights:
        offsets = words_of(text)
        noise = [np.random.default_rng([len(text), label]).random(len(offsets)) for label in labels]
        weights = 4 * np.array(noise, dtype=np.float32).reshape(len(labels), -1)
        for row, spans in enumerate(ExplainingSystem().spans(text, labels)):
            for begin, end, _ in spans:
                weights[row, (offsets[:, 0] < end) & (offsets[:, 1] > begin)] = 10
        return TokenWeights(offsets, weights, min(self.read, len(text)))


def explainer(corpus: Corpus, method: Method, monkeypatch: pytest.MonkeyPatch) -> Explainer:
    from clem_icd.explanation.methods.registry import METHODS
    from fixtures.ranking import ranking_info

    monkeypatch.setattr(METHODS, "parse", lambda value: value)
    return Explainer(ExplainingSystem(), ranking_info(corpus), method)


def pairs(explainer: Explainer, notes: Sequence[Note]) -> Iterator[tuple[set[int], set[int]]]:
    """Yield the gold words of each marked code, and those above a cut that a caller sets on the rule."""
    for note in notes:
        for code in {span.code for span in note.evidence}:
            if not explainer.scores(code):
                continue
            weights = explainer.weigh(note.text, explainer.places_of([code]))
            words, [shares] = word_shares(note.text, weights)
            spans = [span for span in note.evidence if span.code == code and span.end <= weights.read]
            gold = set(np.flatnonzero(gold_words(words, spans)).tolist())
            if gold:
                yield gold, set(np.flatnonzero(shares > explainer.rule.cut).tolist())


def word_f1(explainer: Explainer, notes: Sequence[Note]) -> float:
    found = list(pairs(explainer, notes))
    right = sum(len(gold & marked) for gold, marked in found)
    return 2 * right / sum(len(gold) + len(marked) for gold, marked in found)


@pytest.mark.parametrize("read", [10**6, 70])
def test_the_cut_is_the_first_with_the_best_pooled_word_f1(
    little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch, read: int
) -> None:
    notes = list(little_corpus.notes("validation"))
    asked = explainer(little_corpus, Noisy(read=read), monkeypatch)
    tuned = tuned_rule(asked, notes)
    assert tuned is not None
    every = []
    for cut in CUTS:
        asked.rule = SpanRule(cut=cut)
        every.append(word_f1(asked, notes))
    assert tuned.rule == SpanRule(cut=CUTS[int(np.argmax(every))])
    assert 0 < np.argmax(every) < 100
    assert f"the best word F1 ({max(every):.3f}) of 101 for the" in tuned.chosen
    asked.rule = SpanRule(cut=0)
    count = sum(1 for _ in pairs(asked, notes))
    assert f"{count} marked codes of 20 annotated notes of validation" in tuned.chosen


def test_a_tuned_cut_marks_what_coders_marked(little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = explainer(little_corpus, Noisy(), monkeypatch)
    tuned = tuned_rule(asked, little_corpus.notes("validation"))
    assert tuned is not None
    asked.rule = tuned.rule
    assert word_f1(asked, list(little_corpus.notes("test"))) > 0.9


def test_other_settings_of_the_rule_are_kept(little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = explainer(little_corpus, Noisy(), monkeypatch)
    asked.rule = SpanRule(gap=0, most=2)
    tuned = tuned_rule(asked, little_corpus.notes("validation"))
    assert tuned is not None
    assert (tuned.rule.gap, tuned.rule.most) == (0, 2)


def test_only_the_first_annotated_notes_are_used(
    little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "MOST_NOTES", 3)
    notes = [replace(note, evidence=()) for note in little_corpus.notes("test")]
    notes += little_corpus.notes("validation")
    done: list[int] = []
    tuned = tuned_rule(
        explainer(little_corpus, Noisy(), monkeypatch), notes, where="these", progress=done.append
    )
    assert tuned is not None
    assert tuned.chosen.endswith("3 annotated notes of these")
    assert sum(done) == 3


def test_nothing_is_tuned_without_marked_codes_of_the_label_space_in_what_was_read(
    little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    [note, *_] = little_corpus.notes("validation")
    asked = explainer(little_corpus, Noisy(), monkeypatch)
    unknown = Evidence(Code("Z99.9", CodeSystem.ICD10CM), 0, 5)
    assert tuned_rule(asked, [replace(note, evidence=())]) is None
    assert tuned_rule(asked, [replace(note, evidence=(unknown,))]) is None
    assert tuned_rule(explainer(little_corpus, Noisy(read=0), monkeypatch), [note]) is None


def test_nothing_is_tuned_for_spans_that_a_system_knows_itself(little_corpus: Corpus) -> None:
    asked = Explainer(ExplainingSystem(), info_of(little_corpus, system="lexicon"), OwnSpans())
    assert tuned_rule(asked, little_corpus.notes("validation")) is None


def test_a_share_equal_to_a_cut_is_not_above_it_in_tuning_or_in_spans(
    monkeypatch: pytest.MonkeyPatch, little_corpus: Corpus
) -> None:
    """Both compare 32-bit numbers."""
    text = "hypertension " * 2
    cut = CUTS[60]
    weights = TokenWeights(
        np.array([[0, 12], [13, 25]]), np.array([[cut, 1 - cut]], dtype=np.float32), len(text)
    )
    assert len(spans_of(text, weights, SpanRule(cut=cut, gap=0))[0]) == 1
    monkeypatch.setattr(Noisy, "weigh", lambda *_: weights)
    code = Code("I10", CodeSystem.ICD10CM)
    note = Note("n", text, (code,), (Evidence(code, 13, 25),))
    tuned = tuned_rule(explainer(little_corpus, Noisy(), monkeypatch), [note])
    assert tuned is not None
    assert tuned.rule.cut == cut
