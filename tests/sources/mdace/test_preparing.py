from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import SPLITS, Corpus, Note
from clem_icd.errors import CorpusError, OutputError, SourceError
from clem_icd.sources import prepare_mdace

NOTE_COLUMNS = [
    "ROW_ID",
    "SUBJECT_ID",
    "HADM_ID",
    "CHARTDATE",
    "CHARTTIME",
    "CATEGORY",
    "DESCRIPTION",
    "TEXT",
]
SUMMARY = "Discharge summary"
SYSTEMS = {"9": "ICD-9-CM", "9P": "ICD-9-PCS", "10": "ICD-10-CM", "CPT": "CPT", "?": "SNOMED"}

# ROW_ID, SUBJECT_ID, HADM_ID, CATEGORY, text. The rows of an admission may be in any order.
NOTES = [
    (12, 1, 100, SUMMARY, "38 \N{DEGREE SIGN}C \U0001f642,\r\nHTN, DM, DM2, SECRETPATIENT"),
    (11, 1, 100, "Physician ", "HTN and CHF, SECRETPATIENT"),
    (21, 2, 200, SUMMARY, "stented, SECRETPATIENT"),
    (22, 2, 200, "Radiology", "fell, SECRETPATIENT"),
    (31, 3, 300, SUMMARY, "COPD, SECRETPATIENT"),
    (41, 4, 400, SUMMARY, "in no split: HTN, SECRETPATIENT"),
    (51, 5, "", SUMMARY, "HTN without an admission, SECRETPATIENT"),
    (61, 6, 600, SUMMARY, "never annotated, SECRETPATIENT"),
    (71, 7, 700, SUMMARY, "no codes, SECRETPATIENT"),
    (81, 3, 300, "ECG", ""),
]
# ROW_ID, words, code, system; the span is where the note has these words.
ICD9 = [
    (12, "HTN", "401.9", "9"),
    (12, "DM", "250.001", "9"),  # becomes 250.00 ...
    (12, "DM2", "250.00", "9"),  # ... and so the same as this
    (11, "HTN", "401.9", "9"),
    (11, "CHF", "428.0", "9"),
    (21, "stented", "00.66", "9P"),
    (22, "fell", "999", "9"),  # nowhere in MIMIC
    (31, "COPD", "496", "9"),
    (31, "COPD", "496", "9"),
    (31, "COPD", "1234", "?"),
    (41, "HTN", "401.9", "9"),
    (51, "HTN", "401.9", "9"),
    (81, "", "427.31", "9"),
    (999, "", "401.9", "9"),
]
ICD10 = [
    (12, "HTN", "I10", "10"),
    (12, "DM", "F32.A", "10"),
    (22, "fell", "E888", "9"),  # of the other revision
    (31, "COPD", "J44.9", "10"),
    (21, "stented", "I10", "10"),
]
FEES = [
    (11, "HTN", "I10", "10"),
    (11, "CHF", "99223", "CPT"),
    (22, "fell", "M79.60", "10"),
    (31, "COPD", "J44.9", "10"),
]
EV = {"train": [100], "val": [200], "test": [300, 900]}
CODE_EV = {"train": [100, 600, 700], "val": [200], "test": [300]}

MIMIC3_CODES = [(100, "V1582"), (600, "4019"), (600, "25000"), (300, "49121"), (400, "428")]
MIMIC4_CODES = [
    (1, "4019", 9),
    (1, "25000", 9),
    (1, "E888", 9),
    (1, "496", 9),
    (1, "I10", 10),
    (1, "F32", 10),
]


