"""Write synthetic raw trees of the real size: as many notes and code rows as MIMIC-III 1.4 and MIMIC-IV 2.2.

A few thousand notes of the synthetic hospital are repeated, each time with a number that makes it unique.
`benchmarks/prepare.py` runs this script in a separate process.

    python benchmarks/full_trees.py mimic3 folder --scale 0.05 --splits splits
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeVar

from full_codes import DIAGNOSES, PROCEDURES, Codes, coded
from isal import igzip

from clem_icd.files import new_folder
from clem_icd.icd import CodeSystem
from clem_icd.synthetic.chart import ADDENDUM, SUMMARY, Document
from clem_icd.synthetic.charting import complete_chart, summary_chart
from clem_icd.synthetic.hospital import FIRST_SUBJECT, admissions
from clem_icd.synthetic.note import BANNER
from clem_icd.synthetic.notice import write_notice
from clem_icd.tabular.split_files import read_split

SEED = 1
# Gives a median note of about 1,375 words, like a discharge summary in MIMIC-III.
WORDS = 1320
FIRST_ADMISSION = 80_000_001

_STAYS = 2000  # synthetic stays whose notes are repeated
_WARD_NOTES = 4  # per stay
_JOINED = 4.3  # synthetic ward notes joined into one of the real length, 1,650 characters
_COMPRESSION = 2  # isal level with about the compression ratio of the real files
_PIECE = 1000  # rows
_UNLINKED = 0.11  # share of the notes other than discharge summaries that name no admission


Write = Callable[[Iterable[bytes]], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Size:
    """Number of rows of each kind; ``summarized`` counts the admissions with a discharge summary."""

    admissions: int
    summarized: int
    subjects: int
    reports: int
    addenda: int
    others: int
    diagnoses: int
    procedures: int

    def scaled(self, scale: float) -> Size:
        """Return the size of a smaller tree."""
        return Size(*(max(1 if count else 0, round(count * scale)) for count in vars(self).values()))


SIZES = {
    # 2,083,180 notes, 59,652 of them discharge summaries.
    "mimic3": Size(58_976, 52_726, 46_520, 55_177, 4_475, 2_023_528, 651_047, 240_095),
    "mimic4": Size(430_852, 331_794, 180_733, 331_794, 0, 0, 4_756_326, 669_186),
}
SPLITS: dict[str, dict[int, tuple[str, ...]]] = {
    "mimic3": {9: ("mimiciii_full_splits.feather", "mimiciii_clean_splits.feather")},
    "mimic4": {10: ("mimiciv_icd10_split.feather",), 9: ("mimiciv_icd9_split.feather",)},
}


@dataclass(frozen=True)
class Stay:
    """An admission of the large tree."""

    subject_id: int
    hadm_id: int
    icd_version: int


@dataclass(frozen=True)
class Template:
    """The last columns of a note row; its text is ``before``, a number and ``after``."""

    columns: bytes
    before: bytes
    after: bytes

    def row(self, keys: bytes, number: int) -> bytes:
        """Return a row whose text contains a number that makes it unique."""
        return b'%s,%s"%s%d%s"\n' % (keys, self.columns, self.before, number, self.after)


@dataclass(frozen=True)
class Pool:
    """The notes that are repeated."""

    reports: list[Template]
    addenda: list[Template]
    others: list[Template]


def make_tree(layout: str, out: Path, *, scale: float, splits: Path | None) -> None:
    """Write a tree atomically."""
    size = SIZES[layout].scaled(scale)
    stays = list(_stays(layout, size, splits))
    with new_folder(out) as folder:
        (_fill_mimic3 if layout == "mimic3" else _fill_mimic4)(folder, size, stays)
        write_notice(
            folder,
            layout=layout,
            admissions=len(stays),
            seed=SEED,
            words=WORDS,
            numbered=splits is not None,
        )


def _stays(layout: str, size: Size, splits: Path | None) -> Iterator[Stay]:
    """Yield every admission, those with a discharge summary first, with published numbers if given."""
    rng = Random(SEED)
    named = _published(layout, splits) if splits else []
    rng.shuffle(named)
    numbers = itertools.chain(
        named[: size.summarized],
        (
            (number, 9 if layout == "mimic3" or rng.random() < 0.63 else 10)
            for number in itertools.count(FIRST_ADMISSION)
        ),
    )
    for at, (number, version) in zip(range(size.admissions), numbers, strict=False):
        yield Stay(FIRST_SUBJECT + at * size.subjects // size.admissions, number, version)


def _published(layout: str, splits: Path) -> list[tuple[int, int]]:
    """Return the published admission numbers with their ICD versions."""
    found = {
        int(number): version
        for version, names in SPLITS[layout].items()
        for name in names
        for number in read_split(splits / name)
    }
    return sorted(found.items())


# ------------------------------------------------------------------------------------------------- MIMIC-III
def _fill_mimic3(folder: Path, size: Size, stays: list[Stay]) -> None:
    tree = folder / "physionet.org/files/mimiciii/1.4"
    pool = _mimic3_pool()
    versions = [stay.icd_version for stay in stays]
    with _table(tree / "NOTEEVENTS.csv.gz", _MIMIC3_NOTES) as write:
        write(_mimic3_notes(size, stays, pool))
    for name, total, system in (
        ("DIAGNOSES", size.diagnoses, CodeSystem.ICD9CM),
        ("PROCEDURES", size.procedures, CodeSystem.ICD9PCS),
    ):
        codes = Codes.of(system)
        header = b'"ROW_ID","SUBJECT_ID","HADM_ID","SEQ_NUM","ICD9_CODE"'
        with _table(tree / f"{name}_ICD.csv.gz", header) as write:
            write(
                b'%d,%d,%d,%d,"%s"\n' % (number, stays[at].subject_id, stays[at].hadm_id, place, code)
                for number, (at, place, code) in enumerate(coded(versions, total, [codes]), start=1)
            )
        header = b'"ROW_ID","ICD9_CODE","SHORT_TITLE","LONG_TITLE"'
        with _table(tree / f"D_ICD_{name}.csv.gz", header) as write:
            pairs = zip(codes.written, codes.titles, strict=True)
            write(
                b'%d,"%s","%s","%s"\n' % (number, code, title[:24], title)
                for number, (code, title) in enumerate(pairs, start=1)
            )


_MIMIC3_NOTES = (
    b'"ROW_ID","SUBJECT_ID","HADM_ID","CHARTDATE","CHARTTIME","STORETIME","CATEGORY","DESCRIPTION","CGID",'
    b'"ISERROR","TEXT"'
)


def _mimic3_pool() -> Pool:
    charts = [complete_chart(stay, _WARD_NOTES) for stay in admissions(_STAYS, SEED, WORDS, icd9_share=1.0)]
    documents = [one for chart in charts for one in chart.documents if one.text]
    summaries = [one for one in documents if one.category == SUMMARY]
    others = [one for one in documents if one.category != SUMMARY]
    return Pool(
        reports=[_template3(one) for one in summaries if one.description != ADDENDUM],
        addenda=[_template3(one) for one in summaries if one.description == ADDENDUM],
        others=list(_joined(others)),
    )


def _joined(documents: Sequence[Document]) -> Iterator[Template]:
    """Yield ward notes of realistic length, extended with text from other notes of their category."""
    rng = Random(SEED)
    bodies: dict[str, list[str]] = {}
    for one in documents:
        bodies.setdefault(one.category, []).append(one.text.partition("\n")[2])
    for one in documents:
        more = rng.choices(bodies[one.category], k=int(rng.random() * 2 * (_JOINED - 1) + 0.5))
        yield _template3(one, "\n".join(more))


def _template3(document: Document, more: str = "") -> Template:
    time = document.charted if document.timed else ""
    columns = (
        f'{document.charted.date()},{time},{time},"{document.category}","{document.description}",,'
        f"{document.is_error:d},"
    )
    return _template(columns.replace(",0,", ",,"), document.text + more)


def _template(columns: str, text: str) -> Template:
    body = text.removeprefix(BANNER).replace('"', '""')
    return Template(columns.encode(), f"{BANNER}\nRecord ".encode(), body.encode())


def _mimic3_notes(size: Size, stays: list[Stay], pool: Pool) -> Iterator[bytes]:
    rng = Random(SEED)
    summarized = stays[: size.summarized]
    # Every admission has a report; some have a second report or an addendum, anywhere in the file.
    notes = [(stay, pool.reports) for stay in summarized]
    notes += [(stay, pool.reports) for stay in rng.choices(summarized, k=size.reports - len(summarized))]
    notes += [(stay, pool.addenda) for stay in rng.choices(summarized, k=size.addenda)]
    rng.shuffle(notes)
    numbers = itertools.count(70_000_001)
    for (stay, templates), number in zip(notes, numbers, strict=False):
        keys = b"%d,%d,%d" % (number, stay.subject_id, stay.hadm_id)
        yield _pick(rng, templates).row(keys, number)
    for _, number in zip(range(size.others), numbers, strict=False):
        stay = _pick(rng, stays)
        admission = b"" if rng.random() < _UNLINKED else b"%d" % stay.hadm_id
        yield _pick(rng, pool.others).row(b"%d,%d,%s" % (number, stay.subject_id, admission), number)


# -------------------------------------------------------------------------------------------------- MIMIC-IV
def _fill_mimic4(folder: Path, size: Size, stays: list[Stay]) -> None:
    files = folder / "physionet.org/files"
    pools = {9: _mimic4_pool(1.0), 10: _mimic4_pool(0.0)}
    versions = [stay.icd_version for stay in stays]
    header = b"note_id,subject_id,hadm_id,note_type,note_seq,charttime,storetime,text"
    with _table(files / "mimic-iv-note/2.2/note/discharge.csv.gz", header) as write:
        write(_mimic4_notes(stays[: size.summarized], pools))
    hosp = files / "mimiciv/2.2/hosp"
    for name, total, extra, systems in (
        ("diagnoses", size.diagnoses, b"", DIAGNOSES),
        ("procedures", size.procedures, b"2150-01-01,", PROCEDURES),
    ):
        used = [Codes.of(system) for system in systems]
        header = b"subject_id,hadm_id,seq_num,%sicd_code,icd_version" % (b"chartdate," if extra else b"")
        with _table(hosp / f"{name}_icd.csv.gz", header) as write:
            write(
                b"%d,%d,%d,%s%s,%d\n"
                % (stays[at].subject_id, stays[at].hadm_id, place, extra, code, versions[at])
                for at, place, code in coded(versions, total, used)
            )
        with _table(hosp / f"d_icd_{name}.csv.gz", b"icd_code,icd_version,long_title") as write:
            write(
                b'%s,%d,"%s"\n' % (code, codes.icd_version, title)
                for codes in used
                for code, title in zip(codes.written, codes.titles, strict=True)
            )


def _mimic4_pool(icd9_share: float) -> Pool:
    stays = admissions(_STAYS, SEED, WORDS, icd9_share=icd9_share)
    texts = [one.text for stay in stays for one in summary_chart(stay).documents if one.text]
    columns = "2150-01-01 00:00:00,2150-01-01 07:00:00,"
    return Pool([_template(columns, text) for text in texts], [], [])


def _mimic4_notes(stays: Iterable[Stay], pools: dict[int, Pool]) -> Iterator[bytes]:
    rng = Random(SEED)
    for _, group in itertools.groupby(stays, key=lambda stay: stay.subject_id):
        for number, stay in enumerate(group, start=1):
            subject, hadm_id = stay.subject_id, stay.hadm_id
            keys = b"%d-DS-%d,%d,%d,DS,%d" % (subject, number, subject, hadm_id, number)
            yield _pick(rng, pools[stay.icd_version].reports).row(keys, hadm_id)


# ----------------------------------------------------------------------------------------------------- files
@contextmanager
def _table(path: Path, header: bytes) -> Iterator[Write]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with igzip.open(path, "wb", compresslevel=_COMPRESSION) as file:
        file.write(header + b"\n")

        def write(rows: Iterable[bytes]) -> None:
            rows = iter(rows)
            while piece := b"".join(itertools.islice(rows, _PIECE)):
                file.write(piece)

        yield write


def _pick(rng: Random, options: Sequence[T]) -> T:
    return options[int(rng.random() * len(options))]


def main() -> None:
    """Write a tree."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("layout", choices=SIZES)
    arguments.add_argument("out", type=Path, help="output folder")
    arguments.add_argument("--scale", type=float, default=1.0, help="fraction of the real size; default: 1")
    arguments.add_argument("--splits", type=Path, help="folder of published split files, for their numbers")
    given = arguments.parse_args()
    if not 0 < given.scale <= 1:
        sys.exit("--scale must be above 0 and at most 1")
    make_tree(given.layout, given.out, scale=given.scale, splits=given.splits)


if __name__ == "__main__":
    main()
