"""The state of an encounter for the script of its page: everything but the texts."""

from __future__ import annotations

from typing import Any

from clem_icd.icd import default_codebook
from clem_icd.serving.screen.texts import cues_of
from clem_icd.serving.screen.warnings import warnings_of
from clem_icd.serving.store.encounters import Mark, key
from clem_icd.serving.store.reading import CodeState, Encounter

_GROUPS = {"accepted": "accepted", "replaced": "accepted", "rejected": "rejected"}


def state_of(encounter: Encounter) -> dict[str, Any]:
    """Return the state of an encounter as JSON."""
    return {
        "id": encounter.id,
        "name": encounter.name,
        "status": encounter.status,
        "assigned_to": encounter.assigned_to,
        "sequence": [key(code) for code in encounter.sequence],
        "sequence_version": encounter.sequence_version,
        "waiting": sum(code.decided and code.verdict == "open" for code in encounter.codes),
        "codes": [
            _code(encounter, code, warnings)
            for code, warnings in zip(encounter.codes, warnings_of(encounter), strict=True)
        ],
    }


def _code(encounter: Encounter, code: CodeState, warnings: list[dict[str, Any]]) -> dict[str, Any]:
    said = ("title", "probability", "decided", "verdict", "reason", "replaced_by", "present_on_admission")
    return {
        "code": key(code.code),
        "value": code.code.value,
        "system": code.code.system.value,
        **{name: getattr(code, name) for name in (*said, "comment", "judged_by", "version")},
        "replaced_title": _replaced_title(code),
        "marks": [_mark(encounter, mark) for mark in code.marks],
        "warnings": warnings,
        "group": _GROUPS.get(code.verdict, "decided" if code.decided else "possible"),
    }


def _replaced_title(code: CodeState) -> str | None:
    if code.replaced_by is None:
        return None
    return default_codebook().title(code.replaced_by, code.code.system)


def _mark(encounter: Encounter, mark: Mark) -> dict[str, Any]:
    cues = cues_of(encounter.documents[mark.document].text).at(mark.begin, mark.end)
    return {
        "document": mark.document,
        "begin": mark.begin,
        "end": mark.end,
        "by_coder": mark.weight is None,
        "cues": sorted(cues),
    }
