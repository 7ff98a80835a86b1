"""What an encoder knows before it is trained on codes: a regression on its vectors, and titles alone.

    python benchmarks/frozen_encoders.py CORPUS OUT --encoder clem-small --encoder random --encoder FOLDER

A note is cut into windows of so many tokens, and its vector is the mean over all of them of what a head with
mean pooling would get. On these vectors, in standard units, a logistic regression is fitted for every label;
its strength and the threshold are chosen on validation. `titles_map` needs no training note: labels are
ranked by the cosine of their titles with the nearest window. Judged on test, or on validation where there is
no test split. Intervals are over notes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from encoders import random_twin
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from transformers import AutoModelForMaskedLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from clem_icd.corpus import Corpus
from clem_icd.evaluation import Interval, Judgement, choose_rule, evaluate, intervals
from clem_icd.icd import default_codebook
from clem_icd.modeling import pooled_texts, shipped_encoders

METRICS = ("micro_f1", "macro_f1_split_labels", "map")
STRENGTHS = (0.001, 0.01, 0.1, 1.0)

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


class Frozen:
    """An encoder that is only read with."""

    def __init__(self, place: str, window: int) -> None:
        self.tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(place)
        self.model: PreTrainedModel = AutoModelForMaskedLM.from_pretrained(place, dtype=torch.float32).eval()
        self.window = window

    def windows(self, texts: Sequence[str]) -> tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the vector of every window, which text it is of, and how many tokens it has."""
        encoded = self.tokenizer(
            list(texts), truncation=True, max_length=self.window, return_overflowing_tokens=True
        )
        ids = [torch.tensor(some) for some in encoded["input_ids"]]
        with torch.no_grad():
            vectors = pooled_texts(self.model, ids, self.tokenizer.pad_token_id).numpy()
        lengths = np.array([len(some) for some in ids])
        return vectors, np.array(encoded["overflow_to_sample_mapping"]), lengths


def vectors_of(frozen: Frozen, texts: Sequence[str]) -> Floats:
    """Return the mean vector of every text, each of its windows weighted by its tokens [texts, width]."""
    vectors, text, lengths = frozen.windows(texts)
    sums = np.zeros((len(texts), vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, text, vectors * lengths[:, None])
    tokens: Floats = np.bincount(text, weights=lengths, minlength=len(texts)).astype(np.float32)
    return sums / tokens[:, None]


def by_titles(frozen: Frozen, texts: Sequence[str], titles: Sequence[str]) -> Floats:
    """Return the cosine of every title with the nearest window of every text [texts, labels]."""
    vectors, text, _ = frozen.windows(texts)
    cosines = directions(vectors) @ directions(vectors_of(frozen, titles)).T
    nearest = np.full((len(texts), len(titles)), -1.0, dtype=np.float32)
    np.maximum.at(nearest, text, cosines)
    return nearest


def directions(vectors: Floats) -> Floats:
    """Return vectors of length 1."""
    lengths: Floats = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths


def regression(train: Floats, targets: Bools, strength: float, others: Sequence[Floats]) -> list[Floats]:
    """Fit every label on the training notes, and score the other splits."""
    counts = targets.sum(axis=0)
    odds = (counts + 0.5) / (len(targets) - counts + 0.5)
    logits = [np.tile(np.log(odds), (len(other), 1)) for other in others]
    for label in np.flatnonzero((counts > 0) & (counts < len(targets))):
        model = LogisticRegression(C=strength, max_iter=200).fit(train, targets[:, label])
        for place, other in enumerate(others):
            logits[place][:, label] = model.decision_function(other)
    return [(1 / (1 + np.exp(-one))).astype(np.float32) for one in logits]


def row(name: str, frozen: Frozen, corpus: Corpus) -> list[str]:
    """Return the cells of an encoder, in percent."""
    splits = ["train", "validation", *(["test"] if "test" in corpus.splits else [])]
    scaler = StandardScaler()
    vectors = [vectors_of(frozen, list(corpus.texts(split))) for split in splits]
    train, *others = [scaler.fit_transform(vectors[0]), *map(scaler.transform, vectors[1:])]
    targets = [corpus.targets(split) for split in splits]
    fits = [regression(train, targets[0], strength, others) for strength in STRENGTHS]
    best = max(range(len(fits)), key=lambda fit: evaluate(targets[1], fits[fit][0], profile=["map"])["map"])
    counts = corpus.train_counts()
    rule = choose_rule("edin2024", targets[1], fits[best][0], counts)
    judgement = Judgement.of(targets[-1], fits[best][-1], rule, profile=METRICS, train_counts=counts)
    found = intervals(judgement)
    values = evaluate(targets[-1], fits[best][-1], rule, METRICS)
    cells = [cell(values[metric], found[metric]) for metric in METRICS]
    book = default_codebook()
    titles = [book.title(code.value, code.system) or code.value for code in corpus.codes]
    untrained = by_titles(frozen, list(corpus.texts(splits[-1])), titles)
    alone = Judgement.of(targets[-1], untrained, profile=["map"])
    cells.append(cell(evaluate(targets[-1], untrained, profile=["map"])["map"], intervals(alone)["map"]))
    return [name, f"{frozen.window:,}", *cells, f"{STRENGTHS[best]:g}"]


def cell(value: float, interval: Interval) -> str:
    """Return a value and its interval, in percent."""
    return f"{100 * value:.1f} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def main() -> None:
    """Judge every encoder, and print a Markdown table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path, help="where random encoders are kept")
    parser.add_argument("--encoder", action="append", required=True, help="a name, a folder, or `random`")
    parser.add_argument("--window", type=int, default=256, help="tokens")
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    corpus = Corpus.open(arguments.corpus)
    arguments.out.mkdir(parents=True, exist_ok=True)
    columns = ["encoder", "window", *METRICS, "titles_map", "C"]
    print(f"| {' | '.join(columns)} |")
    print("|---" * len(columns) + "|", flush=True)
    for name in arguments.encoder:
        place = (
            random_twin(arguments.out, 0) if name == "random" else shipped_encoders().get(name, Path(name))
        )
        cells = row(name, Frozen(str(place), arguments.window), corpus)
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
