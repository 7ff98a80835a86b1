"""Initial head weights from the encoder's vectors of code titles."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from clem_icd.errors import ModelError
from clem_icd.icd import Code, category
from clem_icd.modeling.attention import BLOCK_LOCAL
from clem_icd.modeling.labels import LabelSpace
from clem_icd.modeling.language_model import pooled_texts
from clem_icd.modeling.readings import WholeReading

# The logit of a text whose vector has exactly a title's direction, minus that of an orthogonal one.
_GAIN = 10.0

# The longest title of ICD-10-CM has about 60 tokens.
_TITLES = WholeReading(max_tokens=128)


def require_titles(labels: LabelSpace, field: str) -> None:
    """Refuse a label space without any title.

    Parameters
    ----------
    labels
        The label space.
    field
        The setting that needs titles, for the error.

    Raises
    ------
    ModelError
        If no label has a title.

    """
    if not any(labels.titles):
        raise ModelError(
            f"{field} needs titles, but none of the {len(labels.codes):,} codes has one",
            remedy="Prepare the corpus again with --titles, or set head.start=random",
        )


def set_head_from_titles(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, titles: Sequence[str | None]
) -> None:
    """Set the weights of each label so that texts like its title score high.

    The weights of a label become its `title_vectors`. A label without a title keeps its random weights. This
    helps if the encoder was trained to place notes near the titles of their codes, and most for codes with
    few training notes.

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
    known, vectors = title_vectors(model, tokenizer, titles)
    with torch.no_grad():
        weight = model.get_parameter("classifier.weight")
        weight[known] = vectors.to(weight)


def title_vectors(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, titles: Sequence[str | None]
) -> tuple[list[int], torch.Tensor]:
    """Return the labels with a title, and for each the direction of its title's pooled vector [known, width].

    The mean over all titles, which they share, is subtracted. The length is such that the product with a
    pooled vector ranges over 10.

    Parameters
    ----------
    model
        An encoder, or a classifier whose head pools the mean of the last layer.
    titles
        The title of every label, or None [labels].

    """
    known = [label for label, title in enumerate(titles) if title]
    if not known:
        return [], torch.empty(0, model.config.hidden_size)
    with torch.no_grad():
        vectors = _vectors(model, tokenizer, [titles[label] or "" for label in known])
        length = vectors.norm(dim=1).mean()
        directions = torch.nn.functional.normalize(vectors, dim=1)
        directions = torch.nn.functional.normalize(directions - directions.mean(dim=0), dim=1)
    return known, directions * (_GAIN / length)


def mean_of_category(codes: Sequence[Code], vectors: torch.Tensor) -> torch.Tensor:
    """Return, for each code, the mean vector over the codes of its category, in the length of the vectors.

    Parameters
    ----------
    codes
        Codes of any code systems [codes].
    vectors
        A vector for each [codes, width].

    """
    rows: dict[tuple[str, str], list[int]] = {}
    for row, code in enumerate(codes):
        rows.setdefault((code.system.value, category(code.value, code.system)), []).append(row)
    means = torch.empty_like(vectors)
    for members in rows.values():
        means[members] = vectors[members].mean(dim=0)
    length = vectors.norm(dim=1, keepdim=True)
    directions = torch.nn.functional.normalize(means, dim=1)
    scaled: torch.Tensor = directions * length
    return scaled


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
