"""Heads turn an encoder's vectors into scores. A new kind is one module here and one line below."""

from clem_icd.fields import Choices
from clem_icd.modeling.heads.encoder_with_head import Encoded, EncoderWithHead, TokenHead
from clem_icd.modeling.heads.head import Head
from clem_icd.modeling.heads.label_attention import LabelAttentionHead
from clem_icd.modeling.heads.label_cross_attention import LabelCrossAttentionHead
from clem_icd.modeling.heads.label_tree_attention import LabelTreeAttentionHead
from clem_icd.modeling.heads.pooled import PooledHead

__all__ = [
    "HEADS",
    "Encoded",
    "EncoderWithHead",
    "Head",
    "LabelAttentionHead",
    "LabelCrossAttentionHead",
    "LabelTreeAttentionHead",
    "PooledHead",
    "TokenHead",
]

HEADS: Choices[Head] = Choices("head", default="pooled")
HEADS.register(PooledHead)
HEADS.register(LabelAttentionHead)
HEADS.register(LabelCrossAttentionHead)
HEADS.register(LabelTreeAttentionHead)
