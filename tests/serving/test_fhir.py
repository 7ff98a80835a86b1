"""FHIR R4: documents in, bundles out, valid by the models of fhir.resources where those are installed."""

from __future__ import annotations

import base64
import json
import socket
from dataclasses import replace
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.icd import Code, CodeSystem
from clem_icd.serving import Limits
from serving.conftest import CANARY, Serve, Served, ToySystem, served
from support import info_of

OPERATION = "/fhir/DocumentReference/$suggest-codes"
SPAN = "http://hl7.org/fhir/StructureDefinition/derivation-reference"
TEXT = "🫁 Admitted with pneumonia."


def validate(resource: dict[str, Any]) -> None:
    """Check a resource against the definitions of FHIR R4B, which has the same ones as R4 here."""
    modules = pytest.importorskip("fhir.resources.R4B", reason="fhir.resources is not installed")
    modules.get_fhir_model_class(resource["resourceType"]).model_validate_json(json.dumps(resource))


def attachment(text: str | bytes, content_type: str = "text/plain; charset=utf-8") -> dict[str, Any]:
    data = base64.b64encode(text.encode() if isinstance(text, str) else text).decode()
    return {"attachment": {"contentType": content_type, "data": data}}


def document(*contents: dict[str, Any], **elements: Any) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": list(contents or [attachment(TEXT)]),
        **elements,
    }


def parameters(**values: Any) -> dict[str, Any]:
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": name, **value} for name, value in values.items()],
    }


def ask(subject: Served, body: dict[str, Any]) -> Any:
    return subject.ask(
        "POST", OPERATION, content=json.dumps(body), headers={"content-type": "application/fhir+json"}
    )


