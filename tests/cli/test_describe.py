"""clem describe: sizes, notices, and a corpus next to its published counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import corpus_writer
from clem_icd.icd import default_codebook
from support import make_note

Clem = Callable[..., Any]


def write_corpus(path: Path, source: str = "mimic3-50", **about: Any) -> Path:
    options = {"compat": "edin2024", "splits": ["mimiciii_50_splits.feather"]}
    with corpus_writer(
        path,
        name=source,
        source=source,
        options=options,
        inputs=[],
        codebook=default_codebook(),
        absent={"test": {"count": 3, "admissions": ["100001", "100002", "100003"]}},
        **about,
    ) as writer:
        for number, split in enumerate(("train", "validation", "test")):
            writer.write(split, [make_note(10 * number + one) for one in range(8)])
    return path


def test_counts_are_shown_next_to_the_published_ones(tmp_path: Path, clem: Clem) -> None:
    shown = clem("describe", write_corpus(tmp_path / "corpus")).out

    [row] = [line for line in shown.splitlines() if line.strip().startswith("notes in train")]
    assert row.split()[3:6] == ["8", "8,066", "-8,058"]
    [row] = [line for line in shown.splitlines() if line.strip().startswith("median words per note")]
    assert "not comparable" in row
    assert (
        "Warning: test has 1,721 fewer notes than published: "
        "3 admissions in the split file have no note here (100001, 100002, …)\n" in shown
    )
    assert "Warning: labels: 6, 44 fewer than the published 50\n" in shown


def test_json_holds_the_comparison_with_published_counts(tmp_path: Path, clem: Clem) -> None:
    published = clem("describe", write_corpus(tmp_path / "corpus"), "--json").json["published"]

    assert published["remark"] is None
    assert "labels: 6, 44 fewer than the published 50" in published["warnings"]
    assert published["counts"][0] == {
        "what": "notes",
        "split": "train",
        "here": 8,
        "published": 8_066,
        "origin": "split file, counted",
        "comparable": True,
    }


def test_synthetic_notes_are_not_compared_unless_asked(tmp_path: Path, clem: Clem) -> None:
    corpus = write_corpus(tmp_path / "corpus", synthetic=True)
    shown = clem("describe", corpus).out
    assert "8,066" not in shown
    [line] = [line for line in shown.splitlines() if "published" in line]
    assert line.startswith("Not shown: ")
    assert line.endswith("published counts, since the notes are synthetic (--published)")
    assert clem("describe", corpus, "--json").json["published"] is None

    compared = clem("describe", corpus, "--published").out
    assert "8,066" in compared
    assert "Note: The notes are synthetic, so" in compared
    assert "Warning:" not in compared


def test_notices_and_percentiles_are_shown_on_request(tmp_path: Path, clem: Clem) -> None:
    corpus = write_corpus(tmp_path / "corpus", notices=["2 notes have no text and were left out"])
    shown = clem("describe", corpus).out
    assert "Not shown: notices: 1 (--notices), percentiles (--percentiles)\n" in shown
    assert "2 notes have no text" not in shown
    assert "p95" not in shown

    whole = clem("describe", corpus, "--notices", "--percentiles").out
    assert "Notice: 2 notes have no text and were left out\n" in whole
    assert "Not shown" not in whole
    assert "p95" in whole
    assert "8,192 tokens" in whole


@pytest.mark.parametrize("source", ["table", "codiesp"])
def test_a_source_without_published_counts_is_shown_alone(tmp_path: Path, clem: Clem, source: str) -> None:
    corpus = write_corpus(tmp_path / "corpus", source)

    assert "published" not in clem("describe", corpus).out
    assert clem("describe", corpus, "--json").json["published"] is None
