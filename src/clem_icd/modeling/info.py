"""``clem.json``: the description of a model, stored next to its weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from clem_icd.decisions import Rule, Threshold, rule_from_json, single_threshold
from clem_icd.errors import InputError, ModelError
from clem_icd.fields import InvalidFieldError
from clem_icd.files import read_json, write_json
from clem_icd.formats import require_format
from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling.admissions import Admissions, read_admissions, write_admissions
from clem_icd.modeling.model_files import COPY_AGAIN
from clem_icd.modeling.precision_record import PrecisionRecord

FORMAT = "clem-icd/model"
FORMAT_VERSION = 2
FILE = "clem.json"

_READ_ALONE = {"format", "format_version", "labels", "precision", "rule", "threshold"}


class _Label(BaseModel):
    code: str
    system: CodeSystem
    title: str | None


class _Evidence(BaseModel):
    model_config = ConfigDict(extra="forbid")

    method: dict[str, Any]
    rule: dict[str, Any]
    chosen: str


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: str
    format_version: int
    system: Literal["neural", "linear", "lexicon", "dictionary"]
    threshold: FiniteFloat | None
    rule: dict[str, Any] | None = None
    threshold_policy: str
    architecture: dict[str, Any] | None
    corpus: dict[str, Any]
    metrics: dict[str, dict[str, float]]
    recipe: dict[str, Any]
    label_space: Literal["corpus"] | CodeSystem = "corpus"
    evidence: _Evidence | None = None
    precision: tuple[PrecisionRecord, ...] = ()
    labels: list[_Label]


@dataclass(frozen=True)
class ModelInfo:
    """How to interpret the scores of a model, and how it was made.

    Attributes
    ----------
    system
        ``neural``, ``linear`` or ``lexicon``.
    labels
        The label space, in label order [labels].
    titles
        The title of every label, or None [labels].
    rule
        The decision rule, from probabilities to assigned codes.
    threshold_policy
        How the rule was chosen, and on which notes.
    architecture
        The choices of a neural system, as `Architecture` reads them; None for any other system.
    corpus
        Name, source, population and fingerprint of the training corpus, and whether it is synthetic.
    recipe
        The resolved recipe.
    metrics
        Metrics by split and name; `clem_icd.evaluation` defines them.
    admissions
        The admissions that the model was trained and selected on, by split; empty without a population.
    label_space
        ``corpus`` if the labels are those of the training corpus, or the code system that the model ranks.
    evidence
        How evidence is found if nothing else is asked for: ``method`` and ``rule``, as
        `clem_icd.explanation` reads them, and how the rule was ``chosen``. None if nothing was tuned.
    precision
        What reduced precision was measured to change, by kind of hardware.

    """

    system: str
    labels: tuple[Code, ...]
    titles: tuple[str | None, ...]
    rule: Rule
    threshold_policy: str
    architecture: dict[str, Any] | None = None
    corpus: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    admissions: Admissions = field(default_factory=dict)
    label_space: Literal["corpus"] | CodeSystem = "corpus"
    evidence: dict[str, Any] | None = None
    precision: tuple[PrecisionRecord, ...] = ()

    @property
    def is_ranked(self) -> bool:
        """Whether the model ranks a whole code system, so that only its best codes for a note are stored."""
        return self.label_space != "corpus"

    @property
    def max_tokens(self) -> int | None:
        """The number of tokens read per note; None for a system without tokens."""
        return None if self.architecture is None else int(self.architecture["reading"]["max_tokens"])

    def code_named(self, text: str) -> Code:
        """Return the code of the label space that a text names.

        Parameters
        ----------
        text
            A code in any case, with or without its dot; its system precedes it if two have the same code:
            ``icd9pcs:00.66``.

        Raises
        ------
        InputError
            If the label space has no such code, or two.

        """
        system, _, value = text.rpartition(":")
        systems = {label.system for label in self.labels if system in ("", label.system.value)}
        named = {Code.normalized(value, one) for one in systems} & set(self.labels)
        if len(named) == 1:
            return named.pop()
        if named:
            choices = " or ".join(sorted(f"{code.system.value}:{code.value}" for code in named))
            raise InputError(f"{text!r} is a code of {len(named)} systems", remedy=f"Write {choices}")
        category = value.strip().upper()[:3]
        near = [code.value for code in self.labels if code.system in systems and code.value[:3] == category]
        raise InputError(
            f"{text!r} is not one of the model's {len(self.labels):,} codes",
            remedy=f"The nearest are {', '.join(sorted(near)[:5])}"
            if near
            else "Choose a code that the model scores",
        )

    def write(self, folder: Path) -> None:
        """Write ``clem.json`` and, if the corpus has a population, ``admissions.parquet``."""
        if self.corpus.get("population") is not None:
            write_admissions(folder, self.admissions)
        write_json(
            folder / FILE,
            {
                "format": FORMAT,
                "format_version": FORMAT_VERSION,
                "system": self.system,
                **_rule_as_json(self.rule),
                "threshold_policy": self.threshold_policy,
                "architecture": self.architecture,
                "corpus": self.corpus,
                "metrics": self.metrics,
                "recipe": self.recipe,
                # Absent by default, so that earlier releases can read the file.
                **({"label_space": str(self.label_space)} if self.is_ranked else {}),
                **({} if self.evidence is None else {"evidence": self.evidence}),
                **({"precision": [one.model_dump() for one in self.precision]} if self.precision else {}),
                "labels": labels_as_json(self.labels, self.titles),
            },
        )

    @classmethod
    def read(cls, folder: Path) -> ModelInfo:
        """Read ``clem.json`` and, if the corpus has a population, ``admissions.parquet`` from a model folder.

        Raises
        ------
        ModelError
            If a file is missing, or this release cannot read it.

        """
        path = folder / FILE
        if not path.is_file():
            raise ModelError(
                f"not a model: {FILE} is missing",
                path=folder,
                remedy="Name the `model` folder of a training run",
            )
        about = read_json(path, ModelError, COPY_AGAIN)
        require_format(about, FORMAT, FORMAT_VERSION, ModelError, path, "Train it again with this release")
        try:
            fields = _Fields.model_validate(about)
        except ValidationError as problem:
            raise ModelError(str(InvalidFieldError.of(problem)), path=path, remedy=COPY_AGAIN) from None
        return cls(
            labels=tuple(Code(label.code, label.system) for label in fields.labels),
            titles=tuple(label.title for label in fields.labels),
            admissions=read_admissions(folder) if fields.corpus.get("population") is not None else {},
            rule=_rule(fields, path),
            precision=fields.precision,
            **fields.model_dump(exclude=_READ_ALONE),
        )


def labels_as_json(labels: Sequence[Code], titles: Sequence[str | None]) -> list[dict[str, str | None]]:
    """Return labels with their titles, in label order."""
    return [
        {"code": label.value, "system": label.system.value, "title": title}
        for label, title in zip(labels, titles, strict=True)
    ]


def _rule_as_json(rule: Rule) -> dict[str, Any]:
    """Return the keys of a rule: ``threshold`` alone for a single threshold, else null and ``rule``."""
    threshold = single_threshold(rule)
    return {"threshold": None, "rule": rule.as_json()} if threshold is None else {"threshold": threshold}


def _rule(fields: _Fields, path: Path) -> Rule:
    if fields.rule is not None and fields.threshold is None:
        try:
            return rule_from_json(fields.rule, len(fields.labels))
        except ValueError as problem:
            raise ModelError(str(problem), path=path, remedy=COPY_AGAIN) from None
    if fields.rule is None and fields.threshold is not None:
        return Threshold(fields.threshold)
    found = "neither a threshold nor a rule" if fields.rule is None else "a threshold and a rule"
    raise ModelError(f"has {found}, expected one of the two", path=path, remedy=COPY_AGAIN)
