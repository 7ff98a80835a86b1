"""Labels that do not exist in their code system: counted when a corpus is written, shown when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clem_icd.icd import Code, Codebook, CodeSystem, hint_for_unknown

_EXAMPLES = 5


def unknown_codes(occurrences: Mapping[Code, int], codebook: Codebook) -> list[dict[str, Any]]:
    """Describe the labels that do not exist, for ``corpus.json``.

    Parameters
    ----------
    occurrences
        The labels, and the number of notes with each.
    codebook
        Knows which codes exist.

    Returns
    -------
    list
        For each code system with such labels: ``system``, ``labels`` and ``occurrences`` (how many there are,
        and how often they occur) and ``examples``, the most frequent ones, each with ``code``, ``notes``
        and ``hint`` (what it may stand for, or None).

    """
    found = []
    for system in CodeSystem:
        unknown = [
            code
            for code in sorted(occurrences, key=lambda code: (-occurrences[code], code.value))
            if code.system is system and codebook.exists(code.value, system) is False
        ]
        if unknown:
            examples = [
                {"code": code.value, "notes": occurrences[code], "hint": hint_for_unknown(code, codebook)}
                for code in unknown[:_EXAMPLES]
            ]
            found.append(
                {
                    "system": system.value,
                    "labels": len(unknown),
                    "occurrences": sum(occurrences[code] for code in unknown),
                    "examples": examples,
                }
            )
    return found


def unknown_code_warnings(about: Mapping[str, Any]) -> list[str]:
    """Return a sentence for every code system with labels that do not exist in it."""
    return [_sentence(one) for one in about.get("unknown_codes", [])]


def is_unknown_codes(value: object) -> bool:
    """Return whether a value has the form of the result of `unknown_codes`."""
    return isinstance(value, list) and all(
        isinstance(one, dict)
        and one.get("system") in list(CodeSystem)
        and type(one.get("labels")) is type(one.get("occurrences")) is int
        and isinstance(one.get("examples"), list)
        and all(
            isinstance(example, dict) and {"code", "hint"} <= example.keys() for example in one["examples"]
        )
        for one in value
    )


def _sentence(found: Mapping[str, Any]) -> str:
    system = CodeSystem(found["system"]).title
    labels = found["labels"]
    subject = "1 label does" if labels == 1 else f"{labels:,} labels do"
    shown = ", ".join(
        f"{one['code']} ({one['hint']})" if one["hint"] else one["code"] for one in found["examples"]
    )
    more = ", \u2026" if labels > len(found["examples"]) else ""
    return f"{subject} not exist in {system}: {shown}{more}"
