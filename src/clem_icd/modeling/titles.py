"""Initial head weights from the encoder's vectors of code titles."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from clem_icd.errors import ModelError
from clem_icd.modeling.attention import BLOCK_LOCAL
from clem_icd.modeling.language_model import pooled_texts
from clem_icd.modeling.readings import WholeReading

# The logit of a text whose vector has exactly a title's direction, minus that of an orthogonal one.
_GAIN = 10.0

# The longest title of ICD-10-CM has about 60 tokens.
_TITLES = WholeReading(max_tokens=128)


def set_head_from_titles(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, titles: Sequence[str | None]
) -> None:
    """Set the weights of each label so that texts like its title score high.

    The weights of a label become the direction of its title's pooled vector, less the mean over all titles,
    which they share. A label without a title keeps its random weights. This helps if the encoder was trained
    to place notes near the titles of their codes, and most for codes with few training notes.

    Parameters
    ----------
    model
        A classifier whose head pools the mean of the last layer.
    titles
        The title of every label, or None [labels].

    Raises
    ------
    ModelError
        If the head does not pool the mean, or its pooling is unknown.

    """
    if getattr(model.config, "classifier_pooling", None) != "mean":
        raise ModelError(
            f"the head of {type(model).__name__} does not use mean pooling",
            remedy="Set head.pooling=mean for a ModernBERT, else head.start=random",
        )
    known = [label for label, title in enumerate(titles) if title]
    if not known:
        return
    with torch.no_grad():
        vectors = _vectors(model, tokenizer, [titles[label] or "" for label in known])
        weight = model.get_parameter("classifier.weight")
        length = vectors.norm(dim=1).mean()
        directions = torch.nn.functional.normalize(vectors, dim=1)
        directions = torch.nn.functional.normalize(directions - directions.mean(dim=0), dim=1)
        weight[known] = directions.to(weight) * (_GAIN / length)


def _vectors(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, titles: Sequence[str]
) -> torch.Tensor:
    was_training, attention = model.training, str(model.config._attn_implementation)
    model.eval()
    # The model is still on the CPU, where FlashAttention does not run.
    model.set_attn_implementation(BLOCK_LOCAL)
    ids = [torch.from_numpy(one.ids).long() for one in _TITLES.read(tokenizer, titles)]
    vectors = pooled_texts(model, ids, tokenizer.pad_token_id)
    model.set_attn_implementation(attention)
    model.train(was_training)
    return vectors
