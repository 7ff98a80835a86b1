"""Systems that read a note and score every label: architectures, the linear baseline, model folders.

A neural system is an `Architecture`: an encoder, a reading, a head, a loss and an adapter, each of a
registered kind. Only ``assembly`` builds models from it. With the pooled head, the model is the stock
Hugging Face classifier, so its checkpoint loads without this package. Every system, neural or not, scores
texts through one protocol and is stored in a model folder with a ``clem.json``.
"""

from typing import TYPE_CHECKING

from clem_icd.lazy import lazy_names

if TYPE_CHECKING:
    from clem_icd.modeling.adapters import ADAPTERS, Adapter, Lora
    from clem_icd.modeling.admissions import admissions_of, seen_admissions
    from clem_icd.modeling.architecture import Architecture
    from clem_icd.modeling.assembly import build, rebuild
    from clem_icd.modeling.context import context_of
    from clem_icd.modeling.counting import open_tokenizer, tokenizer_for_counting
    from clem_icd.modeling.encoders import ENCODERS, PretrainedEncoder, SmallEncoder, shipped_encoders
    from clem_icd.modeling.encoders.conversion import Conversion, convert_encoder
    from clem_icd.modeling.folder import load_model, save_model, write_info
    from clem_icd.modeling.heads import (
        HEADS,
        EncoderWithHead,
        Head,
        LabelAttentionHead,
        LabelCrossAttentionHead,
        LabelTreeAttentionHead,
        PooledHead,
        TokenHead,
    )
    from clem_icd.modeling.info import ModelInfo
    from clem_icd.modeling.inputs import TokenizedNotes, batches_by_length, count_tokens
    from clem_icd.modeling.labels import LabelSpace
    from clem_icd.modeling.language_model import (
        load_language_model,
        new_language_model,
        packed_inputs,
        pooled,
        pooled_texts,
    )
    from clem_icd.modeling.lexicon.search import SEARCHED, TitleSearch, open_title_search
    from clem_icd.modeling.linear import LinearSystem
    from clem_icd.modeling.losses import LOSSES, Loss
    from clem_icd.modeling.machine import attention_for, best_device
    from clem_icd.modeling.neural import NeuralSystem
    from clem_icd.modeling.positions import token_starts, token_starts_at, token_starts_of
    from clem_icd.modeling.precision import PRECISIONS, Precision
    from clem_icd.modeling.precision_record import PrecisionEffect, PrecisionRecord
    from clem_icd.modeling.readings import READINGS, Reading, SegmentsReading, WholeReading
    from clem_icd.modeling.system import Explaining, NoteScores, Span, System
    from clem_icd.modeling.titles import set_head_from_titles
    from clem_icd.modeling.tokenizer import learn_tokenizer

__all__ = [
    "ADAPTERS",
    "ENCODERS",
    "HEADS",
    "LOSSES",
    "PRECISIONS",
    "READINGS",
    "SEARCHED",
    "Adapter",
    "Architecture",
    "Conversion",
    "EncoderWithHead",
    "Explaining",
    "Head",
    "LabelAttentionHead",
    "LabelCrossAttentionHead",
    "LabelSpace",
    "LabelTreeAttentionHead",
    "LinearSystem",
    "Lora",
    "Loss",
    "ModelInfo",
    "NeuralSystem",
    "NoteScores",
    "PooledHead",
    "Precision",
    "PrecisionEffect",
    "PrecisionRecord",
    "PretrainedEncoder",
    "Reading",
    "SegmentsReading",
    "SmallEncoder",
    "Span",
    "System",
    "TitleSearch",
    "TokenHead",
    "TokenizedNotes",
    "WholeReading",
    "admissions_of",
    "attention_for",
    "batches_by_length",
    "best_device",
    "build",
    "context_of",
    "convert_encoder",
    "count_tokens",
    "learn_tokenizer",
    "load_language_model",
    "load_model",
    "new_language_model",
    "open_title_search",
    "open_tokenizer",
    "packed_inputs",
    "pooled",
    "pooled_texts",
    "rebuild",
    "save_model",
    "seen_admissions",
    "set_head_from_titles",
    "shipped_encoders",
    "token_starts",
    "token_starts_at",
    "token_starts_of",
    "tokenizer_for_counting",
    "write_info",
]

__getattr__ = lazy_names(
    __name__,
    {
        "ADAPTERS": "adapters",
        "Adapter": "adapters",
        "Architecture": "architecture",
        "Conversion": "encoders.conversion",
        "ENCODERS": "encoders",
        "HEADS": "heads",
        "EncoderWithHead": "heads",
        "Head": "heads",
        "Explaining": "system",
        "LOSSES": "losses",
        "LabelAttentionHead": "heads",
        "LabelCrossAttentionHead": "heads",
        "LabelSpace": "labels",
        "LabelTreeAttentionHead": "heads",
        "LinearSystem": "linear",
        "Lora": "adapters",
        "Loss": "losses",
        "ModelInfo": "info",
        "NeuralSystem": "neural",
        "NoteScores": "system",
        "PRECISIONS": "precision",
        "PooledHead": "heads",
        "Precision": "precision",
        "PrecisionEffect": "precision_record",
        "PrecisionRecord": "precision_record",
        "PretrainedEncoder": "encoders",
        "READINGS": "readings",
        "Reading": "readings",
        "SegmentsReading": "readings",
        "SmallEncoder": "encoders",
        "SEARCHED": "lexicon.search",
        "Span": "system",
        "System": "system",
        "TitleSearch": "lexicon.search",
        "TokenHead": "heads",
        "TokenizedNotes": "inputs",
        "WholeReading": "readings",
        "admissions_of": "admissions",
        "attention_for": "machine",
        "batches_by_length": "inputs",
        "best_device": "machine",
        "build": "assembly",
        "context_of": "context",
        "convert_encoder": "encoders.conversion",
        "count_tokens": "inputs",
        "learn_tokenizer": "tokenizer",
        "load_language_model": "language_model",
        "load_model": "folder",
        "new_language_model": "language_model",
        "open_title_search": "lexicon.search",
        "open_tokenizer": "counting",
        "packed_inputs": "language_model",
        "pooled": "language_model",
        "pooled_texts": "language_model",
        "rebuild": "assembly",
        "save_model": "folder",
        "seen_admissions": "admissions",
        "set_head_from_titles": "titles",
        "shipped_encoders": "encoders",
        "token_starts": "positions",
        "token_starts_at": "positions",
        "token_starts_of": "positions",
        "tokenizer_for_counting": "counting",
        "write_info": "folder",
    },
)
