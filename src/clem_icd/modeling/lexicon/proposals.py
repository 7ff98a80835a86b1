"""Codes that may fit a note, each with a description that a ranker can judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from clem_icd.cues import CUE_KINDS, bit_of
from clem_icd.modeling.lexicon.arrays import Floats, Ints, best_rows, members_of, ranges
from clem_icd.modeling.lexicon.coverage import Found, stretches
from clem_icd.modeling.lexicon.knowledge import Knowledge
from clem_icd.modeling.lexicon.phrases import Matches, nested
from clem_icd.modeling.lexicon.read_note import ReadNote

__all__ = ["Proposals", "propose"]

_TITLES = 100
"""The titles that propose codes, at most; each proposes at most so many of the codes that share it:"""
_OWNERS = 6

_RIDGE = 30
"""The codes that the vocabulary as a whole proposes."""

_OPINION, _LIKELY = 30, 0.01
"""The codes that another system proposes, at most, and the smallest probability for it."""

_WIDTH, _STRIDE, _LEAST = 8, 3, 0.3
"""Words that a title is looked for in at once, and the smallest share of it."""

_AGAINST = bit_of("negated") | bit_of("family")
_PENALTY = 0.9
"""For choosing which of several mentions stands for a code; the code itself stays."""


@dataclass(frozen=True, eq=False)
class Proposals:
    """The proposed codes of a note.

    Attributes
    ----------
    codes
        Their places in the code space, ascending [proposals].
    names
        The names of the features [features].
    features
        Their descriptions; what does not apply is NaN [proposals, features].
    begins, ends
        The words that each rests on, half-open; both 0 where there are none [proposals].

    """

    codes: Ints
    names: tuple[str, ...]
    features: Floats
    begins: Ints
    ends: Ints


class _Description:
    """The features of proposals, filled in column by column."""

    def __init__(self, codes: Ints) -> None:
        self.codes = codes
        self.columns: dict[str, Floats] = {}

    def add(self, name: str, values: Any, codes: Ints | None = None) -> Floats:
        """Add a feature of all proposals, or of some of them."""
        column = np.full(len(self.codes), np.nan, dtype=np.float32)
        if codes is None:
            column[:] = values
        else:
            column[np.searchsorted(self.codes, codes)] = values
        self.columns[name] = column
        return column


@dataclass(frozen=True, eq=False)
class _Source:
    """What one kind of match says: the proposed codes, their features, and the words of the best match."""

    codes: Ints
    features: dict[str, Any]
    begins: Ints
    ends: Ints


def propose(
    note: ReadNote, ridge: Floats, learned: Ints, known: Knowledge, opinion: Floats | None = None
) -> Proposals:
    """Return the codes that a note may have.

    Parameters
    ----------
    note
        The note.
    ridge
        Scores from its vocabulary [learned].
    learned
        Their codes, as places in the code space [learned].
    known
        What is known from other notes.
    opinion
        The probability of each code by another system, NaN for one that it does not score [codes]; None
        without such a system.

    """
    words = np.arange(len(note.words))
    denied = _against(note, words, words + 1)
    matches = known.phrases.found_in(note.words, loose=known.marked, denied=denied)
    kinds = {"exact": _by_phrases(note, matches.exact, known, exact=True)}
    if known.marked:
        kinds["scattered"] = _by_phrases(note, matches.scattered, known, exact=False)
        kinds["partial"] = _by_phrases(note, matches.partial, known, exact=False)
    titles, coverage = _by_titles(note, known, denied)
    # A code that only the note itself has is unknown to the rest, as an unseen code is.
    counted = known.tallies.with_code[learned] > 0
    ridge, learned = ridge[counted], learned[counted]
    order = np.argsort(-ridge, kind="stable")
    proposed = [source.codes for source in (*kinds.values(), titles)]
    proposed.append(learned[order[:_RIDGE]])
    if opinion is not None:
        proposed.append(_favoured(opinion))
    codes = np.unique(np.concatenate(proposed))
    description = _Description(codes)
    for name, source in {**kinds, "title": titles}.items():
        for feature, values in source.features.items():
            description.add(f"{name}_{feature}", values, source.codes)
    _describe_titles(description, coverage)
    _describe_vocabulary(description, ridge, learned, order)
    if opinion is not None:
        _describe_opinion(description, opinion)
    _describe_codes(description, known)
    begins, ends = _best_spans(codes, [titles, *reversed(kinds.values())])
    _describe_competition(description, known, begins, ends, len(note.words))
    _describe_place(description, note, begins, ends)
    features = np.stack(list(description.columns.values()), axis=1)
    return Proposals(codes, tuple(description.columns), features, begins, ends)


def _against(note: ReadNote, begins: Ints, ends: Ints) -> Any:
    """Return whether a cue says that what spans of words mention is not so, or not of the patient [spans]."""
    return (note.cues_at(begins, ends) & _AGAINST) != 0


def _by_phrases(note: ReadNote, matches: Matches, known: Knowledge, *, exact: bool) -> _Source:
    phrases, tallies, similar = known.phrases, known.tallies, known.similarity
    of_match, pairs = phrases.pairs_of(matches.phrases)
    phrase, codes = matches.phrases[of_match], phrases.codes[pairs]
    begins, ends, coverage = matches.begins[of_match], matches.ends[of_match], matches.coverage[of_match]
    notes = (tallies.exact if exact else tallies.scattered)[phrase]
    both = (tallies.exact_both if exact else tallies.scattered_both)[pairs]
    share = (both + 0.05) / (notes + 0.5)
    marked = tallies.annotated[pairs] / (notes + 0.5)
    against = _against(note, begins, ends)
    strength = share * coverage
    worth = strength * np.where(against, _PENALTY, 1)
    if exact:
        worth = worth * np.where(nested(matches)[of_match], 0.999, 1)
    best = best_rows(codes, worth)
    distinct, of_code = np.unique(codes, return_inverse=True)
    weights = phrases.sets.weights[phrase]
    features = {
        "share": share[best],
        "marked": marked[best],
        "notes": notes[best],
        "words": phrases.lengths[phrase[best]],
        "weight": weights[best],
        "coverage": coverage[best],
        "gaps": (ends - begins)[best] - phrases.lengths[phrase[best]],
        "position": begins[best] / max(1, len(note.words)),
        "to_names": similar.to_names[pairs[best]],
        "of_names": similar.of_names[pairs[best]],
        "to_category": similar.to_category[pairs[best]],
        "evidence": np.bincount(
            of_code, weights=-np.log(1 - np.minimum(strength, 0.99)), minlength=len(distinct)
        ),
        "matches": np.bincount(of_code, minlength=len(distinct)),
        "free_matches": np.bincount(of_code, weights=~against, minlength=len(distinct)),
        "most_marked": _highest(marked, of_code, len(distinct)),
        "most_weight": _highest(weights, of_code, len(distinct)),
        "most_similar": _highest(similar.to_names[pairs], of_code, len(distinct)),
        "most_named": _highest(similar.to_names[pairs] * share, of_code, len(distinct)),
    }
    return _Source(codes[best], features, begins[best], ends[best])


def _highest(values: Any, groups: Ints, count: int) -> Any:
    highest = np.zeros(count, dtype=values.dtype)
    np.maximum.at(highest, groups, values)
    return highest


def _by_titles(note: ReadNote, known: Knowledge, denied: Any) -> tuple[_Source, tuple[Ints, Any, Any]]:
    """Return what the best titles say; and of all that were found, code, best score and its coverage."""
    titles = known.titles
    where = stretches(note.words, _WIDTH, _STRIDE).by_count(denied)
    links = known.links.of(note.words)
    found = titles.sets.found_in(note.words, where, links, _LEAST)
    scores = found.coverage**2 * np.sqrt(titles.sets.weights[found.sets])
    every = _owned(known, found.sets)
    best_of_code = best_rows(every[1], scores[every[0]])
    all_codes = every[1][best_of_code]
    of_best = every[0][best_of_code]
    order = np.argsort(-scores, kind="stable")[:_TITLES]
    top = Found(found.sets[order], found.coverage[order], found.stretch[order])
    begins, ends = titles.sets.spans_of(note.words, where, links, top)
    rank, codes = _owned(known, top.sets, _OWNERS)
    best = best_rows(codes, scores[order][rank])
    rank, codes = rank[best], codes[best]
    weights = titles.sets.weights[top.sets]
    rivals = _strongest_inside(begins, ends, scores[order], len(note.words)) - scores[order]
    features = {
        "score": scores[order][rank],
        "coverage": top.coverage[rank],
        "weight": weights[rank],
        "rank": rank,
        "position": begins[rank] / max(1, len(note.words)),
        "width": (ends - begins)[rank],
        "words": known.titles.sets.sizes[top.sets][rank] if len(rank) else rank,
        "rivals": rivals[rank],
        "sharing": np.minimum(np.diff(titles.starts)[top.sets], _OWNERS)[rank],
        "matched": (top.coverage * weights)[rank],
    }
    overall = (all_codes, scores[of_best], found.coverage[of_best])
    return _Source(codes, features, begins[rank], ends[rank]), overall


def _owned(known: Knowledge, sets: Ints, most: int | None = None) -> tuple[Ints, Ints]:
    """Return the codes that have each of some titles: the place of the title in ``sets``, and the code."""
    of_set, members = members_of(known.titles.starts, sets, most)
    return of_set, known.titles.owners[members]


def _strongest_inside(begins: Ints, ends: Ints, scores: Any, words: int) -> Any:
    """Return the highest score of any span over one of the words of each span [spans]."""
    strongest = np.zeros(words + 1, dtype=scores.dtype)
    lengths = ends - begins
    np.maximum.at(strongest, ranges(begins, lengths), np.repeat(scores, lengths))
    highest = np.zeros(len(begins), dtype=scores.dtype)
    np.maximum.at(highest, np.repeat(np.arange(len(begins)), lengths), strongest[ranges(begins, lengths)])
    return highest


def _describe_titles(description: _Description, overall: tuple[Ints, Any, Any]) -> None:
    codes, scores, coverage = overall
    inside = np.isin(codes, description.codes)
    description.add("names_score", scores[inside], codes[inside])
    description.add("names_coverage", coverage[inside], codes[inside])


def _describe_vocabulary(description: _Description, ridge: Floats, learned: Ints, order: Ints) -> None:
    ranks = np.empty(len(ridge), dtype=np.float32)
    ranks[order] = np.arange(len(ridge))
    inside = np.isin(learned, description.codes)
    description.add("vocabulary_score", ridge[inside], learned[inside])
    description.add("vocabulary_rank", ranks[inside], learned[inside])


def _favoured(opinion: Floats) -> Ints:
    """Return the codes that another system finds likely enough to propose, at most a few [codes]."""
    likely = np.flatnonzero(np.nan_to_num(opinion) >= _LIKELY)
    return likely[np.argsort(-opinion[likely], kind="stable")[:_OPINION]]


def _describe_opinion(description: _Description, opinion: Floats) -> None:
    own = opinion[description.codes]
    description.add("opinion", own)
    ascending = np.sort(opinion[~np.isnan(opinion)])
    ahead = len(ascending) - np.searchsorted(ascending, own, side="right")
    description.add("opinion_rank", np.where(np.isnan(own), np.nan, ahead))


def _describe_codes(description: _Description, known: Knowledge) -> None:
    space, tallies, codes = known.space, known.tallies, description.codes
    counts = tallies.with_code[codes]
    description.add("code_notes", np.log((counts + 0.5) / tallies.notes[0]))
    description.add("category_notes", np.log1p(known.category_notes[codes] - counts))
    description.add("chapter_notes", np.log1p(known.chapter_notes[codes]))
    description.add("code_characters", space.characters[codes])
    description.add("code_vagueness", space.vagueness[codes])


def _best_spans(codes: Ints, sources: list[_Source]) -> tuple[Ints, Ints]:
    """Return the words of each code by the last of the sources that has any."""
    begins, ends = np.zeros(len(codes), dtype=np.int64), np.zeros(len(codes), dtype=np.int64)
    for source in sources:
        rows = np.searchsorted(codes, source.codes)
        begins[rows], ends[rows] = source.begins, source.ends
    return begins, ends


def _describe_competition(
    description: _Description, known: Knowledge, begins: Ints, ends: Ints, words: int
) -> None:
    """Describe whether another code of the category, or at the same place, has more to say for it."""
    columns = description.columns
    strength = description.add("strength", _strength(columns))
    categories = known.space.categories[description.codes]
    rivals = {
        "strength": strength,
        "vocabulary": np.nan_to_num(columns["vocabulary_score"]),
        "title": np.nan_to_num(columns["title_score"]),
    }
    if "opinion" in columns:
        rivals["opinion"] = np.nan_to_num(columns["opinion"])
    for name, values in rivals.items():
        description.add(f"{name}_in_category", _ahead_of_others(values, categories))
    description.add("strength_in_place", strength - _strongest_inside(begins, ends, strength, words))
    description.add("span_words", ends - begins)


def _strength(columns: dict[str, Floats]) -> Any:
    """Return how strongly any phrase speaks for each code; 0 without phrases [proposals]."""
    strength = np.fmax(columns["exact_share"], 0)
    if "scattered_share" in columns:
        strength = np.fmax(strength, columns["scattered_share"] * 0.9)
        strength = np.fmax(strength, columns["partial_share"] * columns["partial_coverage"] * 0.8)
    return strength


def _ahead_of_others(values: Any, groups: Ints) -> Any:
    """Return how far each value is ahead of the highest other one of its group, -1 if alone [values]."""
    _, groups = np.unique(groups, return_inverse=True)
    order = np.lexsort((-values, groups))
    first = np.searchsorted(groups[order], np.arange(groups.max(initial=-1) + 1))
    after = np.append(first[1:], len(values))
    highest = values[order][first]
    second = np.where(after - first > 1, values[order][np.minimum(first + 1, len(values) - 1)], -1)
    leads = np.zeros(len(values), dtype=np.bool_)
    leads[order[first]] = True
    return values - np.where(leads, second[groups], highest[groups])


def _describe_place(description: _Description, note: ReadNote, begins: Ints, ends: Ints) -> None:
    """Describe the cues and the section of the words that each code rests on."""
    masks = note.cues_at(begins, ends)
    for kind in CUE_KINDS:
        description.add(f"cue_{kind}", (masks & bit_of(kind)) != 0)
    sections = note.sections[np.minimum(begins, max(len(note.words) - 1, 0))] if len(note.words) else begins
    description.add("section", np.where(ends > begins, sections, np.nan))
