"""Evidence in the formats of MDACE and CodiEsp: out and in, and as the readers of their releases see it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.corpus import Corpus, Evidence, Note, corpus_writer
from clem_icd.errors import OutputError, ScoresError
from clem_icd.evidence import export_codiesp, export_mdace, read_evidence
from clem_icd.icd import Code, CodeSystem, default_codebook
from clem_icd.sources.codiesp.release import read_spans
from clem_icd.sources.mdace.annotations import read_annotations
from clem_icd.sources.mdace.files import MdaceFiles

CHF9 = Code("428.0", CodeSystem.ICD9CM)
CHF, STENT = Code("I50.9", CodeSystem.ICD10CM), Code("0270", CodeSystem.ICD10PCS)
TEXT = 'Insuficiencia\tcardíaca "aguda",\nstent 😀 puesto'


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Two notes of one admission in two splits, and a note without an admission."""
    path = tmp_path_factory.mktemp("exports") / "corpus"
    with corpus_writer(
        path, name="x", source="test", options={}, inputs=[], codebook=default_codebook()
    ) as writer:
        writer.write("train", [Note("11", TEXT, (CHF, CHF9), admission_id="7")])
        writer.write("test", [Note("12", TEXT, (CHF,), admission_id="7"), Note("13", TEXT, (STENT,))])
    return Corpus.open(path)


def spans_of(systems: list[Code]) -> st.SearchStrategy[dict[str, list[Evidence]]]:
    offsets = st.tuples(st.integers(0, len(TEXT) - 1), st.integers(1, 12))
    span = st.builds(
        lambda code, place: Evidence(code, place[0], min(len(TEXT), sum(place))),
        st.sampled_from(systems),
        offsets,
    )
    return st.dictionaries(
        st.sampled_from(["11", "12", "13"]), st.lists(span, min_size=1, max_size=6, unique=True), min_size=1
    )


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_codiesp_files_are_read_back_as_they_were(
    corpus: Corpus, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    given_spans = data.draw(spans_of([CHF, STENT]))
    out = tmp_path_factory.mktemp("codiesp") / "evidence.tsv"
    assert export_codiesp(given_spans, corpus, out) == sum(map(len, given_spans.values()))
    assert read_evidence(out) == given_spans
    # The reader of the release agrees, and finds the text of every span.
    released = read_spans(out, dict.fromkeys(given_spans, TEXT), {CodeSystem.ICD10CM, CodeSystem.ICD10PCS})
    assert released.by_document == given_spans
    assert released.oddities["differs"] == 0


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_mdace_files_are_read_back_as_they_were(
    corpus: Corpus, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    given_spans = data.draw(spans_of([CHF, STENT, CHF9]))
    out = tmp_path_factory.mktemp("mdace") / "evidence"
    assert export_mdace(given_spans, corpus, out) == sum(map(len, given_spans.values()))
    found = read_evidence(out)
    assert {note: set(spans) for note, spans in found.items()} == {
        note: set(spans) for note, spans in given_spans.items()
    }
    assert all(len(set(spans)) == len(spans) for spans in found.values())


def test_the_reader_of_mdace_finds_an_export(corpus: Corpus, tmp_path: Path) -> None:
    given_spans = {
        "11": [Evidence(CHF9, 0, 13), Evidence(CHF, 0, 13)],
        "12": [Evidence(CHF, 0, 13)],
        "13": [Evidence(STENT, 33, 38)],
    }
    export_mdace(given_spans, corpus, tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").rglob("*.json"))
    assert names == ["13-ICD-10.json", "7-ICD-10.json", "7-ICD-9.json"]
    files = MdaceFiles.find(tmp_path, tmp_path / "out", "Inpatient", "ICD-10")
    found = read_annotations(files, {CodeSystem.ICD10CM, CodeSystem.ICD9CM}, "ICD-10")
    assert found.notes == {"11": {CHF9: [(0, 13)], CHF: [(0, 13)]}, "12": {CHF: [(0, 13)]}}
    assert found.admissions == {"11": {"7"}, "12": {"7"}}
    # The text of a note is in no file of MDACE.
    assert all("nsuf" not in path.read_text() for path in (tmp_path / "out").rglob("*.json"))


def test_rows_of_codiesp_have_codes_in_lower_case_and_texts_in_one_line(
    corpus: Corpus, tmp_path: Path
) -> None:
    out = tmp_path / "evidence.tsv"
    written = export_codiesp({"13": [Evidence(CHF, 0, 37)], "99": [Evidence(CHF, 0, 3)]}, corpus, out)
    assert written == 1
    assert out.read_text() == ('13\tDIAGNOSTICO\ti50.9\tInsuficiencia cardíaca "aguda", stent\t0 37\n')


def test_discontinuous_spans_are_read_as_several(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("n1\tPROCEDIMIENTO\t0270\tbypass\t0 3;5 8\n")
    assert read_evidence(path) == {"n1": [Evidence(STENT, 0, 3), Evidence(STENT, 5, 8)]}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("n1\tDIAGNOSTICO\ti10\tx", "row 1.*has 4 fields, expected 5"),
        ("n1\tENFERMEDAD\ti10\tx\t0 1", "unknown label, expected one of DIAGNOSTICO"),
        ("n1\tDIAGNOSTICO\ti10\tx\t0-1", "malformed position"),
        ("n1\tDIAGNOSTICO\ti10\tx\t4 1", "has a span at 4:1"),
        ("n1\tDIAGNOSTICO\tinsuficiencia\ti50.9\t0 3", "row 1.*has a malformed code"),
    ],
)
def test_a_malformed_row_of_codiesp_is_refused(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "x.tsv"
    path.write_text(f"{line}\n")
    with pytest.raises(ScoresError, match=says) as problem:
        read_evidence(path)
    assert "formats.md" in str(problem.value)
    assert "insuficiencia" not in str(problem.value)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"notes": []}, "has no whole number 'hadm_id'"),
        (
            {"hadm_id": 1, "notes": [{"note_id": 2, "annotations": [{"code": "I10"}]}]},
            "annotation 1 of note 2 has no text 'code_system'",
        ),
        (
            {
                "hadm_id": 1,
                "notes": [
                    {
                        "note_id": 2,
                        "annotations": [{"code": "1", "code_system": "SNOMED", "begin": 0, "end": 1}],
                    }
                ],
            },
            "1 annotation has an unknown code system",
        ),
    ],
)
def test_a_malformed_file_of_mdace_is_refused(tmp_path: Path, value: Any, says: str) -> None:
    (tmp_path / "1.json").write_text(json.dumps(value))
    with pytest.raises(ScoresError, match=says):
        read_evidence(tmp_path)


