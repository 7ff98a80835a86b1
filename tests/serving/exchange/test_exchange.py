"""Encounters in and out: what arrives, what is suggested, and what becomes of the decisions."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import InputError, OutputError, SourceError
from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling import Span
from clem_icd.prediction import Coder
from clem_icd.serving import ServedModel
from clem_icd.serving.exchange.arriving import (
    Arriving,
    encounters_in_corpus,
    encounters_in_folder,
    encounters_in_table,
)
from clem_icd.serving.exchange.decided import write_corpus, write_label_studio, write_table
from clem_icd.serving.exchange.importing import import_encounters, origin_of
from clem_icd.serving.exchange.suggesting import suggestions_for
from clem_icd.serving.store.acts import Act
from clem_icd.serving.store.database import Store, open_store
from clem_icd.serving.store.encounters import Document, Mark
from clem_icd.serving.store.finishing import submit
from clem_icd.serving.store.judgement import REASONS, Judgement
from clem_icd.serving.store.judging import add, judge, order
from clem_icd.serving.store.reading import read_encounter
from clem_icd.serving.store.worklist import Filter, work_list
from fixtures.ranking import ExplainingSystem, ranking_info
from serving.store.encounter import ASTHMA, DIABETES, HYPERTENSION, PNEUMONIA, new_encounter

ANN = Act("ann")


@pytest.fixture
def coder(little_corpus: Corpus) -> Coder:
    return Coder(ExplainingSystem(), ranking_info(little_corpus))


@pytest.fixture
def plain_store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "review.db")
    yield store
    store.close()


@pytest.fixture
def reviewed(plain_store: Store) -> Store:
    """One submitted encounter of two documents with every kind of verdict, and an open one."""
    with plain_store.writing() as connection:
        encounter = new_encounter(connection)
        judge(connection, encounter, HYPERTENSION, Judgement("replaced", replaced_by="I11.9"), 0, ANN)
        accepted = Judgement("accepted", present_on_admission="Y", comment="=1+1")
        judge(connection, encounter, DIABETES, accepted, 0, ANN)
        judge(connection, encounter, PNEUMONIA, Judgement("rejected", reason=REASONS[1]), 0, ANN)
        add(connection, encounter, ASTHMA, "Asthma", ANN, [Mark(0, 0, 5)])
        standing = [ASTHMA, DIABETES, Code("I11.9", CodeSystem.ICD10CM)]
        order(connection, encounter, standing, 0, ANN)
        submit(connection, encounter, ANN)
        new_encounter(connection, "open")
    return plain_store


def test_files_are_encounters_and_so_are_folders(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for name, text in (
        ("b.txt", "one"),
        ("A7.1/1.txt", "first"),
        ("A7.1/2.txt", "second"),
        ("A7.1/x.pdf", "no"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "A7.1" / "3.txt").write_bytes(b"\0\1\2\xff" * 50)
    joined, single = encounters_in_folder(folder)
    assert (single.name, single.documents) == ("b", (Document("b.txt", "one"),))
    assert (joined.name, [one.text for one in joined.documents]) == ("A7.1", ["first", "second"])
    assert [str(problem.path) for problem in joined.problems] == [str(folder / "A7.1" / "3.txt")]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"contains no \*\.txt"):
        list(encounters_in_folder(tmp_path / "empty"))


def test_records_of_a_table_are_joined_by_encounter(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(
        "enc,note_id,text,type\n007,n1,first,H&P\n8,n2,other,\n007,n3,second,Discharge\n008,n4,,\n"
    )
    found = encounters_in_table(path, encounter="enc", kind="type")
    assert [one.name for one in found] == ["007", "8", "008"]
    assert found[0].documents == (Document("n1", "first", "H&P"), Document("n3", "second", "Discharge"))
    assert (found[2].documents, found[2].problems[0].row) == ((), 4)
    with pytest.raises(SourceError, match="encounter_id"):
        encounters_in_table(path)


def test_notes_of_a_corpus_are_encounters(little_corpus: Corpus) -> None:
    found = list(encounters_in_corpus(little_corpus, "test"))
    assert len(found) == little_corpus.size("test")
    assert found[0].name.startswith("a")


def test_a_code_of_two_documents_is_suggested_once_with_the_evidence_of_both(coder: Coder) -> None:
    documents = [Document("1", "Known pneumonia."), Document("2", "hypertension and pneumonia, pneumonia")]
    found = {one.code.value: one for one in suggestions_for(coder, documents)}
    assert [(mark.document, mark.begin) for mark in found["J18.9"].marks] == [(0, 6), (1, 17), (1, 28)]
    [alone] = coder.code("pneumonia", evidence=True)[:1]
    assert alone.evidence == (Span(0, 9, alone.evidence[0].weight),)
    assert found["I10"].decided


def test_encounters_are_imported_once_and_problems_do_not_stop_the_others(
    plain_store: Store, coder: Coder
) -> None:
    arriving = [Arriving("A", (Document("n", "pneumonia"),)), Arriving("B", (Document("n", "hypertension"),))]
    served = ServedModel("demo/model", coder, "f" * 64)
    origin = origin_of(served)
    assert (origin.method, origin.model, origin.model_sha256) == ("lexicon", "demo/model", "f" * 64)
    first = import_encounters(plain_store, arriving, served, actor="me")
    assert (first.encounters, first.documents, first.problems) == (2, 2, ())
    again = import_encounters(plain_store, [*arriving, Arriving("C", (), ())], served, actor="me")
    assert [str(one) for one in again.problems] == [
        f"there is an encounter {name} already. Leave it out, or rename it." for name in ("A", "B")
    ]
    with plain_store.reading() as connection:
        [row, _] = work_list(connection, Filter()).rows
        assert row.name == "A"
        assert read_encounter(connection, row.id).origin == origin


def test_decisions_become_a_corpus_to_train_on(reviewed: Store, tmp_path: Path) -> None:
    assert write_corpus(reviewed, tmp_path / "corpus") == 1
    [note] = Corpus.open(tmp_path / "corpus").notes("train")
    assert [code.value for code in note.codes] == ["J45.909", "E11.9", "I11.9"]
    marked = {(one.code.value, note.text[one.begin : one.end]) for one in note.evidence}
    assert marked == {("J45.909", "Known"), ("E11.9", "diabetes"), ("I11.9", "hypertension")}
    with pytest.raises(OutputError, match="already exists"):
        write_corpus(reviewed, tmp_path / "corpus")


def test_decisions_become_a_table_that_no_spreadsheet_runs(reviewed: Store, tmp_path: Path) -> None:
    out = tmp_path / "decided.csv"
    assert write_table(reviewed, out) == 4
    with out.open(encoding="utf-8", newline="") as file:
        rows = {row["code"]: row for row in csv.DictReader(file)}
    assert rows["I10"]["replaced_by"] == "I11.9"
    assert {code: row["position"] for code, row in rows.items()} == {
        "I10": "3",
        "E11.9": "2",
        "J18.9": "",
        "J45.909": "1",
    }
    assert (rows["J18.9"]["verdict"], rows["J18.9"]["reason"]) == ("rejected", REASONS[1])
    assert rows["E11.9"]["comment"] == "'=1+1"
    assert [rows[code]["suggested"] for code in ("I10", "J18.9", "J45.909")] == [
        "decided",
        "possible",
        "added",
    ]
    assert "Known" not in out.read_text()
    assert pl.read_csv(out).height == 4


def test_decisions_become_tasks_whose_regions_hold_their_text(reviewed: Store, tmp_path: Path) -> None:
    out = tmp_path / "tasks.json"
    assert write_label_studio(reviewed, out) == 1
    [task] = json.loads(out.read_text(encoding="utf-8"))
    text = task["data"]["text"]
    [prediction], [annotation] = task["predictions"], task["annotations"]
    assert prediction["model_version"] == "demo"
    for region in (*prediction["result"], *annotation["result"]):
        value = region["value"]
        assert text[value["start"] : value["end"]] == value["text"]
    assert [one["value"]["labels"] for one in prediction["result"]] == [["I10"], ["E11.9"]]
    assert sorted(one["value"]["labels"][0] for one in annotation["result"]) == ["E11.9", "I11.9", "J45.909"]


def test_without_a_submitted_encounter_nothing_is_exported(plain_store: Store, tmp_path: Path) -> None:
    for write in (write_corpus, write_table, write_label_studio):
        with pytest.raises(InputError, match="no encounter is submitted yet"):
            write(plain_store, tmp_path / "out")
    assert not (tmp_path / "out").exists()
