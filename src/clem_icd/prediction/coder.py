"""The Coder suggests codes for new notes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import tee
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from clem_icd.decisions import Threshold, check_threshold
from clem_icd.errors import ModelError
from clem_icd.explanation import Explainer
from clem_icd.icd import Code
from clem_icd.modeling import ModelInfo, NoteScores, System
from clem_icd.modeling.system import Span
from clem_icd.texts import plain_text


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggested code for a note.

    Attributes
    ----------
    code, system, title
        The code as text, its code system (``icd10cm``, …) and its title, None if unknown.
    probability
        The model's probability for it, between 0 and 1. The scores of a title search are not probabilities.
    decided
        Whether the model's rule assigns the code: by default, when its probability exceeds a threshold.
    evidence
        Which words of the note support the code, if that was asked for.

    """

    code: str
    system: str
    title: str | None
    probability: float
    decided: bool
    evidence: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Coding:
    """The suggestions for one note, and how much of the note was read.

    Attributes
    ----------
    suggestions
        Every decided code and the most probable others, most probable first.
    tokens, tokens_read
        The number of tokens of the note, and of those that were read; None if the system does not use tokens.

    """

    suggestions: tuple[Suggestion, ...]
    tokens: int | None
    tokens_read: int | None

    @property
    def truncated(self) -> bool:
        """Whether the end of the note was not read."""
        return self.tokens is not None and self.tokens != self.tokens_read


Spans = Callable[[Sequence[int]], list[tuple[Span, ...]]]
"""From labels to the spans of each in one note."""


def _no_spans(labels: Sequence[int]) -> list[tuple[Span, ...]]:
    return [()] * len(labels)


