"""Evaluate frozen encoders, before any training on codes: logistic regression, and code titles alone.

    python benchmarks/frozen_encoders.py CORPUS OUT --encoder clem-small --encoder random --encoder FOLDER

A note is split into windows of a fixed number of tokens; its vector is the mean over all windows of the
mean-pooled encoder output. A logistic regression per label is fitted to the standardized vectors, with the
regularization and the threshold chosen on validation. `titles_map` uses no training notes: labels are ranked
by the cosine similarity of their title with the nearest window. Metrics are on test, or on validation if
there is no test split. Intervals are over notes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from encoders import random_twin
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from transformers import AutoModelForMaskedLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from clem_icd.corpus import Corpus
from clem_icd.decisions import Rule, choose_rule
from clem_icd.evaluation import Judgement, evaluate, intervals
from clem_icd.modeling import pooled_texts, shipped_encoders

METRICS = ("micro_f1", "macro_f1_split_labels", "map")
STRENGTHS = (0.001, 0.01, 0.1, 1.0)

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


class Windows(NamedTuple):
    """Vectors of text windows [windows, width], with the text index and the number of tokens of each."""

    vectors: Floats
    text: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int64]


class Frozen:
    """An encoder used without training."""

    def __init__(self, place: str, window: int) -> None:
        self.tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(place)
        self.model: PreTrainedModel = AutoModelForMaskedLM.from_pretrained(place, dtype=torch.float32).eval()
        self.window = window

    def read(self, texts: Iterable[str]) -> Windows:
        """Encode all tokens of the texts, in windows."""
        encoded = self.tokenizer(
            list(texts), truncation=True, max_length=self.window, return_overflowing_tokens=True
        )
        ids = [torch.tensor(some) for some in encoded["input_ids"]]
        with torch.no_grad():
            vectors = pooled_texts(self.model, ids, self.tokenizer.pad_token_id).numpy()
        tokens = np.array([len(some) for some in ids])
        return Windows(vectors, np.array(encoded["overflow_to_sample_mapping"]), tokens)


def means(windows: Windows) -> Floats:
    """Return the mean vector of each text, with windows weighted by their tokens [texts, width]."""
    tokens: Floats = np.bincount(windows.text, weights=windows.tokens).astype(np.float32)
    sums = np.zeros((len(tokens), windows.vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, windows.text, windows.vectors * windows.tokens[:, None])
    return sums / tokens[:, None]


def by_titles(windows: Windows, titles: Floats) -> Floats:
    """Return the cosine similarity of each title with the nearest window of each text [texts, labels]."""
    cosines = directions(windows.vectors) @ directions(titles).T
    nearest = np.full((windows.text[-1] + 1, len(titles)), -1.0, dtype=np.float32)
    np.maximum.at(nearest, windows.text, cosines)
    return nearest


def directions(vectors: Floats) -> Floats:
    """Scale vectors to unit length."""
    lengths: Floats = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths


def regression(train: Floats, targets: Bools, strength: float, others: Sequence[Floats]) -> list[Floats]:
    """Fit one regression per label on the training notes, and score the other splits."""
    counts = targets.sum(axis=0)
    odds = (counts + 0.5) / (len(targets) - counts + 0.5)
    logits = [np.tile(np.log(odds), (len(other), 1)) for other in others]
    for label in np.flatnonzero((counts > 0) & (counts < len(targets))):
        model = LogisticRegression(C=strength, max_iter=200).fit(train, targets[:, label])
        for place, other in enumerate(others):
            logits[place][:, label] = model.decision_function(other)
    return [(1 / (1 + np.exp(-one))).astype(np.float32) for one in logits]


def row(name: str, frozen: Frozen, corpus: Corpus) -> list[str]:
    """Return the table cells of an encoder, in percent."""
    splits = ["train", "validation", *(["test"] if "test" in corpus.splits else [])]
    windows = [frozen.read(corpus.texts(split)) for split in splits]
    targets = [corpus.targets(split) for split in splits]
    scaler = StandardScaler()
    train = scaler.fit_transform(means(windows[0]))
    others = [scaler.transform(means(some)) for some in windows[1:]]
    fits = [regression(train, targets[0], strength, others) for strength in STRENGTHS]
    best = max(range(len(fits)), key=lambda fit: evaluate(targets[1], fits[fit][0], profile=["map"])["map"])
    rule = choose_rule("edin2024", targets[1], fits[best][0], corpus.train_counts())
    cells = judged(targets[-1], fits[best][-1], rule, METRICS)
    titles = means(frozen.read(label.title or label.code.value for label in corpus.labels))
    untrained = by_titles(windows[-1], titles)
    cells += judged(targets[-1], untrained, 0.5, ["map"])  # MAP does not depend on the threshold
    return [name, f"{frozen.window:,}", *cells, f"{STRENGTHS[best]:g}"]


def judged(targets: Bools, scores: Floats, threshold: float | Rule, metrics: Sequence[str]) -> list[str]:
    """Return metrics with their intervals, in the given order, in percent."""
    judgement = Judgement.of(targets, scores, threshold, profile=metrics)
    values, found = judgement.values(), intervals(judgement)
    return [
        f"{100 * values[name][0]:.1f} [{100 * found[name].low:.1f}, {100 * found[name].high:.1f}]"
        for name in metrics
    ]


def main() -> None:
    """Evaluate every encoder, and print a Markdown table row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path, help="folder for random encoders")
    parser.add_argument(
        "--encoder", action="append", required=True, help="name, folder or `random`; repeatable"
    )
    parser.add_argument("--window", type=int, default=256, help="tokens per window; default: 256")
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
