"""The tokenizer used for counting tokens."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.modeling.damage import TOKENIZER, naming_damage, require_vocabulary
from clem_icd.modeling.encoders import encoder_place
from clem_icd.modeling.tokenizer import learn_tokenizer

_NOTES_TO_LEARN_FROM = 2_000
_VOCABULARY = 32_768


def tokenizer_for_counting(place: str | None, corpus: Corpus) -> tuple[PreTrainedTokenizerBase, str]:
    """Return a tokenizer and its description.

    Parameters
    ----------
    place
        The name of an encoder that ships with this package, a folder, or a Hub id. If None, a byte-level BPE
        of 32,768 tokens is learned from the first 2,000 notes of the first split; its counts are close to
        those of ModernBERT's 50,280 tokens.

    Raises
    ------
    ModelError
        If the tokenizer at ``place`` cannot be loaded.

    """
    if place is None:
        texts = islice(corpus.texts(corpus.splits[0]), _NOTES_TO_LEARN_FROM)
        learned = learn_tokenizer(texts, vocabulary=_VOCABULARY, max_tokens=8192)
        return learned, f"a byte-level BPE of {len(learned):,} tokens learned from this corpus"
    return open_tokenizer(place), place


def open_tokenizer(place: str) -> PreTrainedTokenizerBase:
    """Open the tokenizer of an encoder that ships with this package, of a folder, or of a Hub id.

    Raises
    ------
    ModelError
        If it cannot be loaded.

    """
    remedy = "Name a folder with a tokenizer, or a Hub id where the Hub can be reached"
    folder = Path(encoder_place(place))
    tokenizer: PreTrainedTokenizerBase
    if folder.is_dir():
        with naming_damage(folder, TOKENIZER, remedy):
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        require_vocabulary(tokenizer, folder, remedy)
        return tokenizer
    try:
        tokenizer = AutoTokenizer.from_pretrained(place, trust_remote_code=False)
    except (OSError, ValueError) as problem:
        raise ModelError(
            f"the tokenizer {place!r} cannot be loaded ({type(problem).__name__})", remedy=remedy
        ) from problem
    require_vocabulary(tokenizer, folder, remedy)
    return tokenizer
