"""Corpora that are there: taken, or refused if they are others."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clem_icd.errors import CorpusError, OutputError
from clem_icd.progress import Silent
from clem_icd.reproducing import Request
from clem_icd.reproducing.corpora import prepared_corpus
from sources.golden.tree import Tree, write_tree
from training.conftest import Listener

Ask = Callable[..., Request]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return write_tree(tmp_path / "tree", "edin2024")


@pytest.fixture
def request_(ask: Ask, tree: Tree) -> Request:
    return ask("mdace", raw=tree.raw, splits=tree.splits, mdace=tree.mdace)


def prepared(
    request: Request, name: str = "mdace-inpatient-icd9-code", observer: Silent | None = None
) -> str:
    return prepared_corpus(name, request, request.out / name, observer or Silent()).fingerprint


def test_a_corpus_is_made_once(request_: Request) -> None:
    first = prepared(request_)
    listener = Listener()
    assert prepared(request_, observer=listener) == first
    assert any(line.endswith("is already prepared") for line in listener.lines)


def test_other_places_of_the_same_files_are_accepted(request_: Request, tree: Tree, tmp_path: Path) -> None:
    first = prepared(request_)
    moved = shutil.copytree(tree.raw, tmp_path / "moved")
    assert prepared(replace(request_, raw=moved)) == first


def test_published_counts_are_compared(request_: Request) -> None:
    listener = Listener()
    prepared(request_, observer=listener)
    assert any("fewer notes than published" in line for line in listener.lines)
    assert any("clem describe" in line for line in listener.lines)


def test_a_corpus_from_other_notes_is_refused(request_: Request, tree: Tree) -> None:
    prepared(request_)
    [notes] = tree.raw.rglob("NOTEEVENTS*")
    if notes.suffix == ".gz":
        notes.write_bytes(gzip.compress(gzip.decompress(notes.read_bytes()) + b"\n"))
    else:
        notes.write_bytes(notes.read_bytes() + b"\n")
    with pytest.raises(CorpusError) as caught:
        prepared(request_)
    assert notes.name in str(caught.value)
    assert "choose another --out" in str(caught.value)


def test_a_corpus_of_another_split_is_refused(request_: Request, tree: Tree, tmp_path: Path) -> None:
    prepared(request_)
    other = shutil.copytree(tree.splits, tmp_path / "splits")
    changed = other / "mdace/inpatient/MDace-code-ev-train.csv"
    changed.write_text(changed.read_text() + "1\n")
    with pytest.raises(CorpusError, match=r"MDace-code-ev-train.csv"):
        prepared(replace(request_, splits=other))


def test_a_corpus_with_more_files_than_are_named_is_refused(request_: Request, tree: Tree) -> None:
    prepared(request_, "mdace-summaries")
    for gone in ("mimiciv", "mimic-iv-note"):
        shutil.rmtree(tree.raw / "physionet.org/files" / gone)
    with pytest.raises(CorpusError, match="some of its files are not named now"):
        prepared(request_, "mdace-summaries")


def test_something_else_in_its_place_is_refused(request_: Request) -> None:
    (request_.out / "mdace-summaries").mkdir(parents=True)
    with pytest.raises(OutputError, match="not a corpus"):
        prepared(request_, "mdace-summaries")


def test_a_corpus_of_another_source_is_refused(request_: Request) -> None:
    prepared(request_, "mdace-summaries")
    (request_.out / "mdace-summaries").rename(request_.out / "mdace-inpatient-icd9-code")
    with pytest.raises(CorpusError, match="expected mdace-inpatient-icd9-code edin2024 note"):
        prepared(request_)
