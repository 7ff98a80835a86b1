from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Evidence, Note
from clem_icd.errors import OutputError, SourceError
from clem_icd.icd import Code, CodeSystem
from clem_icd.sources import prepare_codiesp
from clem_icd.sources.codiesp.preparing import CodeSet, Language
from support import SHARED

CODIESP = SHARED / "data" / "codiesp"

FIRST = 'Paciente con "tos"\r\ny fiebre de 39\N{DEGREE SIGN}C; SECRETPATIENT, tos seca.'
SECOND = "Radiografi\u0301a de to\u0301rax \U0001fa7b."

COUGH = Code("R05.9", CodeSystem.ICD10CM)
FEVER = Code("R50.9", CodeSystem.ICD10CM)
XRAY = Code("BW03ZZZ", CodeSystem.ICD10PCS)
CUT = Code("BN20", CodeSystem.ICD10PCS)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw" / "train"
    for name in ("text_files", "text_files_en"):
        (folder / name).mkdir(parents=True)
        (folder / name / "case-1.txt").write_bytes(FIRST.encode())
        (folder / name / "case-2.txt").write_bytes(SECOND.encode())
    fever, degrees = FIRST.index("fiebre"), FIRST.index("39")
    write(folder / "trainD.tsv", ["case-1 r05.9", "case-1 r50.9", "case-1 r05.9", "gone r52"])
    write(folder / "trainP.tsv", ["case-2 bw03zzz", "case-2 bn20"])
    spans = [
        'case-1 DIAGNOSTICO r05.9 "tos" 13 18',
        f"case-1 DIAGNOSTICO r50.9 fiebre@39\N{DEGREE SIGN}C {fever}@{fever + 6};{degrees}@{degrees + 4}",
        'case-1 DIAGNOSTICO r05.9 "tos" 13 18',
        "case-1 DIAGNOSTICO r05.9 seco 14 14;14 17",
        "case-1 DIAGNOSTICO r99 tos 14 17",
        "case-2 PROCEDIMIENTO bn20 Radiografi\u0301a 0 12",
    ]
    write(folder / "trainX.tsv", spans, fields=5)
    return tmp_path / "raw"


def write(path: Path, lines: list[str], fields: int = 2) -> None:
    # Blanks between fields become tabs; later ones stay blanks, as in "begin end".
    rows = ("\t".join(line.split(" ", fields - 1)).replace("@", " ") for line in lines)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def test_golden_release_becomes_the_expected_corpus(tmp_path: Path, raw: Path) -> None:
    corpus = prepare_codiesp(raw, tmp_path / "out", language="es", codes="DP")

    fever, degrees = FIRST.index("fiebre"), FIRST.index("39")
    assert list(corpus.notes("train")) == [
        Note(
            "case-1",
            FIRST,
            (COUGH, FEVER),
            (
                Evidence(COUGH, 13, 18),
                Evidence(FEVER, fever, fever + 6),
                Evidence(FEVER, degrees, degrees + 4),
                Evidence(COUGH, 14, 17),
            ),
        ),
        Note("case-2", SECOND, (XRAY, CUT), (Evidence(CUT, 0, 12),)),
    ]
    assert FIRST[13:18] == '"tos"'
    assert corpus.about["notices"] == [
        "There is no validation split: the folder dev is missing from the release",
        "There is no test split: the folder test is missing from the release",
        "train: 1 document with codes has no text and was left out",
        "train: 1 span supports a code that its document does not have and was left out",
        "train: 1 duplicate span was left out",
        "train: 1 span is empty and was left out",
        "train: 1 evidence entry differs from its reference text",
    ]
    assert corpus.about["options"] == {"language": "es", "codes": "DP"}
    assert corpus.name == "codiesp-dp-es"


def test_english_has_no_evidence(tmp_path: Path, raw: Path) -> None:
    corpus = prepare_codiesp(raw, tmp_path / "out", language="en", codes="DP")

    assert [note.evidence for note in corpus.notes("train")] == [(), ()]
    assert [note.codes for note in corpus.notes("train")] == [(COUGH, FEVER), (XRAY, CUT)]


def test_documents_without_codes_of_the_kind_are_kept(tmp_path: Path, raw: Path) -> None:
    corpus = prepare_codiesp(raw, tmp_path / "out", codes="P")

    assert [note.codes for note in corpus.notes("train")] == [(), (XRAY, CUT)]
    assert "train: 1 document has no codes of this kind and was kept without any" in corpus.about["notices"]


def test_release_is_found_in_its_own_folder(tmp_path: Path, raw: Path) -> None:
    (tmp_path / "unpacked").mkdir()
    raw.rename(tmp_path / "unpacked" / "final_dataset_v4_to_publish")

    assert prepare_codiesp(tmp_path / "unpacked", tmp_path / "out").size("train") == 2


