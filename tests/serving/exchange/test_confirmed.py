"""Decisions as FHIR: what is confirmed, by whom, and where the documents support it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from clem_icd.errors import InputError
from clem_icd.icd import Code, CodeSystem
from clem_icd.serving.exchange.confirmed import write_fhir
from clem_icd.serving.store.acts import Act
from clem_icd.serving.store.database import open_store
from clem_icd.serving.store.encounters import Mark
from clem_icd.serving.store.finishing import submit
from clem_icd.serving.store.judgement import Judgement
from clem_icd.serving.store.judging import add, judge, order
from serving.store.encounter import DIABETES, HYPERTENSION, ORIGIN, PNEUMONIA, new_encounter

ANN, BOB = Act("Ann"), Act("Bob")
BYPASS = Code("02100Z9", CodeSystem.ICD10PCS)


def value_of(extension: dict[str, Any]) -> Any:
    [value] = [value for name, value in extension.items() if name.startswith("value")]
    return value


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """The bundle of one submitted encounter with every kind of verdict, beside an open one."""
    store = open_store(tmp_path / "review.db")
    with store.writing() as connection:
        encounter = new_encounter(connection)
        judge(connection, encounter, HYPERTENSION, Judgement("replaced", replaced_by="I11.9"), 0, ANN)
        judge(connection, encounter, DIABETES, Judgement("accepted", present_on_admission="Y"), 0, BOB)
        judge(connection, encounter, PNEUMONIA, Judgement("rejected"), 0, ANN)
        add(connection, encounter, BYPASS, None, ANN, [Mark(0, 0, 5)])
        order(connection, encounter, [DIABETES, BYPASS, Code("I11.9", CodeSystem.ICD10CM)], 0, ANN)
        submit(connection, encounter, ANN)
        new_encounter(connection, "open")
    assert write_fhir(store, tmp_path / "out.json") == 3
    store.close()
    return json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))


def test_what_stands_is_confirmed_in_the_order_of_the_claim(written: Any) -> None:
    Bundle.model_validate(written)
    found = [entry["resource"] for entry in written["entry"]]
    codes = [one for one in found if one["resourceType"] in ("Condition", "Procedure")]
    assert [(one["resourceType"], one["code"]["coding"][0]["code"]) for one in codes] == [
        ("Condition", "E11.9"),
        ("Procedure", "02100Z9"),
        ("Condition", "I11.9"),
    ]
    diabetes, bypass, _ = codes
    assert diabetes["verificationStatus"]["coding"][0]["code"] == "confirmed"
    assert bypass["status"] == "completed"
    assert diabetes["encounter"]["identifier"]["value"] == "A1"
    said = {one["url"]: one for one in diabetes["extension"]}
    assert value_of(said["urn:clem-icd:fhir:position"]) == 1
    assert value_of(said["urn:clem-icd:fhir:score"]) == 0.7
    assert value_of(said["urn:clem-icd:fhir:present-on-admission"]) == "Y"
    [span] = [one["extension"] for one in diabetes["extension"] if "extension" in one]
    assert [value_of(one) for one in span[1:]] == [25, 8]
    assert value_of(span[0])["identifier"]["value"] == "n1"


def test_each_code_says_who_suggested_and_who_confirmed_it(written: Any) -> None:
    by_url = {entry["fullUrl"]: entry["resource"] for entry in written["entry"]}
    agents = {}
    for one in by_url.values():
        if one["resourceType"] == "Provenance":
            code = by_url[one["target"][0]["reference"]]["code"]["coding"][0]["code"]
            agents[code] = {agent["type"]["coding"][0]["code"]: agent["who"] for agent in one["agent"]}
    assert {code: found["verifier"]["identifier"]["value"] for code, found in agents.items()} == {
        "E11.9": "Bob",
        "02100Z9": "Ann",
        "I11.9": "Ann",
    }
    assert "assembler" not in agents["02100Z9"]
    device = by_url[agents["E11.9"]["assembler"]["reference"]]
    assert device["identifier"][0]["value"] == ORIGIN.model_sha256
    assert sum(one["resourceType"] == "Device" for one in by_url.values()) == 1


def test_nothing_of_a_document_is_in_it(written: Any) -> None:
    assert "Known" not in json.dumps(written)


def test_without_decisions_there_is_nothing_to_write(tmp_path: Path) -> None:
    store = open_store(tmp_path / "review.db")
    with pytest.raises(InputError, match="no encounter is submitted"):
        write_fhir(store, tmp_path / "out.json")
    store.close()
    assert not (tmp_path / "out.json").exists()