def test_a_folder_without_evidence_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoresError, match="contains no evidence files"):
        read_evidence(tmp_path)


def test_what_a_format_cannot_hold_is_refused(corpus: Corpus, little_corpus: Corpus, tmp_path: Path) -> None:
    [note, *_] = little_corpus.notes("test")
    with pytest.raises(ScoresError, match=r"found the id 'a\d+', expected a whole number"):
        export_mdace({note.note_id: note.evidence}, little_corpus, tmp_path / "out")
    with pytest.raises(ScoresError, match="a code of ICD-9-CM, expected ICD-10-CM or ICD-10-PCS"):
        export_codiesp({"11": [Evidence(CHF9, 0, 1)]}, corpus, tmp_path / "out.tsv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("export", [export_mdace, export_codiesp])
@pytest.mark.parametrize(("begin", "end"), [(0, 99), (-3, 2), (5, 5), (6, 2)])
def test_a_span_outside_its_text_is_not_exported(
    export: Any, begin: int, end: int, corpus: Corpus, tmp_path: Path
) -> None:
    with pytest.raises(ScoresError, match=rf"note 11 has evidence at {begin}:{end}, expected 0 <= begin"):
        export({"11": [Evidence(CHF, begin, end)]}, corpus, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("export", [export_mdace, export_codiesp])
def test_evidence_of_another_corpus_is_not_exported(export: Any, corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(ScoresError, match="to another corpus: 2 of its 3 notes are not in"):
        export({id_: [Evidence(CHF, 0, 2)] for id_ in ("11", "98", "99")}, corpus, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("begin", "end"), [(-3, 2), (5, 5), (6, 2)])
def test_a_span_of_mdace_that_is_none_is_refused(begin: int, end: int, tmp_path: Path) -> None:
    mark = {"code": "I10", "code_system": "ICD-10-CM", "begin": begin, "end": end}
    (tmp_path / "1.json").write_text(
        json.dumps({"hadm_id": 1, "notes": [{"note_id": 2, "annotations": [mark]}]})
    )
    with pytest.raises(ScoresError, match=f"note 2 has a span at {begin}:{end}, expected begin < end"):
        read_evidence(tmp_path)


def test_an_occupied_destination_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "old.tsv").write_text("")
    for export in (export_mdace, export_codiesp):
        with pytest.raises(OutputError, match="already exists"):
            export({}, corpus, tmp_path / "old.tsv")
