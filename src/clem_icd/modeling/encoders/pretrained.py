"""An encoder with pretrained weights: shipped with this package, in a folder, or on the Hub."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import Field
from transformers import AutoConfig, AutoTokenizer

from clem_icd.errors import ModelError
from clem_icd.modeling.damage import (
    CONFIG,
    TOKENIZER,
    refuse_pickled_weights,
    require_padding,
    require_vocabulary,
)
from clem_icd.modeling.encoders.encoder import ANOTHER_ENCODER, Encoder, OpenEncoder, loading_errors
from clem_icd.modeling.encoders.hub import commit_of


class PretrainedEncoder(Encoder):
    """A pretrained encoder.

    Attributes
    ----------
    name
        The name of an encoder that ships with this package, a folder, or a Hub id.
    revision
        The branch, tag or commit of a Hub id; None for its main branch.

    """

    kind: Literal["pretrained"] = "pretrained"
    name: str = Field(min_length=1)
    revision: str | None = Field(default=None, min_length=1)

    def open(self, *, positions: int, texts: Iterable[str] = ()) -> OpenEncoder:
        """Read the config and the tokenizer; the texts are not used."""
        place, folder = encoder_place(self.name), self.local_folder()
        if folder is not None:
            refuse_pickled_weights(folder)
        # Everything is read from one commit, even if the Hub moves on in the meantime.
        revision = self.commit() or self.revision
        with loading_errors(self.name, place, CONFIG, revision):
            config = AutoConfig.from_pretrained(place, revision=revision, trust_remote_code=False)
        with loading_errors(self.name, place, TOKENIZER, revision):
            tokenizer = AutoTokenizer.from_pretrained(place, revision=revision, trust_remote_code=False)
        if config.model_type == "clem-icd":
            raise ModelError(
                f"{self.name!r} is a model with the head {config.head['kind']!r}, expected an encoder",
                remedy="Name the encoder that it was trained from",
            )
        require_vocabulary(tokenizer, Path(place), ANOTHER_ENCODER)
        require_padding(tokenizer, Path(place), ANOTHER_ENCODER)
        config.update(self._dropout_fields(config))
        return OpenEncoder(self.name, config, tokenizer, place, revision)

    def local_folder(self) -> Path | None:
        """Return the folder of the encoder; None if it comes from the Hub.

        Raises
        ------
        ModelError
            If it is a folder and has a revision.

        """
        place = Path(encoder_place(self.name))
        if not place.is_dir():
            return None
        if self.revision is not None:
            raise ModelError(
                f"encoder.revision is {self.revision!r}, but the encoder {self.name!r} is not on the Hub",
                remedy="Leave out encoder.revision, which only a Hub id has",
            )
        return place

    def commit(self) -> str | None:
        """Return the commit of the Hub that the encoder is read from; None for a folder.

        Raises
        ------
        ModelError
            If it is neither a folder nor on the Hub or in its cache.

        """
        if self.local_folder() is not None:
            return None
        # A name that can only be a path is not looked up on the Hub.
        if self.name.startswith((".", "/", "~")) or self.name.count("/") > 1:
            raise ModelError("there is no such encoder folder", path=self.name, remedy="Check the path")
        with loading_errors(self.name, self.name, CONFIG, self.revision):
            return commit_of(self.name, self.revision)


def shipped_encoders() -> dict[str, Path]:
    """Return the folders of the encoders that ship with this package, by name."""
    root = resources.files("clem_icd") / "encoders"
    with resources.as_file(root) as folder:
        return {path.parent.name: path.parent for path in sorted(folder.glob("*/config.json"))}


def encoder_place(encoder: str) -> str:
    """Return the folder of an encoder that ships with this package; other names are returned unchanged."""
    return str(shipped_encoders().get(encoder, encoder))
