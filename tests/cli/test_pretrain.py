"""`clem pretrain` as a user types it."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModel, Trainer

from clem_icd.corpus import Corpus
from pretraining_support import TINY_ENCODER, TINY_PRETRAINING, make_text, write_jsonl
from support import write_little_corpus

CANARY = "SECRETPATIENT"
FAST = [*TINY_PRETRAINING, "training.tokens=6000", "training.checkpoint_steps=4"]


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts that all hold a word that must not be shown."""
    texts = [f"{make_text(number)} {CANARY} {number}" for number in range(120)]
    return write_jsonl(tmp_path_factory.mktemp("notes") / "notes.jsonl.gz", texts)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_help_has_an_example_and_the_common_options(
    clem: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    found = clem("pretrain", "--help")
    assert found.code == 0
    [example] = [line for line in found.out.splitlines() if "Example" in line]
    assert "clem pretrain runs/" in example
    for option in ("--json", "--quiet", "--debug", "--force", "--resume", "--plan", "--keep-out", "--coded"):
        assert option in found.out
    assert " pretrain " in clem("--help").out


def test_texts_become_an_encoder(clem: Callable[..., Any], notes: Path, out: Path, tmp_path: Path) -> None:
    found = clem("pretrain", out, *FAST, "--text", notes)
    assert found.code == 0, found.err
    model, loading = AutoModel.from_pretrained(out / "encoder", output_loading_info=True)
    assert (model.config.hidden_size, loading["missing_keys"]) == (32, set())
    state = json.loads((out / "pretraining.json").read_text())
    assert f"{state['parameters']:,} parameters, held-out loss {state['held_out_loss']:.3f}" in found.out
    assert f"encoder={out / 'encoder'}" in found.out
    assert f"{notes.name}: " in found.err
    assert "Step 12 of 12" in found.err
    assert CANARY not in found.out + found.err
    assert names(tmp_path) == ["run"]


def test_the_result_is_one_json_object(clem: Callable[..., Any], notes: Path, out: Path) -> None:
    found = clem("pretrain", out, *FAST, "--text", notes, "--json", "-q")
    assert (found.code, found.err) == (0, "")
    state = json.loads((out / "pretraining.json").read_text())
    assert found.json == {"run": str(out), "encoder": str(out / "encoder"), **state}
    assert CANARY not in found.out
    again = clem("pretrain", out, *FAST, "--text", notes, "--json", "--resume")
    assert again.json == found.json
    assert "is already finished" in again.err


def test_a_plan_writes_nothing(clem: Callable[..., Any], notes: Path, out: Path, tmp_path: Path) -> None:
    shown = clem("pretrain", out, *FAST, "--text", notes, "--plan")
    assert shown.code == 0, shown.err
    assert "training.tokens" in shown.out
    found = clem("pretrain", out, *FAST, "--text", notes, "--plan", "--json").json
    assert names(tmp_path) == []
    assert [phase["length"] for phase in found["phases"]] == [32, 64]
    assert all(phase["tokens_per_second"] > 0 for phase in found["phases"])
    assert found["seconds"] > 0
    for budget in found["budgets"]:
        assert budget["passes"] == pytest.approx(budget["tokens"] / found["tokens"])
    hours = [budget["hours"] for budget in found["budgets"]]
    assert hours == sorted(hours)


def test_pretraining_continues_from_another_encoder(
    clem: Callable[..., Any], notes: Path, tmp_path: Path, little_corpus: Corpus
) -> None:
    assert clem("pretrain", tmp_path / "one", *FAST, "--text", notes, "-q").code == 0
    encoder = tmp_path / "one" / "encoder"
    settings = [*FAST[len(TINY_ENCODER) :], "codes.notes=2", "codes.names=2", "codes.note_tokens=48"]
    sources = ("--text", notes, "--coded", little_corpus.path, "--keep-out", little_corpus.path)
    found = clem("pretrain", tmp_path / "two", *settings, *sources, "--encoder", encoder, "--json", "-q").json
    assert found["recipe"]["encoder"] == {
        "kind": "pretrained",
        "name": str(encoder),
        "revision": None,
        "dropout": None,
    }
    assert [one["use"] for one in found["inputs"]] == ["text", "coded notes", "kept out", "encoder"]
    weights = "encoder/model.safetensors"
    assert (tmp_path / "two" / weights).read_bytes() != (tmp_path / "one" / weights).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--text", "absent.jsonl"], ["absent.jsonl", "no such file or folder"]),
        (
            ["--text", "{notes}", "training.lenghts=[32]"],
            ["'training.lenghts'", "Did you mean training.lengths"],
        ),
        (["--text", "{notes}", "training.tokens=none"], ["training.tokens", "valid integer"]),
        (
            ["--text", "{notes}", "--encoder", "clem-small", "encoder.layers=2"],
            ["encoder.layers does not apply"],
        ),
        (["--text", "{notes}", "--encoder", "./absent"], ["absent", "no such encoder folder"]),
        (["--text", "{notes}", "--coded", "."], ["corpus.json is missing", "clem prepare"]),
        (["--text", "{notes}", "--keep-out", "absent"], ["absent", "corpus.json is missing"]),
        (["--text", "{notes}", "codes.notes=2"], ["codes.notes", "--coded"]),
        (["--text", "{notes}", "encoder.attention_heads=7"], ["multiple of twice attention_heads"]),
    ],
    ids=lambda value: " ".join(value[2:] or value) if isinstance(value, list) else None,
)
def test_bad_input_is_refused(
    refused: Callable[..., str], notes: Path, out: Path, arguments: list[str], says: list[str]
) -> None:
    given = [argument.format(notes=notes) for argument in arguments]
    fast = FAST[len(TINY_ENCODER) :] if "--encoder" in given else FAST
    refused("pretrain", out, *fast, *given, says=says)


