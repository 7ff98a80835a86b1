from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from clem_icd.corpus import Corpus, Note, describe


def characters(texts: Iterable[str]) -> npt.NDArray[np.int64]:
    return np.array([len(text) for text in texts], dtype=np.int64)


def test_figures_match_those_counted_by_hand(
    make_corpus: Callable[..., Corpus], notes: dict[str, list[Note]]
) -> None:
    described = describe(make_corpus(notes, notices=["n"]), count_tokens=characters, tokenizer="characters")

    assert (described["labels"], described["label_counts"]) == (2, [2, 1])
    assert (described["notices"], described["tokenizer"]) == (["n"], "characters")
    train = described["splits"]["train"]
    assert (train["notes"], train["subjects"], train["admissions"]) == (3, 2, 3)
    assert (train["notes_without_codes"], train["labels"]) == (1, 2)
    assert train["codes_per_note"] == {
        "mean": 1.0, "p5": 0.1, "p25": 0.5, "p50": 1.0, "p75": 1.5, "p95": 1.9, "max": 2.0,
    }  # fmt: skip
    assert train["words_per_note"]["mean"] == (3 + 3 + 4) / 3
    assert train["tokens_per_note"]["max"] == 20.0
    assert train["beyond_tokens"] == {"512": 0.0, "4096": 0.0, "8192": 0.0}
    assert described["splits"]["test"]["labels"] == 1
    assert described["medians"] == {"codes_per_note": 1.0, "words_per_note": 3.0}
    assert sum(described["word_histogram"]["counts"]["train"]) == 3


def test_beyond_tokens_is_the_share_of_longer_notes(
    make_corpus: Callable[..., Corpus], notes: dict[str, list[Note]]
) -> None:
    [code] = notes["test"][0].codes
    long = [Note(str(length), "x" * length, (code,)) for length in (512, 513, 4097, 8193)]

    described = describe(make_corpus({"train": long}), count_tokens=characters)

    assert described["splits"]["train"]["beyond_tokens"] == {"512": 0.75, "4096": 0.5, "8192": 0.25}


def test_description_without_a_tokenizer_has_no_tokens_and_no_text(
    make_corpus: Callable[..., Corpus], notes: dict[str, list[Note]]
) -> None:
    described = describe(make_corpus(notes), tokenizer="unused")

    assert described["tokenizer"] is None
    assert described["splits"]["train"]["tokens_per_note"] is None
    assert "T2DM" not in json.dumps(described)
