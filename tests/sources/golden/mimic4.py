"""A MIMIC-IV tree of some 75 admissions, with every mixture of ICD-9 and ICD-10."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

from sources.golden.layout import Bare, write_table

NOTE_COLUMNS = "note_id,subject_id,hadm_id,note_type,note_seq,charttime,storetime,text"
DIAGNOSIS_COLUMNS = "subject_id,hadm_id,seq_num,icd_code,icd_version"
PROCEDURE_COLUMNS = "subject_id,hadm_id,seq_num,chartdate,icd_code,icd_version"
TITLE_COLUMNS = "icd_code,icd_version,long_title"

Coded = tuple[int, str | None, int]  # admission, code, version


def admission(index: int) -> int:
    return 20_000_000 + index


def subject(admission_id: int) -> int:
    return 10_000_000 + (admission_id - 20_000_000) // 2


ICD10 = range(30)
ICD9 = range(30, 50)
MIXED = range(50, 65)  # one for every non-empty set of (table, version)
ICD9_WITH_ICD10_PROCEDURES = range(65, 76)
MIXTURES = [bits for bits in product((False, True), repeat=4) if any(bits)]

TWO_TEXTS = admission(0)  # two different notes: counted twice, and one is kept
SAME_TEXT = admission(1)  # one note twice: counted once
MIXED_THROUGHOUT = admission(MIXED[-1])
WITHOUT_NOTES = admission(90)
UNCODED = admission(91)
NULL_CODES = admission(92)
RARE_CODES = admission(93)
UNHEARD_OF = 29_999_999

TEXTS = {
    2: 'Said ""no"" and "yes".\nThen left, at 5 pm.',
    3: "Windows\r\nline ends \u0130, \u212a, naïve 3 4 5",
    4: "7 \U0001f642 ___ 12",
}

# ICD-10 diagnoses and procedures, by the admissions that have them.
DIAGNOSES_10 = {
    "I10": ICD10,
    "E119": range(20),
    "E785": [2, 3, 4, 5, 6, 7, 8, 9, 10],  # nine
    "N179": [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],  # ten
    "J449": range(2, 13),  # eleven
    "D62": [0, 2, 3, 4, 5, 6, 7, 8, 9],  # nine admissions, ten notes
    "F329": [1, 2, 3, 4, 5, 6, 7, 8, 9],  # nine admissions, ten notes of which two are the same
    "Z23": [20, 21, 22, 23, 24, 25, 26, 27, 14],  # nine; and twice in the admission that mixes all
    "K219": [*range(11, 20), 28],  # ten, of which 28 is outside of the split
    "Z87.891": range(4, 16),  # dotted in the file
    "R05": [15, 16],
    "D75839": [17],  # known, and yet replaced in MDACE
    "G9051": [18],  # what is left of G90.511, and then replaced
}
PROCEDURES_10 = {
    "02HV33Z": range(14),
    "0016070": [14, 15, 16, 17, 18, 19, 20, 21, 22],  # nine
    "5A1955Z": [23],
}
DIAGNOSES_9 = {
    "4019": ICD9,
    "0389": range(30, 42),
    "V4582": range(30, 39),  # nine
    "E8889": range(36, 46),  # ten
    "25000": [40, 41, 42],
    "V45": [43],
    "2724": [44],
}
PROCEDURES_9 = {"0066": range(30, 41), "3893": range(41, 50), "966": [30]}


def write_mimic4(root: Path, *, release: str = "2.2", null_codes: bool = True) -> None:
    """Write the files of MIMIC-IV and of its notes below a ``physionet.org`` folder."""
    hosp = root / f"physionet.org/files/mimiciv/{release}/hosp"
    notes = root / "physionet.org/files/mimic-iv-note/2.2/note/discharge.csv.gz"
    diagnoses, procedures = _codes(null_codes=null_codes)
    write_table(notes, NOTE_COLUMNS, _note_rows())
    write_table(
        hosp / "diagnoses_icd.csv.gz",
        DIAGNOSIS_COLUMNS,
        ((subject(one), one, place, code, version) for place, (one, code, version) in _numbered(diagnoses)),
    )
    write_table(
        hosp / "procedures_icd.csv.gz",
        PROCEDURE_COLUMNS,
        (
            (subject(one), one, place, Bare("2180-01-01"), code, version)
            for place, (one, code, version) in _numbered(procedures)
        ),
    )
    for name, coded in (("diagnoses", diagnoses), ("procedures", procedures)):
        known = sorted({(code, version) for _, code, version in coded if code})
        rows = [(code, version, f"Title of {code}") for code, version in known]
        write_table(hosp / f"d_icd_{name}.csv.gz", TITLE_COLUMNS, rows)


def split_files() -> dict[str, dict[int, str]]:
    """Return the admissions of each split file."""
    everyone = [*range(28), *range(29, 48), *MIXED, *ICD9_WITH_ICD10_PROCEDURES]
    files: dict[str, dict[int, str]] = {}
    for name, places in (
        ("mimiciv_icd10_split", {3: "val", 5: "test"}),
        ("mimiciv_icd9_split", {1: "val", 2: "test"}),
    ):
        split = {admission(index): places.get(index % 7, "train") for index in everyone}
        odd = dict.fromkeys([WITHOUT_NOTES, UNCODED, NULL_CODES, RARE_CODES, UNHEARD_OF], "test")
        files[name] = split | odd
    return files


def _note_rows() -> list[list[str | int | None]]:
    """Return the notes, the second one of an admission far behind the first."""
    indices = [*ICD10, *ICD9, *MIXED, *ICD9_WITH_ICD10_PROCEDURES]
    texts = [(admission(index), TEXTS.get(index, f"Patient {index}, seen once.")) for index in indices]
    texts += [(one, f"Patient {one}.") for one in (UNCODED, NULL_CODES, RARE_CODES)]
    texts += [(TWO_TEXTS, "Another note of patient 0."), (SAME_TEXT, "Patient 1, seen once.")]
    rows: list[list[str | int | None]] = []
    sequence: dict[int, int] = {}
    for one, text in texts:
        place = sequence[one] = sequence.get(one, 0) + 1
        times = [Bare("2180-05-07 00:00:00"), Bare("2180-05-09 15:26:00")]
        note_id = f"{subject(one)}-DS-{one}{place}"
        rows.append([note_id, subject(one), one, "DS", place, *times, text])
    without_text: list[str | int | None] = [
        f"{subject(admission(5))}-DS-9",
        subject(admission(5)),
        admission(5),
        "DS",
        9,
    ]
    return [*rows, [*without_text, Bare("2180-05-07 00:00:00"), None, None]]


def _codes(*, null_codes: bool) -> tuple[list[Coded], list[Coded]]:
    diagnoses = [*_placed(DIAGNOSES_10, 10), *_placed(DIAGNOSES_9, 9)]
    procedures = [*_placed(PROCEDURES_10, 10), *_placed(PROCEDURES_9, 9)]
    for index, (d9, d10, p9, p10) in zip(MIXED, MIXTURES, strict=True):
        one = admission(index)
        diagnoses += [(one, code, 9) for code in ("4019", "V1582") if d9]
        diagnoses += [(one, code, 10) for code in ("I10", "F32", "I50") if d10]
        procedures += [(one, "0066", 9)] * p9 + [(one, "02HV33Z", 10)] * p10
    for index in ICD9_WITH_ICD10_PROCEDURES:
        diagnoses += [(admission(index), "4019", 9), (admission(index), "4280", 9)]
        procedures.append((admission(index), "02HV33Z", 10))
    diagnoses += [
        (MIXED_THROUGHOUT, "Z23", 10),
        (MIXED_THROUGHOUT, "E8889", 9),
        (admission(2), "I10", 10),  # listed twice
        (WITHOUT_NOTES, "E785", 10),
        (WITHOUT_NOTES, "V4582", 9),
        (RARE_CODES, "R69", 10),
        (RARE_CODES, "7999", 9),
    ]
    if null_codes:
        diagnoses += [(NULL_CODES, None, 10), (NULL_CODES, None, 9), (admission(6), None, 10)]
        procedures.append((admission(7), None, 10))
    return diagnoses, procedures


def _placed(places: Mapping[str, Sequence[int]], version: int) -> list[Coded]:
    return [(admission(index), code, version) for code, indices in places.items() for index in indices]


def _numbered(coded: list[Coded]) -> list[tuple[int, Coded]]:
    places: dict[int, int] = {}
    numbered = []
    for row in coded:
        places[row[0]] = places.get(row[0], 0) + 1
        numbered.append((places[row[0]], row))
    return numbered
