"""The model of a bulk run, by its path or name, so that every process opens it for itself."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from clem_icd.errors import ModelError
from clem_icd.explanation import Explainer, Method
from clem_icd.icd import CodeSystem
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.model_files import fingerprint_of_folder
from clem_icd.prediction.split_scores import precision_of


@dataclass(frozen=True)
class ModelSource:
    """A model folder, or a search in the titles of a code system.

    Attributes
    ----------
    model
        The folder, or the code system.
    language
        The language of the notes, for a search.
    method, cut
        How evidence is found; None for what suits the model best.
    precision
        In which precision a neural model scores, other than ``auto``: each machine could choose another one.
    hardware
        The kind of processor that every process needs in a reduced precision (`hardware_of`): others round in
        other ways. None for any.

    """

    model: Path | CodeSystem
    language: Literal["en", "es", "other"] = "en"
    method: Method | None = None
    cut: float | None = None
    precision: str = "fp32"
    hardware: str | None = None

    def open(self) -> tuple[System, ModelInfo]:
        """Open the model.

        Raises
        ------
        ModelError
            If the folder is not a model that this release can read, or this machine cannot score in the
            precision, or has other hardware.

        """
        # Imported here: a search in titles needs no torch.
        if isinstance(self.model, CodeSystem):
            from clem_icd.modeling import open_title_search

            return open_title_search(self.model, self.language)
        from clem_icd.modeling import load_model

        system, info = load_model(self.model, precision=self.precision)
        if self.hardware is not None and (found := hardware_of(system)) != self.hardware:
            raise ModelError(
                f"the machine {socket.gethostname()} computes {self.precision} on {found}, expected "
                f"{self.hardware}, as the machine that started the run: their scores differ",
                remedy="Use machines with equal processors, or --precision fp32",
            )
        return system, info

    def explainer(self, system: System, info: ModelInfo) -> Explainer:
        """Return what finds the evidence.

        Raises
        ------
        InputError
            If the cut does not apply to the method.
        ModelError
            If the method cannot explain the model.

        """
        return Explainer(system, info, self.method, cut=self.cut)

    def identity(self) -> dict[str, Any]:
        """Return what decides the scores: the fingerprint of the model folder, or the name of the search.

        Raises
        ------
        ModelError
            If the folder is missing.

        """
        if isinstance(self.model, CodeSystem):
            return {"titles": self.model.value, "language": self.language}
        if not self.model.is_dir():
            raise ModelError(
                "not a folder", path=self.model, remedy="Name the `model` folder of a training run"
            )
        return {"folder": fingerprint_of_folder(self.model)}

    def size(self) -> int:
        """Return the bytes of its files."""
        if isinstance(self.model, CodeSystem):
            return 0
        return sum(path.stat().st_size for path in self.model.rglob("*") if path.is_file())

    def absolute(self) -> ModelSource:
        """Return the same model with an absolute path."""
        return self if isinstance(self.model, CodeSystem) else replace(self, model=self.model.absolute())


def hardware_of(system: System) -> str | None:
    """Return the kind of processor of a neural system in a reduced precision; None for others."""
    if precision_of(system) == "fp32":
        return None
    # Imported here: a search in titles needs no torch.
    from clem_icd.modeling import NeuralSystem
    from clem_icd.modeling.machine import hardware

    return hardware(system.model.device) if isinstance(system, NeuralSystem) else None
