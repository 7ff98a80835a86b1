from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from clem_icd.corpus import Corpus, Evidence, Note, corpus_writer
from clem_icd.evaluation.analysis import note_facts
from clem_icd.evaluation.analysis.note_facts import word_starts
from clem_icd.icd import Code, CodeSystem, default_codebook


def characters(texts: Iterable[str]) -> Iterator[NDArray[np.int64]]:
    """Yield the token starts of a tokenizer whose tokens are characters."""
    for text in texts:
        yield np.arange(len(text))


def test_lengths_and_evidence_positions_match_the_texts(little_corpus: Corpus) -> None:
    facts = note_facts(little_corpus, "test", token_starts=characters)
    words, tokens = facts.measured
    notes = list(little_corpus.notes("test"))
    assert (words.unit, tokens.unit) == ("words", "tokens")
    assert words.lengths.tolist() == [len(note.text.split()) for note in notes]
    assert tokens.lengths.tolist() == [len(note.text) for note in notes]
    expected = [
        (row, little_corpus.codes.index(span.code), len(note.text[: span.begin].split()) + 1, span.begin + 1)
        for row, note in enumerate(notes)
        for span in sorted(note.evidence, key=lambda span: span.code)
    ]
    found = zip(facts.note, facts.label, words.positions, tokens.positions, strict=True)
    assert [tuple(map(int, row)) for row in found] == expected
    assert len(expected) > 20


def test_only_the_first_evidence_of_a_code_counts(tmp_path: Path) -> None:
    first, second = Code("E11.9", CodeSystem.ICD10CM), Code("I10", CodeSystem.ICD10CM)
    text = "one two three four"
    evidence = (Evidence(second, 8, 13), Evidence(first, 15, 18), Evidence(first, 4, 7))
    notes = [Note("a", text, (first, second)), Note("b", text, (first, second), evidence)]
    with corpus_writer(
        tmp_path / "corpus", name="x", source="test", options={}, inputs=[], codebook=default_codebook()
    ) as writer:
        writer.write("test", notes)
    facts = note_facts(Corpus.open(tmp_path / "corpus"), "test")
    assert (facts.note.tolist(), facts.label.tolist()) == ([1, 1], [0, 1])
    [words] = facts.measured
    assert words.positions.tolist() == [2, 3]


def test_a_split_without_evidence_has_no_pairs(tmp_path: Path) -> None:
    with corpus_writer(
        tmp_path / "corpus", name="x", source="test", options={}, inputs=[], codebook=default_codebook()
    ) as writer:
        writer.write("test", [Note("a", "one", (Code("I10", CodeSystem.ICD10CM),))])
    facts = note_facts(Corpus.open(tmp_path / "corpus"), "test")
    assert len(facts.note) == len(facts.label) == len(facts.measured[0].positions) == 0
    assert facts.measured[0].lengths.tolist() == [1]


@settings(max_examples=50)
@given(st.lists(st.text(alphabet="ab \n\t\u00a0\u2003é😀", max_size=30), max_size=4))
def test_word_starts_agree_with_splitting_at_whitespace(texts: list[str]) -> None:
    for text, starts in zip(texts, word_starts(texts), strict=True):
        assert [text[start:].split()[0] for start in starts] == text.split()
