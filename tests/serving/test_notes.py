"""`/v1/code` and `/v1/model`."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.icd import CodeSystem
from clem_icd.modeling import open_title_search
from clem_icd.serving import Limits
from serving.conftest import Serve, Served, ToySystem, served
from support import info_of, make_note, new_system, tiny


def suggestions(coder: Any, text: str, top: int) -> list[tuple[str, float, bool]]:
    return [(one.code, one.probability, one.decided) for one in coder.code(text, top=top)]


def test_a_note_has_the_suggestions_that_the_coder_gives(toy: Served) -> None:
    answer = toy.code("Admitted with pneumonia.", top=3, evidence=True).json()
    [note] = answer["notes"]
    expected = toy.coder.code("Admitted with pneumonia.", top=3, evidence=True)
    assert note["error"] is None
    assert note["tokens"] == note["tokens_read"] == 24
    assert not note["truncated"]
    assert note["suggestions"] == [
        {
            "code": one.code,
            "system": one.system,
            "title": one.title,
            "score": one.probability,
            "probability": one.probability,
            "decided": one.decided,
            "evidence": [{"begin": 14, "end": 23, "weight": 0.5}],
        }
        for one in expected
    ]
    assert len(expected) >= 3


def test_the_answer_names_the_model_and_its_rule(toy: Served) -> None:
    named = toy.code("pain").json()["model"]
    assert named == {
        "name": "toy/model",
        "system": "lexicon",
        "sha256": "0" * 64,
        "precision": None,
        "rule": {
            "threshold": 0.25,
            "description": "when its score exceeds 0.25",
            "policy": "given by a test",
        },
        "evidence_method": "lexicon",
    }


def test_evidence_is_null_unless_asked_for(toy: Served) -> None:
    [note] = toy.code("pneumonia").json()["notes"]
    assert {one["evidence"] for one in note["suggestions"]} == {None}


@pytest.mark.parametrize("before", ["🫁 ", "e\u0301 ", "😀👩‍⚕️ \r\n"])
def test_offsets_count_code_points(toy: Served, before: str) -> None:
    text = f"{before}pneumonia"
    [note] = toy.code(text, evidence=True).json()["notes"]
    [span] = note["suggestions"][0]["evidence"]
    assert text[span["begin"] : span["end"]] == "pneumonia"


def test_a_note_that_cannot_be_read_has_its_own_error_and_the_others_are_coded(toy: Served) -> None:
    notes = [{"id": "a", "text": "pain"}, {"id": "b", "text": " "}, {"text": "<html><p>pain</p></html>"}]
    answer = toy.ask("POST", "/v1/code", json={"notes": notes})
    first, second, third = answer.json()["notes"]
    assert answer.status_code == 200
    assert (first["id"], first["error"]) == ("a", None)
    assert len(first["suggestions"]) == 6
    assert (second["id"], second["suggestions"]) == ("b", [])
    assert second["error"] == {
        "code": "unreadable-note",
        "message": "the note is empty",
        "remedy": "Leave it out, or add its text",
    }
    assert third["error"]["message"] == "is HTML, expected the text of a note"


def test_a_wrapped_note_is_coded_as_it_is_if_asked(toy: Served) -> None:
    [note] = toy.code("<html><p>pain</p></html>", wrapped="keep").json()["notes"]
    assert note["wrappings"] == ["HTML"]
    assert note["tokens"] == 24


def test_a_note_longer_than_the_limit_is_refused_alone(serve: Serve) -> None:
    subject = serve(limits=Limits(note_characters=10))
    short, long = subject.code("pain", "pain " * 3).json()["notes"]
    assert short["error"] is None
    assert long["error"]["message"] == "the note is 15 characters long, expected at most 10"


def test_more_notes_or_suggestions_than_the_limit_are_refused(serve: Serve) -> None:
    subject = serve(limits=Limits(notes=2, top=5))
    for answer in (subject.code("a", "b", "c"), subject.code("a", top=6)):
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid-request")
    assert subject.code("a", "b", top=5).status_code == 200


def test_the_same_request_has_the_same_result(toy: Served) -> None:
    answers = {toy.code("Admitted with pneumonia.", "pain", evidence=True).content for _ in range(3)}
    assert len(answers) == 1


@pytest.mark.parametrize("kind", ["neural", "search"])
def test_scores_are_those_of_a_note_alone_whatever_the_batch_mates(little_corpus: Corpus, kind: str) -> None:
    if kind == "neural":
        system: Any = new_system(little_corpus, tiny(64))
        info = info_of(little_corpus, tiny(64))
    else:
        system, info = open_title_search(CodeSystem.ICD9PCS)
    texts = [make_note(number).text for number in range(24)]
    random.Random(1).shuffle(texts)

    with served(system, info) as subject:

        async def together() -> list[Any]:
            requests = [
                subject.ask_async(
                    "POST",
                    "/v1/code",
                    json={"notes": [{"text": text} for text in texts[start : start + size]], "top": 6},
                )
                for start, size in ((0, 1), (1, 7), (8, 2), (10, 14))
            ]
            return [note for answer in await asyncio.gather(*requests) for note in answer.json()["notes"]]

        coded = asyncio.run(together())
        precision = subject.ask("GET", "/v1/model").json()["precision"]

    assert precision == ("fp32" if kind == "neural" else None)
    for text, note in zip(texts, coded, strict=True):
        expected = suggestions(subject.coder, text, 6)
        found = {one["code"]: one for one in note["suggestions"]}
        assert found.keys() == {code for code, _, _ in expected}
        for code, probability, decided in expected:
            assert found[code]["score"] == pytest.approx(probability, abs=1e-5)
            assert found[code]["decided"] == decided
            assert (found[code]["probability"] is None) == (kind == "search")


def test_a_system_that_no_method_explains_refuses_evidence_and_codes_without(toy: Served) -> None:
    toy.coder.explainer = None
    refused = toy.code("pneumonia", evidence=True)
    assert (refused.status_code, refused.json()["error"]["message"]) == (
        422,
        "no method explains this model, which is a lexicon system",
    )
    assert toy.code("pneumonia").status_code == 200


def test_the_model_is_described_with_its_limits(serve: Serve) -> None:
    found = serve(limits=Limits(notes=3)).ask("GET", "/v1/model").json()
    assert found["labels"] == {"count": 6, "by_system": {"icd10cm": 6}, "space": "corpus"}
    assert found["corpus"]["name"] == "little"
    assert found["corpus"]["synthetic"] is True
    assert found["limits"]["notes"] == 3
    assert found["reading"] is None


def test_a_metric_comes_with_its_definition(little_corpus: Corpus) -> None:
    info = replace(info_of(little_corpus, system="lexicon"), metrics={"test": {"micro_f1": 0.5, "new": 1.0}})
    with served(ToySystem(), info) as subject:
        found = subject.ask("GET", "/v1/model").json()["metrics"]["test"]
    assert found["micro_f1"]["value"] == 0.5
    assert found["micro_f1"]["definition"].startswith("2 TP / (2 TP + FP + FN)")
    assert found["new"]["definition"] is None


def test_a_search_is_described_as_one_that_assigns_nothing() -> None:
    with served(*open_title_search(CodeSystem.ICD9PCS)) as subject:
        found = subject.ask("GET", "/v1/model").json()
        [note] = subject.code("Coronary bypass.", evidence=True).json()["notes"]
    assert (found["system"], found["corpus"], found["metrics"]) == ("title-search", None, {})
    assert found["rule"]["threshold"] is None
    assert found["rule"]["description"] == "never: these are search suggestions"
    assert found["labels"]["space"] == "icd9pcs"
    assert found["evidence_method"] == "title-search"
    assert not any(one["decided"] for one in note["suggestions"])
    assert note["suggestions"][0]["evidence"]
