"""The decision rule of a model, in ``clem.json`` and on its card."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clem_icd.corpus import Corpus
from clem_icd.decisions import AtLeast, ExpectedF1, LabelThresholds, Rule, Threshold, TopK
from clem_icd.errors import InputError, ModelError
from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling import ModelInfo
from clem_icd.modeling.card import model_card
from support import info_of

RULES: list[Rule] = [
    Threshold(1 / 3),
    AtLeast(0.5),
    LabelThresholds(np.linspace(0.1, 0.6, 6)),
    TopK(3),
    ExpectedF1(0.7, -0.2),
]
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)


def edit(folder: Path, **changes: Any) -> None:
    path = folder / "clem.json"
    about = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps(about), encoding="utf-8")


@each_rule
def test_a_rule_survives_a_round_trip(rule: Rule, little_corpus: Corpus, tmp_path: Path) -> None:
    replace(info_of(little_corpus), rule=rule).write(tmp_path)
    assert ModelInfo.read(tmp_path).rule == rule
    about = json.loads((tmp_path / "clem.json").read_text(encoding="utf-8"))
    # Readers of `threshold` alone get the whole rule or null, never part of a rule.
    assert about["threshold"] == (rule.value if isinstance(rule, Threshold) else None)
    assert ("rule" in about) is not isinstance(rule, Threshold)


@each_rule
def test_the_card_describes_the_decision_rule(rule: Rule, little_corpus: Corpus) -> None:
    card = model_card(replace(info_of(little_corpus), rule=rule))
    assert f"Assigns a code {rule.describe()}:\n  given by a test." in card


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"threshold": None}, "has neither a threshold nor a rule"),
        ({"rule": {"kind": "top-k", "k": 3}}, "has a threshold and a rule"),
        ({"threshold": None, "rule": {"kind": "top-k", "k": 0}}, "0, expected a whole number of at least 1"),
        ({"threshold": None, "rule": {"kind": "oracle"}}, "kind 'oracle'"),
        (
            {"threshold": None, "rule": {"kind": "label-thresholds", "values": [0.5]}},
            "the number of label thresholds is 1, expected 6",
        ),
        ({"threshold": None, "rule": "top-k"}, "rule: Input should be a valid dictionary"),
    ],
)
def test_an_ambiguous_or_invalid_rule_is_refused(
    changes: dict[str, Any], says: str, little_corpus: Corpus, tmp_path: Path
) -> None:
    info_of(little_corpus).write(tmp_path)
    edit(tmp_path, **changes)
    with pytest.raises(ModelError, match=says) as caught:
        ModelInfo.read(tmp_path)
    assert caught.value.path == tmp_path / "clem.json"
    assert caught.value.remedy


def test_the_label_space_survives_a_round_trip_and_older_files_have_that_of_the_corpus(
    little_corpus: Corpus, tmp_path: Path
) -> None:
    info = info_of(little_corpus, system="linear")
    info.write(tmp_path)
    assert "label_space" not in json.loads((tmp_path / "clem.json").read_text(encoding="utf-8"))
    assert ModelInfo.read(tmp_path).label_space == "corpus"
    assert not ModelInfo.read(tmp_path).is_ranked
    ranked = replace(info, system="lexicon", label_space=CodeSystem.ICD10CM)
    ranked.write(tmp_path)
    read = ModelInfo.read(tmp_path)
    assert (read, read.label_space, read.is_ranked) == (ranked, "icd10cm", True)
    assert "Ranks 6 codes, in `clem.json`: those of ICD-10-CM and of its training corpus." in model_card(read)
    edit(tmp_path, label_space="icd11")
    with pytest.raises(ModelError, match="label_space"):
        ModelInfo.read(tmp_path)


def test_the_evidence_of_a_model_survives_a_round_trip_and_older_files_have_none(
    little_corpus: Corpus, tmp_path: Path
) -> None:
    info = info_of(little_corpus)
    info.write(tmp_path)
    assert "evidence" not in json.loads((tmp_path / "clem.json").read_text(encoding="utf-8"))
    assert ModelInfo.read(tmp_path).evidence is None
    stored = {"method": {"kind": "attention"}, "rule": {"cut": 0.02, "gap": 1, "most": 5}, "chosen": "so"}
    replace(info, evidence=stored).write(tmp_path)
    assert ModelInfo.read(tmp_path).evidence == stored
    assert "- Finds evidence by attention:\n  so.\n" in model_card(ModelInfo.read(tmp_path))
    assert "evidence" not in model_card(info)


@pytest.mark.parametrize(
    ("evidence", "says"),
    [
        ({"method": {"kind": "attention"}, "rule": {}}, r"evidence\.chosen: Field required"),
        (
            {"method": "attention", "rule": {}, "chosen": ""},
            r"evidence\.method: Input should be a valid dict",
        ),
        ({"method": {}, "rule": {}, "chosen": "", "cut": 1}, r"evidence\.cut: Extra inputs"),
        ("attention", "evidence: Input should be a valid dictionary"),
    ],
)
def test_malformed_evidence_is_refused(
    evidence: Any, says: str, little_corpus: Corpus, tmp_path: Path
) -> None:
    info_of(little_corpus).write(tmp_path)
    edit(tmp_path, evidence=evidence)
    with pytest.raises(ModelError, match=says):
        ModelInfo.read(tmp_path)


def test_a_code_is_named_in_any_spelling(little_corpus: Corpus) -> None:
    info = info_of(little_corpus)
    code = Code("E11.9", CodeSystem.ICD10CM)
    for name in ("E11.9", "e119", " E11.9 ", "icd10cm:E11.9"):
        assert info.code_named(name) == code


def test_a_code_of_two_systems_needs_its_system(little_corpus: Corpus) -> None:
    info = replace(
        info_of(little_corpus), labels=(Code("I10", CodeSystem.ICD10), Code("I10", CodeSystem.ICD10CM))
    )
    with pytest.raises(InputError, match=r"'I10' is a code of 2 systems.*icd10:I10 or icd10cm:I10"):
        info.code_named("I10")
    assert info.code_named("icd10:I10") == Code("I10", CodeSystem.ICD10)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("E11.65", r"The nearest are E11\.9"),
        ("E11", r"The nearest are E11\.9"),
        ("Z99.9", "Choose a code that the model scores"),
        ("icd9cm:E11.9", "Choose a code that the model scores"),
        ("", "Choose a code"),
    ],
)
def test_a_code_outside_the_label_space_is_refused(little_corpus: Corpus, name: str, remedy: str) -> None:
    with pytest.raises(InputError, match=rf"is not one of the model's 6 codes.*{remedy}"):
        info_of(little_corpus).code_named(name)
