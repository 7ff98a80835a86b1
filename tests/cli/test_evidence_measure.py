"""``clem evidence measure``: the evidence of a model, method by method."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from clem_icd.corpus import Corpus, Note, corpus_writer
from clem_icd.icd import default_codebook
from clem_icd.modeling import save_model
from support import info_of, make_note, new_system


def test_a_row_per_method_and_a_document_with_definitions(
    clem: Callable[..., Any], little_corpus: Corpus, untrained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "methods.json"
    done = clem(
        *("evidence", "measure", untrained, "--corpus", little_corpus.path, "--notes", 2, "--out", out),
        *("--methods", "input-x-gradient, random", "--faithfulness-notes", 0),
    )
    assert done.code == 0, done.err
    document = json.loads(out.read_text())
    assert [result["method"] for result in document["methods"]] == ["input-x-gradient", "random"]
    for result in document["methods"]:
        # The first of its rows in three tables.
        row = next(line for line in done.out.splitlines() if line.startswith(result["method"]))
        assert row.split()[1:5] == [
            f"{value:.3f}"
            for value in (
                result["threshold"],
                *(result["metrics"][name] for name in ("precision", "recall", "f1")),
            )
        ]
        found = result["intervals"]["metrics"]["f1"]
        assert f"{found['low']:.3f} to {found['high']:.3f}" in row
        # The last of its rows: the checks and the sparsity.
        *_, row = (line for line in done.out.splitlines() if line.startswith(result["method"]))
        assert row.split()[1:] == [
            f"{result['metrics'][name]:.3f}" for name in ("entropy", "mean_predicted_tokens")
        ]
    assert "left out" not in done.out
    assert max(map(len, done.out.split("codes with gold evidence")[0].splitlines())) <= 80
    first, second = (result["metrics"] for result in document["methods"])
    assert [first[name] for name in ("precision", "recall", "f1")] != [
        second[name] for name in ("precision", "recall", "f1")
    ]
    assert "The cut was tuned on validation" in done.out
    assert set(document["methods"][0]["metrics"]) == set(document["definitions"])


def test_a_method_that_refuses_notes_says_so_and_others_are_measured(
    clem: Callable[..., Any], tmp_path: Path
) -> None:
    corpus = write_long_corpus(tmp_path / "corpus")
    folder, out = tmp_path / "model", tmp_path / "methods.json"
    save_model(new_system(corpus), info_of(corpus), folder)
    done = clem(
        *("evidence", "measure", folder, "--corpus", corpus.path, "--out", out),
        *("--methods", "deep-lift,random", "--faithfulness-notes", 0),
    )
    assert done.code == 0, done.err
    refusing, random = json.loads(out.read_text())["methods"]
    assert (refusing["notes_left_out"], random["notes_left_out"]) == (1, 0)
    assert set(refusing["metrics"].values()) == {None}
    assert random["metrics"]["f1"] is not None
    rows = [line.split() for line in done.out.splitlines()]
    assert [row[-1] for row in rows if row[:1] == ["deep-lift"]][2] == "1"
    assert [row[-1] for row in rows if row[:1] == ["random"]][2] == "0"
    assert "Warning: notes that deep-lift left out: 1." in done.out
    assert "explains at most 1,000" in done.out
    assert "notes that random" not in done.out


def test_a_method_that_refuses_a_note_to_be_masked_says_so(clem: Callable[..., Any], tmp_path: Path) -> None:
    corpus = write_long_corpus(tmp_path / "corpus", make_note(12), make_note(13))
    folder, out = tmp_path / "model", tmp_path / "methods.json"
    save_model(new_system(corpus), info_of(corpus), folder)
    done = clem(
        *("evidence", "measure", folder, "--corpus", corpus.path, "--out", out),
        *("--methods", "deep-lift,random", "--faithfulness-notes", 2),
    )
    assert done.code == 0, done.err
    document = json.loads(out.read_text())
    assert document["faithfulness_notes"] == 2
    assert [result["faithfulness_notes"] for result in document["methods"]] == [1, 2]
    assert (
        "Warning: faithfulness of deep-lift was measured on 1 of 2 notes: it refused the others." in done.out
    )
    assert "faithfulness of random" not in done.out


def test_what_a_method_says_about_its_evidence_is_shown(
    clem: Callable[..., Any], little_corpus: Corpus, untrained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "methods.json"
    done = clem(
        *("evidence", "measure", untrained, "--corpus", little_corpus.path, "--notes", 1, "--out", out),
        *("--methods", "random,attention-rollout", "--faithfulness-notes", 0),
    )
    remark = "Under a pooled head, method attention-rollout marks the same words for every code."
    assert [line for line in done.out.splitlines() if line == remark] == [remark]
    assert [result["remarks"] for result in json.loads(out.read_text())["methods"]] == [[], [remark]]


def write_long_corpus(path: Path, *short: Note) -> Corpus:
    """Write a corpus whose first note of test has thousands of words."""
    note = make_note(1)
    with corpus_writer(
        path, name="long", source="test", options={}, inputs=[], codebook=default_codebook()
    ) as writer:
        writer.write("train", [make_note(number) for number in range(2, 12)])
        writer.write("test", [replace(note, text=note.text + "the ward was quiet " * 400), *short])
    return Corpus.open(path)


def test_an_unknown_method_is_refused_before_the_model_is_loaded(
    refused: Callable[..., str], little_corpus: Corpus, tmp_path: Path
) -> None:
    refused(
        *(
            "evidence",
            "measure",
            tmp_path,
            "--corpus",
            little_corpus.path,
            "--methods",
            "own, input-gradient",
        ),
        says=["input-gradient", "The methods are"],
    )


def test_a_method_that_cannot_explain_the_model_is_refused(
    clem: Callable[..., Any], little_corpus: Corpus, untrained: Path
) -> None:
    done = clem("evidence", "measure", untrained, "--corpus", little_corpus.path, "--methods", "own")
    assert done.code == 2
    assert "method own needs a system that takes codes from words, and this one is neural" in done.err


def test_an_occupied_output_is_refused(
    refused: Callable[..., str], little_corpus: Corpus, untrained: Path, tmp_path: Path
) -> None:
    (tmp_path / "old.json").write_text("{}")
    refused(
        *("evidence", "measure", untrained, "--corpus", little_corpus.path, "--out", tmp_path / "old.json"),
        says=["--force"],
    )