@dataclass
class Tree:
    """A raw folder with MIMIC-III, MIMIC-IV and MDACE's repository in it."""

    raw: Path
    write_csv: Callable[..., Path]
    notes: list[Any] = field(default_factory=lambda: list(NOTES))

    @property
    def mdace(self) -> Path:
        return self.raw / "MDACE"

    @property
    def mimic3(self) -> Path:
        return self.raw / "physionet.org/files/mimiciii/1.4"

    def write(self) -> None:
        self.write_notes()
        rows = [(number, 1, *code) for number, code in enumerate(MIMIC3_CODES)]
        header = ["ROW_ID", "SUBJECT_ID", "HADM_ID", "ICD9_CODE"]
        self.write_csv(self.mimic3 / "DIAGNOSES_ICD.csv", header, rows)
        self.write_csv(self.mimic3 / "PROCEDURES_ICD.csv", header, [(9, 1, 600, "0066"), (8, 1, 400, "3893")])
        self.write_mimic4()
        self.annotate("Inpatient", "ICD-9", ICD9)
        self.annotate("Inpatient", "ICD-10", ICD10)
        self.annotate("Profee", "ICD-10", FEES)
        self.write_split("Inpatient", "ev", EV)
        self.write_split("Inpatient", "code-ev", CODE_EV)
        self.write_split("Profee", "ev", EV)

    def write_notes(self) -> None:
        rows = [
            (row_id, subject, admission, "2101-01-01", "", category, "Report", text)
            for row_id, subject, admission, category, text in self.notes
        ]
        self.write_csv(self.mimic3 / "NOTEEVENTS.csv.gz", NOTE_COLUMNS, rows)

    def write_mimic4(self) -> None:
        files = self.raw / "physionet.org/files"
        columns = ["note_id", "subject_id", "hadm_id", "text"]
        self.write_csv(files / "mimic-iv-note/2.2/note/discharge.csv.gz", columns, [("n", 1, 1, "a text")])
        hosp = files / "mimiciv/2.2/hosp"
        header = ["subject_id", "hadm_id", "icd_code", "icd_version"]
        self.write_csv(hosp / "diagnoses_icd.csv.gz", header, [(1, *code) for code in MIMIC4_CODES])
        self.write_csv(hosp / "procedures_icd.csv.gz", header, [(1, 1, "0066", 9)])

    def annotate(self, setting: str, revision: str, marks: list[tuple[int, str, str, str]]) -> None:
        texts = {row_id: (admission, text) for row_id, _, admission, _, text in self.notes}
        charts: dict[int, dict[int, list[dict[str, Any]]]] = {}
        for row_id, words, code, system in marks:
            admission, text = texts.get(row_id, ("", ""))
            begin = text.index(words) if row_id in texts else 0
            chart = charts.setdefault(int(admission or 555), {})
            chart.setdefault(row_id, []).append(
                {
                    "begin": begin,
                    "end": begin + len(words) if words else 99,
                    "code": code,
                    "code_system": SYSTEMS[system],
                }
            )
        for hadm_id, notes in charts.items():
            content = {
                "hadm_id": hadm_id,
                "notes": [{"note_id": note, "annotations": own} for note, own in notes.items()],
            }
            path = self.mdace / "data" / setting / revision / "1.0" / f"{hadm_id}-{revision}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content), encoding="utf-8")

    def write_split(self, setting: str, name: str, split: dict[str, list[int]]) -> None:
        folder = self.mdace / "splits" / setting
        folder.mkdir(parents=True, exist_ok=True)
        for part, admissions in split.items():
            lines = "".join(f"{admission}\n" for admission in admissions)
            (folder / f"MDace-{name}-{part}.csv").write_text(lines, encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path, write_csv: Callable[..., Path]) -> Tree:
    tree = Tree(tmp_path / "raw", write_csv)
    tree.write()
    return tree


@pytest.fixture
def prepare(tree: Tree, tmp_path: Path) -> Callable[..., Corpus]:
    def run(dataset: str, **options: Any) -> Corpus:
        corpus = prepare_mdace(tree.raw, tmp_path / "corpus", dataset=dataset, force=True, **options)
        return Corpus.open(corpus.path)  # with every check

    return run


def shown(note: Note) -> dict[str, list[str]]:
    """Return the evidence texts of every code."""
    return {
        code.value: [note.text[span.begin : span.end] for span in note.evidence if span.code == code]
        for code in note.codes
    }


def notes_of(corpus: Corpus) -> dict[str, dict[str, dict[str, list[str]]]]:
    return {split: {note.note_id: shown(note) for note in corpus.notes(split)} for split in SPLITS}


