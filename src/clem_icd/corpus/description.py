"""The contents of a corpus in figures. No note text leaves this module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from clem_icd.corpus.reader import Corpus

# The context lengths of BERT, Longformer and ModernBERT.
CONTEXTS = (512, 4096, 8192)

_PERCENTILES = (5, 25, 50, 75, 95)

TokenCounter = Callable[[Iterable[str]], npt.NDArray[np.int64]]


def describe(
    corpus: Corpus, *, count_tokens: TokenCounter | None = None, tokenizer: str | None = None
) -> dict[str, Any]:
    """Describe a corpus: sizes, label frequencies, and codes, words and tokens per note.

    Parameters
    ----------
    count_tokens
        Returns the number of tokens in every text [texts]. Without it, tokens are left out.
    tokenizer
        The name of that tokenizer.

    Returns
    -------
    dict
        ``name``, ``synthetic``, ``warnings``, ``tokenizer``, ``labels`` (their number),
        ``label_counts`` (training notes per label, descending), ``word_histogram`` (``edges``, and
        ``counts`` per split; the last bin holds the longest one percent), ``medians`` over all notes
        (``codes_per_note`` and ``words_per_note``) and ``splits``: for each, ``notes``, ``subjects``,
        ``admissions``, ``notes_without_codes``, ``labels``, ``codes_per_note``, ``words_per_note``,
        ``tokens_per_note`` (mean, percentiles and maximum) and ``beyond_tokens`` (the share of notes
        with more than 512, 4,096 and 8,192 tokens). A word is a run of characters that are not blank.

    """
    words = {split: _words(corpus, split) for split in corpus.splits}
    codes = {split: _codes(corpus, split) for split in corpus.splits}
    edges = _histogram_edges(_pooled(words))
    return {
        "name": corpus.name,
        "synthetic": corpus.synthetic,
        "warnings": list(corpus.warnings),
        "notices": list(corpus.about["notices"]),
        "tokenizer": tokenizer if count_tokens else None,
        "labels": len(corpus.labels),
        "labels_without_title": corpus.about["counts"]["labels_without_title"],
        "label_counts": sorted((int(count) for count in corpus.train_counts()), reverse=True),
        "word_histogram": {
            "edges": edges.tolist(),
            "counts": {split: np.histogram(words[split], edges)[0].tolist() for split in corpus.splits},
        },
        "medians": {
            "codes_per_note": float(np.median(_pooled(codes))),
            "words_per_note": float(np.median(_pooled(words))),
        },
        "splits": {
            split: _describe_split(corpus, split, words[split], codes[split], count_tokens)
            for split in corpus.splits
        },
    }


def _describe_split(
    corpus: Corpus,
    split: str,
    words: npt.NDArray[np.int64],
    codes: npt.NDArray[np.int64],
    count_tokens: TokenCounter | None,
) -> dict[str, Any]:
    columns = corpus.frame(split).select("subject_id", "admission_id").collect()
    tokens = count_tokens(corpus.texts(split)) if count_tokens else None
    return {
        "notes": columns.height,
        "subjects": columns["subject_id"].drop_nulls().n_unique(),
        "admissions": columns["admission_id"].drop_nulls().n_unique(),
        "notes_without_codes": int((codes == 0).sum()),
        "labels": sum(label.counts[split] > 0 for label in corpus.labels),
        "codes_per_note": _summary(codes),
        "words_per_note": _summary(words),
        "tokens_per_note": None if tokens is None else _summary(tokens),
        "beyond_tokens": None
        if tokens is None
        else {str(context): float((tokens > context).mean()) for context in CONTEXTS},
    }


def _words(corpus: Corpus, split: str) -> npt.NDArray[np.int64]:
    counts = corpus.frame(split).select(pl.col("text").str.count_matches(r"\S+")).collect(engine="streaming")
    return counts.to_series().to_numpy().astype(np.int64)


def _codes(corpus: Corpus, split: str) -> npt.NDArray[np.int64]:
    counts = corpus.frame(split).select(pl.col("codes").list.len()).collect()
    return counts.to_series().to_numpy().astype(np.int64)


def _pooled(by_split: Mapping[str, npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.concatenate(list(by_split.values()))


def _summary(values: npt.NDArray[np.int64]) -> dict[str, float]:
    percentiles = {f"p{p}": float(np.percentile(values, p)) for p in _PERCENTILES}
    return {"mean": float(values.mean()), **percentiles, "max": float(values.max())}


def _histogram_edges(words: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    # The longest one percent of notes is often several times as long as the rest, so it shares one bin.
    return np.append(np.linspace(0, max(np.percentile(words, 99), 1), 41), max(words.max(), 1) + 1.0)
