"""The tokenizer that tokens are counted with."""

from __future__ import annotations

from itertools import islice

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.modeling.encoders import encoder_place
from clem_icd.modeling.tokenizer import learn_tokenizer

_NOTES = 2_000
_VOCABULARY = 32_768


def tokenizer_for_counting(place: str | None, corpus: Corpus) -> tuple[PreTrainedTokenizerBase, str]:
    """Return a tokenizer and what to call it.

    Parameters
    ----------
    place
        The name of an encoder that comes with this package, a folder, or a Hub id. Without one, a byte-level
        BPE of 32,768 tokens is learned from the first 2,000 notes of the first split, which counts much as
        ModernBERT's 50,280 tokens do.

    Raises
    ------
    ModelError
        If there is no tokenizer at ``place``.
    """
    if place is None:
        texts = islice(corpus.texts(corpus.splits[0]), _NOTES)
        learned = learn_tokenizer(texts, vocabulary=_VOCABULARY, max_tokens=8192)
        return learned, f"a byte-level BPE of {len(learned):,} tokens learned from this corpus"
    return open_tokenizer(place), place


def open_tokenizer(place: str) -> PreTrainedTokenizerBase:
    """Open the tokenizer of an encoder that comes with this package, of a folder, or of a Hub id.

    Raises
    ------
    ModelError
        If there is none.

    """
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            encoder_place(place), trust_remote_code=False
        )
    except (OSError, ValueError) as problem:
        raise ModelError(
            f"the tokenizer {place!r} cannot be loaded ({type(problem).__name__})",
            remedy="Name a folder with a tokenizer, or a Hub id where the Hub can be reached",
        ) from problem
    return tokenizer
