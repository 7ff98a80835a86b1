"""What the published pipelines made of the same raw trees, row by row (golden/README.md)."""

from __future__ import annotations

import json
import string
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import pytest

from clem_icd.corpus import SPLITS, Corpus, Note
from clem_icd.sources import prepare_mdace, prepare_mimic3, prepare_mimic4
from clem_icd.sources.mimic.pipelines.rules import Subset
from sources.golden import mdace, mimic3, mimic4
from sources.golden.tree import Tree, write_tree

Trees = Callable[[str], Tree]
Row = tuple[str, str, str, tuple[str, ...]]  # admission, split, text, codes

MIMIC = [
    (compat, f"mimic3-{subset}")
    for compat, subsets in {
        "edin2024": ("full", "50", "clean"),
        "edin2023": ("full", "50", "clean"),
        "caml": ("full", "50"),
    }.items()
    for subset in subsets
] + [(compat, f"mimic4-icd{version}") for compat in ("edin2024", "edin2023") for version in (9, 10)]

# Codes that the published pipeline loses and the corpus keeps: where two pairs of codes become equal in one
# note, only the first pair survives there.
LOST_CODES = {("mdace-inpatient-icd10", str(mdace.REPORT)): {"E11.9"}}

# Notes annotated only for professional fees, which the published set lacks.
LOST_PROFEE_NOTES = {str(mdace.ECG): ("I10",), "2090": ("G90.519",)}

# Published evidence texts have an extra character where a span ends inside a word, lack a leading blank, and
# repeat what is marked twice.
PIECES = {"was adm": "was ad", "on day": " on day", "home home": "home"}


class Expected:
    """The corpora that one pipeline made from its tree."""

    def __init__(self, compat: str) -> None:
        path = Path(__file__).parent / "golden" / f"expected_{compat}.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        self._texts: list[str] = document["texts"]
        self._corpora: dict[str, list[list[Any]]] = document["corpora"]

    def rows(self, source: str) -> list[Row]:
        return sorted(
            (str(admission), split, self._texts[place], corrected(codes))
            for admission, _, split, place, codes, *_ in self._corpora[source]
        )

    def by_note(self, source: str) -> dict[str, tuple[Row, dict[str, list[list[int]]]]]:
        return {
            note_id: ((str(admission), split, self._texts[place], corrected(codes)), *evidence)
            for admission, note_id, split, place, codes, *evidence in self._corpora[source]
        }

    def pieces(self, source: str) -> list[tuple[str, str, str, tuple[str, ...]]]:
        return sorted(
            (note_id, split, PIECES.get(self._texts[place], self._texts[place]), tuple(codes))
            for _, note_id, split, place, codes in self._corpora[source]
        )


def corrected(codes: Iterable[str]) -> tuple[str, ...]:
    """Return codes without the blanks around some of them in the files, and without a second dot."""
    return tuple(sorted({code.strip().replace("..", ".") for code in codes}))


def noted(corpus: Corpus) -> list[tuple[str, Note]]:
    return [(split, note) for split in SPLITS for note in corpus.notes(split)]


def values(note: Note) -> tuple[str, ...]:
    return tuple(sorted({code.value for code in note.codes}))


def rows_of(corpus: Corpus) -> list[Row]:
    return sorted((str(note.admission_id), split, note.text, values(note)) for split, note in noted(corpus))


def prepare(source: str, compat: str, tree: Tree, out: Path) -> Corpus:
    family, _, rest = source.partition("-")
    if family == "mimic3":
        return prepare_mimic3(tree.raw, out, subset=cast("Subset", rest), compat=compat, splits=tree.splits)
    if family == "mimic4":
        version = int(rest.removeprefix("icd"))
        return prepare_mimic4(tree.raw, out, version=version, compat=compat, splits=tree.splits)
    return prepare_mdace(tree.raw, out, dataset=rest, mdace=tree.mdace, splits=tree.splits)


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Trees:
    made: dict[str, Tree] = {}

    def of(compat: str) -> Tree:
        if compat not in made:
            made[compat] = write_tree(tmp_path_factory.mktemp(compat), compat)
        return made[compat]

    return of


