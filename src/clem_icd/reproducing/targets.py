"""What can be reproduced, from ``targets.yaml``: publications, their runs, corpora and encoders."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Self

import yaml
from pydantic import Field, model_validator

from clem_icd.errors import InputError
from clem_icd.fields import Fields
from clem_icd.sources import PublishedCorpus

__all__ = ["EncoderFacts", "EvaluatedOn", "Run", "Target", "Targets", "known_targets"]


class EvaluatedOn(Fields):
    """How a run is evaluated.

    Attributes
    ----------
    profile
        The published evaluation (`clem_icd.evaluation.PROFILES`).
    corpus
        Another corpus than that of the run: only the codes that the model knows are then counted. None for
        the corpus of the run.

    """

    profile: str
    corpus: str | None = None

    def name_of(self, run: str) -> str:
        """Return the name of this evaluation of a run."""
        return run if self.corpus is None else f"{run}-on-{self.corpus}"


class Run(Fields):
    """A system on a corpus.

    Attributes
    ----------
    about
        What it reproduces, in a few words.
    corpus, recipe, settings
        What is trained on what.
    evaluations
        How it is evaluated.
    printed
        Datasets under which its published result was printed, if not that of the corpus.
    differs
        Sentences on what is known to differ from the publication.
    optional
        Whether it runs only on request.

    """

    about: str
    corpus: str
    recipe: str
    settings: tuple[str, ...] = ()
    evaluations: tuple[EvaluatedOn, ...] = Field(min_length=1)
    printed: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    optional: bool = False

    @property
    def corpora(self) -> tuple[str, ...]:
        """The corpora that it needs, that of training first."""
        return tuple(dict.fromkeys((self.corpus, *(one.corpus or self.corpus for one in self.evaluations))))


class Target(Fields):
    """A publication.

    Attributes
    ----------
    title
        Its name and citation.
    works
        The works whose results are shown beside ours, by their keys in ``published.yaml``.
    runs
        By name.

    """

    title: str
    works: tuple[str, ...]
    runs: dict[str, Run]

    def choose(self, names: Sequence[str]) -> dict[str, Run]:
        """Return the named runs, in their own order; without names, all but the optional ones.

        Raises
        ------
        InputError
            If there is no such run.

        """
        unknown = [name for name in names if name not in self.runs]
        if unknown:
            raise InputError(
                f"there is no run {unknown[0]!r}", remedy=_hint(unknown[0], list(self.runs), "The runs are")
            )
        return {
            name: run for name, run in self.runs.items() if (name in names if names else not run.optional)
        }


class EncoderFacts(Fields):
    """What is known of an encoder that may not be at hand.

    Attributes
    ----------
    parameters, width, basis
        Number of parameters and width of its vectors, and where the number comes from.
    archive
        Where to get it, if it is not on the Hub.

    """

    parameters: int
    width: int
    basis: str
    archive: str | None = None


class Targets(Fields):
    """All targets, and the corpora and encoders that they refer to."""

    targets: dict[str, Target]
    corpora: dict[str, PublishedCorpus]
    stand_ins: dict[str, str]
    encoders: dict[str, EncoderFacts]

    @model_validator(mode="after")
    def _check_corpora(self) -> Self:
        named = {
            name for target in self.targets.values() for run in target.runs.values() for name in run.corpora
        }
        named |= {*self.stand_ins, *self.stand_ins.values()}
        if unknown := sorted(named - self.corpora.keys()):
            raise ValueError(f"there is no corpus {unknown[0]}")
        return self

    def find(self, name: str) -> Target:
        """Return a target by name.

        Raises
        ------
        InputError
            If there is none.

        """
        if name not in self.targets:
            raise InputError(
                f"there is no target {name!r}", remedy=_hint(name, list(self.targets), "The targets are")
            )
        return self.targets[name]


@cache
def known_targets() -> Targets:
    """Return what can be reproduced."""
    content: Any = yaml.safe_load(files(__package__).joinpath("targets.yaml").read_text(encoding="utf-8"))
    return Targets.model_validate(content)


def _hint(name: str, known: Sequence[str], introduction: str) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]}?" if close else f"{introduction} {', '.join(known)}"