class Coder:
    """A trained model that codes notes.

    Parameters
    ----------
    system, info
        The result of `load_model`.
    threshold
        A code is decided when its probability exceeds this. By default the model's rule decides.
    explainer
        Finds evidence; by default with the method that suits the system best.

    Examples
    --------
    >>> coder = Coder.load("runs/demo/model")  # doctest: +SKIP
    >>> coder.code("CHIEF COMPLAINT: ...")[0]  # doctest: +SKIP
    Suggestion(code='I10', system='icd10cm', title='Essential (primary) hypertension', ...)

    """

    def __init__(
        self,
        system: System,
        info: ModelInfo,
        *,
        threshold: float | None = None,
        explainer: Explainer | None = None,
    ) -> None:
        self.system = system
        self.info = info
        self.explainer = explainer
        self.rule = info.rule if threshold is None else Threshold(check_threshold(threshold))

    @classmethod
    def load(cls, folder: str | Path, *, threshold: float | None = None, precision: str = "fp32") -> Coder:
        """Open a model folder.

        Parameters
        ----------
        folder
            The folder.
        threshold
            As for `Coder`.
        precision
            In which precision a neural system scores notes, as for `load_model`.

        Raises
        ------
        InputError
            If the system cannot score in the precision.
        ModelError
            If the folder is not a model that this release can read, or this machine cannot score in the
            precision.

        """
        # Imported here: a search in titles needs no torch.
        from clem_icd.modeling import load_model

        system, info = load_model(Path(folder), precision=precision)
        return cls(system, info, threshold=threshold)

    def code(self, text: str, *, top: int = 15, evidence: bool = False) -> list[Suggestion]:
        """Return suggestions for one note, most probable first.

        Parameters
        ----------
        text
            The raw note.
        top
            Return at least this many suggestions, if there are that many labels; for a system that ranks a
            whole code system, if it finds that many codes.
        evidence
            Also say which words of the note support each code.

        Raises
        ------
        ModelError
            If no method explains this system.
        NoteError
            If the note is empty, too long to be one note, or wrapped in another format, such as HTML;
            `clem_icd.texts.plain_text` unwraps it.

        """
        return list(next(self.code_all([text], top=top, evidence=evidence)).suggestions)

    def code_all(
        self,
        texts: Iterable[str],
        *,
        top: int = 15,
        evidence: bool = False,
        wrapped: Literal["refuse", "keep"] = "refuse",
    ) -> Iterator[Coding]:
        """Yield a coding for every note, in order, with a bounded number of notes in memory.

        Parameters
        ----------
        texts, top, evidence
            As for `code`.
        wrapped
            Refuse notes that are wrapped in another format, or code them as they are.

        Raises
        ------
        ModelError
            As `code` does.
        NoteError
            As `code` does. It ends the iteration, so check texts first that may be unusable.

        """
        plain = (plain_text(text, wrapped=wrapped).text for text in texts)
        if not evidence:
            for scores in self.system.score(plain):
                yield self._coding(scores, top)
            return
        explainer = self.require_explainer()
        scored, explained = tee(plain)
        for scores, text in zip(self.system.score(scored), explained, strict=True):
            yield self._coding(scores, top, partial(explainer.spans, text))

    def coding_of(self, text: str, scores: NoteScores, *, top: int = 15, evidence: bool = False) -> Coding:
        """Return the coding of a note that the system has scored, perhaps together with others.

        Parameters
        ----------
        text
            The plain text that was scored.
        scores
            Its scores.
        top, evidence
            As for `code`.

        Raises
        ------
        ModelError
            As `code` does.

        """
        if not evidence:
            return self._coding(scores, top)
        return self._coding(scores, top, partial(self.require_explainer().spans, text))

    def explain(
        self,
        text: str,
        codes: Sequence[Code] | None = None,
        *,
        top: int = 0,
        wrapped: Literal["refuse", "keep"] = "refuse",
    ) -> Coding:
        """Return a coding of one note with evidence, most probable code first.

        Parameters
        ----------
        text
            The raw note.
        codes
            The codes to explain, assigned or not. By default those assigned.
        top
            Without ``codes``, also explain the most probable others, up to this many codes in total.
        wrapped
            As for `code_all`.

        Raises
        ------
        InputError
            If a code is not in the label space.
        ModelError
            If no method explains this system.
        NoteError
            As `code` does.

        """
        explainer = self.require_explainer()
        only = None if codes is None else explainer.places_of(codes)
        plain = plain_text(text, wrapped=wrapped).text
        [scores] = self.system.score([plain])
        return self._coding(scores, top, partial(explainer.spans, plain), only)

    def require_explainer(self) -> Explainer:
        """Return what finds evidence; the default one is made once, as it may have to look at the model.

        Raises
        ------
        ModelError
            If no method explains this system.

        """
        if self.explainer is None:
            self.explainer = Explainer(self.system, self.info)
        return self.explainer

    def _coding(
        self,
        scores: NoteScores,
        top: int,
        spans: Spans = _no_spans,
        only: Sequence[int] | None = None,
    ) -> Coding:
        probabilities = finite(scores)
        [decided] = self.rule.decide(probabilities[np.newaxis])
        if self.info.is_ranked:
            # A code of a whole code system that was not found is no suggestion.
            decided &= probabilities > 0
        labels = self._shown(probabilities, decided, top) if only is None else list(dict.fromkeys(only))
        labels.sort(key=lambda label: -probabilities[label])
        suggestions = (
            self._suggestion(label, float(probabilities[label]), decided=bool(decided[label]), evidence=found)
            for label, found in zip(labels, spans(labels), strict=True)
        )
        return Coding(tuple(suggestions), scores.tokens, scores.tokens_read)

    def _shown(
        self, probabilities: npt.NDArray[np.float32], decided: npt.NDArray[np.bool_], top: int
    ) -> list[int]:
        """Return the labels that are decided and the most probable others, up to ``top`` in total."""
        ranked = np.argsort(-probabilities, kind="stable")
        if self.info.is_ranked:
            ranked = ranked[probabilities[ranked] > 0]
        shown = decided.copy()
        shown[ranked[~decided[ranked]][: max(0, top - np.count_nonzero(decided))]] = True
        return [int(label) for label in ranked[shown[ranked]]]

    def _suggestion(
        self, label: int, probability: float, *, decided: bool, evidence: tuple[Span, ...]
    ) -> Suggestion:
        code, title = self.info.labels[label], self.info.titles[label]
        return Suggestion(code.value, code.system.value, title, probability, decided, evidence)


def finite(scores: NoteScores) -> npt.NDArray[np.float32]:
    """Return the probabilities of a note [labels].

    Raises
    ------
    ModelError
        If one is not finite, as with the weights of a damaged model.

    """
    if not np.isfinite(scores.probabilities).all():
        raise ModelError("the model returns probabilities that are not finite", remedy="Train it again")
    return scores.probabilities
