"""Bad corpora, models, scores, notes and places: each refused in one line, with nothing changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

# What a case returns: the arguments of a command, and what its one line must contain.
Case = Callable[[Any], tuple[list[object], list[str]]]
CASES: list[Case] = []


def case(function: Case) -> Case:
    CASES.append(function)
    return function


def change_json(path: Path, **changes: Any) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**value, **changes}), encoding="utf-8")


def change_rows(path: Path, change: Callable[[list[dict[str, Any]]], object]) -> None:
    table = pq.read_table(path)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def evaluation(damage: Callable[[Any], list[str]]) -> Case:
    def both(world: Any) -> tuple[list[object], list[str]]:
        says = damage(world)
        return world.evaluate(), says

    both.__name__ = damage.__name__
    return case(both)


def coding(damage: Callable[[Any], list[str]]) -> Case:
    def both(world: Any) -> tuple[list[object], list[str]]:
        note = world.root / "note.txt"
        note.write_text("pain")
        says = damage(world)
        return ["code", world.model, note], says

    both.__name__ = damage.__name__
    return case(both)


@evaluation
def corpus_of_another_version(world: Any) -> list[str]:
    change_json(world.corpus / "corpus.json", format_version=2)
    return [str(world.corpus), "format version 2", "Prepare it again"]


@evaluation
def corpus_of_another_format(world: Any) -> list[str]:
    change_json(world.corpus / "corpus.json", format="clem-icd/model")
    return [str(world.corpus), "clem-icd/corpus"]


@evaluation
def missing_corpus(world: Any) -> list[str]:
    world.corpus.rename(world.root / "elsewhere")
    return [str(world.corpus), "corpus.json is missing", "clem prepare"]


@evaluation
def corpus_with_truncated_json(world: Any) -> list[str]:
    truncate(world.corpus / "corpus.json")
    return [str(world.corpus / "corpus.json"), "json"]


@evaluation
def corpus_with_deeply_nested_json(world: Any) -> list[str]:
    (world.corpus / "corpus.json").write_text("[" * 100_000)
    return [str(world.corpus / "corpus.json"), "json"]


@evaluation
def corpus_without_labels(world: Any) -> list[str]:
    (world.corpus / "labels.parquet").unlink()
    return ["labels.parquet", "is missing", "Prepare it again"]


@evaluation
def corpus_without_a_split_file(world: Any) -> list[str]:
    (world.corpus / "notes/train.parquet").unlink()
    return ["train.parquet", "is missing", "Prepare it again"]


@evaluation
def corpus_with_a_truncated_split(world: Any) -> list[str]:
    truncate(world.corpus / "notes/test.parquet")
    return ["test.parquet", "not readable as parquet", "Prepare it again"]


@evaluation
def corpus_with_a_duplicate_id(world: Any) -> list[str]:
    change_rows(world.corpus / "notes/test.parquet", lambda rows: rows.append(rows[0]))
    return [str(world.corpus), "2 notes have it", "unique"]


@evaluation
def corpus_with_offsets_out_of_range(world: Any) -> list[str]:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[0]["evidence"] = [{**rows[0]["codes"][0], "begin": 3, "end": 999_999}]

    change_rows(world.corpus / "notes/test.parquet", change)
    return ["test.parquet", "3:999999", "half-open"]


@evaluation
def corpus_with_an_unlisted_code(world: Any) -> list[str]:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[0]["codes"] = [{"code": "0066", "system": "icd9pcs"}]

    change_rows(world.corpus / "notes/test.parquet", change)
    return ["test.parquet", "0066 (icd9pcs)", "Prepare it again"]


@evaluation
def missing_scores(world: Any) -> list[str]:
    world.scores.unlink()
    return [str(world.scores), "no such file", "clem predict"]


@evaluation
def truncated_scores(world: Any) -> list[str]:
    truncate(world.scores)
    return [str(world.scores), "not readable as parquet", "Predict the split again"]


@evaluation
def scores_of_other_notes(world: Any) -> list[str]:
    change_rows(world.scores, lambda rows: rows[0].update(note_id="stranger"))
    return ["1 of its", "1 scored notes are not in it", "Predict the split again"]


@case
def scores_of_another_split(world: Any) -> tuple[list[object], list[str]]:
    return world.evaluate("--threshold", 0.5, "--split", "train"), ["do not match the split train"]


@case
def unknown_split(world: Any) -> tuple[list[object], list[str]]:
    return world.evaluate("--threshold", 0.5, "--split", "dev"), ["'dev'", "train, validation, test"]


@case
def model_with_another_label_space(world: Any) -> tuple[list[object], list[str]]:
    labels = json.loads((world.model / "clem.json").read_text())["labels"]
    change_json(world.model / "clem.json", labels=labels[1:])
    return world.evaluate("--model", world.model), [str(world.model), "1 labels are only in the scores"]


@case
def model_and_threshold(world: Any) -> tuple[list[object], list[str]]:
    return world.evaluate("--model", world.model, "--threshold", 0.5), ["either --model", "or --threshold"]


@case
def threshold_that_is_not_a_number(world: Any) -> tuple[list[object], list[str]]:
    return world.evaluate("--threshold", "nan"), ["the threshold is nan"]


@case
def occupied_metrics_file(world: Any) -> tuple[list[object], list[str]]:
    (world.root / "new.json").write_text("mine")
    return world.evaluate(), ["new.json", "already exists", "--force"]


@case
def metrics_below_a_file(world: Any) -> tuple[list[object], list[str]]:
    arguments = world.evaluate()
    arguments[arguments.index("--out") + 1] = world.scores / "metrics.json"
    return arguments, ["metrics.json", "part of its path is a file", "Choose another path"]


@case
def metrics_with_too_long_a_name(world: Any) -> tuple[list[object], list[str]]:
    arguments = world.evaluate()
    arguments[arguments.index("--out") + 1] = world.root / ("x" * 300)
    return arguments, ["too long", "Choose another path"]


@coding
def missing_model(world: Any) -> list[str]:
    world.model.rename(world.root / "elsewhere")
    return [str(world.model), "not a folder", "training run"]


@coding
def model_without_clem_json(world: Any) -> list[str]:
    (world.model / "clem.json").unlink()
    return [str(world.model), "clem.json is missing", "training run"]


@coding
def model_of_another_version(world: Any) -> list[str]:
    change_json(world.model / "clem.json", format_version=1)
    return ["clem.json", "version 1", "Train it again"]


@coding
def model_with_a_pickle(world: Any) -> list[str]:
    (world.model / "training_args.bin").write_bytes(b"\x80\x05")
    return [str(world.model), "a pickle, training_args.bin", "Remove it"]


@coding
def model_with_a_pickle_in_a_subfolder(world: Any) -> list[str]:
    (world.model / "old").mkdir()
    (world.model / "old" / "weights.PKL").write_bytes(b"\x80\x05")
    return [str(world.model), "a pickle, weights.PKL", "Remove it"]


@coding
def model_without_weights(world: Any) -> list[str]:
    (world.model / "model.safetensors").unlink()
    return [str(world.model), "model.safetensors: is missing", "Copy the whole model folder again"]


@coding
def model_with_truncated_weights(world: Any) -> list[str]:
    truncate(world.model / "model.safetensors")
    return [
        str(world.model),
        "model.safetensors: is damaged: it is truncated",
        "Copy the whole model folder again",
    ]


@coding
def model_with_contradictory_parts(world: Any) -> list[str]:
    labels = json.loads((world.model / "clem.json").read_text())["labels"]
    change_json(world.model / "clem.json", labels=labels[::-1])
    return [str(world.model), "disagree", "Copy the whole model folder again"]


@coding
def model_with_a_threshold_that_is_not_a_number(world: Any) -> list[str]:
    change_json(world.model / "clem.json", threshold=float("nan"))
    return [str(world.model), "threshold: Input should be a finite number"]


@case
def occupied_scores_file(world: Any) -> tuple[list[object], list[str]]:
    (world.root / "new.parquet").write_text("mine")
    return world.predict(), ["new.parquet", "already exists", "--force"]


@case
def scores_in_place_of_a_folder(world: Any) -> tuple[list[object], list[str]]:
    (world.root / "new.parquet").mkdir()
    return [*world.predict(), "--force"], ["new.parquet", "is a folder", "Name a file"]


@case
def prediction_without_a_model(world: Any) -> tuple[list[object], list[str]]:
    (world.model / "clem.json").unlink()
    return world.predict(), [str(world.model), "clem.json is missing"]


@case
def occupied_run_folder(world: Any) -> tuple[list[object], list[str]]:
    arguments = ["train", "clem-icd-small", "--corpus", world.corpus, "--out", world.root]
    return arguments, [str(world.root), "already exists", "--force"]


@case
def run_of_another_recipe(world: Any) -> tuple[list[object], list[str]]:
    arguments = ["train", "linear", "--corpus", world.corpus, "--out", world.run, "--resume"]
    return arguments, [str(world.run), "another recipe", "Resume with the same recipe"]


@case
def unknown_recipe(world: Any) -> tuple[list[object], list[str]]:
    arguments = ["train", "linaer", "--corpus", world.corpus, "--out", world.root / "new"]
    return arguments, ["'linaer'", "Did you mean linear"]


@case
def unknown_setting(world: Any) -> tuple[list[object], list[str]]:
    arguments = ["train", "clem-icd-small", "training.epoch=3"]
    return [*arguments, "--corpus", world.corpus, "--out", world.root / "new"], [
        "'training.epoch'",
        "Did you mean training.epochs",
    ]


@case
def report_on_a_folder_that_is_not_a_run(world: Any) -> tuple[list[object], list[str]]:
    return ["report", world.corpus / "notes"], [str(world.corpus), "not a run folder", "Pass a folder"]


@case
def description_of_a_folder_that_is_not_a_corpus(world: Any) -> tuple[list[object], list[str]]:
    return ["describe", world.run / "model"], [str(world.model), "corpus.json is missing", "clem prepare"]


@case
def occupied_corpus_folder(world: Any) -> tuple[list[object], list[str]]:
    arguments = ["prepare", "mimic4-icd10", "--raw", world.raw, "--out", world.run]
    return arguments, [str(world.run), "already exists", "--force"]


@case
def corpus_in_place_of_its_raw_files(world: Any) -> tuple[list[object], list[str]]:
    arguments = ["prepare", "mimic4-icd10", "--raw", world.raw, "--out", world.raw, "--force"]
    return arguments, [str(world.raw), "contains the raw files", "Choose another folder"]


@case
def occupied_hospital_folder(world: Any) -> tuple[list[object], list[str]]:
    arguments = ["synthesize", "--admissions", 2, "--out", world.corpus]
    return arguments, [str(world.corpus), "already exists", "--force"]


@case
def hospital_below_a_file(world: Any) -> tuple[list[object], list[str]]:
    arguments = ["synthesize", "--admissions", 2, "--out", world.scores / "raw"]
    return arguments, ["part of its path is a file", "Choose another path"]


@case
def hospital_with_an_unknown_layout(world: Any) -> tuple[list[object], list[str]]:
    arguments = ["synthesize", "--layout", "mimic9", "--admissions", 2, "--out", world.root / "new"]
    return arguments, ["'mimic9'", "mimic4"]


@pytest.mark.parametrize("given", CASES, ids=lambda given: given.__name__)
def test_bad_input_is_refused(world: Any, refused: Callable[..., str], given: Case) -> None:
    arguments, says = given(world)
    refused(*arguments, says=says)


CANARY = "SECRETPATIENT"
NOTES = {
    "empty": (b"", "empty"),
    "blank": (b" \n", "empty"),
    "binary": (f"{CANARY}\0\1".encode(), "NUL"),
    "of another encoding": (f"{CANARY} caf\u00e9".encode("latin-1"), "byte 17"),
    "of 10 MB": (f"{CANARY} ".encode() * 750_000, "10,500,000 characters"),
}


@pytest.mark.parametrize("name", NOTES)
def test_a_bad_note_is_refused_without_its_text(world: Any, refused: Callable[..., str], name: str) -> None:
    content, message = NOTES[name]
    bad = world.root / "bad.txt"
    bad.write_bytes(content)
    refused("code", world.model, bad, says=[str(bad), message])
    refused("code", world.model, bad, bad, says=["none of 2 notes", str(bad), message])
    refused("code", world.model, says=["standard input", message], stdin=content)


def test_a_missing_note_is_refused(world: Any, refused: Callable[..., str]) -> None:
    refused("code", world.model, world.root / "absent.txt", says=["absent.txt", "Check the name"])
    refused("code", world.model, world.model, says=[str(world.model), "contains no *.txt, but 4 .json"])


def test_force_replaces_the_output(world: Any, clem: Callable[..., Any]) -> None:
    (world.root / "new.parquet").write_text("mine")
    assert clem(*world.predict(), "--force").code == 0
    assert (world.root / "new.parquet").read_bytes() == world.scores.read_bytes()
