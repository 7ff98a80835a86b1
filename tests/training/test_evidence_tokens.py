"""Evidence of training notes reaches the batch as the tokens that share characters with its spans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from clem_icd.corpus import Corpus, Evidence, Note, corpus_writer
from clem_icd.errors import CorpusError
from clem_icd.icd import Code, CodeSystem, default_codebook
from clem_icd.modeling.inputs import TokenizedNotes
from clem_icd.modeling.positions import tokens_under
from clem_icd.modeling.readings import READINGS, Reading
from clem_icd.progress import Silent
from clem_icd.training import NeuralRecipe, read_recipe
from clem_icd.training.evidence_tokens import (
    NotesWithEvidence,
    read_evidence_tokens,
    require_evidence,
    with_evidence,
)
from clem_icd.training.reading import read_train
from clem_icd.training.regularizers import InputGradient, SupervisedAttention

ASTHMA, GOUT = (Code(value, CodeSystem.ICD10CM) for value in ("J45.909", "M10.9"))
WORDS = ("[PAD]", "[CLS]", "[SEP]", "a", "b", "c", "d", "\n")


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer with one token per letter or line break, which leaves out single blanks."""
    padding, opening, closing = WORDS[:3]
    vocabulary = {word: place for place, word in enumerate(WORDS)}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token=padding))
    inner.normalizer = normalizers.NFC()
    inner.pre_tokenizer = pre_tokenizers.Split(" ", "removed")
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token=padding, cls_token=opening, sep_token=closing
    )


def corpus_of(path: Path, *notes: tuple[str, tuple[Evidence, ...]]) -> Corpus:
    with corpus_writer(
        path,
        name="marked",
        source="test",
        options={},
        inputs=[],
        codebook=default_codebook(),
        synthetic=True,
        population=None,
    ) as writer:
        marked = [
            Note(note_id=f"n{number}", text=text, codes=(ASTHMA, GOUT), evidence=evidence)
            for number, (text, evidence) in enumerate(notes)
        ]
        writer.write("train", marked)
    return Corpus.open(path)


def reading_of(**fields: object) -> Reading:
    reading = READINGS.parse(fields)
    assert reading is not None
    return reading


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((0, 3), [1]),
        ((1, 2), [1]),  # part of a token
        ((0, 5), [1, 2]),
        ((3, 4), []),  # the blank before a word
        ((2, 4), [1]),  # a blank at the end of a span
        ((7, 8), []),  # a line break
        ((4, 10), [2, 4]),  # across it
        ((10, 11), [4]),  # the second character of a decomposed accent has no token
        ((0, 30), [1, 2, 4]),
    ],
)
def test_evidence_is_the_tokens_that_share_a_character_other_than_a_blank(
    span: tuple[int, int], expected: list[int]
) -> None:
    text = "abc def\ne\N{COMBINING ACUTE ACCENT}ghi"
    offsets = np.array([(0, 0), (0, 3), (3, 7), (7, 8), (8, 12), (0, 0)])
    assert tokens_under(text, offsets, *span).tolist() == expected


def test_evidence_beyond_what_is_read_is_left_out_and_counted(
    tmp_path: Path, tokenizer: PreTrainedTokenizerFast
) -> None:
    evidence = (
        Evidence(GOUT, 0, 3),
        Evidence(ASTHMA, 10, 15),  # straddles the cut
        Evidence(ASTHMA, 14, 15),
        Evidence(GOUT, 2, 5),  # overlaps the first
    )
    corpus = corpus_of(tmp_path / "corpus", ("a b c d a b c d", evidence), ("a b", ()))
    found = read_evidence_tokens(corpus, tokenizer, reading_of(kind="whole", max_tokens=8))
    assert [pieces.tolist() for pieces in found.of_notes] == [[[0, 6], [1, 1], [1, 2], [1, 3]], []]
    assert (found.spans, found.dropped) == (4, 1)
    assert found.sentence() == (
        "Attention is supervised by the evidence of 2 codes in 1 of 2 training notes; "
        "1 of 4 spans are in text that is not read"
    )


def test_special_tokens_inside_a_note_are_counted_and_are_no_evidence(
    tmp_path: Path, tokenizer: PreTrainedTokenizerFast
) -> None:
    # Segments of 8 tokens hold 6 letters each between their special tokens.
    corpus = corpus_of(tmp_path / "corpus", ("a b c d a b c d", (Evidence(GOUT, 10, 13),)))
    reading = reading_of(kind="segments", segment_tokens=8, special_tokens="segment", max_tokens=16)
    [pieces] = read_evidence_tokens(corpus, tokenizer, reading).of_notes
    [note] = reading.read(tokenizer, corpus.texts("train"))
    assert [WORDS[note.ids[token]] for _, token in pieces] == ["b", "c"]
    assert pieces[:, 1].tolist() == [6, 9]


def test_a_batch_names_note_label_and_token_of_each_piece(
    tmp_path: Path, tokenizer: PreTrainedTokenizerFast
) -> None:
    evidence = (Evidence(GOUT, 2, 5),)
    corpus = corpus_of(tmp_path / "corpus", ("a", ()), ("a b c", evidence))
    reading = reading_of(kind="whole", max_tokens=8)
    read = list(reading.read(tokenizer, corpus.texts("train")))
    notes = NotesWithEvidence(
        TokenizedNotes(read, corpus.label_indices("train")), read_evidence_tokens(corpus, tokenizer, reading)
    )
    assert len(notes) == 2
    batch = with_evidence(reading.collator(0, 2))([notes[0], notes[1]])
    assert batch["evidence"].tolist() == [[1, 1, 2], [1, 1, 3]]
    assert batch["evidence"].dtype == torch.int64
    assert batch["input_ids"].shape == (2, 5)


def test_training_notes_have_evidence_only_for_a_regularizer_that_needs_it(
    little_corpus: Corpus, listener: object
) -> None:
    for regularizer, expected in (("input-gradient", False), ("supervised-attention", True)):
        settings = ["head=label-attention", "encoder=clem-small", f"training.regularizer={regularizer}"]
        recipe = read_recipe("demo", settings)
        assert isinstance(recipe, NeuralRecipe)
        encoder = recipe.encoder.open(positions=1024, texts=())
        notes, _ = read_train(little_corpus, encoder.tokenizer, recipe, Silent())
        assert ("evidence" in notes[0]) is expected


def test_a_corpus_without_evidence_is_refused_where_it_is_learned_from(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "corpus", ("a b", ()))
    require_evidence(None, corpus)
    require_evidence(InputGradient(), corpus)
    with pytest.raises(CorpusError, match=r"no evidence in train.*supervised-attention.*--evidence"):
        require_evidence(SupervisedAttention(), corpus)
    require_evidence(SupervisedAttention(), corpus_of(tmp_path / "marked", ("a b", (Evidence(GOUT, 0, 1),))))
