"""An encoder with pretrained weights: shipped with this package, in a folder, or on the Hub."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import Field
from transformers import AutoConfig, AutoTokenizer

from clem_icd.errors import ModelError
from clem_icd.modeling.damage import CONFIG, TOKENIZER, require_padding
from clem_icd.modeling.encoders.encoder import ANOTHER_ENCODER, Encoder, OpenEncoder, loading_errors


class PretrainedEncoder(Encoder):
    """A pretrained encoder.

    Attributes
    ----------
    name
        The name of an encoder that ships with this package, a folder, or a Hub id.

    """

    kind: Literal["pretrained"] = "pretrained"
    name: str = Field(min_length=1)

    def open(self, *, positions: int, texts: Iterable[str] = ()) -> OpenEncoder:
        """Read the config and the tokenizer; the texts are not used."""
        place = encoder_place(self.name)
        # A name that can only be a path is not looked up on the Hub.
        if not Path(place).is_dir() and (place.startswith((".", "/", "~")) or place.count("/") > 1):
            raise ModelError("there is no such encoder folder", path=place, remedy="Check the path")
        with loading_errors(self.name, place, CONFIG):
            config = AutoConfig.from_pretrained(place, trust_remote_code=False)
        with loading_errors(self.name, place, TOKENIZER):
            tokenizer = AutoTokenizer.from_pretrained(place, trust_remote_code=False)
        if config.model_type == "clem-icd":
            raise ModelError(
                f"{self.name!r} is a model with the head {config.head['kind']!r}, expected an encoder",
                remedy="Name the encoder that it was trained from",
            )
        require_padding(tokenizer, Path(place), ANOTHER_ENCODER)
        config.update(self._dropout_fields(config))
        return OpenEncoder(self.name, config, tokenizer, place)

    def local_folder(self) -> Path | None:
        """Return the folder of the encoder; None if it comes from the Hub."""
        place = Path(encoder_place(self.name))
        return place if place.is_dir() else None


def shipped_encoders() -> dict[str, Path]:
    """Return the folders of the encoders that ship with this package, by name."""
    root = resources.files("clem_icd") / "encoders"
    with resources.as_file(root) as folder:
        return {path.parent.name: path.parent for path in sorted(folder.glob("*/config.json"))}


def encoder_place(encoder: str) -> str:
    """Return the folder of an encoder that ships with this package; other names are returned unchanged."""
    return str(shipped_encoders().get(encoder, encoder))
