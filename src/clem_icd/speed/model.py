"""The model folder that is measured, without its weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from transformers import AutoConfig, AutoTokenizer, PreTrainedConfig, PreTrainedTokenizerBase

from clem_icd.errors import ModelError
from clem_icd.modeling import Architecture, ModelInfo
from clem_icd.modeling.damage import CONFIG, TOKENIZER, naming_damage
from clem_icd.modeling.folder import stored_architecture
from clem_icd.modeling.model_files import COPY_AGAIN


@dataclass(frozen=True)
class Model:
    """The model folder that is measured, without its weights.

    Attributes
    ----------
    folder, info
        The folder and its description.
    architecture
        The choices of a neural system; None for any other.

    """

    folder: Path
    info: ModelInfo
    architecture: Architecture | None

    @classmethod
    def read(cls, folder: Path) -> Model:
        """Read the description of a model folder.

        Raises
        ------
        ModelError
            If the folder is not a model that this release can read.

        """
        if not folder.is_dir():
            raise ModelError("not a folder", path=folder, remedy="Name the `model` folder of a training run")
        info = ModelInfo.read(folder)
        neural = info.system == "neural"
        return cls(folder, info, stored_architecture(info, folder) if neural else None)

    @cached_property
    def config(self) -> PreTrainedConfig:
        """The config of a neural system."""
        with naming_damage(self.folder, CONFIG, COPY_AGAIN):
            config: PreTrainedConfig = AutoConfig.from_pretrained(self.folder, trust_remote_code=False)
        return config

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer of a neural system."""
        with naming_damage(self.folder, TOKENIZER, COPY_AGAIN):
            tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
                self.folder, trust_remote_code=False
            )
        return tokenizer
