"""Tuning the cut of a finished model anew: on other notes, or for another method."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from clem_icd.corpus import Corpus
from clem_icd.errors import InputError
from clem_icd.explanation.explaining import Explainer
from clem_icd.explanation.methods.method import Method
from clem_icd.explanation.stored import with_evidence
from clem_icd.explanation.tuning import tuned_rule
from clem_icd.modeling import load_model

__all__ = ["retune"]


def retune(
    folder: Path,
    corpus: Corpus,
    *,
    split: str = "validation",
    method: Method | str | None = None,
    progress: Callable[[int], Any] | None = None,
) -> Explainer:
    """Tune the cut of a method on notes with marked evidence, and store both in a model.

    From then on, the model is explained by them. Its ``clem.json`` changes, and nothing else does: its model
    card may have been edited.

    Parameters
    ----------
    folder
        A model folder.
    corpus
        Any corpus with the codes of the model.
    split
        Whose notes are used; scores of evidence on these notes are optimistic afterwards.
    method
        A method, or its name. By default that of the model.
    progress
        Called with the number of notes explained since its last call.

    Returns
    -------
    Explainer
        What explains the model from now on.

    Raises
    ------
    CorpusError
        If the corpus has no such split.
    InputError
        If the method gives spans without a cut, or no note of the split has evidence that can be used.
    ModelError
        If the method cannot explain the model, or the folder is not a model.
    OutputError
        If the model cannot be written.

    """
    corpus.notes_path(split)  # a split that the corpus lacks is refused before the model is loaded
    system, info = load_model(folder)
    current = Explainer(system, info, method)
    if current.method.default_rule is None:
        raise InputError(
            f"{current.name} gives spans without a cut, so nothing can be tuned",
            remedy="Name a method that weighs words",
        )
    same = info.corpus.get("fingerprint") == corpus.fingerprint
    where = split if same else f"{split} of {corpus.name}"
    tuned = tuned_rule(current, corpus.notes(split), where=where, progress=progress)
    if tuned is None:
        raise InputError(
            f"{where}: {current.name} finds no marked evidence for codes of the model",
            remedy="Name a split with evidence: `clem describe` counts it",
        )
    changed = with_evidence(info, current.method, *tuned)
    changed.write(folder)
    return Explainer(system, changed)