def test_inpatient_icd9_has_one_row_per_note(prepare: Callable[..., Corpus]) -> None:
    corpus = prepare("inpatient-icd9")

    assert notes_of(corpus) == {
        "train": {
            "12": {"401.9": ["HTN"], "250.00": ["DM", "DM2"]},
            "11": {"401.9": ["HTN"], "428.0": ["CHF"]},
        },
        "validation": {"21": {"00.66": ["stented"]}, "22": {"999": ["fell"], "E888": ["fell"]}},
        "test": {"31": {"496": ["COPD"]}},
    }
    first = next(iter(corpus.notes("train")))
    assert (first.text, first.subject_id, first.admission_id) == (NOTES[0][4], "1", "100")


def test_oddities_become_notices_with_counts(prepare: Callable[..., Corpus]) -> None:
    corpus = prepare("inpatient-icd9")

    assert corpus.about["notices"] == [
        "The split files MDace-ev-train.csv, MDace-ev-val.csv, MDace-ev-test.csv differ from the "
        "published split of this source",
        "1 annotation names an unknown code system and was left out",
        "1 annotation from a file of the other revision of ICD was kept, since its code is of this one",
        "1 duplicate annotation was left out",
        "1 annotated note is not in NOTEEVENTS and was left out",
        "1 annotated note has no HADM_ID and was left out",
        "1 annotated note has no text and was left out",
        "1 annotated note was left out: its admission is not in a split",
        "1 code became equal to another code of its note; they share their evidence",
        "1 annotated code was mapped to a code used in MIMIC-IV",
        "3 annotated codes have no counterpart in MIMIC-IV and were kept",
    ]


def test_corpus_names_its_origin(prepare: Callable[..., Corpus]) -> None:
    about = prepare("inpatient-icd9").about

    assert about["source"] == about["name"] == "mdace-inpatient-icd9"
    assert about["population"] == "mimic3"
    assert about["absent"] == {"test": {"count": 1, "admissions": ["900"]}}
    assert about["options"] == {
        "compat": "edin2024",
        "per": "note",
        "codes": "DP",
        "splits": ["MDace-ev-train.csv", "MDace-ev-val.csv", "MDace-ev-test.csv"],
    }
    names = [file["path"] for file in about["inputs"]]
    assert "physionet.org/files/mimiciii/1.4/NOTEEVENTS.csv.gz" in names
    assert "MDACE/data/Inpatient/ICD-10/1.0/100-ICD-10.json" in names
    assert not any("Profee" in name or "DIAGNOSES_ICD" in name for name in names)


def test_inpatient_icd10_leaves_icd9_codes_to_the_icd9_sets(prepare: Callable[..., Corpus]) -> None:
    corpus = prepare("inpatient-icd10")

    assert notes_of(corpus) == {
        "train": {"12": {"I10": ["HTN"], "F32": ["DM"]}},
        "validation": {"21": {"I10": ["stented"]}},
        "test": {"31": {"J44.9": ["COPD"]}},
    }
    assert "1 annotation in ICD-9-CM, which is not part of this set" in corpus.about["notices"]


def test_profee_has_its_own_notes_and_splits_and_no_cpt(prepare: Callable[..., Corpus]) -> None:
    corpus = prepare("profee-icd10")

    assert notes_of(corpus) == {
        "train": {"11": {"I10": ["HTN"]}},
        "validation": {"22": {"M79.609": ["fell"]}},
        "test": {"31": {"J44.9": ["COPD"]}},
    }
    assert "1 annotation in CPT, which is not part of this set" in corpus.about["notices"]


def test_evidence_only_has_one_row_per_unmapped_code(prepare: Callable[..., Corpus]) -> None:
    corpus = prepare("inpatient-icd9-evidence-only")

    texts = {note.note_id: note.text for split in SPLITS for note in corpus.notes(split)}
    assert texts == {
        "12-1": "HTN",
        "12-2": "DM",
        "12-3": "DM2",
        "11-1": "HTN",
        "11-2": "CHF",
        "21-1": "stented",
        "22-1": "fell",
        "22-2": "fell",
        "31-1": "COPD",
    }
    assert notes_of(corpus)["train"]["12-2"] == {"250.00": ["DM"]}


