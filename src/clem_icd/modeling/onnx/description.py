"""``coding.json``: what is needed beside the graph and the tokenizer to code notes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from clem_icd.decisions import Rule, rule_from_json
from clem_icd.errors import ModelError
from clem_icd.files import read_json, write_json
from clem_icd.formats import require_format
from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling.info import labels_as_json
from clem_icd.modeling.model_files import COPY_AGAIN

FORMAT = "clem-icd/onnx"
FORMAT_VERSION = 1
DESCRIPTION = "coding.json"
GRAPH = "model.onnx"
TOKENIZER = "tokenizer.json"

Precision = Literal["fp32", "int8"]


@dataclass(frozen=True)
class Description:
    """How to run an exported graph, and what its results mean.

    Attributes
    ----------
    precision
        ``fp32`` or ``int8``.
    max_tokens
        The most tokens of a note that the graph is given, special tokens included. The tokenizer cuts notes
        there.
    pad_id
        The token id of padding.
    padding_changes_scores
        Whether the scores of a note depend on its padding, as in PLM-ICD's published code. Such notes are
        scored one at a time.
    reading
        How the graph reads a note, for information.
    rule, threshold_policy
        The decision rule, and how it was chosen.
    labels, titles
        The label space, and the title of every label or None, in the order of the probabilities [labels].
    model
        The model that was exported: its ``sha256``, see `fingerprint_of_folder`.
    versions
        Of the packages that exported it.
    check
        How far the probabilities are from those of the model; empty if it was not checked.

    """

    precision: Precision
    max_tokens: int
    pad_id: int
    padding_changes_scores: bool
    reading: dict[str, Any]
    rule: Rule
    threshold_policy: str
    labels: tuple[Code, ...]
    titles: tuple[str | None, ...]
    model: dict[str, Any]
    versions: dict[str, str]
    check: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write ``coding.json``."""
        write_json(
            folder / DESCRIPTION,
            {
                "format": FORMAT,
                "format_version": FORMAT_VERSION,
                "precision": self.precision,
                "max_tokens": self.max_tokens,
                "pad_id": self.pad_id,
                "padding_changes_scores": self.padding_changes_scores,
                "reading": self.reading,
                "rule": self.rule.as_json(),
                "threshold_policy": self.threshold_policy,
                "model": self.model,
                "versions": self.versions,
                "check": self.check,
                "labels": labels_as_json(self.labels, self.titles),
            },
        )

    @classmethod
    def read(cls, folder: Path) -> Description:
        """Read ``coding.json``.

        Raises
        ------
        ModelError
            If the folder has none, or this release cannot read it.

        """
        path = folder / DESCRIPTION
        if not path.is_file():
            raise ModelError(
                f"not an exported model: {DESCRIPTION} is missing",
                path=folder,
                remedy="Name a folder that `clem export --onnx` wrote",
            )
        about = read_json(path, ModelError, COPY_AGAIN)
        remedy = "Export the model again with this release"
        require_format(about, FORMAT, FORMAT_VERSION, ModelError, path, remedy)
        try:
            del about["format"], about["format_version"]
            labels = about.pop("labels")
            rule = rule_from_json(about.pop("rule"), len(labels))
            return cls(
                rule=rule,
                labels=tuple(Code(label["code"], CodeSystem(label["system"])) for label in labels),
                titles=tuple(label["title"] for label in labels),
                **about,
            )
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            raise ModelError(
                f"is not complete ({type(problem).__name__})", path=path, remedy=COPY_AGAIN
            ) from problem
