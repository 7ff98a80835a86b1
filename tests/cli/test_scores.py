"""clem scores: scores are exported and imported with equal metrics, or refused if they do not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest

from clem_icd.cli.scores import Format
from clem_icd.corpus import Corpus
from clem_icd.scores import Scores
from clem_icd.scores.imports import FORMATS


def test_the_command_offers_every_format_of_the_package() -> None:
    assert set(get_args(Format)) == {"auto", *FORMATS}


VERBS = [("scores",), ("scores", "import"), ("scores", "export")]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_has_an_example_of_the_verb(
    clem: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    found = clem(*verb, "--help")
    assert found.code == 0
    [example] = [line for line in found.out.splitlines() if "Example" in line]
    assert f"clem {' '.join(verb)} " in example


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".npz"])
def test_exported_and_imported_scores_get_the_same_metrics(
    world: Any, clem: Callable[..., Any], ending: str
) -> None:
    theirs = world.root / f"theirs{ending}"
    exported = clem("scores", "export", world.scores, "--out", theirs, "--json", "--quiet").json
    own = Scores.read(world.scores)
    assert exported == {
        "out": str(theirs),
        "notes": len(own.note_ids),
        "labels": len(own.labels),
        "scores": own.values.size,
    }
    arguments = ("scores", "import", theirs, "--corpus", world.corpus, "--out", world.scores, "--force")
    value = clem(*arguments, "--json", "--quiet").json
    assert (value["notes"], value["labels"], value["warnings"]) == (len(own.note_ids), len(own.labels), [])
    judged = clem(*world.evaluate("--model", world.model), "--json").json
    ours = world.outcomes["evaluate"].json
    assert judged["metrics"] == ours["metrics"]
    assert judged["system"] == "theirs"


def test_lists_of_codes_are_evaluated_with_a_warning(world: Any, clem: Callable[..., Any]) -> None:
    corpus = Corpus.open(world.corpus)
    rows = [(note.note_id, code.value) for note in corpus.notes("test") for code in note.codes[:1]]
    theirs = world.root / "llm.csv"
    pl.DataFrame(rows, schema=["note_id", "code"], orient="row").write_csv(theirs)
    arguments = ("scores", "import", theirs, "--corpus", world.corpus, "--out", world.scores, "--force")
    found = clem(*arguments, "--missing", "zero", "--system", "a language model")
    assert found.code == 0
    assert "read as long, notes by note_id" in found.out
    assert "Warning: The file does not rank its codes" in found.out
    judged = clem(*world.evaluate("--threshold", 0.5), "--json").json
    assert judged["metrics"]["micro_precision"] == 1
    assert judged["metrics"]["micro_recall"] == len(rows) / corpus.targets("test").sum()
    assert (judged["system"], len(judged["warnings"])) == ("a language model", 1)


def test_top_exports_only_the_highest_scores(world: Any, clem: Callable[..., Any]) -> None:
    out = world.root / "top.csv"
    found = clem("scores", "export", world.scores, "--out", out, "--top", 3)
    notes = len(Scores.read(world.scores).note_ids)
    assert found.out == f"Wrote {notes * 3:,} scores to {out}\n"
    assert pl.read_csv(out, infer_schema=False).height == notes * 3


def test_scores_that_do_not_fit_are_refused_in_one_line(world: Any, refused: Callable[..., str]) -> None:
    theirs = world.root / "theirs.json"
    theirs.write_text(json.dumps({"nobody": ["I10"]}), encoding="utf-8")
    new = world.root / "new.parquet"
    arguments = ("scores", "import", theirs, "--corpus", world.corpus, "--out", new)
    refused(*arguments, says=[str(theirs), "1 of its 1 notes", "not in the split test", "--unknown drop"])
    refused(*arguments, "--split", "dev", says=["no split 'dev'"])
    refused(*arguments, "--unknown", "drop", says=["not in the split test"])
    theirs.write_text(json.dumps({Corpus.open(world.corpus).note_ids("test")[0]: []}), encoding="utf-8")
    refused(*arguments, says=["lacks 10 of the 11 notes", "--missing zero"])
    occupied = ("scores", "import", theirs, "--corpus", world.corpus, "--out", world.scores)
    refused(*occupied, says=[str(world.scores), "--force"])
    refused(
        "scores", "export", world.scores, "--out", theirs, "--force", says=[str(theirs), "suffix '.json'"]
    )
    refused("scores", "export", theirs, "--out", Path("x.csv"), says=[str(theirs), "not readable as parquet"])