def test_missing_evidence_file_is_noted(tmp_path: Path, raw: Path) -> None:
    (raw / "train" / "trainX.tsv").unlink()

    corpus = prepare_codiesp(raw, tmp_path / "out")

    assert "train has no evidence: trainX.tsv is missing" in corpus.about["notices"]
    assert all(not note.evidence for note in corpus.notes("train"))


@pytest.mark.parametrize(
    ("name", "content", "fragments"),
    [
        ("trainD.tsv", b"case-1\tr05.9\ncase-1 r05.9\n", ["row 2", "1 fields, expected 2"]),
        ("trainD.tsv", b"case-1\tr05.9\ncase-1\tSECRETPATIENT\n", ["row 2", "ICD-10-CM"]),
        ("trainD.tsv", b"case-1\tr05.9\xff\n", ["row 1", "not utf-8 text"]),
        ("trainX.tsv", b"case-1\tDIAGNOSTICO\tr05.9\tSECRETPATIENT\t1 999\n", ["row 1", "1:999"]),
        ("trainX.tsv", b"case-1\tDIAGNOSTICO\tr05.9\tSECRETPATIENT\t5 1\n", ["row 1", "5:1"]),
        ("trainX.tsv", b"case-1\tDIAGNOSTICO\tr05.9\tSECRETPATIENT\t1-5\n", ["row 1", "malformed position"]),
        ("trainX.tsv", b"case-1\tOTHER\tr05.9\tSECRETPATIENT\t1 5\n", ["row 1", "DIAGNOSTICO"]),
        ("text_files/case-1.txt", b"SECRETPATIENT \xf1", ["not UTF-8 text"]),
        ("text_files/case-1.txt", b" \n", ["is empty"]),
        ("text_files/case-1.txt", b"SECRETPATIENT" * 100_000, ["1,300,000 characters"]),
    ],
)
def test_malformed_files_are_refused(
    tmp_path: Path, raw: Path, refused: Any, name: str, content: bytes, fragments: list[str]
) -> None:
    (raw / "train" / name).write_bytes(content)

    with refused(SourceError, Path(name).name, *fragments):
        prepare_codiesp(raw, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_missing_files_and_unknown_choices_are_refused(tmp_path: Path, raw: Path, refused: Any) -> None:
    with refused(OutputError, "contains the raw files"):
        prepare_codiesp(raw, tmp_path, force=True)
    with refused(SourceError, "language is 'fr'", "es, en"):
        prepare_codiesp(raw, tmp_path / "out", language="fr")  # type: ignore[arg-type]
    with refused(SourceError, "codes is 'X'", "D, P, DP"):
        prepare_codiesp(raw, tmp_path / "out", codes="X")  # type: ignore[arg-type]
    (raw / "train" / "trainD.tsv").unlink()
    with refused(SourceError, "trainD.tsv", "no such file"):
        prepare_codiesp(raw, tmp_path / "out")
    (raw / "train" / "text_files").rename(raw / "train" / "texts")
    with refused(SourceError, "text_files", "no text files"):
        prepare_codiesp(raw, tmp_path / "out")
    (raw / "train").rename(raw / "training")
    with refused(SourceError, "has no folder train, dev, test"):
        prepare_codiesp(raw, tmp_path / "out")


@pytest.mark.shared_data
@pytest.mark.skipif(not CODIESP.is_dir(), reason="CodiEsp is not next to the checkout")
@pytest.mark.parametrize(("language", "codes", "labels"), [("es", "D", 2194), ("en", "P", 727)])
def test_real_release_has_the_known_numbers(
    tmp_path: Path, language: Language, codes: CodeSet, labels: int
) -> None:
    corpus = prepare_codiesp(CODIESP, tmp_path / "out", language=language, codes=codes)

    assert (corpus.size("train"), corpus.size("validation")) == (500, 250)
    assert len(corpus.labels) == labels
    assert corpus.about["counts"]["labels_of_unexpected_shape"] == 0


def span_of(position: str) -> tuple[int, int]:
    begin, end = position.split()
    return int(begin), int(end)


@pytest.mark.shared_data
@pytest.mark.skipif(not CODIESP.is_dir(), reason="CodiEsp is not next to the checkout")
def test_real_spans_match_their_reference_texts(tmp_path: Path) -> None:
    corpus = prepare_codiesp(CODIESP, tmp_path / "out", codes="DP")
    rows = [
        line.split("\t")
        for line in (CODIESP / "train" / "trainX.tsv").read_text(encoding="utf-8").splitlines()
    ]
    references = {(row[0], span_of(row[4])): row[3] for row in rows if ";" not in row[4]}
    found = {
        (note.note_id, (span.begin, span.end)): note.text[span.begin : span.end]
        for note in corpus.notes("train")
        for span in note.evidence
    }
    matching = sum(found.get(place) == reference for place, reference in references.items())
    assert len(references) > 7_000
    assert matching / len(references) > 0.999
