"""What each part of a lexicon is worth: MAP and micro-F1 on validation without it.

    python benchmarks/lexicon_ingredients.py CORPUS [LANGUAGE] [--part PART …]

A part is left out together with the proposals that only it makes, and the trees are fitted anew. The
threshold is chosen on training notes out of fold; gold codes that were not proposed count as missed.
`denied` counts proposals of other codes whose words a cue negates or gives to a relative, and how many of
them are assigned.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clem_icd.corpus import Corpus
from clem_icd.modeling.lexicon.fitting import TrainingNote, describe_training
from clem_icd.modeling.lexicon.proposals import Proposals, propose
from clem_icd.modeling.lexicon.ranking import fit_ranker, out_of_fold
from clem_icd.modeling.lexicon.read_note import read_note
from clem_icd.modeling.lexicon.titles import TitleIndex, names_of

SOURCES = {
    "exact": "exact_share",
    "scattered": "scattered_share",
    "partial": "partial_share",
    "title": "title_score",
    "vocabulary": "vocabulary_rank",
}
PARTS: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "scattered phrases": ("scattered",),
    "partial phrases": ("partial",),
    "scattered and partial phrases": ("scattered", "partial"),
    "titles": ("title", "names"),
    "the vocabulary as a whole": ("vocabulary",),
    "all but exact phrases": ("scattered", "partial", "title", "names", "vocabulary"),
    "cues and sections": ("cue", "section", "exact_free", "scattered_free", "partial_free"),
    "frequencies of codes": ("code_notes", "category_notes", "chapter_notes"),
}
RIDGE = 30


def reduced(one: Proposals, without: Sequence[str]) -> tuple[Any, Any]:
    """Return the proposals that other parts make, and their features."""
    columns = (
        [i for i, name in enumerate(one.names) if not name.startswith(tuple(without))] if without else None
    )
    kept = np.zeros(len(one.codes), dtype=bool)
    for source, column in SOURCES.items():
        if source not in without and column in one.names:
            values = one.features[:, one.names.index(column)]
            kept |= values < RIDGE if source == "vocabulary" else ~np.isnan(values)
    features = one.features[kept] if columns is None else one.features[kept][:, columns]
    return one.codes[kept], features


def denied(one: Proposals, gold: Any) -> Any:
    """Return the codes that a note does not have and that rest on words that a cue denies."""
    cues = [one.features[:, one.names.index(f"cue_{kind}")] == 1 for kind in ("negated", "family")]
    return one.codes[(cues[0] | cues[1]) & ~np.isin(one.codes, gold)]


def best_threshold(scores: Any, right: Any, gold: int) -> float:
    """Return the threshold with the highest micro-F1."""
    order = np.argsort(-scores, kind="stable")
    f1 = 2 * np.cumsum(right[order]) / (np.arange(1, len(order) + 1) + gold)
    return float(scores[order][int(np.argmax(f1))])


def average_precision(scores: Any, right: Any, gold: int) -> float:
    """Return the average precision of a note."""
    ranks = np.flatnonzero(right[np.argsort(-scores, kind="stable")]) + 1
    return float((np.arange(1, len(ranks) + 1) / ranks).sum() / gold)


def main() -> None:
    """Print a row per part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("language", nargs="?", default="en", choices=["en", "es", "other"])
    parser.add_argument("--part", action="append", choices=PARTS, help="repeatable; default: all")
    arguments = parser.parse_args()
    corpus = Corpus.open(arguments.corpus)
    notes = [TrainingNote(n.text, n.codes, n.evidence, n.subject_id) for n in corpus.notes("train")]
    codes = {code for note in notes for code in note.codes}
    names = [name for system in sorted({code.system for code in codes}) for name in names_of(system)]
    titles = TitleIndex.of(names, codes)
    described = describe_training(notes, titles, arguments.language, seed=0, progress=lambda: None)
    known, ridge = described.knowledge, described.ridge
    place = {code: position for position, code in enumerate(titles.codes)}
    validation = list(corpus.notes("validation"))
    judged = []
    for note in validation:
        read = read_note(note.text, arguments.language)
        judged.append(propose(read, ridge.scores(read.words), ridge.learned, known))
    gold = [np.array([place.get(code, -1) for code in note.codes]) for note in validation]
    against = [denied(one, wanted) for one, wanted in zip(judged, gold, strict=True)]
    for part in arguments.part or PARTS:
        without = PARTS[part]
        train = [reduced(one, without) for one in described.proposals]
        features = np.concatenate([one for _, one in train])
        right = np.concatenate([np.isin(c, g) for (c, _), g in zip(train, described.gold, strict=True)])
        kept = [n for n in described.proposals[0].names if not (without and n.startswith(tuple(without)))]
        groups = np.repeat(described.folds % 5, [len(c) for c, _ in train])
        scores = out_of_fold(features, right, groups, kept, 0)
        threshold = best_threshold(scores, right, sum(map(len, described.gold)))
        ranker = fit_ranker(features, right, kept, 0)
        precisions, hits, decided, proposed, misled = [], 0, 0, 0, 0
        for one, wanted, wrong in zip(judged, gold, against, strict=True):
            found, described_by = reduced(one, without)
            probabilities = ranker.probabilities(described_by)
            correct = np.isin(found, wanted)
            hits += int(correct[probabilities >= threshold].sum())
            decided += int((probabilities >= threshold).sum())
            proposed += int(correct.sum())
            misled += int(np.isin(found[probabilities >= threshold], wrong).sum())
            if len(wanted):
                precisions.append(average_precision(probabilities, correct, len(wanted)))
        total = sum(map(len, gold))
        recall, f1 = 100 * proposed / total, 200 * hits / (decided + total)
        print(
            f"{part:<32} proposed {recall:5.1f}  MAP {100 * np.mean(precisions):5.1f}  F1 {f1:5.1f}  "
            f"denied {sum(map(len, against)):,}, assigned {misled:,}",
            flush=True,
        )


if __name__ == "__main__":
    main()
