"""A MIMIC-III tree of 84 ordinary admissions and a dozen odd ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sources.golden.layout import Bare, write_table

# The names of the columns are quoted, too.
NOTE_COLUMNS = (
    "ROW_ID,SUBJECT_ID,HADM_ID,CHARTDATE,CHARTTIME,STORETIME,CATEGORY,DESCRIPTION,CGID,ISERROR,TEXT"
)
CODE_COLUMNS = "ROW_ID,SUBJECT_ID,HADM_ID,SEQ_NUM,ICD9_CODE"
TITLE_COLUMNS = "ROW_ID,ICD9_CODE,SHORT_TITLE,LONG_TITLE"
CPT_COLUMNS = (
    "ROW_ID,SUBJECT_ID,HADM_ID,COSTCENTER,CHARTDATE,CPT_CD,CPT_NUMBER,CPT_SUFFIX,"
    "TICKET_ID_SEQ,SECTIONHEADER,SUBSECTIONHEADER,DESCRIPTION"
)

ORDINARY = 84
DISCHARGE = "Discharge summary"


@dataclass(frozen=True)
class Oddities:
    """What a tree holds that one pipeline or another cannot read."""

    unidentified: bool = True  # a discharge summary without HADM_ID
    textless: bool = True  # reports without TEXT
    uncoded: bool = True  # a discharge summary of an admission without any code row
    null_procedures: bool = True
    foreign_codes: bool = True  # code rows under another SUBJECT_ID than the notes


@dataclass
class Note:
    """A row of NOTEEVENTS."""

    row_id: int
    admission: int | None
    text: str | None
    description: str = "Report"
    category: str = DISCHARGE
    date: str = "2101-03-01"
    time: str | None = None
    error: int | None = None


@dataclass
class Tables:
    """The rows of the tree: notes, and codes in the order of their files."""

    notes: list[Note] = field(default_factory=list)
    diagnoses: list[tuple[int, str | None]] = field(default_factory=list)
    procedures: list[tuple[int, str | None]] = field(default_factory=list)


def admission(index: int) -> int:
    return 100_001 + index


def subject(admission_id: int | None) -> int:
    """Every third subject of the ordinary admissions has two of them."""
    if admission_id is None:
        return 77
    index = admission_id - 100_001
    return 10 + index * 3 // 4 if index < ORDINARY else admission_id - 100_000


# Odd admissions, by what is odd about them.
NO_TEXT = 200_001
NO_DISCHARGE_SUMMARY = 200_002
UNCODED = 200_003
NULL_CODES = (200_004, 200_005)
NULL_CODES_OF_BOTH_KINDS = 200_006
FOREIGN_CODES = 200_007
PROCEDURES_ONLY = 200_008
DIAGNOSES_ONLY = 200_009
RARE_CODES_ONLY = 200_010
COLLIDING_PROCEDURES = 200_011
WITHOUT_NOTES = 300_001
UNHEARD_OF = (400_001, 400_002)

# Texts that a reader of csv, a cleaner or a tokenizer may stumble over, one for each of these admissions.
TEXTS = {
    10: 'He said ""no"", then "yes", and left.',
    11: "First line,\nsecond line,\n\nfourth: BP 120/80\n",
    12: "Windows\r\nline ends,\r\n 3 of them\r\n",
    13: "naïve café au lait, Größe 5µm, 38 °C",
    14: "smiled \U0001f642 and then \U0001d54f 7 times",
    15: "\u0130stanbul \u212a 5mg \u0130",
    16: "3 4 5 mg of 12 or 1 2 3",
    17: "12 3 x 4 5 6",
    18: "[**2101-1-2**] a_b __ _ x_1",
    19: "\u0663 \u00b2 \u00bd \u2167 five 5mg 5 mg",
    20: "  two blanks\taround\t ",
    21: "no-break\u00a0blank\u2028separator\u0085next\x0cpage",
    22: "Na\u00efve 12\u00b3 x\u0301 O'Neil's 50%",
    23: "1 2 3 4 5 6 7 8 9 ml",
}

# The diagnoses and procedures of the 39 common codes: raw, as in the files.
COMMON_DIAGNOSES = (
    "4019 4280 42731 41401 5849 25000 2724 51881 5990 53081 2720 2859 2449 486 2851 2762 496 99592 V5861 "
    "5070 0389 5859 40390 311 3051 412"
)
COMMON_PROCEDURES = "3893 9604 966 9671 9904 3961 9672 8856 3891 3615 9915 8872 3722"

# Around the threshold of ten. Outside of the clean split are 8, 9, 82 and 83.
AROUND_TEN = {
    "2875": [0, 1, 2, 3, 10, 11, 12, 13, 14],  # nine
    "41071": [1, 2, 4, 10, 11, 20, 22, 24, 30, 32],  # ten
    "2761": [2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14],  # eleven
    "V4581": [14, 15, 16, 17, 18, 19, 20, 21, 22, 82],  # ten, nine of them in the clean split
    "4240": [24, 25, 26, 27, 28, 29, 30, 31, 32],  # nine, one of them listed twice
    "E8889": [34, 36, 37, 38, 40, 41, 42, 44, 46, 53],  # ten, nine in train, one in test
}
PROCEDURES_AROUND_TEN = {
    "4513": [40, 41, 42, 44, 46, 47, 48, 50, 51, 52],  # ten, all in train
    "0066": [6, 7, 10, 12, 14, 16, 20, 21, 22, 24],  # ten; as an integer 66
}
TWICE = {"4240": [30]}

# The cut at the fifty most frequent codes: 47 are above, counts are the lengths, and only one code is listed
# twice everywhere, so that counting rows gives another fifty than counting admissions.
LADDER = {"5119": range(0, 42, 6), "V1582": range(1, 43, 7), "7806": [9, 19, 29]}
PROCEDURE_LADDER = {"3723": range(2, 52, 10), "9390": [5, 15, 25, 35]}
PROCEDURES_TWICE = {"9390": [5, 15, 25, 35]}

# Admissions with an empty code among others: nine, so that it is as frequent as any code.
EMPTY_BESIDE_CODES = range(40, 49)

# One occurrence each.
SINGLE = {"V3000": 0, "V053": 0, "V30": 1, "E888": 2, "E8700": 2, "0119": 3, "01190": 3, "V290": 4}
SINGLE_PROCEDURES = {"0040": 50, "9955": 0, "3950": 50, "0117": 51, "331": 52}


def tables(odd: Oddities) -> Tables:
    """Return every row, before they are put into the order of the files."""
    made = Tables()
    _ordinary_notes(made)
    _ordinary_codes(made)
    _odd_notes(made, odd)
    _odd_codes(made, odd)
    return made


def write_mimic3(root: Path, odd: Oddities, *, reverse_codes: bool = False) -> None:
    """Write the files of MIMIC-III 1.4 below a ``physionet.org`` folder."""
    folder = root / "physionet.org/files/mimiciii/1.4"
    made = tables(odd)
    notes = sorted(made.notes, key=lambda note: (note.row_id * 37) % 1013)
    write_table(folder / "NOTEEVENTS.csv.gz", _quoted(NOTE_COLUMNS), (_note_row(note) for note in notes))
    foreign = {FOREIGN_CODES: 9} if odd.foreign_codes else {}
    for name, pairs in (("DIAGNOSES_ICD", made.diagnoses), ("PROCEDURES_ICD", made.procedures)):
        rows = pairs[::-1] if reverse_codes else pairs
        write_table(folder / f"{name}.csv.gz", _quoted(CODE_COLUMNS), _code_rows(rows, foreign))
        kind = name.partition("_")[0]
        titles = sorted({code for _, code in pairs if code})
        named = [(row, code, f"Short {code}", f"Title of {code}") for row, code in enumerate(titles, start=1)]
        write_table(folder / f"D_ICD_{kind}.csv.gz", _quoted(TITLE_COLUMNS), named)
    cpt = [(1, subject(admission(0)), admission(0), "ICU", None, "99223", 99223, *[None] * 5)]
    write_table(folder / "CPTEVENTS.csv.gz", _quoted(CPT_COLUMNS), cpt)


def split_files() -> dict[str, dict[int, str]]:
    """Return the admissions of each split file: full, 50 and clean are drawn differently."""
    odd = [NO_TEXT, NO_DISCHARGE_SUMMARY, UNCODED, NULL_CODES_OF_BOTH_KINDS]
    kept = [FOREIGN_CODES, PROCEDURES_ONLY, DIAGNOSES_ONLY, RARE_CODES_ONLY, COLLIDING_PROCEDURES]
    full = {admission(index): _nth(index, {0: "val", 1: "test"}) for index in range(80)}
    clean = {
        admission(index): _nth(index, {3: "test", 5: "val"})
        for index in range(ORDINARY)
        if index not in (8, 9, 82, 83)
    }
    fifty = {admission(index): _nth(index, {2: "val", 6: "test"}) for index in range(56)}
    for split in (full, clean):
        split |= dict.fromkeys([*odd, *kept, UNHEARD_OF[0]], "train") | {UNHEARD_OF[1]: "test"}
    return {
        "mimiciii_full_splits": full,
        "mimiciii_50_splits": fifty | {UNHEARD_OF[0]: "train"},
        "mimiciii_clean_splits": clean,
    }


def _nth(index: int, places: dict[int, str]) -> str:
    return places.get(index % 10, "train")


def _quoted(header: str) -> str:
    return ",".join(f'"{column}"' for column in header.split(","))


def _note_row(note: Note) -> list[str | int | None]:
    times = [Bare(note.date), Bare(note.time) if note.time else None, None]
    error = str(note.error) if note.error else None
    return [
        *(note.row_id, subject(note.admission), note.admission, *times),
        *(note.category, note.description, None, error, note.text),
    ]


def _code_rows(
    pairs: list[tuple[int, str | None]], foreign: dict[int, int]
) -> Iterable[tuple[int, int, int, int, str | None]]:
    """Number the codes of an admission, and leave them in an arbitrary order."""
    places: dict[int, int] = {}
    for row, (admission_id, code) in enumerate(pairs, start=1):
        place = places[admission_id] = places.get(admission_id, 0) + 1
        yield row, foreign.get(admission_id, subject(admission_id)), admission_id, place, code


def _ordinary_notes(made: Tables) -> None:
    for index in range(ORDINARY):
        text = TEXTS.get(index, f"Patient {index} was admitted on day {index % 7} and went home.")
        made.notes.append(Note(2000 + 3 * index, admission(index), text))


def _ordinary_codes(made: Tables) -> None:
    kinds = (
        (made.diagnoses, COMMON_DIAGNOSES, AROUND_TEN, LADDER, SINGLE, TWICE),
        (made.procedures, COMMON_PROCEDURES, PROCEDURES_AROUND_TEN, PROCEDURE_LADDER, SINGLE_PROCEDURES,
         PROCEDURES_TWICE),
    )  # fmt: skip
    for pairs, common, around, ladder, single, twice in kinds:
        for number, code in enumerate(common.split()):
            pairs += [(admission(index), code) for index in _spread(number)]
        for places in (around, ladder, {code: [index] for code, index in single.items()}, twice):
            pairs += [(admission(index), code) for code, indices in places.items() for index in indices]
        pairs.sort(key=lambda pair: (pair[0] * 11 % 101, pair[0]))


def _spread(number: int) -> list[int]:
    """Return the admissions of a common code: nine to eleven of the first 56, three of the rest."""
    start = number * 11 % 47
    return [*range(start, start + 9 + number % 3), *(56 + (number * 5 + 7 * more) % 28 for more in range(3))]


def _odd_notes(made: Tables, odd: Oddities) -> None:
    addendum = "Addendum"
    made.notes += [
        # Addenda before their report, by row and by place in the file.
        Note(10, admission(0), "Addendum of patient 0.", addendum),
        # A time, and a report without one.
        Note(700, admission(1), "Second report of patient 1.", time="2101-03-01 08:00:00"),
        # The same report twice.
        Note(12, admission(2), "Patient 2 was admitted on day 2 and went home."),
        # Row 999 comes before row 1000, though not in text order; both have the same date.
        Note(1000, admission(3), "Row 1000 of patient 3.", date="2101-02-01"),
        Note(999, admission(3), "Row 999 of patient 3.", date="2101-02-01"),
        # A later date under an earlier row, and the time that decides before the date.
        Note(20, admission(4), "Later report of patient 4.", date="2101-03-09"),
        Note(21, admission(4), "Timed report of patient 4.", date="2101-01-01", time="2101-01-01 01:00:00"),
        # Two addenda with times, out of order, and notes of other categories.
        Note(31, admission(7), "Late addendum.", addendum, time="2101-03-05 10:00:00"),
        Note(32, admission(7), "Early addendum.", addendum, time="2101-03-04 10:00:00"),
        Note(33, admission(7), "Physician note of patient 7: HTN, COPD.", "Physician Note", "Physician "),
        Note(34, admission(7), "CHEST (PORTABLE AP): effusion, small.", "CHEST (PORTABLE AP)", "Radiology"),
        Note(35, admission(7), "Sinus rhythm, 80 bpm.", "Report", "ECG"),
        # Marked as an error, but used.
        Note(40, admission(6), "Addendum in error.", addendum, error=1),
        # No discharge summary: another category, a trailing blank, another case.
        Note(50, NO_DISCHARGE_SUMMARY, "Nursing note.", "Report", "Nursing/other"),
        Note(51, NO_DISCHARGE_SUMMARY, "Blank behind.", "Report", "Discharge summary "),
        Note(52, NO_DISCHARGE_SUMMARY, "Other letters.", "Report", "discharge summary"),
    ]
    coded = [FOREIGN_CODES, PROCEDURES_ONLY, DIAGNOSES_ONLY, RARE_CODES_ONLY, COLLIDING_PROCEDURES]
    made.notes += [
        Note(100 + row, one, f"Summary of {one}.") for row, one in enumerate([*coded, *NULL_CODES])
    ]
    if odd.uncoded:
        made.notes.append(Note(200, UNCODED, "Summary without codes."))
    if odd.null_procedures:
        made.notes.append(Note(201, NULL_CODES_OF_BOTH_KINDS, "Summary with null codes."))
    if odd.unidentified:
        made.notes.append(Note(202, None, "Summary of nobody."))
    if odd.textless:
        made.notes += [Note(203, NO_TEXT, None), Note(204, admission(5), None, addendum)]


def _odd_codes(made: Tables, odd: Oddities) -> None:
    made.diagnoses += [(one, None) for one in (*NULL_CODES, *map(admission, EMPTY_BESIDE_CODES))]
    made.diagnoses += [
        (NO_TEXT, "4019"),
        (NO_DISCHARGE_SUMMARY, "4019"),
        (FOREIGN_CODES, "4019"),
        (FOREIGN_CODES, "78791"),
        (DIAGNOSES_ONLY, "4019"),
        (RARE_CODES_ONLY, "9999"),
        (COLLIDING_PROCEDURES, "4280"),
        (WITHOUT_NOTES, "4019"),
        (WITHOUT_NOTES, "2875"),  # not the tenth: it has no note
        (admission(62), "4019 "),  # with a trailing blank, in addition to the code itself
        (admission(62), "4019"),
        (admission(63), "780.52"),  # dotted
    ]
    made.procedures += [
        (PROCEDURES_ONLY, "3893"),
        (PROCEDURES_ONLY, "9904"),
        (COLLIDING_PROCEDURES, "117"),
        (COLLIDING_PROCEDURES, "0117"),
    ]
    if odd.null_procedures:
        made.diagnoses.append((NULL_CODES_OF_BOTH_KINDS, None))
        made.procedures += [(NULL_CODES_OF_BOTH_KINDS, None), (admission(64), None)]