@pytest.mark.parametrize(
    "line",
    [
        b'{"text": "SECRETPATIENT',
        b'{"text": ["SECRETPATIENT"]}',
        b'{"body": "SECRETPATIENT"}',
        b'{"text": "SECRETPATIENT \xff"}',
    ],
)
def test_a_malformed_record_is_refused_without_its_text(
    refused: Callable[..., str], out: Path, tmp_path: Path, line: bytes
) -> None:
    path = write_jsonl(tmp_path / "bad.jsonl", [f"{CANARY} {number}" for number in range(3)])
    with path.open("ab") as file:
        file.write(line + b"\n")
    refused("pretrain", out, *FAST, "--text", path, says=[str(path), "row 4"])


def test_a_damaged_corpus_is_refused(refused: Callable[..., str], out: Path, tmp_path: Path) -> None:
    corpus = write_little_corpus(tmp_path / "corpus")
    path = corpus.notes_path("test")
    path.write_bytes(path.read_bytes()[:-100])
    refused("pretrain", out, *FAST, "--text", corpus.path, says=[str(corpus.path), "Prepare it again"])


def test_an_occupied_output_folder_is_refused(
    refused: Callable[..., str], clem: Callable[..., Any], notes: Path, out: Path
) -> None:
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    refused("pretrain", out, *FAST, "--text", notes, says=[str(out), "already exists", "--force"])
    refused(
        "pretrain",
        out,
        *FAST,
        "--text",
        notes,
        "--force",
        says=[str(out), "holds something other than a run"],
    )


def test_force_replaces_a_finished_run(clem: Callable[..., Any], notes: Path, out: Path) -> None:
    weights = out / "encoder" / "model.safetensors"
    assert clem("pretrain", out, *FAST, "--text", notes, "-q").code == 0
    before = weights.read_bytes()
    assert clem("pretrain", out, *FAST, "--text", notes, "-q", "seed=1").code == 2
    assert weights.read_bytes() == before
    assert clem("pretrain", out, *FAST, "--text", notes, "-q", "seed=1", "--force").code == 0
    assert weights.read_bytes() != before
    assert names(out.parent) == ["run"]


def test_a_text_is_required(clem: Callable[..., Any], out: Path) -> None:
    found = clem("pretrain", out)
    assert (found.code, found.out) == (2, "")
    assert "--text" in found.err


def interrupt_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Trainer.training_step
    left = step

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        if left == 0:
            signal.raise_signal(signal.SIGINT)
        left -= 1
        return original(*args, **kwargs)

    monkeypatch.setattr(Trainer, "training_step", interrupted)


def test_an_interruption_before_the_first_checkpoint_leaves_nothing(
    clem: Callable[..., Any], notes: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_at(2, monkeypatch)
    found = clem("pretrain", out, *FAST, "--text", notes, "-q")
    assert (found.code, found.out) == (130, "")
    assert found.err == "clem: interrupted. Resume the run with the same command and --resume.\n"
    assert names(tmp_path) == []


def test_an_interruption_while_reading_leaves_nothing(
    clem: Callable[..., Any], notes: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("clem_icd.pretraining.preparation._require_enough", interrupted)
    assert clem("pretrain", out, *FAST, "--text", notes, "-q").code == 130
    assert names(tmp_path) == []


def test_resume_after_a_checkpoint_gives_the_same_encoder(
    clem: Callable[..., Any], notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [tmp_path / "whole", tmp_path / "again"]
    assert clem("pretrain", runs[0], *FAST, "--text", notes, "-q").code == 0
    with monkeypatch.context() as patched:
        interrupt_at(6, patched)
        assert clem("pretrain", runs[1], *FAST, "--text", notes, "-q").code == 130
    assert (runs[1] / "checkpoints" / "checkpoint-4" / "complete.json").is_file()
    assert not (runs[1] / "encoder").exists()
    resumed = clem("pretrain", runs[1], *FAST, "--text", notes, "--resume")
    assert resumed.code == 0
    assert "Resuming from step 4" in resumed.err
    whole, again = ((run / "encoder" / "model.safetensors").read_bytes() for run in runs)
    assert whole == again
