"""The model of a bulk run, by its path or name, so that every process opens it for itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from clem_icd.errors import ModelError
from clem_icd.explanation import Explainer, Method
from clem_icd.files import sha256_of
from clem_icd.icd import CodeSystem
from clem_icd.modeling import ModelInfo, System


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

    """

    model: Path | CodeSystem
    language: Literal["en", "es", "other"] = "en"
    method: Method | None = None
    cut: float | None = None
    precision: str = "fp32"

    def open(self) -> tuple[System, ModelInfo]:
        """Open the model.

        Raises
        ------
        ModelError
            If the folder is not a model that this release can read, or this machine cannot score in the
            precision.

        """
        # Imported here: a search in titles needs no torch.
        if isinstance(self.model, CodeSystem):
            from clem_icd.modeling import open_title_search

            return open_title_search(self.model, self.language)
        from clem_icd.modeling import load_model

        return load_model(self.model, precision=self.precision)

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
        """Return what decides the scores: the SHA-256 of all files of the model, or the name of the search.

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
        digest = hashlib.sha256()
        for path in sorted(path for path in self.model.rglob("*") if path.is_file()):
            name = path.relative_to(self.model).as_posix()
            digest.update(f"{name}\0{sha256_of(path)}\n".encode("utf-8", "surrogatepass"))
        return {"folder": digest.hexdigest()}

    def size(self) -> int:
        """Return the bytes of its files."""
        if isinstance(self.model, CodeSystem):
            return 0
        return sum(path.stat().st_size for path in self.model.rglob("*") if path.is_file())

    def absolute(self) -> ModelSource:
        """Return the same model with an absolute path."""
        return self if isinstance(self.model, CodeSystem) else replace(self, model=self.model.absolute())
