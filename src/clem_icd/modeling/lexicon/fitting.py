"""Learning a lexicon from training notes, each described by what the notes of other folds teach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from clem_icd.corpus import Evidence
from clem_icd.errors import CorpusError
from clem_icd.icd import Code
from clem_icd.modeling.lexicon.arrays import Floats, Ints, incidence
from clem_icd.modeling.lexicon.code_space import CodeSpace
from clem_icd.modeling.lexicon.collecting import Annotation, CodedNote, by_names, by_prediction, by_spans
from clem_icd.modeling.lexicon.dictionary import DictionarySystem
from clem_icd.modeling.lexicon.knowledge import Knowledge
from clem_icd.modeling.lexicon.language import Language
from clem_icd.modeling.lexicon.lexicon import LexiconSystem
from clem_icd.modeling.lexicon.phrases import Phrases
from clem_icd.modeling.lexicon.proposals import Proposals, propose
from clem_icd.modeling.lexicon.ranking import fit_ranker, out_of_fold
from clem_icd.modeling.lexicon.read_note import ReadNote, read_note
from clem_icd.modeling.lexicon.ridge import Ridge, fit_ridge
from clem_icd.modeling.lexicon.similarity import similarity
from clem_icd.modeling.lexicon.stacking import Stacking
from clem_icd.modeling.lexicon.tallies import Tallies, sum_of, tally
from clem_icd.modeling.lexicon.titles import TitleIndex

__all__ = [
    "STEPS",
    "DescribedNotes",
    "Fitted",
    "TrainingNote",
    "collect",
    "describe_training",
    "fit_dictionary",
    "fit_lexicon",
    "folds_of",
    "has_evidence",
    "ranked_notes",
]

_FOLDS = 10
_GROUPS = 5
STEPS = 2 + _FOLDS + _GROUPS
"""How often `fit_lexicon` reports progress."""

_MOST_RANKED = 4_000
"""The training notes that the trees learn from, at most."""

Progress = Callable[[], Any]
S = TypeVar("S", LexiconSystem, DictionarySystem)


@dataclass(frozen=True, eq=False)
class TrainingNote:
    """A training note: its text, its codes, evidence for them, and the patient, if known."""

    text: str
    codes: tuple[Code, ...]
    evidence: tuple[Evidence, ...] = ()
    subject: str | None = None


@dataclass(frozen=True, eq=False)
class Fitted(Generic[S]):
    """A lexicon or a dictionary, and its scores of training notes by what the notes of other folds teach.

    Attributes
    ----------
    system
        What was learned from all notes.
    right
        Which proposals of a training note are among its codes, best proposals first; then one for each of its
        codes that was not proposed; then nothing [notes, columns].
    scores
        Their probabilities, 0 for what was not proposed [notes, columns].

    """

    system: S
    right: Any
    scores: Floats


def fit_lexicon(
    notes: Sequence[TrainingNote],
    titles: TitleIndex,
    language: Language,
    *,
    output: Ints,
    seed: int,
    progress: Progress | None = None,
    stacking: Stacking | None = None,
) -> Fitted[LexiconSystem]:
    """Learn a lexicon.

    Parameters
    ----------
    notes
        The training notes.
    titles
        The names of the codes, and with them the code space; it contains all codes of the notes.
    language
        The language of the notes.
    output
        The labels that the system scores, as places in the code space; -1 for one that is not in it [labels].
    seed
        For folds, samples and trees: the same seed gives the same bytes, whatever the number of cores.
    progress
        Called `STEPS` times, with fewer folds fewer.
    stacking
        Another system whose scores the trees see, and its scores of the notes that `ranked_notes` names.

    Raises
    ------
    CorpusError
        If fewer than two notes have codes.
    MissingExtraError
        If LightGBM is not installed.

    """
    tick = progress or (lambda: None)
    described = describe_training(notes, titles, language, seed=seed, progress=tick, stacking=stacking)
    proposals = described.proposals
    names = proposals[0].names
    features = np.concatenate([one.features for one in proposals])
    right = np.concatenate(
        [np.isin(one.codes, gold) for one, gold in zip(proposals, described.gold, strict=True)]
    )
    counts = [len(one.codes) for one in proposals]
    groups = np.repeat(_groups(described.folds), counts)
    scores = out_of_fold(features, right, groups, names, seed, tick)
    ranker = fit_ranker(features, right, names, seed)
    stacked = None if stacking is None else stacking.stacked
    system = LexiconSystem(language, described.knowledge, described.ridge, ranker, output, stacked)
    return Fitted(system, *_table(right, scores, counts, [len(codes) for codes in described.gold]))


@dataclass(frozen=True, eq=False)
class DescribedNotes:
    """What all training notes teach, and training notes as those of other folds describe them.

    Attributes
    ----------
    knowledge, ridge
        Learned from all notes.
    rows
        The notes that are described, at most 4,000 [described].
    folds
        Their folds [described].
    proposals
        The codes that each may have, by what the notes of other folds teach [described].
    gold
        The codes of each, as places in the code space [described].

    """

    knowledge: Knowledge
    ridge: Ridge
    rows: Ints
    folds: Ints
    proposals: list[Proposals]
    gold: list[Ints]


def describe_training(
    notes: Sequence[TrainingNote],
    titles: TitleIndex,
    language: Language,
    *,
    seed: int,
    progress: Progress,
    stacking: Stacking | None = None,
) -> DescribedNotes:
    """Describe training notes; see `fit_lexicon` for the parameters.

    Raises
    ------
    CorpusError
        If fewer than two notes have codes.

    """
    read, coded, folds, phrases, marked, by_fold = _tallied(notes, titles, language, seed, loose=True)
    every = sum_of(by_fold)
    progress()
    space = CodeSpace.of(titles.codes)
    similar = similarity(phrases, titles, space.categories)

    def knowledge(tallies: Tallies) -> Knowledge:
        return Knowledge.of(phrases, similar, titles, space, tallies, marked=marked)

    gold = incidence([note.codes for note in coded], len(titles.codes))
    ridge, held_out = fit_ridge([note.words for note in read], gold, folds, seed)
    progress()
    rows = _sample(len(notes), seed)
    proposals: dict[int, Proposals] = {}
    for fold, own in enumerate(by_fold):
        known = knowledge(every.without(own))
        for place in np.flatnonzero(folds[rows] == fold):
            row = rows[place]
            opinion = None if stacking is None else stacking.opinion(int(place))
            proposals[row] = propose(read[row], held_out[row], ridge.learned, known, opinion)
        progress()
    return DescribedNotes(
        knowledge(every),
        ridge,
        rows,
        folds[rows],
        [proposals[row] for row in rows],
        [coded[row].codes for row in rows],
    )


def ranked_notes(subjects: Sequence[str | None], seed: int) -> tuple[Ints, Ints]:
    """Return the training notes that the trees learn from, at most 4,000, and the group of every note.

    The trees judge the notes of a group by those of the others; a stacked system has to do the same.

    Parameters
    ----------
    subjects
        The patient of each training note, None where unknown [notes].
    seed
        As in `fit_lexicon`.

    Returns
    -------
        The ranked notes, ascending [ranked notes]; the group of each training note, from 0 [notes].

    """
    return _sample(len(subjects), seed), _groups(folds_of(subjects, _FOLDS, seed))


def _groups(folds: Ints) -> Ints:
    return folds % _GROUPS


class _Tallied(NamedTuple):
    """Training notes as they were read, their folds and phrases, and the tallies of each fold."""

    read: list[ReadNote]
    coded: list[CodedNote]
    folds: Ints
    phrases: Phrases
    marked: bool
    by_fold: list[Tallies]


def _tallied(
    notes: Sequence[TrainingNote], titles: TitleIndex, language: Language, seed: int, *, loose: bool
) -> _Tallied:
    _require_coded(notes)
    read = [read_note(note.text, language) for note in notes]
    coded = coded_notes(notes, read, titles)
    folds = folds_of([note.subject for note in notes], _FOLDS, seed)
    phrases, annotations, marked = collect(coded, titles, folds)
    matches = [phrases.found_in(note.words, loose=loose and marked) for note in read]
    by_fold = tally(phrases, coded, matches, annotations, folds, len(titles.codes))
    return _Tallied(read, coded, folds, phrases, marked, by_fold)


def fit_dictionary(
    notes: Sequence[TrainingNote],
    titles: TitleIndex,
    language: Language,
    *,
    output: Ints,
    longest_match: bool,
    seed: int,
) -> Fitted[DictionarySystem]:
    """Learn a plain dictionary; see `fit_lexicon` for the parameters.

    Raises
    ------
    CorpusError
        If fewer than two notes have codes.

    """
    read, coded, folds, phrases, marked, by_fold = _tallied(notes, titles, language, seed, loose=False)
    every = sum_of(by_fold)

    def dictionary(tallies: Tallies) -> DictionarySystem:
        kept = np.flatnonzero(tallies.valid(phrases, marked=marked))
        supported, places = phrases.with_pairs(kept)
        return _dictionary(
            supported, tallies.of_pairs(places, kept), language, output, longest_match=longest_match
        )

    right, scores, counts = [], [], []
    for fold, own in enumerate(by_fold):
        system = dictionary(every.without(own))
        for row in np.flatnonzero(folds == fold):
            entries = system.look_up(read[row].words)
            right.append(np.isin(output[entries.columns], coded[row].codes))
            scores.append(entries.shares)
            counts.append((len(entries.columns), len(coded[row].codes)))
    table = _table(
        np.concatenate(right), np.concatenate(scores), [one for one, _ in counts], [two for _, two in counts]
    )
    return Fitted(dictionary(every), *table)


def _dictionary(
    phrases: Phrases, tallies: Tallies, language: Language, output: Ints, *, longest_match: bool
) -> DictionarySystem:
    """Return the dictionary of phrases that notes support, with labels in place of codes."""
    label_of = np.full(int(max(output.max(initial=-1), phrases.codes.max(initial=-1))) + 1, -1)
    label_of[output[output >= 0]] = np.flatnonzero(output >= 0)
    labels = label_of[phrases.codes]
    kept = np.flatnonzero(labels >= 0)
    counts = np.bincount(phrases.of_pair[kept], minlength=len(phrases))
    shares = tallies.exact_both[kept] / np.maximum(tallies.exact[phrases.of_pair[kept]], 1)
    return DictionarySystem(
        language,
        longest_match,
        len(output),
        phrases.numbers,
        np.cumsum([0, *counts], dtype=np.int64),
        labels[kept].astype(np.int64),
        shares.astype(np.float32),
        int(phrases.lengths.max(initial=1)),
    )


def collect(
    notes: Sequence[CodedNote], titles: TitleIndex, folds: Ints
) -> tuple[Phrases, list[Annotation], bool]:
    """Return the phrases of training notes, where they stand for a code, and whether coders marked them.

    Where coders marked evidence in at least half of the notes with codes, phrases are taken from it alone.
    Elsewhere, they are also runs of words that are mostly words of a code's names, and runs that predict a
    code.
    """
    annotations = list(by_spans(notes))
    marked = has_evidence([(bool(len(note.codes)), bool(note.spans)) for note in notes])
    pairs: list[tuple[tuple[int, ...], int]] = []
    if not marked:
        annotations += by_names(notes, titles)
        pairs = list(by_prediction(notes, len(titles.codes), folds))
    pairs += [(one.stems, one.code) for one in annotations]
    return Phrases.of(pairs), annotations, marked


def has_evidence(notes: Sequence[tuple[bool, bool]]) -> bool:
    """Return whether at least half of the notes with codes have evidence, given both facts of each note."""
    coded = sum(has_codes for has_codes, _ in notes)
    return coded > 0 and 2 * sum(has_spans for _, has_spans in notes) >= coded


def coded_notes(
    notes: Sequence[TrainingNote], read: Sequence[ReadNote], titles: TitleIndex
) -> list[CodedNote]:
    """Return training notes with their codes and evidence as places in the code space, and as words."""
    place = {code: position for position, code in enumerate(titles.codes)}
    coded = []
    for note, one in zip(notes, read, strict=True):
        words = one.words
        spans = []
        for span in note.evidence:
            begin = int(np.searchsorted(words.ends, span.begin, "right"))
            end = int(np.searchsorted(words.begins, span.end, "left"))
            if begin < end:
                spans.append((place[span.code], begin, end))
        codes = np.array(sorted({place[code] for code in note.codes}), dtype=np.int64)
        coded.append(CodedNote(words, codes, tuple(spans)))
    return coded


def folds_of(subjects: Sequence[str | None], count: int, seed: int) -> Ints:
    """Return the fold of each note, from 0: all notes of a patient are in one fold [notes]."""
    names = [f"subject {subject}" if subject is not None else row for row, subject in enumerate(subjects)]
    distinct = {name: number for number, name in enumerate(dict.fromkeys(names))}
    count = min(count, len(distinct))
    folds = np.random.default_rng(seed).permutation(np.arange(len(distinct)) % count)
    return np.array([folds[distinct[name]] for name in names], dtype=np.int64)


def _require_coded(notes: Sequence[TrainingNote]) -> None:
    coded = [note for note in notes if note.codes]
    patients = {note.subject if note.subject is not None else id(note) for note in coded}
    if len(patients) < 2:
        raise CorpusError(
            f"has training notes with codes of {len(patients)} patient{'' if patients else 's'}; a lexicon "
            "judges each note by those of other patients",
            remedy="Prepare a corpus with at least two",
        )


def _sample(notes: int, seed: int) -> Ints:
    rows = np.arange(notes)
    if notes > _MOST_RANKED:
        rows = np.sort(np.random.default_rng(seed).choice(notes, _MOST_RANKED, replace=False))
    return rows


def _table(right: Any, scores: Floats, counts: Sequence[int], gold: Sequence[int]) -> tuple[Any, Floats]:
    """Return which proposals are right and their scores as tables, with the codes that were not proposed."""
    ends = np.cumsum([0, *counts])
    width = max(count + codes for count, codes in zip(counts, gold, strict=True))
    hits = np.zeros((len(counts), width), dtype=np.bool_)
    table = np.zeros((len(counts), width), dtype=np.float32)
    for row, count in enumerate(counts):
        own = slice(ends[row], ends[row + 1])
        hits[row, :count], table[row, :count] = right[own], scores[own]
        hits[row, count : count + gold[row] - int(right[own].sum())] = True
    return hits, table