def test_with_mimic3_unannotated_admissions_are_documents_too(
    prepare: Callable[..., Corpus],
) -> None:
    corpus = prepare("inpatient-icd9-code")

    # MIMIC-III has neither 250.001 nor 496, but 491.21, 250.00 and 428 (in an admission that is in no split).
    assert notes_of(corpus) == {
        "train": {
            "12": {"401.9": ["HTN"], "250.00": ["DM", "DM2"]},
            "11": {"401.9": ["HTN"], "428": ["CHF"]},
            "61": {"401.9": [], "250.00": [], "00.66": []},
        },
        "validation": {"21": {"00.66": ["stented"]}, "22": {"999": ["fell"], "E888": ["fell"]}},
        "test": {"31": {"496": ["COPD"]}},
    }
    assert corpus.about["absent"] == {"train": {"count": 1, "admissions": ["700"]}}
    notices = corpus.about["notices"]
    assert "2 annotated codes were mapped to codes used in MIMIC-III" in notices
    assert "2 admissions with a discharge summary have no codes and were left out" in notices
    assert "1 discharge summary has no HADM_ID and was left out" in notices
    names = [file["path"] for file in corpus.about["inputs"]]
    assert "physionet.org/files/mimiciii/1.4/DIAGNOSES_ICD.csv" in names
    assert not any("mimiciv" in name for name in names)


def test_per_discharge_summary_leaves_out_other_notes(prepare: Callable[..., Corpus]) -> None:
    corpus = prepare("inpatient-icd9", per="discharge-summary")

    assert {split: list(own) for split, own in notes_of(corpus).items()} == {
        "train": ["12"],
        "validation": ["21"],
        "test": ["31"],
    }
    assert "2 annotated notes are not discharge summaries and were left out" in corpus.about["notices"]


def test_per_admission_joins_notes(prepare: Callable[..., Corpus]) -> None:
    corpus = prepare("inpatient-icd9", per="admission")

    assert notes_of(corpus) == {
        "train": {"12+11": {"401.9": ["HTN", "HTN"], "250.00": ["DM", "DM2"], "428.0": ["CHF"]}},
        "validation": {"21+22": {"00.66": ["stented"], "999": ["fell"], "E888": ["fell"]}},
        "test": {"31": {"496": ["COPD"]}},
    }
    first = next(iter(corpus.notes("train")))
    assert first.text == f"{NOTES[0][4]} {NOTES[1][4]}"


def test_only_diagnoses_are_kept_on_request(prepare: Callable[..., Corpus]) -> None:
    corpus = prepare("inpatient-icd9-code", codes="D")

    assert notes_of(corpus)["validation"] == {"22": {"999": ["fell"], "E888": ["fell"]}}
    assert notes_of(corpus)["train"]["61"] == {"401.9": [], "250.00": []}
    assert "1 annotated note has no codes of the requested kind and was left out" in corpus.about["notices"]


def test_without_mimic4_codes_stay_as_annotated(tree: Tree, prepare: Callable[..., Corpus]) -> None:
    for name in ("mimiciv", "mimic-iv-note"):
        (tree.raw / "physionet.org/files" / name).rename(tree.raw.parent / name)

    corpus = prepare("inpatient-icd9")

    assert notes_of(corpus)["train"]["12"] == {"401.9": ["HTN"], "250.001": ["DM"], "250.00": ["DM2"]}
    assert any("does not contain MIMIC-IV" in notice for notice in corpus.about["notices"])


def test_spans_outside_their_note_are_left_out_but_their_codes_stay(
    tree: Tree, prepare: Callable[..., Corpus]
) -> None:
    tree.notes[4] = (31, 3, 300, SUMMARY, "COP")  # shorter than when it was annotated
    tree.write_notes()

    corpus = prepare("inpatient-icd9")

    assert notes_of(corpus)["test"] == {"31": {"496": []}}
    assert "1 span ends after its note and was left out" in corpus.about["notices"]
    assert "1 code of a note has no span left and thus no evidence" in corpus.about["notices"]


def test_noteevents_decides_the_admission_of_a_note(tree: Tree, prepare: Callable[..., Corpus]) -> None:
    tree.notes[3] = (22, 3, 300, "Radiology", "fell, SECRETPATIENT")
    tree.write_notes()

    corpus = prepare("inpatient-icd9")

    assert list(notes_of(corpus)["test"]) == ["22", "31"]
    assert any(
        notice.startswith("1 annotated note has another admission in NOTEEVENTS")
        for notice in corpus.about["notices"]
    )


