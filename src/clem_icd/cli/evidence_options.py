"""Options on how evidence is found, shared by verbs that show or write it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clem_icd.cli.verb import changed_options
from clem_icd.errors import InputError

if TYPE_CHECKING:
    from clem_icd.explanation import Explainer, Method
    from clem_icd.modeling import ModelInfo, System


@dataclass(frozen=True)
class HowExplained:
    """How evidence is found."""

    method: Annotated[
        str | None,
        typer.Option(
            help="How evidence is found (docs/reference/explanation-methods.md), with settings: "
            "'{kind: occlusion, sentences: 8}'. Default: the method that suits the model best."
        ),
    ] = None
    cut: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="The share of the support for a code above which a word is shown; a lower one shows more. "
            "Default: the one that the model stores for its method, or else that of the method.",
        ),
    ] = None

    def require(self, *, evidence: bool) -> None:
        """Refuse options without evidence, and an unknown method, before anything is read.

        Raises
        ------
        InputError
            If an option is passed without asking for evidence, or the method is unknown.

        """
        if not evidence and (useless := changed_options(self)):
            raise InputError(
                f"{useless[0]} needs --evidence", remedy="Ask for evidence, or leave the option out"
            )
        self.chosen()

    def explainer(self, system: System, info: ModelInfo) -> Explainer:
        """Return what explains a model.

        Raises
        ------
        InputError
            If the cut does not apply to the method.
        ModelError
            If the method cannot explain the model.

        """
        from clem_icd.explanation import Explainer

        return Explainer(system, info, self.chosen(), cut=self.cut)

    def chosen(self) -> Method | None:
        """Return the method that is named, or None.

        Raises
        ------
        InputError
            As `require` raises it.

        """
        if self.method is None:
            return None
        methods = methods_in(self.method)
        if len(methods) != 1:
            raise InputError(f"--method names {len(methods)} methods, expected one", remedy="Name one")
        return methods[0]


def methods_in(text: str) -> list[Method]:
    """Return the methods that a text names, such as ``attention, {kind: occlusion, sentences: 8}``.

    Raises
    ------
    InputError
        If it is malformed, or a method or a setting is unknown.

    """
    # Imported here: the methods need torch, which a search in titles without a named one does not.
    import yaml

    from clem_icd.explanation.explaining import parse_method

    try:
        named = yaml.safe_load(f"[{text}]")
    except yaml.YAMLError:
        raise InputError(
            f"{text!r} is not a list of methods",
            remedy="Write names, separated by commas; one with settings is {kind: occlusion, sentences: 8}",
        ) from None
    return [parse_method(one) for one in named]


def as_explained(explainer: Explainer | None) -> dict[str, Any]:
    """Return the key ``explanation`` of a result; nothing for spans that a system knows itself."""
    if explainer is None or explainer.about["rule"] is None:
        return {}
    return {"explanation": {**explainer.about, "remarks": list(explainer.remarks)}}


def about_evidence(explainer: Explainer | None) -> tuple[str, ...]:
    """Return how to read evidence, as sentences; none for spans that a system knows itself."""
    if not as_explained(explainer) or explainer is None:
        return ()
    return (
        f"Shown are words with more than {100 * explainer.rule.cut:.3g} % of the support for a code "
        f"({explainer.name}). They moved its score but do not prove the code.",
        *explainer.remarks,
    )