def entries(subject: Served, body: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the resources of an answer by type, once they are valid."""
    answer = ask(subject, body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/fhir+json"
    bundle = answer.json()
    validate(bundle)
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in bundle.get("entry", []):
        assert entry["fullUrl"].startswith("urn:uuid:")
        found.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    return found


def refused(subject: Served, body: dict[str, Any]) -> tuple[int, str, str]:
    """Return the status of a refusal, its code, and what it says."""
    answer = ask(subject, body)
    assert CANARY not in answer.text
    validate(answer.json())
    [issue] = answer.json()["issue"]
    return answer.status_code, issue["details"]["text"], issue["diagnostics"]


def decided(subject: Served) -> list[str]:
    return [one.code for one in subject.coder.code(TEXT) if one.decided]


def test_every_assigned_code_is_an_unconfirmed_condition_with_its_evidence(toy: Served) -> None:
    subject = {"reference": "Patient/p1"}
    context = {"encounter": [{"reference": "Encounter/e1"}]}
    found = entries(toy, document(id="d1", subject=subject, context=context))
    conditions = found["Condition"]
    assert [one["code"]["coding"][0]["code"] for one in conditions] == decided(toy)
    for one in conditions:
        assert one["code"]["coding"][0]["system"] == "http://hl7.org/fhir/sid/icd-10-cm"
        assert one["verificationStatus"]["coding"][0]["code"] == "unconfirmed"
        assert one["category"][0]["coding"][0]["code"] == "encounter-diagnosis"
        assert (one["subject"], one["encounter"]) == (subject, context["encounter"][0])
        score, is_decided, span = one["extension"]
        assert (score["url"], is_decided["url"]) == ("urn:clem-icd:fhir:score", "urn:clem-icd:fhir:decided")
        assert is_decided["valueBoolean"] is True
        assert span == {
            "url": SPAN,
            "extension": [
                {"url": "reference", "valueReference": {"reference": "DocumentReference/d1"}},
                {"url": "offset", "valueInteger": TEXT.index("pneumonia")},
                {"url": "length", "valueInteger": 9},
            ],
        }


def test_the_provenance_names_the_model_and_the_document(toy: Served) -> None:
    found = entries(toy, document(id="d1"))
    [provenance], [device] = found["Provenance"], found["Device"]
    assert len(provenance["target"]) == len(found["Condition"])
    assert provenance["agent"][0]["type"]["coding"][0]["code"] == "assembler"
    assert provenance["entity"] == [{"role": "source", "what": {"reference": "DocumentReference/d1"}}]
    assert device["identifier"] == [{"system": "urn:clem-icd:fhir:model-sha256", "value": "0" * 64}]


def test_a_bundle_without_codes_has_no_provenance(little_corpus: Corpus) -> None:
    class Nothing(ToySystem):
        def score(self, texts: Any) -> Any:
            for one in super().score(texts):
                yield one._replace(probabilities=one.probabilities * 0)

    with served(Nothing(), info_of(little_corpus, system="lexicon")) as subject:
        assert entries(subject, document()) == {}


def test_procedures_are_procedures(little_corpus: Corpus) -> None:
    info = info_of(little_corpus, system="lexicon")
    labels = (Code("0DTJ4ZZ", CodeSystem.ICD10PCS), Code("47.01", CodeSystem.ICD9PCS), *info.labels[2:])
    with served(ToySystem(), replace(info, labels=labels)) as subject:
        found = entries(subject, parameters(document={"resource": document()}, top={"valueInteger": 6}))
    systems = {
        one["code"]["coding"][0]["code"]: one["code"]["coding"][0]["system"] for one in found["Procedure"]
    }
    assert systems == {
        "0DTJ4ZZ": "http://www.cms.gov/Medicare/Coding/ICD10",
        "47.01": "urn:oid:2.16.840.1.113883.6.104",
    }
    assert {one["status"] for one in found["Procedure"]} == {"unknown"}
    assert len(found["Condition"]) == 4


def test_parameters_say_how_many_and_whether_with_evidence(toy: Served) -> None:
    body = parameters(
        document={"resource": document()}, top={"valueInteger": 6}, evidence={"valueBoolean": False}
    )
    validate(body)
    found = entries(toy, body)["Condition"]
    assert len(found) == 6
    assert {one["extension"][1]["valueBoolean"] for one in found} == {True, False}
    assert all(len(one["extension"]) == 2 for one in found)


def test_a_document_without_id_is_referred_to_by_its_identifier_or_as_the_posted_one(toy: Served) -> None:
    identifier = {"system": "urn:hospital", "value": "7"}
    for body, expected in (
        (document(identifier=[identifier]), {"type": "DocumentReference", "identifier": identifier}),
        (document(), {"type": "DocumentReference", "display": "the document that was posted"}),
    ):
        [first, *_] = entries(toy, body)["Condition"]
        assert first["extension"][2]["extension"][0]["valueReference"] == expected


def test_the_text_among_several_contents_is_coded_and_its_place_named(toy: Served) -> None:
    pdf = attachment(b"%PDF-1.4", "application/pdf")
    [first, *_] = entries(toy, document(pdf, attachment(TEXT)))["Condition"]
    assert first["extension"][2]["extension"][1] == {
        "url": "path",
        "valueString": "content[1].attachment.data",
    }


def test_base64_may_hold_whitespace(toy: Served) -> None:
    content = attachment(TEXT)
    data = content["attachment"]["data"]
    content["attachment"]["data"] = f" {data[:5]}\r\n{data[5:]}\n"
    assert len(entries(toy, document(content))["Condition"]) == len(decided(toy))


def test_the_address_of_an_attachment_is_never_followed(toy: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda *arguments: opened.append(arguments))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **_: opened.append(arguments))
    content = {"attachment": {"contentType": "text/plain", "url": "http://127.0.0.1:1/note.txt"}}
    status, code, says = refused(toy, document(content))
    assert (status, code) == (422, "invalid-request")
    assert "never followed" in says
    assert opened == []


BAD = {
    "another resource": {"resourceType": CANARY},
    "no type": {"status": "current"},
    "no content": document() | {"content": []},
    "no status": {"resourceType": "DocumentReference", "content": [attachment(TEXT)]},
    "an unknown status": document(status=CANARY),
    "entered in error": document(status="entered-in-error"),
    "a PDF only": document(attachment(b"%PDF-1.4", "application/pdf")),
    "another encoding": document(attachment("é".encode("latin-1"), "text/plain; charset=iso-8859-1")),
    "no UTF-8": document(attachment(b"\xff\xfe")),
    "no base64": document({"attachment": {"contentType": "text/plain", "data": f"{CANARY}!"}}),
    "no type of the text": document({"attachment": {"data": "cGFpbg=="}}),
    "an id that is none": document(id=f"{CANARY} {CANARY}"),
    "parameters without document": parameters(top={"valueInteger": 3}),
    "an unknown parameter": parameters(document={"resource": document()}, **{CANARY: {"valueInteger": 1}}),
    "a parameter twice": {
        "resourceType": "Parameters",
        "parameter": [{"name": "document", "resource": document()}] * 2,
    },
    "a document as text": parameters(document={"valueString": CANARY}),
    "a top of another type": parameters(document={"resource": document()}, top={"valueString": "5"}),
    "a negative top": parameters(document={"resource": document()}, top={"valueInteger": -1}),
    "a top above the limit": parameters(document={"resource": document()}, top={"valueInteger": 10_000}),
    "evidence of another type": parameters(document={"resource": document()}, evidence={"valueInteger": 1}),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_what_is_no_document_is_refused_with_an_outcome(toy: Served, body: dict[str, Any]) -> None:
    assert refused(toy, body)[:2] == (422, "invalid-request")


def test_a_document_that_cannot_be_read_as_a_note_is_refused(toy: Served) -> None:
    assert refused(toy, document(attachment(" ")))[:2] == (422, "unreadable-note")
    assert refused(toy, document(attachment(f"<html><p>{CANARY}</p></html>")))[:2] == (422, "unreadable-note")


def test_failures_and_refusals_of_the_service_are_outcomes(serve: Serve) -> None:
    assert refused(serve(load=False), document())[:2] == (503, "not-ready")
    assert refused(serve(), document(attachment("break the batch")))[:2] == (500, "internal")
    assert refused(serve(limits=Limits(body_bytes=1_000)), document(attachment("x" * 2_000)))[:2] == (
        413,
        "body-too-large",
    )


@pytest.mark.parametrize("path", ["/fhir/metadata", "/fhir/OperationDefinition/suggest-codes"])
def test_the_service_describes_itself(toy: Served, path: str) -> None:
    answer = toy.ask("GET", path)
    assert answer.headers["Content-Type"] == "application/fhir+json"
    validate(answer.json())


def test_the_capability_statement_points_to_the_definition_of_the_operation(toy: Served) -> None:
    [rest] = toy.ask("GET", "/fhir/metadata").json()["rest"]
    [operation] = rest["resource"][0]["operation"]
    definition = toy.ask("GET", f"/fhir/OperationDefinition/{operation['name']}").json()
    assert operation["definition"] == definition["url"]
    assert [one["name"] for one in definition["parameter"]] == ["document", "top", "evidence", "return"]


def test_the_documents_of_the_tests_are_valid_themselves() -> None:
    validate(document(id="d1", subject={"reference": "Patient/p1"}))


def test_the_check_by_fhir_resources_finds_mistakes() -> None:
    with pytest.raises(ValueError, match="subject"):
        validate({"resourceType": "Condition", "code": {"text": "pain"}})