def test_own_split_file_is_used(tree: Tree, prepare: Callable[..., Corpus]) -> None:
    path = tree.raw / "own.csv"
    path.write_text("_id,split\n300,train\n400,test\n", encoding="utf-8")

    corpus = prepare("inpatient-icd9", splits=path)

    assert corpus.splits == ("train", "test")
    assert [note.note_id for note in corpus.notes("test")] == ["41"]
    assert any("own.csv differs from the published split" in notice for notice in corpus.about["notices"])


def test_named_mdace_folder_is_used(tree: Tree, prepare: Callable[..., Corpus]) -> None:
    elsewhere = tree.mdace.rename(tree.raw.parent / "elsewhere")

    assert list(notes_of(prepare("inpatient-icd9", mdace=elsewhere))["test"]) == ["31"]


def test_synthetic_tree_makes_a_synthetic_corpus(tree: Tree, prepare: Callable[..., Corpus]) -> None:
    notice = {"notice": "Invented.", "seed": 7}
    (tree.raw / "SYNTHETIC.json").write_text(json.dumps(notice), encoding="utf-8")

    corpus = prepare("inpatient-icd9")

    assert corpus.synthetic
    assert corpus.population == "synthetic hospital 7"
    assert corpus.about["notices"][0] == "Invented."
    assert not any("split file" in notice for notice in corpus.about["notices"])


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        ({"dataset": "icd9"}, ["dataset is 'icd9'", "inpatient-icd9-evidence-only"]),
        ({"per": "patient"}, ["per is 'patient'", "discharge-summary"]),
        ({"codes": "X"}, ["codes is 'X'", "DP"]),
        ({"dataset": "profee-icd10", "codes": "P"}, ["no procedure codes", "D"]),
        ({"compat": "caml"}, ["caml has no mdace-inpatient-icd9", "edin2024"]),
    ],
)
def test_unknown_choices_are_refused(
    prepare: Callable[..., Corpus], options: dict[str, str], fragments: list[str], refused: Any
) -> None:
    with refused(SourceError, *fragments):
        prepare(**{"dataset": "inpatient-icd9", **options})


def test_notes_of_another_release_are_refused(
    tree: Tree, prepare: Callable[..., Corpus], refused: Any
) -> None:
    tree.notes = [(row_id + 1000, *rest) for row_id, *rest in tree.notes]
    tree.write_notes()

    with refused(SourceError, "NOTEEVENTS.csv.gz", "none of the 9 notes that MDACE annotates", "1.4"):
        prepare("inpatient-icd9")


def test_split_files_without_annotated_admissions_are_refused(
    tree: Tree, prepare: Callable[..., Corpus], refused: Any
) -> None:
    path = tree.raw / "own.csv"
    path.write_text("_id,split\n7,train\n", encoding="utf-8")

    with refused(SourceError, "own.csv", "no admission with an annotated note", "belong together"):
        prepare("inpatient-icd9", splits=path)


def test_a_split_without_notes_is_refused(tree: Tree, prepare: Callable[..., Corpus], refused: Any) -> None:
    tree.write_split("Inpatient", "ev", {**EV, "val": [901]})

    with refused(CorpusError, "the split validation has no notes"):
        prepare("inpatient-icd9")


def test_mimic4_alone_is_refused_by_name(tree: Tree, prepare: Callable[..., Corpus], refused: Any) -> None:
    tree.mimic3.rename(tree.raw.parent / "1.4")
    tree.mimic3.parent.rmdir()

    with refused(SourceError, "contains MIMIC-IV, expected MIMIC-III"):
        prepare("inpatient-icd9")


def test_the_annotations_are_never_replaced(tree: Tree, refused: Any) -> None:
    elsewhere = tree.mdace.rename(tree.raw.parent / "elsewhere")

    with refused(OutputError, "contains the input data"):
        prepare_mdace(tree.raw, elsewhere, dataset="inpatient-icd9", mdace=elsewhere, force=True)


def test_the_rows_read_are_counted(prepare: Callable[..., Corpus]) -> None:
    counts: list[int] = []

    prepare("inpatient-icd9", progress=counts.append)

    assert sum(counts) == len(NOTES)
