"""`clem export` as a user types it, and the example, which assigns what the model assigns without PyTorch."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from clem_icd.corpus import Corpus
from clem_icd.decisions import AtLeast, ExpectedF1, LabelThresholds, Rule, Threshold, TopK
from clem_icd.modeling import NeuralSystem, load_model, save_model
from clem_icd.modeling.onnx import Description, ExportedModel, graph
from clem_icd.prediction import Coder, exporting
from clem_icd.prediction.parity import Parity
from modeling.onnx.conftest import ENCODER, system_of
from support import ROOT, info_of, tiny

WHOLE = {"kind": "whole", "max_tokens": 512}
EXAMPLE = ROOT / "examples" / "onnx_coding.py"

# What the example must do without. An import of a module that is None fails.
_WITHOUT_TORCH = """
import runpy, sys
for name in ("torch", "transformers", "clem_icd", "onnx", "scipy", "polars"):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def write_model(corpus: Corpus, folder: Path, head: dict[str, Any], rule: Rule) -> Path:
    architecture = tiny(512, encoder=ENCODER, head=head)
    info = replace(info_of(corpus, architecture), rule=rule)
    save_model(system_of(corpus, head, WHOLE), info, folder)
    return folder


@pytest.fixture(scope="module")
def model(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "model"
    return write_model(little_corpus, folder, {"kind": "pooled", "pooling": "mean"}, Threshold(0.3))


@pytest.fixture(scope="module")
def written(
    clem: Callable[..., Any], model: Path, little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """The outcome of an export in single precision, checked on a corpus."""
    out = tmp_path_factory.mktemp("exported") / "out"
    check = ("--check-on", little_corpus.path, "--notes", 6)
    return clem("export", model, "--onnx", out, *check, "--json", "--quiet")


def coded(folder: Path, *notes: Path) -> list[list[str]]:
    """The rows that the example prints, in a process where PyTorch cannot be imported."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_TORCH, EXAMPLE, folder, *notes],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_an_export_says_how_far_it_is_from_the_model(written: Any, little_corpus: Corpus) -> None:
    assert (written.code, written.err) == (0, "")
    folder = Path(written.json["folder"])
    assert written.json["files"].keys() == {"coding.json", "model.onnx", "tokenizer.json"}
    check = written.json["check"]
    assert check["largest_difference"] < 1e-5
    assert (check["notes"], check["decisions"], check["decisions_differing"]) == (6, 36, 0)
    about = json.loads((folder / "coding.json").read_text(encoding="utf-8"))
    assert about["check"] == check
    assert [label["code"] for label in about["labels"]] == [code.value for code in little_corpus.codes]


def test_example_onnx_coding(written: Any, model: Path, little_corpus: Corpus, tmp_path: Path) -> None:
    coder = Coder.load(model)
    notes, expected = [], []
    for number, text in enumerate(list(little_corpus.texts("test"))[:5]):
        note = tmp_path / f"{number}.txt"
        note.write_text(text, encoding="utf-8")
        notes.append(note)
        decided = [one for one in coder.code(text, top=0) if one.decided]
        expected += [[str(note), one.system, one.code, one.title] for one in decided]
    rows = coded(Path(written.json["folder"]), *notes)
    assert [[*row[:3], row[4]] for row in rows] == expected
    assert len({row[2] for row in rows}) > 2


@pytest.mark.parametrize(
    "rule",
    [
        AtLeast(0.4),
        LabelThresholds(np.array([0.1, 0.9, 0.2, 0.5, 0.7, 0.3])),
        TopK(2),
        ExpectedF1(0.8, -0.5),
    ],
    ids=lambda rule: type(rule).__name__,
)
def test_the_example_applies_every_rule(
    written: Any, little_corpus: Corpus, tmp_path: Path, rule: Rule
) -> None:
    folder = tmp_path / "exported"
    shutil.copytree(written.json["folder"], folder)
    replace(Description.read(folder), rule=rule).write(folder)
    texts = list(little_corpus.texts("test"))[:8]
    notes = [tmp_path / f"{number}.txt" for number in range(len(texts))]
    for note, text in zip(notes, texts, strict=True):
        note.write_text(text, encoding="utf-8")
    scores = np.array([one.probabilities for one in ExportedModel.open(folder).score(texts)])
    rows = coded(folder, *notes)
    for note, decided in zip(notes, rule.decide(scores), strict=True):
        expected = {code.value for code, one in zip(little_corpus.codes, decided, strict=True) if one}
        assert {row[2] for row in rows if row[0] == str(note)} == expected


@pytest.mark.parametrize("tokens", [7, 130, 600])
@torch.inference_mode()
def test_the_graph_is_the_model_at_lengths_that_were_not_traced(
    written: Any, model: Path, tokens: int
) -> None:
    system, _ = load_model(model)
    assert isinstance(system, NeuralSystem)
    ids = torch.randint(5, 300, (3, tokens), generator=torch.Generator().manual_seed(tokens))
    expected = system.model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.sigmoid().numpy()
    found = ExportedModel.open(Path(written.json["folder"])).probabilities(ids.tolist())
    assert np.abs(found - expected).max() < 1e-6


def test_integer_weights_make_a_smaller_graph_that_reports_its_difference(
    clem: Callable[..., Any], written: Any, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path(written.json["folder"]) / "model.onnx"
    # Tracing takes seconds, and gives the same graph again.
    monkeypatch.setattr(graph, "write_graph", lambda _, path: shutil.copy(whole, path))
    found = clem("export", model, "--onnx", tmp_path / "out", "--precision", "int8", "--quiet")
    assert (found.code, found.err) == (0, "")
    wrote, check, use = found.out.splitlines()
    assert wrote.startswith(f"Wrote the model in int8 to {tmp_path / 'out'} (")
    assert check.startswith("On 6 synthetic notes of ")
    assert use.endswith(f"python examples/onnx_coding.py {tmp_path / 'out'} NOTE.txt")
    files = {path.name: path for path in (tmp_path / "out").iterdir()}
    assert files.keys() == {"coding.json", "model.onnx", "tokenizer.json"}
    assert b"DynamicQuantizeLinear" in files["model.onnx"].read_bytes()
    assert 0 < Description.read(tmp_path / "out").check["largest_difference"] < 0.3


def test_a_full_disk_leaves_nothing(
    clem: Callable[..., Any], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(_: object, path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(graph, "write_graph", fill)
    found = clem("export", model, "--onnx", tmp_path / "out", "--quiet")
    assert (found.code, found.out) == (2, "")
    assert found.err.strip().endswith("the disk is full. Free some space, then run it again.")
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_disagrees_with_the_model_is_not_written(
    refused: Callable[..., Any], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parity = Parity(1, 5, 5, largest_difference=0.02, decisions=6, decisions_differing=1)
    monkeypatch.setattr(exporting, "compare", lambda *_: parity)
    monkeypatch.setattr(exporting, "export", lambda *_, **__: None)
    monkeypatch.setattr(ExportedModel, "open", lambda _: ExportedModel(None, None, None))  # type: ignore[arg-type]
    refused("export", model, "--onnx", tmp_path / "out", says=["differs by 0.02, expected at most 0.0001"])


def test_what_cannot_be_exported_is_refused_before_a_model_is_loaded(
    refused: Callable[..., Any], model: Path, little_corpus: Corpus, tmp_path: Path
) -> None:
    out = ("--onnx", tmp_path / "out")
    refused("export", tmp_path / "absent", *out, says=["not a model: clem.json is missing"])
    (tmp_path / "occupied").mkdir()
    (tmp_path / "occupied" / "file").write_text("mine", encoding="utf-8")
    refused("export", model, "--onnx", tmp_path / "occupied", says=["occupied", "already exists", "--force"])
    refused("export", model, *out, "--check-on", tmp_path / "absent.txt", says=["there is no such file"])
    check = ("--check-on", little_corpus.path, "--split", "holdout")
    refused("export", model, *out, *check, says=["holdout"])


def test_a_linear_system_is_refused(
    refused: Callable[..., Any], little_corpus: Corpus, tmp_path: Path
) -> None:
    linear = tmp_path / "linear"
    linear.mkdir()
    info_of(little_corpus, system="linear").write(linear)
    refused("export", linear, "--onnx", tmp_path / "out", says=["is a linear system, expected a neural one"])


def test_an_unknown_precision_is_refused(clem: Callable[..., Any], model: Path, tmp_path: Path) -> None:
    found = clem("export", model, "--onnx", tmp_path / "out", "--precision", "int4")
    assert found.code == 2
    assert "int4" in found.err


@pytest.mark.parametrize("package", ["onnx", "onnxruntime", "onnxscript"])
def test_a_missing_package_names_the_extra(
    refused: Callable[..., Any], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setattr("clem_icd.extras.find_spec", lambda name: None if name == package else sys)
    line = refused("export", model, "--onnx", tmp_path / "out", says=[f"needs {package}, which is not"])
    assert line.endswith("Install it with: pip install 'clem-icd[onnx]'.")
