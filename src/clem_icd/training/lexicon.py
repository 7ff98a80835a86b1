"""Learning a lexicon or a dictionary on the training split of a corpus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clem_icd.corpus import Corpus
from clem_icd.decisions import POLICIES, PolicyName, Rule, choose_rule
from clem_icd.decisions.arrays import BoolArray, FloatArray
from clem_icd.extras import optional
from clem_icd.icd import Code, CodeSystem, default_codebook
from clem_icd.modeling import System
from clem_icd.modeling.lexicon.fitting import STEPS, TrainingNote, fit_dictionary, fit_lexicon, has_evidence
from clem_icd.modeling.lexicon.language import Language
from clem_icd.modeling.lexicon.stacking import Stacked, Stacking, places_of
from clem_icd.modeling.lexicon.titles import Name, TitleIndex, names_of
from clem_icd.progress import Observer
from clem_icd.training.recipe import DictionaryRecipe, LexiconRecipe
from clem_icd.training.stacking import TrainedStacked

__all__ = ["HeldOut", "TrainedLexicon", "train_dictionary", "train_lexicon"]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Scores of training notes by what the notes of other folds teach.

    Attributes
    ----------
    right
        Which of them are for a code of the note [notes, columns].
    scores
        The scores, 0 where there is none [notes, columns].

    """

    right: BoolArray
    scores: FloatArray

    def choose(self, policy: PolicyName) -> tuple[Rule, str]:
        """Choose a decision rule; return it with a sentence on how it was chosen."""
        counts = np.zeros(self.scores.shape[1], dtype=np.int64)
        rule = choose_rule(policy, self.right, self.scores, counts)
        sentence = POLICIES[policy].sentence
        return rule, sentence.replace(
            "the validation split", "the training split, each note scored by what the others teach"
        )


@dataclass(frozen=True, eq=False)
class TrainedLexicon:
    """A lexicon or a dictionary with its label space.

    Attributes
    ----------
    system
        The system.
    labels, titles
        What it scores, in label order, and the titles of these labels [labels].
    held_out
        Scores to choose the decision rule on.

    """

    system: System
    labels: tuple[Code, ...]
    titles: tuple[str | None, ...]
    held_out: HeldOut


def train_lexicon(
    recipe: LexiconRecipe,
    corpus: Corpus,
    observer: Observer,
    stacked: TrainedStacked | None = None,
) -> TrainedLexicon:
    """Learn a lexicon.

    Codes come from the training split and the installed titles alone: labels that occur only in other splits
    change nothing but the label list.

    Parameters
    ----------
    stacked
        The system that the recipe stacks the lexicon on; None where it names none.

    Raises
    ------
    CorpusError
        If fewer than two training notes have codes.
    MissingExtraError
        If LightGBM is not installed.

    """
    optional("lightgbm", "The lexicon")
    notes = _training_notes(corpus)
    codes = {code for note in notes for code in note.codes}
    systems = {code.system for code in codes} | ({recipe.space} if recipe.space else set())
    observer.say(_sentence_on_evidence(notes))
    for sentence in _sentences_on_codes(codes):
        observer.say(sentence)
    titles = _titles(corpus, codes, sorted(systems), recipe.language)
    labels = corpus.codes if recipe.space is None else _ranked(titles.codes, codes, recipe.space)
    stacking = None
    if stacked is not None:
        system, info, held_out = stacked
        stacking = Stacking(Stacked.of(system, info, titles.codes), held_out)
    observer.begin("Learning the lexicon", STEPS)
    fitted = fit_lexicon(
        notes,
        titles,
        recipe.language,
        output=places_of(labels, titles.codes),
        seed=recipe.seed,
        progress=observer.advance,
        stacking=stacking,
    )
    judged = HeldOut(fitted.right, fitted.scores)
    return TrainedLexicon(fitted.system, labels, _titles_of(labels, corpus), judged)


def train_dictionary(recipe: DictionaryRecipe, corpus: Corpus, observer: Observer) -> TrainedLexicon:
    """Learn a plain dictionary.

    Raises
    ------
    CorpusError
        If fewer than two training notes have codes.

    """
    notes = _training_notes(corpus)
    codes = {code for note in notes for code in note.codes}
    observer.say(_sentence_on_evidence(notes))
    titles = _titles(corpus, codes, sorted({code.system for code in codes}), recipe.language)
    fitted = fit_dictionary(
        notes,
        titles,
        recipe.language,
        output=places_of(corpus.codes, titles.codes),
        longest_match=recipe.longest_match,
        seed=0,
    )
    held_out = HeldOut(fitted.right, fitted.scores)
    return TrainedLexicon(fitted.system, corpus.codes, _titles_of(corpus.codes, corpus), held_out)


def _training_notes(corpus: Corpus) -> list[TrainingNote]:
    return [
        TrainingNote(note.text, note.codes, note.evidence, note.subject_id) for note in corpus.notes("train")
    ]


def _titles(
    corpus: Corpus, codes: set[Code], systems: Sequence[CodeSystem], language: Language
) -> TitleIndex:
    """Return the names of all codes of some systems, and of training codes as the corpus names them."""
    names = [name for system in systems for name in names_of(system)]
    book = default_codebook()
    for label in corpus.labels:
        code = label.code
        if code in codes and label.title and label.title != book.title(code.value, code.system):
            names.append(Name(code, label.title, language))
    return TitleIndex.of(names, codes)


def _ranked(codes: Sequence[Code], trained: set[Code], space: CodeSystem) -> tuple[Code, ...]:
    """Return the codes of a system, and the training codes of any other, in label order."""
    return tuple(code for code in codes if code.system is space or code in trained)


def _titles_of(labels: Sequence[Code], corpus: Corpus) -> tuple[str | None, ...]:
    own = {label.code: label.title for label in corpus.labels}
    book = default_codebook()
    return tuple(own.get(code) or book.title(code.value, code.system) for code in labels)


def _sentence_on_evidence(notes: Sequence[TrainingNote]) -> str:
    marked, coded = sum(bool(note.evidence) for note in notes), sum(bool(note.codes) for note in notes)
    if has_evidence([(bool(note.codes), bool(note.evidence)) for note in notes]):
        return f"Phrases are taken from the evidence of {marked:,} of {coded:,} coded training notes"
    return (
        f"{marked:,} of {coded:,} coded training notes have evidence: phrases are also runs of words "
        "that predict a code"
    )


def _sentences_on_codes(codes: set[Code]) -> list[str]:
    book = default_codebook()
    unnamed = [code for code in codes if not book.is_known(code.value, code.system)]
    if not unnamed:
        return []
    example = min(unnamed).value
    return [
        f"{len(unnamed):,} of {len(codes):,} training codes have no installed title, such as {example}: "
        "they are found by phrases, and by titles of the corpus"
    ]
