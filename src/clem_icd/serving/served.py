"""The model that a service has loaded: what it is called, which files it is, and how it decides."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clem_icd.errors import ModelError
from clem_icd.explanation import Explainer
from clem_icd.icd import CodeSystem
from clem_icd.modeling import ModelInfo, System
from clem_icd.modeling.model_files import fingerprint_of_folder
from clem_icd.prediction import Coder
from clem_icd.prediction.split_scores import precision_of

SEARCH = "title-search"
"""The ``system`` of a search in code titles, which needs no model folder."""


@dataclass(frozen=True, eq=False)
class ServedModel:
    """A model with its name and fingerprint.

    Attributes
    ----------
    name
        The last two parts of its folder, such as ``demo/model``, or the code system that is searched.
    coder
        Codes notes; with an explainer, if a method explains the system.
    sha256
        The fingerprint of the model's files, or of the titles that are searched.

    """

    name: str
    coder: Coder
    sha256: str

    @classmethod
    def open(cls, name: str, load: Callable[[], tuple[System, ModelInfo]]) -> ServedModel:
        """Load a model folder, or the search in a code system.

        Parameters
        ----------
        name
            The folder, or the code system.
        load
            Loads it, as `load_model` does.

        Raises
        ------
        ModelError
            If it cannot be loaded.

        """
        system, info = load()
        coder = Coder(system, info, explainer=_explainer(system, info))
        if info.system == SEARCH:
            return cls(name, coder, fingerprint_of_search(system, info))
        folder = Path(name).resolve()
        return cls("/".join(folder.parts[-2:]), coder, fingerprint_of_folder(folder))

    @property
    def is_search(self) -> bool:
        """Whether codes are searched by their titles: their scores are not probabilities."""
        return self.coder.info.system == SEARCH

    @property
    def evidence_method(self) -> str | None:
        """What finds the evidence; None if no method explains the system."""
        return None if self.coder.explainer is None else self.coder.explainer.name

    @property
    def precision(self) -> str | None:
        """The precision in which a neural system scores; None for another one."""
        return None if self.coder.info.architecture is None else precision_of(self.coder.system)

    @property
    def systems(self) -> dict[CodeSystem, int]:
        """The code systems of the labels, with the number of labels of each."""
        counts: dict[CodeSystem, int] = {}
        for label in self.coder.info.labels:
            counts[label.system] = counts.get(label.system, 0) + 1
        return counts


def fingerprint_of_search(system: System, info: ModelInfo) -> str:
    """Return a SHA-256 of the codes and titles that are searched, and of the language of the notes."""
    digest = hashlib.sha256(str(getattr(system, "language", "")).encode())
    for label, title in zip(info.labels, info.titles, strict=True):
        digest.update(f"\n{label.system.value}\t{label.value}\t{title or ''}".encode())
    return digest.hexdigest()


def _explainer(system: System, info: ModelInfo) -> Explainer | None:
    try:
        return Explainer(system, info)
    except ModelError:
        return None
