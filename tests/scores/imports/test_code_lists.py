"""Lists per note: JSON, CAML's two files, MDACE's annotations."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import InputError, ScoresError
from clem_icd.scores.imports.code_lists import ONE_PREDICTION

PSV = "101|486|00.66\n102|\n103|37.23|39.50\n104\n"


def write(folder: Path, content: Any, name: str = "theirs.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_json_objects_and_lists_per_note_are_read(bring: Any, tmp_path: Path) -> None:
    found = bring(
        write(tmp_path, {"n1": {"486": 0.25, "00.66": 1}, "n2": {}, "n3": {"37.23": 0.5}, "n4": {}})
    )
    assert found.findings.format == "json"
    assert (found["n1", "486"], found["n1", "00.66"], found["n3", "37.23"]) == (0.25, 1, 0.5)
    found = bring(write(tmp_path, {"n1": ["486"], "n2": [], "n3": ["37.23", "486"], "n4": []}))
    assert found.above_zero == {("n1", "486"), ("n3", "37.23"), ("n3", "486")}


def predictions(*pairs: tuple[str, float]) -> list[dict[str, Any]]:
    return [{"label": label, "score": score} for label, score in pairs]


@pytest.mark.parametrize("nested", [False, True])
def test_predictions_of_a_pipeline_are_read(bring: Any, tmp_path: Path, nested: bool) -> None:
    both = predictions(("486", 0.75), ("00.66", 0.5))
    found = bring(write(tmp_path, {note: [both] if nested else both for note in ("n1", "n2", "n3", "n4")}))
    assert (found["n1", "486"], found["n4", "00.66"]) == (0.75, 0.5)
    assert ONE_PREDICTION not in found.scores.warnings


def test_single_prediction_of_every_note_is_remarked(bring: Any, tmp_path: Path) -> None:
    content = {note: predictions(("486", 0.75)) for note in ("n1", "n2", "n3", "n4")}
    assert ONE_PREDICTION in bring(write(tmp_path, content)).scores.warnings
    alone = {note: one for note, (one,) in content.items()}
    found = bring(write(tmp_path, alone))
    assert ONE_PREDICTION in found.scores.warnings
    assert found["n1", "486"] == 0.75


def test_json_is_read_in_every_unicode_encoding_and_gzipped(bring: Any, tmp_path: Path) -> None:
    text = json.dumps({"n1": {"486": 0.25}, "n2": {}, "n3": {'="0066"': 0.5}, "n4": {}})
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        for name in ("t.json", "t.json.gz"):
            content = text.encode(encoding)
            (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
            found = bring(tmp_path / name)
            assert (found["n1", "486"], found["n3", "00.66"]) == (0.25, 0.5)


@pytest.mark.parametrize(
    "content", [[predictions(("486", 0.98))], predictions(("486", 0.98), ("00.66", 0.61))]
)
def test_predictions_without_ids_are_refused(bring: Any, tmp_path: Path, content: Any) -> None:
    with pytest.raises(ScoresError, match=r"without the ids of their notes.*top_k=None"):
        bring(write(tmp_path, content))


def test_positions_instead_of_codes_are_refused(bring: Any, tmp_path: Path) -> None:
    content = {"n1": predictions(("LABEL_0", 0.9), ("LABEL_17", 0.2))}
    with pytest.raises(ScoresError, match=r"row 1: has labels such as LABEL_0, .*Set id2label"):
        bring(write(tmp_path, content))


def test_psv_of_caml_is_read_by_admission(bring: Any, tmp_path: Path) -> None:
    found = bring(write(tmp_path, PSV, "preds_test.psv"))
    assert (found.findings.format, found.findings.by) == ("caml", "admission_id")
    assert found.above_zero == {("n1", "486"), ("n1", "00.66"), ("n3", "37.23"), ("n3", "39.50")}


def test_top_scores_of_caml_are_read_with_a_warning_about_the_cutoff(bring: Any, tmp_path: Path) -> None:
    scores = {"101": {"486": 0.9, "250.00": 0.1}, "102": {"486": 0.2}, "103": {"486": 0.3}, "104": {}}
    found = bring(write(tmp_path, scores, "pred_100_scores_test.json"))
    assert found.findings.format == "caml"
    assert found["n1", "250.00"] == pytest.approx(0.1)
    assert any("at most 2 of 6 scores" in line for line in found.scores.warnings)


def test_procedures_that_caml_turned_into_numbers_are_found_if_unique(bring: Any, tmp_path: Path) -> None:
    # 00.66 became 66, then 66. and 66.0; 39.50 became 39.5, and also occurs as 39.50.
    found = bring(write(tmp_path, "101|66.\n102|66.0\n103|39.5|39.50\n104|\n", "preds_test.psv"))
    assert found.above_zero == {("n1", "00.66"), ("n2", "00.66"), ("n3", "39.50")}
    # Any other format refuses the number with a reason.
    with pytest.raises(ScoresError, match="lost their leading zeros"):
        bring(write(tmp_path, "note_id,code\nn1,66\nn2,\nn3,\nn4,\n", "theirs.csv"))


BAD: dict[str, tuple[str, str, str]] = {
    "malformed": ("theirs.json", "{", "(?i)readable as json"),
    "a list": ("theirs.json", '["n1"]', "(?i)json list"),
    "a list of records": ("theirs.json", '[{"note_id": "n1", "scores": []}]', "holds a JSON list"),
    "a number": ("theirs.json", "3", "holds a JSON float"),
    "a text for a note": ("theirs.json", '{"n1": "486"}', "row 1: has neither an object nor a list"),
    "a number as code": ("theirs.json", '{"n1": [], "n2": [486]}', "row 2: has a code that is not text"),
    "a text as score": ("theirs.json", '{"n1": {"486": "high"}}', "row 1: has a score that is not a number"),
    "a boolean as score": ("theirs.json", '{"n1": {"486": true}}', "row 1: has a score that is not a number"),
    "NaN": ("theirs.json", '{"n1": {"486": NaN}}', "row 1: has a score that is not a finite"),
    "infinite": (
        "theirs.json",
        '{"n1": {"486": 1' + "0" * 400 + "}}",
        "row 1: has a score that is not a finite",
    ),
    "a repeated note": ("theirs.json", '{"n1": ["486"], "n1": []}', "row 2: duplicate note id"),
    "a repeated code": ("theirs.json", '{"n1": {"486": 1, "486": 0.5}}', "row 1: duplicate note and code"),
    "no notes": ("theirs.json", "{}", "has no records"),
    "no admission": ("preds_test.psv", "101|486\n|486\n", "row 2: does not begin with an admission id"),
    "another separator": ("preds_test.psv", "101,486\n", "row 1: does not begin with an admission id"),
    "an empty file": ("preds_test.psv", "", "has no records"),
    "a repeated admission": ("preds_test.psv", "101|486\n101|\n", "row 2: duplicate note id"),
}


@pytest.mark.parametrize("name", BAD)
def test_malformed_list_is_refused(bring: Any, tmp_path: Path, name: str) -> None:
    file, text, message = BAD[name]
    with pytest.raises(InputError, match=message) as caught:
        bring(write(tmp_path, text, file), missing="zero")
    assert caught.value.path == tmp_path / file


def annotated(admission: int, **notes: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "hadm_id": admission,
        "notes": [
            {
                "note_id": note,
                "annotations": [
                    {"begin": 0, "end": 1, "code": code, "code_system": system} for code, system in codes
                ],
            }
            for note, codes in notes.items()
        ],
    }


def test_annotations_of_mdace_become_codes(bring: Any, tmp_path: Path) -> None:
    folder = tmp_path / "predictions" / "Inpatient"
    folder.mkdir(parents=True)
    # A code with two spans counts once.
    write(folder, annotated(101, n1=[("486", "ICD-9-CM")] * 2), "101.json")
    write(folder, annotated(102, n2=[("372.3", "ICD-9-CM"), ("00.66", "ICD-9-PCS")]), "102.json")
    write(folder, annotated(103, n3=[]), "103.json")
    found = bring(tmp_path / "predictions", missing="zero")
    assert found.findings.format == "mdace"
    assert found.above_zero == {("n1", "486"), ("n2", "372.3"), ("n2", "00.66")}
    by_admission = bring(tmp_path / "predictions", missing="zero", by="admission_id")
    assert by_admission.above_zero == found.above_zero
    assert by_admission.findings.by == "admission_id"


@pytest.mark.parametrize("content", [{"hadm_id": 1, "notes": 3}, {"hadm_id": 1, "notes": [{"note_id": 2}]}])
def test_malformed_annotations_are_refused(bring: Any, tmp_path: Path, content: Any) -> None:
    folder = tmp_path / "predictions"
    folder.mkdir()
    with pytest.raises(ScoresError, match="holds no JSON files"):
        bring(folder)
    write(folder, content)
    with pytest.raises(ScoresError, match="no notes with annotations"):
        bring(folder)
