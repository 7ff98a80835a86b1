"""The decisions on submitted encounters as a FHIR R4 Bundle.

A code that stands is a confirmed Condition or a completed Procedure. One that a coder rejected is left out:
``refuted`` would be a statement about the patient, and not about the coding. Who suggested a code and who
confirmed it is in its Provenance.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from clem_icd.files import check_free, write_text
from clem_icd.icd import default_codebook
from clem_icd.serving.exchange.decided import standing_code, submitted
from clem_icd.serving.fhir.bundles import SCORE, agent_of, coded, device_of, entry_of, position_in
from clem_icd.serving.fhir.elements import (
    Bundle,
    BundleEntry,
    CodeableConcept,
    Condition,
    Extension,
    Identifier,
    Procedure,
    Provenance,
    Reference,
    Source,
)
from clem_icd.serving.store.database import Store
from clem_icd.serving.store.reading import CodeState, Encounter

POSITION = "urn:clem-icd:fhir:position"
PRESENT_ON_ADMISSION = "urn:clem-icd:fhir:present-on-admission"
NAMES = "urn:clem-icd:review"
"""Where the names of encounters, documents and coders are from."""

_DIGITS = 6


def write_fhir(store: Store, out: Path, *, force: bool = False) -> int:
    """Write a Bundle with the codes that stand, in the order of each claim; return their number.

    Raises
    ------
    InputError
        If no encounter is submitted.
    OutputError
        If ``out`` is occupied and ``force`` is false.

    """
    check_free(out, force=force)
    models: dict[tuple[str, str], BundleEntry] = {}
    entries = [entry for encounter in submitted(store) for entry in _entries(encounter, models)]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    bundle = Bundle(timestamp=now, entry=[*entries, *models.values()] or None)
    write_text(out, f"{bundle.as_json().decode()}\n")
    return sum(isinstance(entry.resource, Condition | Procedure) for entry in entries)


def _entries(encounter: Encounter, models: dict[tuple[str, str], BundleEntry]) -> Iterator[BundleEntry]:
    """Yield the codes of an encounter, each with its provenance; add its model."""
    device = None
    if encounter.origin is not None:
        named = encounter.origin.model, encounter.origin.model_sha256
        device = models.setdefault(named, entry_of(device_of(*named)))
    by_code = {standing_code(code): code for code in encounter.codes}
    for position, standing in enumerate(encounter.sequence, 1):
        code = by_code[standing]
        entry = entry_of(_resource(encounter, code, position))
        yield entry
        yield entry_of(_provenance(encounter, code, entry, device))


def _resource(encounter: Encounter, state: CodeState, position: int) -> Condition | Procedure:
    code = standing_code(state) or state.code
    concept = CodeableConcept.of(
        code.system.uri, code.value, default_codebook().title(code.value, code.system) or state.title
    )
    subject = Reference(type="Patient", display="the patient of the encounter")
    own = _named("Encounter", encounter.name)
    extension = [Extension(url=POSITION, value_integer=position)]
    if state.probability is not None and code == state.code:
        extension.append(Extension(url=SCORE, value_decimal=round(state.probability, _DIGITS)))
    if state.present_on_admission is not None:
        extension.append(Extension(url=PRESENT_ON_ADMISSION, value_string=state.present_on_admission))
    extension += [
        position_in(_document(encounter, mark.document), mark.begin, mark.end) for mark in state.marks
    ]
    return coded(
        code.system,
        procedure="completed",
        condition="confirmed",
        extension=extension,
        code=concept,
        subject=subject,
        encounter=own,
    )


def _provenance(
    encounter: Encounter, state: CodeState, entry: BundleEntry, device: BundleEntry | None
) -> Provenance:
    agents = [agent_of("verifier", _named("Practitioner", state.judged_by or ""))]
    if device is not None and state.probability is not None:
        agents.insert(0, agent_of("assembler", Reference(reference=device.full_url)))
    sources = [Source(role="source", what=_document(encounter, at)) for at in range(len(encounter.documents))]
    return Provenance(
        target=[Reference(reference=entry.full_url)],
        recorded=state.judged_at or encounter.changed_at,
        agent=agents,
        entity=sources,
    )


def _document(encounter: Encounter, place: int) -> Reference:
    return _named("DocumentReference", encounter.documents[place].name)


def _named(kind: str, name: str) -> Reference:
    return Reference(type=kind, identifier=Identifier(system=NAMES, value=name[:1000] or "unknown"))
