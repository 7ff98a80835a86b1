"""Attention that never makes a matrix of all pairs of tokens where the encoder only looks nearby.

Most layers of ModernBERT attend to a window of 128 tokens. On a CPU, PyTorch computes them like global layers
and masks the rest: 8,192 tokens cost 64 times what they need. `windows` computes the window alone, exactly;
`interface` registers it with transformers under the name `BLOCK_LOCAL`, for notes in padded batches and for
notes packed one after the other without padding.
"""

from clem_icd.modeling.attention.interface import BLOCK_LOCAL

__all__ = ["BLOCK_LOCAL"]
