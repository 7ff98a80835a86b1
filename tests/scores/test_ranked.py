"""Ranked scores on disk: round trips, restriction, exports, and refusal of damaged files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clem_icd.corpus import Corpus
from clem_icd.errors import OutputError, ScoresError
from clem_icd.icd import Code, CodeSystem
from clem_icd.scores import (
    RankedScores,
    RankedSpace,
    Scores,
    corpus_labels,
    export_scores,
    known_labels,
    open_scores,
    write_ranked,
    write_scores,
)

# Not in the order of the codes, and with the same characters in two systems.
LABELS = (
    Code("J18.9", CodeSystem.ICD10CM),
    Code("E11.9", CodeSystem.ICD10CM),
    Code("I10", CodeSystem.ICD10),
    Code("I10", CodeSystem.ICD10CM),
)
J18, E11, I10_WHO, I10 = LABELS
VALUES = np.array([[0.5, 0.9, 0.0, 0.5], [0.0, 0.0, 0.0, 0.0], [0.25, 0.5, 0.5, 0.5]], dtype=np.float32)
IDS = ("a", "0066", "n\u00e3o \U0001f642")
ABOUT = {"system": "lexicon", "warnings": ["Seen."]}


def write(
    path: Path,
    values: npt.NDArray[np.float32] = VALUES,
    ids: tuple[str, ...] = IDS,
    top: int = 1000,
    labels: tuple[Code, ...] = LABELS,
) -> Path:
    write_ranked(path, labels, zip(ids, values, strict=True), ABOUT, name="icd10cm", top=top, force=True)
    return path


def lists(scores: RankedScores) -> list[list[tuple[Code, float]]]:
    found = []
    for begin, end in zip(scores.begins[:-1], scores.begins[1:], strict=True):
        columns = scores.columns[begin:end].tolist()
        found.append(
            [
                (scores.labels[one], value)
                for one, value in zip(columns, scores.values[begin:end].tolist(), strict=True)
            ]
        )
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "scores.parquet")


def test_only_scores_above_0_are_listed_highest_first_and_ties_by_code(path: Path) -> None:
    read = RankedScores.read(path)
    assert read.note_ids == IDS
    assert read.labels == tuple(sorted(LABELS))
    assert (read.space, read.about, read.warnings) == (RankedSpace("icd10cm", 4, 1000), ABOUT, ("Seen.",))
    assert lists(read) == [
        [(E11, pytest.approx(0.9)), (I10, 0.5), (J18, 0.5)],
        [],
        [(E11, 0.5), (I10_WHO, 0.5), (I10, 0.5), (J18, 0.25)],
    ]


def test_no_more_than_the_requested_number_is_listed(tmp_path: Path) -> None:
    read = RankedScores.read(write(tmp_path / "scores.parquet", top=2))
    assert [[code for code, _ in own] for own in lists(read)] == [[E11, I10], [], [E11, I10_WHO]]
    assert str(read.space) == "4 codes of icd10cm (ranked: the 2 best per note)"
    with pytest.raises(ScoresError, match="the 0 best codes"):
        write(tmp_path / "none.parquet", top=0)


def test_file_is_plain_parquet(path: Path) -> None:
    rows = pl.read_parquet(path).explode("codes").drop_nulls().unnest("codes")
    assert rows.columns == ["note_id", "code", "system", "score"]
    assert rows.row(0)[:3] == ("a", "E11.9", "icd10cm")


def test_each_reader_reads_its_own_kind_and_open_scores_reads_both(path: Path, tmp_path: Path) -> None:
    dense = tmp_path / "dense.parquet"
    write_scores(dense, LABELS, zip(IDS, VALUES, strict=True), ABOUT)
    assert isinstance(open_scores(path), RankedScores)
    assert isinstance(open_scores(dense), Scores)
    with pytest.raises(ScoresError, match=r"lists the best codes .* `clem scores restrict`"):
        Scores.read(path)
    with pytest.raises(ScoresError, match="expected the columns note_id and codes"):
        RankedScores.read(dense)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        st.lists(st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0, 7.5]), min_size=4, max_size=4),
        max_size=6,
    )
)
@pytest.mark.parametrize("per_group", [2_000_000, 5])
def test_any_scores_of_0_or_more_survive_a_round_trip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: dict[str, list[float]], per_group: int
) -> None:
    monkeypatch.setattr("clem_icd.scores.ranked_file._GROUP_ENTRIES", per_group)
    values = np.array(list(rows.values()), np.float32).reshape(-1, 4)
    read = RankedScores.read(write(tmp_path / "scores.parquet", values, tuple(rows)))
    assert read.note_ids == tuple(rows)
    np.testing.assert_array_equal(read.only(LABELS).values, values)


def test_scores_that_are_not_finite_and_repeated_labels_are_refused(tmp_path: Path) -> None:
    for bad in (np.nan, np.inf):
        with pytest.raises(ScoresError, match="not a finite number"):
            write(tmp_path / "scores.parquet", np.array([[0.1, bad, 0, 0]], np.float32), ("a",))
    with pytest.raises(ScoresError, match="a label occurs twice"):
        write(tmp_path / "scores.parquet", VALUES[:, :2], labels=(I10, I10))
    assert list(tmp_path.iterdir()) == []


def test_existing_file_is_kept_without_force(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(OutputError, match="--force"):
        write_ranked(path, LABELS, [], {}, name="icd10cm")
    assert path.read_bytes() == before


def entries(*rows: list[tuple[str | None, str | None, float | None]] | None) -> Any:
    kind = pa.list_(pa.struct([("code", pa.string()), ("system", pa.string()), ("score", pa.float32())]))
    names = ("code", "system", "score")
    made: list[Any] = [row and [dict(zip(names, one, strict=True)) for one in row] for row in rows]
    return pa.array(made, kind)


def with_codes(*rows: list[tuple[str | None, str | None, float | None]] | None) -> Callable[[Any], Any]:
    return lambda table: table.set_column(1, "codes", entries(*rows)).replace_schema_metadata(
        table.schema.metadata
    )


def with_header(**changes: Any) -> Callable[[Any], Any]:
    def change(table: Any) -> Any:
        header = json.loads(table.schema.metadata[b"clem_icd"]) | changes
        new = {key: value for key, value in header.items() if value is not None}
        return table.replace_schema_metadata({b"clem_icd": json.dumps(new)})

    return change


ONE = ("I10", "icd10cm", 0.5)
BAD: dict[str, tuple[Callable[[Any], Any], str]] = {
    "another version": (with_header(format_version=2), "version 2, expected 'clem-icd/scores' version 1"),
    "no label space": (with_header(label_space=None), "malformed header"),
    "a size that is no number": (
        with_header(label_space={"name": "icd10cm", "size": "4"}),
        "malformed header",
    ),
    "no top": (with_header(top=None), "malformed header"),
    "a top of 0": (with_header(top=0), "malformed header"),
    "no provenance": (with_header(about=None), "malformed header"),
    "too small a label space": (
        with_header(label_space={"name": "icd10cm", "size": 3}),
        "lists 4 codes of a label space of 3",
    ),
    "lists that are too long": (with_header(top=3), "row 3: lists more codes than the 3 best"),
    "a repeated code": (
        with_codes([], [ONE, ("E11.9", "icd10cm", 0.4), ("I10", "icd10cm", 0.3)], []),
        "row 2: lists a code twice",
    ),
    "rising scores": (
        with_codes([ONE], [], [ONE, ("E11.9", "icd10cm", 0.75)]),
        "row 3: lists codes that are not in order",
    ),
    "ties out of order": (
        with_codes([ONE, ("E11.9", "icd10cm", 0.5)], [], []),
        "row 1: lists codes that are not in order",
    ),
    "a score of 0": (with_codes([], [("I10", "icd10cm", 0.0)], []), "row 2: has a score that is not"),
    "a score that is NaN": (
        with_codes([ONE], [("I10", "icd10cm", float("nan"))], []),
        "row 2: has a score that is not a finite number above 0",
    ),
    "an infinite score": (with_codes([("I10", "icd10cm", float("inf"))], [], []), "row 1: has a score"),
    "an unknown system": (with_codes([("I10", "icd11", 0.5)], [], []), "unknown system ('icd11'"),
    "a missing list": (with_codes(None, [ONE], []), "a missing note id, code or score"),
    "a missing code": (with_codes([(None, "icd10cm", 0.5)], [], []), "a missing note id, code or score"),
    "a missing system": (with_codes([("I10", None, 0.5)], [], []), "a missing note id, code or score"),
    "a missing score": (with_codes([("I10", "icd10cm", None)], [], []), "a missing note id, code or score"),
    "codes that are texts": (
        lambda table: table.set_column(1, "codes", pa.array(["I10"] * 3)).replace_schema_metadata(
            table.schema.metadata
        ),
        "has codes of type string, expected list<struct<code: string, system: string, score: float>>",
    ),
    "a repeated note": (
        lambda table: table.set_column(0, "note_id", pa.array(["a", "b", "a"])).replace_schema_metadata(
            table.schema.metadata
        ),
        "duplicate note id a",
    ),
    "ids that are numbers": (
        lambda table: table.set_column(0, "note_id", pa.array([1, 2, 3])).replace_schema_metadata(
            table.schema.metadata
        ),
        "note ids of type int64",
    ),
    "another column": (lambda table: table.append_column("x", table["note_id"]), "not a scores file"),
}


@pytest.mark.parametrize("name", BAD)
def test_malformed_file_is_refused(path: Path, name: str) -> None:
    change, message = BAD[name]
    pq.write_table(change(pq.read_table(path)), path)
    with pytest.raises(ScoresError) as caught:
        open_scores(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    assert caught.value.remedy


def test_flipped_bit_in_the_scores_is_detected(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((200, 4), dtype=np.float32)
    path = write(tmp_path / "scores.parquet", values, tuple(f"n{row}" for row in range(200)))
    pages = pq.read_metadata(path).row_group(0).column(3)
    data = bytearray(path.read_bytes())
    data[pages.data_page_offset + pages.total_compressed_size // 4] ^= 1
    path.write_bytes(data)
    with pytest.raises(ScoresError, match="not readable as parquet"):
        open_scores(path)


def test_exports_have_the_listed_codes(path: Path, tmp_path: Path) -> None:
    scores = RankedScores.read(path)
    assert export_scores(scores, tmp_path / "all.csv") == 7
    rows = pl.read_csv(tmp_path / "all.csv", infer_schema=False).rows()
    assert [row[:3] for row in rows[:3]] == [
        ("a", "E11.9", "icd10cm"),
        ("a", "I10", "icd10cm"),
        ("a", "J18.9", "icd10cm"),
    ]
    assert export_scores(scores, tmp_path / "top.parquet", top=1) == 2
    assert pl.read_parquet(tmp_path / "top.parquet")["code"].to_list() == ["E11.9", "E11.9"]
    assert export_scores(scores, tmp_path / "all.npz") == 12
    with np.load(tmp_path / "all.npz") as arrays:
        np.testing.assert_array_equal(arrays["scores"], scores.only(scores.labels).values)
        assert arrays["labels"].tolist() == ["E11.9", "I10", "I10", "J18.9"]


def test_restriction_keeps_the_labels_of_the_corpus_and_says_what_it_left_out(
    little_corpus: Corpus, tmp_path: Path
) -> None:
    ids = tuple(little_corpus.note_ids("test"))
    values = np.random.default_rng(0).random((len(ids), 4), dtype=np.float32)
    ranked = RankedScores.read(write(tmp_path / "scores.parquet", values, ids))
    only = corpus_labels(ranked, little_corpus)
    found = only.of(little_corpus, "test")
    column = little_corpus.codes.index(I10)
    np.testing.assert_array_equal(found[:, column], values[:, 3])
    assert not found[:, little_corpus.codes.index(Code("E87.6", CodeSystem.ICD10CM))].any()
    first, warning = only.warnings
    assert first == "Seen."
    assert "4 codes of icd10cm, and 1 codes that it listed and the corpus lacks" in warning


def test_known_labels_of_ranked_scores_are_refused(path: Path, little_corpus: Corpus) -> None:
    with pytest.raises(ScoresError, match="list the best of 4 codes"):
        known_labels(RankedScores.read(path), little_corpus, "test")


def test_too_large_a_matrix_is_refused_before_it_is_made(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clem_icd.scores.ranked._LARGEST", 47)
    with pytest.raises(ScoresError, match=r"3 notes with 4 labels need 0.0 GB .* `clem predict --top`"):
        RankedScores.read(path).only(LABELS)
