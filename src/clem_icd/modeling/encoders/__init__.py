"""Encoders turn tokens into vectors. A new kind is one module here and one line below."""

from clem_icd.fields import Choices
from clem_icd.modeling.encoders.encoder import Encoder, OpenEncoder
from clem_icd.modeling.encoders.pretrained import PretrainedEncoder, encoder_place, shipped_encoders
from clem_icd.modeling.encoders.small import SmallEncoder

__all__ = [
    "ENCODERS",
    "Encoder",
    "OpenEncoder",
    "PretrainedEncoder",
    "SmallEncoder",
    "encoder_place",
    "shipped_encoders",
]

ENCODERS: Choices[Encoder] = Choices("encoder", open_kind="pretrained", open_field="name")
ENCODERS.register(SmallEncoder)
ENCODERS.register(PretrainedEncoder)
