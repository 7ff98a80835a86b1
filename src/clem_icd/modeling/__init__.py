"""What reads a note and scores every label: encoder, head, tokenizer; the linear baseline; model folders.

A neural system is three choices: an encoder, a reading and a head. Here the reading is ``whole``
and the head is ``pooled``: the stock Hugging Face classifier, so that its checkpoint loads without
this package. Every system, neural or not, scores texts through one protocol and rests in a model
folder with a ``clem.json``.
"""

from typing import TYPE_CHECKING

from clem_icd.lazy import lazy_names

if TYPE_CHECKING:
    from clem_icd.modeling.admissions import admissions_of, seen_admissions
    from clem_icd.modeling.context import context_of
    from clem_icd.modeling.counting import open_tokenizer, tokenizer_for_counting
    from clem_icd.modeling.encoder import (
        SmallEncoder,
        attention_for,
        new_classifier,
        set_prior_bias,
        shipped_encoders,
    )
    from clem_icd.modeling.folder import load_model, save_model, write_info
    from clem_icd.modeling.info import ModelInfo
    from clem_icd.modeling.inputs import Collator, TokenizedNotes, batches_by_length, count_tokens, tokenize
    from clem_icd.modeling.language_model import (
        load_language_model,
        new_language_model,
        packed_inputs,
        pooled,
        pooled_texts,
    )
    from clem_icd.modeling.linear import LinearSystem
    from clem_icd.modeling.neural import NeuralSystem, best_device
    from clem_icd.modeling.positions import token_starts, token_starts_at, token_starts_of
    from clem_icd.modeling.system import NoteScores, System
    from clem_icd.modeling.titles import set_head_from_titles
    from clem_icd.modeling.tokenizer import learn_tokenizer

__all__ = [
    "Collator",
    "LinearSystem",
    "ModelInfo",
    "NeuralSystem",
    "NoteScores",
    "SmallEncoder",
    "System",
    "TokenizedNotes",
    "admissions_of",
    "attention_for",
    "batches_by_length",
    "best_device",
    "context_of",
    "count_tokens",
    "learn_tokenizer",
    "load_language_model",
    "load_model",
    "new_classifier",
    "new_language_model",
    "open_tokenizer",
    "packed_inputs",
    "pooled",
    "pooled_texts",
    "save_model",
    "seen_admissions",
    "set_head_from_titles",
    "set_prior_bias",
    "shipped_encoders",
    "token_starts",
    "token_starts_at",
    "token_starts_of",
    "tokenize",
    "tokenizer_for_counting",
    "write_info",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Collator": "inputs",
        "LinearSystem": "linear",
        "ModelInfo": "info",
        "NeuralSystem": "neural",
        "NoteScores": "system",
        "SmallEncoder": "encoder",
        "System": "system",
        "TokenizedNotes": "inputs",
        "admissions_of": "admissions",
        "attention_for": "encoder",
        "batches_by_length": "inputs",
        "best_device": "neural",
        "context_of": "context",
        "count_tokens": "inputs",
        "learn_tokenizer": "tokenizer",
        "load_language_model": "language_model",
        "load_model": "folder",
        "new_classifier": "encoder",
        "new_language_model": "language_model",
        "open_tokenizer": "counting",
        "packed_inputs": "language_model",
        "pooled": "language_model",
        "pooled_texts": "language_model",
        "save_model": "folder",
        "seen_admissions": "admissions",
        "set_head_from_titles": "titles",
        "set_prior_bias": "encoder",
        "shipped_encoders": "encoder",
        "token_starts": "positions",
        "token_starts_at": "positions",
        "token_starts_of": "positions",
        "tokenize": "inputs",
        "tokenizer_for_counting": "counting",
        "write_info": "folder",
    },
)
