from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import SourceError
from clem_icd.sources import PublishedCorpus, prepare_mdace, prepare_mimic3, prepare_mimic4
from sources.golden.tree import Tree, write_tree


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return write_tree(tmp_path_factory.mktemp("tree"), "edin2023")


@pytest.fixture(scope="module")
def with_mdace(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return write_tree(tmp_path_factory.mktemp("with-mdace"), "edin2024")


def inputs_of(corpus: Corpus) -> list[str]:
    return [Path(one["path"]).name for one in corpus.about["inputs"]]


@pytest.mark.parametrize("source", ["mimic3-clean", "mimic4-icd10"])
def test_a_corpus_by_name_is_that_of_its_source(tree: Tree, tmp_path: Path, source: str) -> None:
    named = PublishedCorpus(source, compat="edin2023")
    made = named.prepare(tree.raw, tmp_path / "named", splits=tree.splits)
    direct = (
        prepare_mimic3(tree.raw, tmp_path / "direct", subset="clean", compat="edin2023", splits=tree.splits)
        if source == "mimic3-clean"
        else prepare_mimic4(tree.raw, tmp_path / "direct", version=10, compat="edin2023", splits=tree.splits)
    )
    assert made.fingerprint == direct.fingerprint
    files = (*named.raw_files(tree.raw), *named.split_files(tree.raw, splits=tree.splits))
    assert sorted(path.name for path in files) == sorted(inputs_of(made))


def test_mdace_by_name_is_that_of_its_source(with_mdace: Tree, tmp_path: Path) -> None:
    named = PublishedCorpus("mdace-inpatient-icd9", per="discharge-summary")
    places: dict[str, Any] = {"mdace": with_mdace.mdace, "splits": with_mdace.splits}
    made = named.prepare(with_mdace.raw, tmp_path / "named", **places)
    direct = prepare_mdace(
        with_mdace.raw, tmp_path / "direct", dataset="inpatient-icd9", per="discharge-summary", **places
    )
    assert made.fingerprint == direct.fingerprint
    files = named.raw_files(with_mdace.raw, mdace=with_mdace.mdace)
    assert [path.name for path in (*files, *named.split_files(with_mdace.raw, **places))] == inputs_of(made)


@pytest.mark.parametrize("source", ["mimic3-full", "mimic4-icd9", "mdace-inpatient-icd9-code"])
def test_the_file_of_notes_comes_first(with_mdace: Tree, source: str) -> None:
    notes, *_ = PublishedCorpus(source).raw_files(with_mdace.raw, mdace=with_mdace.mdace)
    assert notes.name.lower().startswith("discharge" if source == "mimic4-icd9" else "noteevents")


def test_a_synthetic_tree_has_its_own_split(hospital_tree: Path) -> None:
    assert PublishedCorpus("mimic3-full").split_files(hospital_tree) == ()
    names = [path.name for path in PublishedCorpus("mdace-inpatient-icd9").split_files(hospital_tree)]
    assert names == [f"MDace-ev-{split}.csv" for split in ("train", "val", "test")]


def test_missing_raw_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no such folder"):
        PublishedCorpus("mimic3-full").raw_files(tmp_path / "raw")


def test_a_source_that_is_not_published_is_refused() -> None:
    with pytest.raises(ValueError, match="no published source 'codiesp'"):
        PublishedCorpus("codiesp")


def test_counts_are_those_of_the_pipeline_and_the_unit() -> None:
    caml = PublishedCorpus("mimic3-full", compat="caml").counts()
    assert caml is not None
    assert (caml.notes["train"], caml.labels, caml.words_per_note) == (47_723, 8_921, None)
    assert caml.origins["labels"].startswith("label list of PLM-ICD")
    summaries = PublishedCorpus("mdace-inpatient-icd9", per="discharge-summary").counts()
    assert summaries is not None
    assert summaries.notes == {"train": 185, "validation": 61, "test": 62}
    assert PublishedCorpus("mimic3-clean", compat="caml").counts() is None
