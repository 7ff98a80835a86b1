from __future__ import annotations

import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.modeling import Architecture, LabelSpace, PretrainedEncoder, build, shipped_encoders
from clem_icd.modeling.sizing import head_parameters, parameters_of, require_encoder
from support import tiny

SMALL = PretrainedEncoder(name=str(shipped_encoders()["clem-small"]))


@pytest.mark.parametrize(
    "head",
    ["pooled", "label-attention", {"kind": "label-cross-attention", "output": "own"}],
)
def test_parameters_are_those_of_the_model_that_is_built(head: object, little_corpus: Corpus) -> None:
    architecture = Architecture.model_validate({"encoder": SMALL, "head": head})
    model, _ = build(architecture, LabelSpace.of(little_corpus))
    assert parameters_of(architecture, len(little_corpus.labels)) == model.num_parameters()


def test_an_encoder_that_learns_its_tokenizer_counts_with_a_full_vocabulary(little_corpus: Corpus) -> None:
    architecture = tiny()
    model, tokenizer = build(architecture, LabelSpace.of(little_corpus), texts=little_corpus.texts("train"))
    unused = 400 - len(tokenizer)
    assert parameters_of(architecture, 6) == model.num_parameters() + 32 * unused


def test_parameters_of_a_stock_head_without_its_encoder_are_close(little_corpus: Corpus) -> None:
    architecture = Architecture.model_validate({"encoder": SMALL})
    with_labels = parameters_of(architecture, 6)
    width = 256
    assert head_parameters(architecture.head, width, 6) == width * width + 6 * (width + 1)
    assert head_parameters(architecture.head, width, 106) - head_parameters(architecture.head, width, 6) == (
        parameters_of(architecture, 106) - with_labels
    )


def test_an_encoder_is_refused_before_its_weights_are_read_if_it_reads_too_few_tokens() -> None:
    longer = Architecture.model_validate({"encoder": SMALL, "reading": {"kind": "whole", "max_tokens": 9000}})
    with pytest.raises(ModelError, match="reads 8192 tokens, asked for 9000"):
        require_encoder(longer)
    require_encoder(Architecture.model_validate({"encoder": SMALL}))
