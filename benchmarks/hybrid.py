"""A lexicon beside a neural system: the mean of their scores, and the scores as features of the trees.

    python benchmarks/hybrid.py CORPUS FOLDER [SETTING …]

The neural system (recipe `clem-small`, with the given settings) is trained as `clem train lexicon-stacked`
trains it: on all training notes, and without each fifth of them. The weight of the mean and all thresholds
are chosen on training notes scored by systems that did not learn from them; the validation split is only
scored. Models are kept in FOLDER, and found there by a later run; a folder of another corpus or of other
settings is refused. Gold codes that were not proposed count as missed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from lexicon_ingredients import average_precision, best_threshold

from clem_icd.corpus import Corpus
from clem_icd.modeling.lexicon.fitting import (
    DescribedNotes,
    TrainingNote,
    describe_training,
    ranked_notes,
)
from clem_icd.modeling.lexicon.proposals import Proposals, propose
from clem_icd.modeling.lexicon.ranking import fit_ranker, out_of_fold
from clem_icd.modeling.lexicon.read_note import read_note
from clem_icd.modeling.lexicon.stacking import Stacked, Stacking
from clem_icd.modeling.lexicon.titles import TitleIndex, names_of
from clem_icd.progress import Silent
from clem_icd.training import LexiconRecipe, read_recipe
from clem_icd.training.stacking import train_stacked

WEIGHTS = np.linspace(0, 1, 21)


class Scored:
    """Scores of training notes by what others teach, and of new notes, for all codes of a code space."""

    def __init__(self, of_train: Any, of_notes: Any) -> None:
        self.of_train = of_train
        self.of_notes = of_notes

    @classmethod
    def by_trees(
        cls, described: DescribedNotes, judged: Sequence[Proposals], gold: Any, groups: Any
    ) -> Scored:
        """Fit trees on described training notes, and score these out of fold and others."""
        own = described.proposals
        names, counts = own[0].names, [len(one.codes) for one in own]
        right = np.concatenate([gold[row, one.codes] for row, one in enumerate(own)])
        features = np.concatenate([one.features for one in own])
        held_out = out_of_fold(features, right, np.repeat(groups, counts), names, 0)
        ranker = fit_ranker(features, right, names, 0)
        return cls(
            dense(own, np.split(held_out, np.cumsum(counts)[:-1]), gold.shape[1]),
            dense(judged, [ranker.probabilities(one.features) for one in judged], gold.shape[1]),
        )

    def mixed(self, other: Scored, weight: float) -> Scored:
        """Return the mean with other scores, which have the given weight."""
        return Scored(
            weight * other.of_train + (1 - weight) * self.of_train,
            weight * other.of_notes + (1 - weight) * self.of_notes,
        )


def dense(proposals: Sequence[Proposals], values: Sequence[Any], codes: int) -> Any:
    """Return scores of proposals as an array [notes, codes]."""
    scores = np.zeros((len(proposals), codes), dtype=np.float32)
    for row, (one, own) in enumerate(zip(proposals, values, strict=True)):
        scores[row, one.codes] = own
    return scores


def f1_of(scores: Any, gold: Any, threshold: float, missed: int = 0) -> float:
    """Return micro-F1 in percent; codes outside the code space are missed."""
    decided = scores >= threshold
    return float(200 * (decided & gold).sum() / (decided.sum() + gold.sum() + missed))


def chosen(scores: Any, gold: Any) -> float:
    """Return the threshold with the highest micro-F1."""
    return best_threshold(scores.ravel(), gold.ravel(), int(gold.sum()))


def main() -> None:
    """Print MAP and micro-F1 of the systems alone and together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("settings", nargs="*")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    corpus = Corpus.open(arguments.corpus)
    recipe = read_recipe("lexicon-stacked", [f"stacking.{one}" for one in arguments.settings])
    if not isinstance(recipe, LexiconRecipe) or recipe.stacking is None:
        parser.error("the recipe stacks nothing")
    made_of = {"corpus": corpus.fingerprint, "settings": sorted(arguments.settings)}
    about = arguments.folder / "made-of.json"
    found = json.loads(about.read_text(encoding="utf-8")) if about.exists() else None
    if found != made_of:
        if any(arguments.folder.iterdir()):
            parser.error(
                f"{arguments.folder} has files of another corpus or of other settings: name a new folder"
            )
        about.write_text(json.dumps(made_of), encoding="utf-8")
    trained = train_stacked(recipe.stacking, corpus, arguments.folder, seed=0, observer=Silent())

    train_notes, notes = list(corpus.notes("train")), list(corpus.notes("validation"))
    training = [TrainingNote(n.text, n.codes, n.evidence, n.subject_id) for n in train_notes]
    own = {code for note in training for code in note.codes}
    systems = sorted({code.system for code in own})
    titles = TitleIndex.of([name for system in systems for name in names_of(system)], own)
    rows, groups = ranked_notes([note.subject_id for note in train_notes], 0)
    if len(rows) < len(training):
        parser.error("the corpus has more training notes than the trees learn from")
    place = {code: position for position, code in enumerate(titles.codes)}
    gold_train, gold = (np.zeros((len(some), len(place)), dtype=np.bool_) for some in (train_notes, notes))
    for some, table in ((train_notes, gold_train), (notes, gold)):
        for row, note in enumerate(some):
            table[row, [place[code] for code in note.codes if code in place]] = True
    outside = [sum(code not in place for code in note.codes) for note in notes]

    stacked = Stacked.of(trained.system, trained.info, titles.codes)
    stacking = Stacking(stacked, trained.held_out)
    of_notes = [stacked.opinion_of(note.text) for note in notes]
    of_train = [stacking.opinion(row) for row in range(len(rows))]
    # A code of no training note has no score; only the lexicon ranks it.
    neural = Scored(*(np.nan_to_num(np.stack(scores)) for scores in (of_train, of_notes)))
    systems_of = {}
    for title, other in (("lexicon alone", None), ("stacked", stacking)):
        described = describe_training(training, titles, "en", seed=0, progress=lambda: None, stacking=other)
        ridge, judged = described.ridge, []
        for note, opinion in zip(notes, of_notes, strict=True):
            read = read_note(note.text, "en")
            seen = None if other is None else opinion
            judged.append(propose(read, ridge.scores(read.words), ridge.learned, described.knowledge, seen))
        systems_of[title] = Scored.by_trees(described, judged, gold_train, groups[rows])
    lexicon = systems_of["lexicon alone"]
    gains = {}
    for weight in WEIGHTS:
        scores = lexicon.mixed(neural, weight).of_train
        gains[weight] = f1_of(scores, gold_train, chosen(scores, gold_train))
    best = max(gains, key=lambda one: gains[one])
    everything = {
        "neural alone": neural,
        "lexicon alone": lexicon,
        f"mean ({best:.2f} neural)": lexicon.mixed(neural, best),
        "stacked": systems_of["stacked"],
    }
    for title, scored in everything.items():
        threshold = chosen(scored.of_train, gold_train)
        precisions = [
            average_precision(row, wanted, int(wanted.sum()) + missed)
            for row, wanted, missed in zip(scored.of_notes, gold, outside, strict=True)
            if wanted.any() or missed
        ]
        f1 = f1_of(scored.of_notes, gold, threshold, sum(outside))
        print(f"{title:<24} MAP {100 * np.mean(precisions):5.1f}  F1 {f1:5.1f}  threshold {threshold:.3f}")


if __name__ == "__main__":
    main()
