"""NumPy arrays, and label lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
import scipy.sparse

from clem_icd.corpus import Corpus
from clem_icd.errors import InputError, ScoresError

Values = npt.NDArray[np.float32]
IDS = np.array(["n1", "n2", "n3", "n4"])


def texts(corpus: Corpus) -> npt.NDArray[np.str_]:
    return np.array([code.value for code in corpus.codes])


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_arrays_are_read(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path, kind: type[np.floating[Any]]
) -> None:
    path = tmp_path / "theirs.npz"
    values = random_values.astype(kind)
    np.savez_compressed(path, scores=values, note_ids=IDS, labels=texts(corpus))
    found = bring(path)
    np.testing.assert_array_equal(found.values, values.astype(np.float32))
    assert found.findings.labels_unknown == 0
    assert found.scores.warnings == ()


def test_integer_admissions_and_a_separate_label_list_are_accepted(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    order = np.random.default_rng(0).permutation(len(corpus.codes))
    np.savez(tmp_path / "a.npz", scores=random_values[:, order], note_ids=np.array([101, 102, 103, 104]))
    listed = tmp_path / "labels.txt"
    listed.write_text("\n".join(texts(corpus)[order]) + "\n", encoding="utf-8")
    np.testing.assert_array_equal(bring(tmp_path / "a.npz", labels=listed).values, random_values)
    table = tmp_path / "labels.csv"
    systems = [corpus.codes[column].system.value for column in order]
    plain = [code.replace(".", "") for code in texts(corpus)[order]]
    pl.DataFrame({"code": plain, "system": systems}).write_csv(table)
    np.testing.assert_array_equal(bring(tmp_path / "a.npz", labels=table).values, random_values)


def test_targets_are_compared_with_the_corpus(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.npz"
    arrays: dict[str, Any] = {"scores": random_values, "note_ids": IDS, "labels": texts(corpus)}
    targets = corpus.targets("test")
    np.savez(path, **arrays, targets=targets)
    assert bring(path).findings.gold_different == 0
    targets[3, 0] = True
    np.savez(path, **arrays, targets=targets.astype(np.int8))
    assert bring(path).findings.gold_different == 1


def malformed(corpus: Corpus, values: Values, name: str) -> dict[str, Any]:
    arrays: dict[str, Any] = {"scores": values, "note_ids": IDS, "labels": texts(corpus)}
    changes: dict[str, dict[str, Any]] = {
        "no scores": {"scores": None},
        "no ids": {"note_ids": None},
        "no labels": {"labels": None},
        "transposed": {"scores": values.T},
        "texts": {"scores": values.astype(np.str_)},
        "codes are numbers": {"labels": np.arange(len(corpus.codes))},
        "objects": {"labels": texts(corpus).astype(object)},
        "a repeated label": {"labels": np.repeat(texts(corpus)[:1], len(corpus.codes))},
        "a repeated note": {"note_ids": np.array(["n1", "n2", "n3", "n3"])},
        "a system too few": {"systems": np.array(["icd9cm"])},
        "NaN": {"scores": np.where(np.arange(4)[:, None] == 2, np.nan, values)},
    }
    return {key: value for key, value in {**arrays, **changes[name]}.items() if value is not None}


BAD = {
    "no scores": "no array 'scores'; its arrays: labels, note_ids",
    "no ids": "no array 'note_ids'",
    "no labels": "no array 'labels'",
    "transposed": r"shape \[6, 4\] and type float32, expected numbers of shape \[4, 6\]",
    "texts": "expected numbers",
    "codes are numbers": "0066 becomes 66",
    "objects": "Python objects",
    "a repeated label": "duplicate value in 'labels'",
    "a repeated note": "duplicate value in 'note_ids'",
    "a system too few": "1 systems for 6 labels",
    "NaN": "row 3: has a score that is not a finite number",
}


@pytest.mark.parametrize("name", BAD)
def test_malformed_arrays_are_refused(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "theirs.npz"
    np.savez(path, **malformed(corpus, random_values, name))
    with pytest.raises(InputError, match=BAD[name]) as caught:
        bring(path)
    assert caught.value.path == path


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
def test_sparse_matrix_of_scipy_is_refused_with_the_remedy(
    bring: Any, random_values: Values, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "theirs.npz"
    scipy.sparse.save_npz(path, scipy.sparse.coo_array(random_values).asformat(kind))
    with pytest.raises(ScoresError, match=r"sparse matrix of SciPy, without ids and labels\..*toarray"):
        bring(path)


def test_pairs_of_predict_proba_are_refused_with_the_remedy(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.npz"
    pairs = np.stack([1 - random_values.T, random_values.T], axis=2)
    np.savez(path, scores=pairs, note_ids=IDS, labels=texts(corpus))
    with pytest.raises(ScoresError, match=r"predict_proba.*np\.array\(p\)\[:, :, 1\]\.T"):
        bring(path)
    np.savez(path, scores=np.array(pairs)[:, :, 1].T, note_ids=IDS, labels=texts(corpus))
    np.testing.assert_array_equal(bring(path).values, random_values)


def test_texts_as_bytes_are_refused_with_the_remedy(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.npz"
    np.savez(path, scores=random_values, note_ids=IDS, labels=texts(corpus).astype("S"))
    with pytest.raises(ScoresError, match=r"'labels' of type |S6.*with ids and labels as text"):
        bring(path)


def test_other_files_and_repeated_label_lists_are_refused(
    bring: Any, corpus: Corpus, random_values: Values, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.npz"
    path.write_bytes(b"PK not a zip")
    with pytest.raises(ScoresError, match="not an npz file of plain arrays"):
        bring(path)
    with path.open("wb") as stream:
        np.save(stream, random_values)
    with pytest.raises(ScoresError, match="not an npz file of plain arrays"):
        bring(path)
    with pytest.raises(ScoresError, match="no such file"):
        bring(tmp_path / "absent.npz")
    (tmp_path / "labels.txt").write_text("486\n")
    np.savez(path, scores=random_values, note_ids=IDS, labels=texts(corpus))
    with pytest.raises(ScoresError, match="Give the labels either in the file or with --labels"):
        bring(path, labels=tmp_path / "labels.txt")


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "lists no labels"), ("486\n\n", "row 2: has no label"), ("486\n486\n", "row 2: duplicate label")],
)
def test_malformed_label_list_is_refused(bring: Any, tmp_path: Path, text: str, message: str) -> None:
    listed = tmp_path / "labels.txt"
    listed.write_text(text)
    np.savez(tmp_path / "a.npz", scores=np.zeros((4, 1)), note_ids=IDS)
    with pytest.raises(ScoresError, match=message) as caught:
        bring(tmp_path / "a.npz", labels=listed)
    assert caught.value.path == listed
