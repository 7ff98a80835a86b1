"""The folder of a pretraining run: its recipe, texts and progress."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, ClassVar, Self

from clem_icd.errors import RunError
from clem_icd.files import remove_leftovers, sha256_of
from clem_icd.modeling.machine import describe_environment
from clem_icd.pretraining.recipe import READER, PretrainingRecipe
from clem_icd.pretraining.texts import Sources, short_place
from clem_icd.runs.checkpoints import has_checkpoint
from clem_icd.runs.layout import ENVIRONMENT, PRETRAINING_STATE
from clem_icd.runs.resumable import Resumable


class PretrainingFolder(Resumable):
    """A pretraining run on disk: ``pretraining.json`` holds its recipe, its texts and its state."""

    STATE: ClassVar[str] = PRETRAINING_STATE
    FORMAT: ClassVar[str] = "clem-icd/pretraining"

    @classmethod
    def start(
        cls,
        path: Path,
        recipe: PretrainingRecipe,
        sources: Sources,
        *,
        resume: bool,
        force: bool,
    ) -> Self:
        """Make the folder, or open the existing one to resume it.

        Raises
        ------
        OutputError
            If ``path`` is occupied and neither ``resume`` nor ``force`` is true, holds something
            other than a run, or overlaps one of the sources or the encoder.
        RunError
            If ``resume`` is true and ``path`` has another recipe or other texts.

        """
        texts, encoder = sources.inputs(), _encoder(recipe)
        local = recipe.encoder.local_folder()
        read = [*sources.places, *([] if local is None else [local])]
        if resume and (path / cls.STATE).is_file():
            begun = cls(path).state()
            if [one for one in begun["inputs"] if one["use"] != "encoder"] != texts:
                raise RunError(
                    "was started with other texts, or the texts have changed",
                    path=path,
                    remedy="Name the same sources, or choose another folder",
                )
            if begun["recipe"]["encoder"] == recipe.encoder.model_dump(mode="json") and begun["inputs"] != [
                *texts,
                *encoder,
            ]:
                raise RunError(
                    "was started from an encoder that has changed since",
                    path=path,
                    remedy="Restore that encoder, or choose another folder",
                )
        return cls._start(
            path,
            {"recipe": recipe.model_dump(mode="json"), "inputs": [*texts, *encoder]},
            lambda: {ENVIRONMENT: describe_environment()},
            apart_from=[(place.name, place) for place in read],
            resume=resume,
            force=force,
        )

    @classmethod
    def _with_new_fields(cls, recipe: dict[str, Any]) -> dict[str, Any]:
        return READER.with_defaults(recipe)

    @property
    def begun(self) -> bool:
        """Whether there is a checkpoint."""
        return has_checkpoint(self.checkpoints)

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.layout.checkpoints

    @property
    def data(self) -> Path:
        """The folder of tokenizer and tokens, until the run is finished."""
        return self.layout.data

    @property
    def encoder(self) -> Path:
        """The folder of the finished encoder."""
        return self.layout.encoder

    def clean(self) -> None:
        """Delete what only an unfinished run needs, and what a killed process left half-written."""
        for folder in (self.checkpoints, self.data):
            shutil.rmtree(folder, ignore_errors=True)
        remove_leftovers(self.path)
        super().clean()


def _encoder(recipe: PretrainingRecipe) -> list[dict[str, Any]]:
    """Return what identifies the encoder whose training continues: its weights, or a commit of the Hub."""
    if recipe.pretrained is None:
        return []
    encoder = {"use": "encoder", "name": short_place(recipe.pretrained.name)}
    local = recipe.encoder.local_folder()
    if local is None:
        return [{**encoder, "sha256": None, "commit": recipe.pretrained.commit()}]
    weights = local / "model.safetensors"
    return [{**encoder, "sha256": sha256_of(weights) if weights.is_file() else None}]
