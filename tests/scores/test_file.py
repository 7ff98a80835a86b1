"""Scores on disk: round trips, and refusal of damaged files."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clem_icd.corpus import Corpus
from clem_icd.errors import CorpusError, ModelError, OutputError, ScoresError
from clem_icd.icd import Code, CodeSystem
from clem_icd.scores import Scores, require_same_labels, write_scores

LABELS = tuple(Code(value, CodeSystem.ICD10CM) for value in ("E11.9", "I10", "J18.9"))
VALUES = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9], [0.0, 1.0, 0.5]], dtype=np.float32)
IDS = ("a", "0066", "c", "n\u00e3o \U0001f642")
ABOUT = {"system": "neural", "split": "test"}


def write(
    path: Path,
    ids: tuple[str, ...] = IDS,
    values: npt.NDArray[np.float32] = VALUES,
    labels: tuple[Code, ...] = LABELS,
) -> Path:
    write_scores(path, labels, zip(ids, values, strict=True), ABOUT)
    return path


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    return write(tmp_path / "scores.parquet")


def test_scores_round_trip(scores: Path) -> None:
    read = Scores.read(scores)
    assert (read.note_ids, read.labels, read.about) == (IDS, LABELS, ABOUT)
    assert read.values.dtype == np.float32
    np.testing.assert_array_equal(read.values, VALUES)


def test_file_is_plain_parquet(scores: Path) -> None:
    rows = pq.read_table(scores).to_pylist()
    assert [row["note_id"] for row in rows] == list(IDS)
    np.testing.assert_array_equal([row["scores"] for row in rows], VALUES)


def test_many_row_groups_are_read_as_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clem_icd.scores.file._GROUP_VALUES", 6)
    path = write(tmp_path / "scores.parquet")
    assert pq.read_metadata(path).num_row_groups == 2
    np.testing.assert_array_equal(Scores.read(path).values, VALUES)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=3, max_size=3),
        max_size=6,
    )
)
def test_any_finite_scores_round_trip(tmp_path: Path, rows: dict[str, list[float]]) -> None:
    path = tmp_path / "scores.parquet"
    arrays = [np.array(values, dtype=np.float32) for values in rows.values()]
    write_scores(path, LABELS, zip(rows, arrays, strict=True), {}, force=True)
    read = Scores.read(path)
    assert read.note_ids == tuple(rows)
    np.testing.assert_array_equal(read.values, np.array(list(rows.values()), np.float32).reshape(-1, 3))


def test_existing_file_is_kept_without_force(scores: Path) -> None:
    before = scores.read_bytes()
    with pytest.raises(OutputError, match="--force"):
        write(scores)
    assert scores.read_bytes() == before


def test_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def rows() -> Any:
        yield "a", VALUES[0]
        raise ModelError("no")

    with pytest.raises(ModelError):
        write_scores(tmp_path / "scores.parquet", LABELS, rows(), {})
    assert list(tmp_path.iterdir()) == []


def test_scores_follow_the_order_of_the_split(little_corpus: Corpus) -> None:
    ids = little_corpus.note_ids("test")
    values = np.random.default_rng(0).random((len(ids), len(little_corpus.codes)), dtype=np.float32)
    order = random.Random(0).sample(range(len(ids)), len(ids))
    shuffled = Scores(tuple(ids[row] for row in order), little_corpus.codes, values[order])
    np.testing.assert_array_equal(shuffled.of(little_corpus, "test"), values)


def scores_of(corpus: Corpus, ids: list[str], labels: tuple[Code, ...] | None = None) -> Scores:
    labels = corpus.codes if labels is None else labels
    return Scores(tuple(ids), labels, np.zeros((len(ids), len(labels)), dtype=np.float32))


def test_missing_and_unknown_notes_are_counted(little_corpus: Corpus) -> None:
    first, second, *others = little_corpus.note_ids("test")
    with pytest.raises(
        ScoresError, match=rf"2 of its 24 notes have no scores \(first: {first}\), and 1 scored"
    ):
        scores_of(little_corpus, [*others, "stranger"]).of(little_corpus, "test")
    with pytest.raises(
        ScoresError, match="0 of its 24 notes have no scores, and 1 scored notes are not in it"
    ):
        scores_of(little_corpus, [first, second, *others, "stranger"]).of(little_corpus, "test")


def test_scores_of_another_split_are_refused(little_corpus: Corpus) -> None:
    scores = scores_of(little_corpus, little_corpus.note_ids("test"))
    with pytest.raises(ScoresError, match="Predict the split again"):
        scores.of(little_corpus, "validation")
    with pytest.raises(CorpusError, match="dev"):
        scores.of(little_corpus, "dev")


def test_scores_without_notes_do_not_match_a_split(tmp_path: Path, little_corpus: Corpus) -> None:
    path = write(tmp_path / "scores.parquet", (), VALUES[:0])
    assert Scores.read(path).values.shape == (0, 3)
    with pytest.raises(ScoresError, match="24 of its 24 notes have no scores"):
        scores_of(little_corpus, []).of(little_corpus, "test")


def test_different_label_spaces_are_refused(little_corpus: Corpus) -> None:
    ids = little_corpus.note_ids("test")
    with pytest.raises(ScoresError, match="1 only in the corpus little"):
        scores_of(little_corpus, ids, little_corpus.codes[1:]).of(little_corpus, "test")
    with pytest.raises(ScoresError, match="another order"):
        scores_of(little_corpus, ids, little_corpus.codes[::-1]).of(little_corpus, "test")


def test_same_code_in_another_system_is_a_different_label() -> None:
    other = tuple(Code(code.value, CodeSystem.ICD9CM) for code in LABELS)
    require_same_labels(LABELS, list(LABELS), "one", "other")
    with pytest.raises(ScoresError, match="3 labels are only in one, 3 only in other"):
        require_same_labels(LABELS, other, "one", "other")


def with_header(table: Any, **changes: Any) -> Any:
    old = json.loads(table.schema.metadata[b"clem_icd"])
    new = {key: value for key, value in {**old, **changes}.items() if value is not None}
    return table.replace_schema_metadata({b"clem_icd": json.dumps(new)})


def with_column(table: Any, name: str, values: Any) -> Any:
    position = table.column_names.index(name)
    return table.set_column(position, name, values).replace_schema_metadata(table.schema.metadata)


def fixed(values: Any, kind: Any = None) -> Any:
    return pa.array(values, pa.list_(kind or pa.float32(), 3))


NAN, INFINITE = [[0.1, float("nan"), 0.3], [float("inf"), 0.2, 0.3]]
OTHERS = VALUES[1:].tolist()
CODES = [{"code": code.value, "system": code.system.value} for code in LABELS]

BAD: dict[str, tuple[Callable[[Any], Any], str]] = {
    "no header": (lambda table: table.replace_schema_metadata({}), "not a scores file"),
    "header is not json": (
        lambda table: table.replace_schema_metadata({b"clem_icd": b"{"}),
        "not valid JSON",
    ),
    "header is a list": (lambda table: table.replace_schema_metadata({b"clem_icd": b"[]"}), "malformed"),
    "another version": (
        lambda table: with_header(table, format_version=2),
        "version 2, expected 'clem-icd/scores' version 1",
    ),
    "another format": (lambda table: with_header(table, format="x"), "format 'x'"),
    "no labels": (lambda table: with_header(table, labels=None), "malformed header"),
    "no provenance": (lambda table: with_header(table, about=None), "malformed header"),
    "labels are texts": (lambda table: with_header(table, labels=["I10"] * 3), "malformed header"),
    "a code is a number": (
        lambda table: with_header(table, labels=[{"code": 66, "system": "icd9pcs"}, *CODES[1:]]),
        "malformed header",
    ),
    "an unknown system": (
        lambda table: with_header(table, labels=[{"code": "I10", "system": "icd11"}, *CODES[1:]]),
        "malformed header",
    ),
    "too few labels": (lambda table: with_header(table, labels=CODES[:2]), "3 scores per note for 2 labels"),
    "another column": (lambda table: table.append_column("x", table["note_id"]), "not a scores file"),
    "ids are numbers": (lambda table: with_column(table, "note_id", pa.array([1, 2, 3, 4])), "int64"),
    "an id is missing": (
        lambda table: with_column(table, "note_id", pa.array([None, *IDS[1:]])),
        "a missing note id or score",
    ),
    "a repeated note": (
        lambda table: with_column(table, "note_id", pa.array(["a", *IDS[:3]])),
        "duplicate note id a",
    ),
    "scores are not lists": (lambda table: with_column(table, "scores", pa.array([0.1] * 4)), "type double"),
    "scores are lists of any length": (
        lambda table: with_column(table, "scores", pa.array(VALUES.tolist(), pa.list_(pa.float32()))),
        "fixed_size_list",
    ),
    "scores are texts": (
        lambda table: with_column(table, "scores", fixed([["a"] * 3] * 4, pa.string())),
        "string",
    ),
    "a row is null": (
        lambda table: with_column(table, "scores", fixed([None, *OTHERS])),
        "a missing note id or score",
    ),
    "a score is null": (
        lambda table: with_column(table, "scores", fixed([[0.1, None, 0.3], *OTHERS])),
        "row 1: has a score that is not a finite number",
    ),
    "a score is NaN": (
        lambda table: with_column(table, "scores", fixed([*OTHERS, NAN])),
        "row 4: has a score that is not a finite number",
    ),
    "a score is infinite": (
        lambda table: with_column(table, "scores", fixed([INFINITE, *OTHERS])),
        "row 1: has a score that is not a finite number",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_malformed_file_is_refused(scores: Path, name: str) -> None:
    change, message = BAD[name]
    pq.write_table(change(pq.read_table(scores)), scores)
    with pytest.raises(ScoresError) as caught:
        Scores.read(scores)
    assert str(scores) in str(caught.value)
    assert message in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.9999])
def test_truncated_file_is_refused(scores: Path, kept: float) -> None:
    data = scores.read_bytes()
    scores.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(ScoresError, match="not readable as parquet"):
        Scores.read(scores)


def test_flipped_bit_in_the_scores_is_detected(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((200, 3), dtype=np.float32)
    path = write(tmp_path / "scores.parquet", tuple(f"n{row}" for row in range(200)), values)
    pages = pq.read_metadata(path).row_group(0).column(1)
    begin = pages.dictionary_page_offset or pages.data_page_offset
    data = bytearray(path.read_bytes())
    data[begin + pages.total_compressed_size // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ScoresError, match="not readable as parquet"):
        Scores.read(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.csv").write_text("note_id,code,score\n")
    with pytest.raises(ScoresError, match="not readable as parquet"):
        Scores.read(tmp_path / "text.csv")
    for path in (tmp_path, tmp_path / "absent.parquet"):
        with pytest.raises(ScoresError, match="no such file"):
            Scores.read(path)