@pytest.mark.parametrize(("compat", "source"), MIMIC)
def test_mimic_is_the_published_corpus_row_by_row(
    compat: str, source: str, trees: Trees, tmp_path: Path
) -> None:
    corpus = prepare(source, compat, trees(compat), tmp_path / "corpus")

    assert rows_of(corpus) == Expected(compat).rows(source)


@pytest.mark.parametrize("source", ["mimic4-icd9", "mimic4-icd10"])
@pytest.mark.parametrize("compat", ["edin2024", "edin2023"])
def test_later_release_of_mimic4_gives_the_same_corpus(compat: str, source: str, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree", compat, release="3.1")

    assert rows_of(prepare(source, compat, tree, tmp_path / "corpus")) == Expected(compat).rows(source)


@pytest.mark.parametrize("source", ["mimic3-full", "mimic3-50", "mimic3-clean"])
def test_edin2023_ignores_notes_without_admission_or_text(source: str, trees: Trees, tmp_path: Path) -> None:
    """The original pipeline stops at such notes, so there is no published result; they are left out."""
    corpus = prepare(source, "edin2023", trees("edin2024"), tmp_path / "corpus")

    assert rows_of(corpus) == Expected("edin2023").rows(source)


@pytest.mark.parametrize("source", ["mimic3-full", "mimic3-50"])
def test_caml_leaves_out_rows_that_stop_the_original(source: str, trees: Trees, tmp_path: Path) -> None:
    odd = {str(one) for one in (mimic3.FOREIGN_CODES, mimic3.NULL_CODES_OF_BOTH_KINDS, mimic3.UNCODED)}
    found = rows_of(prepare(source, "caml", trees("edin2024"), tmp_path / "corpus"))

    # The addendum without text, which only this tree has, is joined like any other: it leaves a blank.
    expected = [
        (admission, split, f" {text}" if admission == str(mimic3.admission(5)) else text, codes)
        for admission, split, text, codes in Expected("caml").rows(source)
    ]
    assert [row for row in found if row[0] not in odd] == [row for row in expected if row[0] not in odd]


def test_the_fifty_codes_do_not_depend_on_the_order_of_the_rows(tmp_path: Path) -> None:
    """In few admissions, several codes are equally frequent; the published cut between them is arbitrary."""
    corpora = []
    for name in ("forwards", "backwards"):
        tree = write_tree(tmp_path / name, "edin2024", reverse_codes=name == "backwards")
        split = tmp_path / name / "few.csv"
        few = [f"{mimic3.admission(index)},{'train' if index < 20 else 'test'}" for index in range(46)]
        split.write_text("\n".join(["_id,split", *few, f"{mimic3.admission(46)},val", ""]), encoding="utf-8")
        few_notes = Tree(tree.raw, split, tree.mdace)
        corpora.append([
            rows_of(prepare(f"mimic3-{subset}", "edin2024", few_notes, tmp_path / f"{name}-{subset}"))
            for subset in ("full", "50")
        ])  # fmt: skip

    full, fifty = corpora[0]
    counts = sorted(Counter(code for *_, codes in full for code in codes).values(), reverse=True)
    assert counts[49] == counts[50]
    assert len({code for *_, codes in fifty for code in codes}) == 50
    assert corpora[0] == corpora[1]


def test_only_the_first_note_of_an_admission_is_kept(trees: Trees, tmp_path: Path) -> None:
    corpus = prepare("mimic4-icd10", "edin2024", trees("edin2024"), tmp_path / "corpus")

    kept = [note.text for _, note in noted(corpus) if note.admission_id == str(mimic4.TWO_TEXTS)]
    assert kept == ["Patient 0, seen once."]


MDACE = ["mdace-inpatient-icd9", "mdace-inpatient-icd10", "mdace-inpatient-icd9-code"]


@pytest.mark.parametrize("source", MDACE)
def test_mdace_is_the_published_corpus_note_by_note(source: str, trees: Trees, tmp_path: Path) -> None:
    corpus = prepare(source, "edin2024", trees("edin2024"), tmp_path / "corpus")

    found = {
        note.note_id: (str(note.admission_id), split, note.text, values(note))
        for split, note in noted(corpus)
    }
    expected = {note_id: row for note_id, (row, _) in Expected("edin2024").by_note(source).items()}
    for (of, note_id), codes in LOST_CODES.items():
        if of == source:
            *row, kept = expected[note_id]
            expected[note_id] = (row[0], row[1], row[2], tuple(sorted({*kept, *codes})))
    assert found == expected


@pytest.mark.parametrize("source", MDACE)
def test_mdace_evidence_trimmed_as_published_is_the_published_evidence(
    source: str, trees: Trees, tmp_path: Path
) -> None:
    corpus = prepare(source, "edin2024", trees("edin2024"), tmp_path / "corpus")

    notes = {note.note_id: note for _, note in noted(corpus)}
    for note_id, (_, evidence) in Expected("edin2024").by_note(source).items():
        note = notes[note_id]
        # The codes that are lost there passed their evidence on to another code.
        merged = (source, note_id) in LOST_CODES
        expected = {
            ("" if merged and system_of(code) == "diagnosis" else code, begin, end)
            for code, spans in evidence.items()
            for begin, end in spans
        }
        found = {
            (
                "" if merged and system_of(span.code.value) == "diagnosis" else span.code.value,
                *trimmed(span, note.text),
            )
            for span in note.evidence
        }
        assert found == expected, note_id


def test_evidence_only_has_the_published_pieces(trees: Trees, tmp_path: Path) -> None:
    source = "mdace-inpatient-icd9-evidence-only"
    corpus = prepare(source, "edin2024", trees("edin2024"), tmp_path / "corpus")

    found = sorted(
        (note.note_id.partition("-")[0], split, note.text, values(note)) for split, note in noted(corpus)
    )
    assert found == Expected("edin2024").pieces(source)


def test_profee_has_the_published_codes_and_its_own_splits(trees: Trees, tmp_path: Path) -> None:
    """The published set has every note in every split, and only notes with inpatient annotations as well."""
    source = "mdace-profee-icd10"
    corpus = prepare(source, "edin2024", trees("edin2024"), tmp_path / "corpus")

    published = {note_id: row[-1] for note_id, (row, _) in Expected("edin2024").by_note(source).items()}
    assert {note.note_id: values(note) for _, note in noted(corpus)} == published | LOST_PROFEE_NOTES
    assert {split: {note.note_id for note in corpus.notes(split)} for split in SPLITS} == {
        "train": {str(mdace.REPORT)},
        "validation": {str(mdace.RADIOLOGY), str(mdace.ECG)},
        "test": {"2036", "2090"},
    }


def test_span_past_the_end_is_dropped_but_its_code_stays(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree", "edin2024", past_the_end=True)
    corpus = prepare("mdace-inpatient-icd9", "edin2024", tree, tmp_path / "corpus")

    notes = {note.note_id: note for _, note in noted(corpus)}
    past, at_the_end = notes["2042"], notes["2066"]
    assert values(past) == ("311", "41.07", "412")
    assert {span.code.value for span in past.evidence} == {"311", "41.07"}
    assert [past.text[span.begin : span.end] for span in past.evidence] == ["smiled", "then"]
    assert [at_the_end.text[span.begin : span.end] for span in at_the_end.evidence] == ["50%"]


def system_of(code: str) -> str:
    """Return the code system of an ICD-10 code in these trees."""
    return "procedure" if len(code) == 7 and "." not in code else "diagnosis"


def trimmed(span: Any, text: str) -> tuple[int, int]:
    """Return a half-open span as the published pipeline computes it.

    An end before a mark or blank is moved onto the last character, and a begin on one behind it.
    """
    marks = f"{string.punctuation}\n\t "
    return span.begin + (text[span.begin] in marks), span.end - (text[span.end] in marks)
