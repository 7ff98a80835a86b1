"""Reading the splits of a corpus as tokenized notes, as a recipe reads them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from transformers import PreTrainedTokenizerBase

from clem_icd.corpus import Corpus
from clem_icd.modeling.inputs import TokenizedNotes
from clem_icd.modeling.labels import LabelSpace
from clem_icd.progress import Observer
from clem_icd.training.evidence_tokens import NotesWithEvidence, read_evidence_tokens
from clem_icd.training.limits import Cut, measure_cut
from clem_icd.training.recipe import NeuralRecipe
from clem_icd.training.synthetic_notes import NotesWithTwins, Twins

TrainingNotes = TokenizedNotes | NotesWithEvidence | NotesWithTwins


def read_train(
    corpus: Corpus, tokenizer: PreTrainedTokenizerBase, recipe: NeuralRecipe, observer: Observer
) -> tuple[TrainingNotes, Cut]:
    """Return the training notes, with what the recipe adds to them, and how much of them is cut off.

    That is their evidence, their twins, or both.
    """
    read, cut = read_split(corpus, "train", tokenizer, recipe, observer)
    notes: TokenizedNotes | NotesWithEvidence = read
    regularizer = recipe.training.regularizer
    if regularizer is not None and regularizer.needs_evidence:
        evidence = read_evidence_tokens(corpus, tokenizer, recipe.reading)
        observer.say(evidence.sentence())
        notes = NotesWithEvidence(read, evidence)
    if recipe.training.synthetic_notes is None:
        return notes, cut
    names = recipe.training.synthetic_notes.names(LabelSpace.of(corpus))
    for sentence in names.sentences():
        observer.say(sentence)
    return NotesWithTwins(notes, Twins(names, tokenizer, recipe.reading, recipe.seed)), cut


def read_split(
    corpus: Corpus, split: str, tokenizer: PreTrainedTokenizerBase, recipe: NeuralRecipe, observer: Observer
) -> tuple[TokenizedNotes, Cut]:
    """Return the notes of a split, and how much of them is cut off.

    The order of training notes is that of the corpus; the notes of other splits are sorted by length.
    """
    observer.begin(f"Reading {split}", corpus.size(split))

    def texts() -> Iterator[str]:
        for text in corpus.texts(split):
            observer.advance()
            yield text

    read = list(recipe.reading.read(tokenizer, texts()))
    cut = measure_cut(corpus, split, [note.truncated for note in read], tokenizer, recipe.reading)
    labels = corpus.label_indices(split)
    if split != "train":
        # Metrics do not depend on the order of the notes, and batches of similar length need less padding.
        order = np.argsort([len(note.ids) for note in read], kind="stable")
        read, labels = [read[row] for row in order], [labels[row] for row in order]
    return TokenizedNotes(read, labels), cut
