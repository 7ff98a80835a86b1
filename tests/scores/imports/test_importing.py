"""Checks, counts and warnings of an import, whatever the format."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clem_icd.corpus import Corpus
from clem_icd.errors import CorpusError, InputError, OutputError, ScoresError
from clem_icd.files import sha256_of
from clem_icd.scores import Scores, export_scores
from clem_icd.scores.imports import FileOptions, import_scores
from clem_icd.scores.imports.aligning import probability
from clem_icd.scores.imports.formats import read_external

Values = npt.NDArray[np.float32]


def save(path: Path, corpus: Corpus, values: Values, columns: slice = slice(None), notes: int = 4) -> Path:
    """Write arrays for some labels and notes."""
    labels = np.array([code.value for code in corpus.codes[columns]])
    ids = np.array(["n1", "n2", "n3", "n4"])[:notes]
    np.savez(path, scores=values[:notes, columns], note_ids=ids, labels=labels)
    return path


def lists(path: Path, **codes: Any) -> Path:
    path.write_text(json.dumps(codes), encoding="utf-8")
    return path


def test_about_records_the_provenance_of_the_scores(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    path = save(tmp_path / "their.model.npz", corpus, random_values)
    about = bring(path).scores.about
    assert about["system"] == "their"
    assert (about["corpus"], about["corpus_fingerprint"]) == ("icd9", corpus.fingerprint)
    assert (about["split"], about["synthetic"], about["warnings"]) == ("test", True, [])
    assert about["imported"]["file"] == "their.model.npz"
    assert about["imported"]["sha256"] == sha256_of(path)
    assert bring(path, system="Theirs").scores.about["system"] == "Theirs"


def test_missing_note_is_refused_unless_it_may_score_0(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    path = save(tmp_path / "theirs.npz", corpus, random_values, notes=3)
    with pytest.raises(
        ScoresError, match=r"lacks 1 of the 4 notes of the split test \(first: n4\)"
    ) as caught:
        bring(path)
    assert "--missing zero" in str(caught.value)
    found = bring(path, missing="zero")
    np.testing.assert_array_equal(found.values[:3], random_values[:3])
    assert not found.values[3].any()
    assert found.findings.notes_without_scores == 1
    assert found.scores.warnings == ("1 note of the split is missing from the file and scores 0",)


def test_unknown_note_is_refused_unless_it_may_be_dropped(bring: Any, tmp_path: Path) -> None:
    path = lists(tmp_path / "theirs.json", n1=["486"], n2=[], n3=[], n4=[], v1=["486"], x=["486"])
    with pytest.raises(
        ScoresError, match=r"2 of its 6 notes \(such as 'v1'\) .* by note_id; 1 are in validation"
    ):
        bring(path)
    found = bring(path, unknown="drop")
    assert found.above_zero == {("n1", "486")}
    assert found.findings.notes_dropped == 2


def test_error_names_the_split_that_has_the_admissions(bring: Any, corpus: Corpus, tmp_path: Path) -> None:
    path = lists(tmp_path / "theirs.json", **{"1": ["486"]})
    with pytest.raises(ScoresError, match="not in the split test by admission_id; 1 are in train"):
        bring(path)
    with pytest.raises(ScoresError, match="not in the split test by note_id"):
        bring(path, by="note_id")


def test_unknown_code_is_refused_unless_it_may_be_dropped(bring: Any, tmp_path: Path) -> None:
    path = lists(tmp_path / "theirs.json", n1=["486", "V10.1"], n2=["428.0"], n3=[], n4=[])
    with pytest.raises(ScoresError, match=r"2 of its codes \(such as 'V10.1', '428.0'\) are not labels"):
        bring(path)
    found = bring(path, unknown="drop")
    assert found.above_zero == {("n1", "486")}
    assert found.findings.codes_dropped == 2
    assert "2 codes in the file are not labels of the corpus and were dropped" in found.scores.warnings


def test_file_without_any_match_is_refused_even_if_unknowns_may_be_dropped(
    bring: Any, tmp_path: Path
) -> None:
    path = lists(tmp_path / "notes.json", x=["486"])
    with pytest.raises(ScoresError, match="1 of its 1 notes"):
        bring(path, unknown="drop", missing="zero")
    path = lists(tmp_path / "codes.json", n1=["E11.9"], n2=["I10"])
    with pytest.raises(ScoresError, match="2 of its codes"):
        bring(path, unknown="drop", missing="zero")
    path = lists(tmp_path / "empty.json", n1=[], n2=[], n3=[], n4=[])
    assert not bring(path).values.any()


def test_labels_that_the_system_cannot_assign_are_counted(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    found = bring(save(tmp_path / "theirs.npz", corpus, random_values, slice(2, None)))
    assert found.findings.labels_unknown == 2
    assert not found.values[:, :2].any()
    np.testing.assert_array_equal(found.values[:, 2:], random_values[:, 2:])
    # Lists show which codes were assigned; only a label list shows which could have been.
    path = lists(tmp_path / "theirs.json", n1=["486"], n2=[], n3=[], n4=[])
    found = bring(path)
    assert (found.findings.labels_unknown, found.findings.labels_without_scores) == (None, 5)
    (tmp_path / "labels.txt").write_text("486\n37.23\n999.9\n")
    found = bring(path, labels=tmp_path / "labels.txt")
    assert found.findings.labels_unknown == 4


def test_admissions_with_several_notes_are_refused(bring: Any, corpus: Corpus, tmp_path: Path) -> None:
    path = lists(tmp_path / "theirs.json", **{"201": ["486"]})
    with pytest.raises(ScoresError, match="1 of its admissions have several notes in the split validation"):
        import_scores(path, corpus, "validation", tmp_path / "scores.parquet")
    with pytest.raises(CorpusError, match="no split 'dev'"):
        import_scores(path, corpus, "dev", tmp_path / "scores.parquet")


def test_logits_become_probabilities_on_request(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    logits = ((random_values - np.float32(0.5)) * 20).astype(np.float32)
    path = save(tmp_path / "theirs.npz", corpus, logits)
    found = bring(path)
    np.testing.assert_array_equal(found.values, logits)
    assert [line for line in found.scores.warnings if "not probabilities" in line]
    found = bring(path, logits=True)
    np.testing.assert_allclose(found.values, 1 / (1 + np.exp(-logits.astype(np.float64))), rtol=1e-6)
    assert found.scores.warnings == ()


def test_probabilities_are_refused_as_logits(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    with pytest.raises(ScoresError, match="which are not logits"):
        bring(save(tmp_path / "theirs.npz", corpus, random_values), logits=True)


def test_gaps_that_would_rank_above_negative_scores_are_refused(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    negative = -1 - random_values
    with pytest.raises(ScoresError, match="would score 0 and rank higher"):
        bring(save(tmp_path / "theirs.npz", corpus, negative, slice(1, None)))
    with pytest.raises(ScoresError, match="would score 0 and rank higher"):
        bring(save(tmp_path / "theirs.npz", corpus, negative, notes=3), missing="zero")
    path = lists(tmp_path / "theirs.json", n1={"486": -2.0}, n2={}, n3={}, n4={})
    with pytest.raises(ScoresError, match="would score 0 and rank higher"):
        bring(path)
    found = bring(path, logits=True)
    assert found["n1", "486"] == pytest.approx(1 / (1 + np.exp(2)))
    assert found.above_zero == {("n1", "486")}


def test_unknown_format_and_unusable_output_are_refused(bring: Any, corpus: Corpus, tmp_path: Path) -> None:
    path = lists(tmp_path / "theirs.json", n1=["486"])
    with pytest.raises(ScoresError, match="unknown format 'jsn'"):
        bring(path, format="jsn")
    with pytest.raises(ScoresError, match="does not identify"):
        bring(path.rename(tmp_path / "theirs.pkl"))
    with pytest.raises(OutputError, match="--force"):
        import_scores(tmp_path / "theirs.pkl", corpus, "test", tmp_path / "theirs.pkl")
    with pytest.raises(OutputError, match="is the file to be read"):
        import_scores(tmp_path / "theirs.pkl", corpus, "test", tmp_path / "theirs.pkl", force=True)


@pytest.mark.parametrize("name", ["p.feather", "p.parquet", "p.npz", "p.json", "p.csv.gz"])
@pytest.mark.parametrize("seed", range(12))
def test_damaged_file_is_read_or_refused_with_an_input_error(tmp_path: Path, name: str, seed: int) -> None:
    path = tmp_path / name
    notes, codes = [f"n{row}" for row in range(40)], ["486", "250.00"] * 20
    table = pl.DataFrame({"note_id": notes, "code": codes, "score": np.linspace(0, 1, 40)})
    match path.suffixes[-1]:
        case ".feather":
            table.write_ipc(path, compression="lz4")
        case ".parquet":
            table.write_parquet(path)
        case ".npz":
            np.savez_compressed(path, scores=np.eye(40), note_ids=notes, labels=notes)
        case ".json":
            path.write_text(json.dumps({note: [code] for note, code in zip(notes, codes, strict=True)}))
        case _:
            path.write_bytes(gzip.compress(table.write_csv().encode()))
    data = bytearray(path.read_bytes())
    random_ = random.Random(seed)
    for _ in range(3):
        data[random_.randrange(len(data))] = random_.randrange(256)
    path.write_bytes(data[: random_.randrange(len(data))] if seed % 2 else data)
    with contextlib.suppress(InputError):
        found = read_external(path, FileOptions())[1].notes
        assert len(set(found)) == len(found)


def test_sigmoid_is_exact_for_extreme_logits() -> None:
    ends = np.array([-1e30, -100, 0, 100, 1e30], np.float32)
    found = probability(ends)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [0, 3.7835e-44, 0.5, 1, 1], rtol=0.02)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=arrays(np.float32, (4, 6), elements=st.floats(allow_nan=False, allow_infinity=False, width=32)),
    ending=st.sampled_from([".csv", ".parquet", ".npz"]),
)
def test_export_and_import_round_trip(corpus: Corpus, tmp_path: Path, values: Values, ending: str) -> None:
    scores = Scores(("n1", "n2", "n3", "n4"), corpus.codes, values)
    exported = tmp_path / f"scores{ending}"
    assert export_scores(scores, exported, force=True) == 24
    import_scores(exported, corpus, "test", tmp_path / "again.parquet", force=True)
    np.testing.assert_array_equal(Scores.read(tmp_path / "again.parquet").values, values)
