"""Ctrl-C in the middle of long work leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clem_icd.cli import app
from clem_icd.synthetic import synthesize


def interrupt(folder: Path, *arguments: object) -> tuple[int, str]:
    """Start a command that writes below an empty folder, and interrupt it as soon as it writes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "clem_icd.cli", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # A background job of a shell is started with SIGINT ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 60
    while not any(folder.iterdir()) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    return process.returncode, err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "out"
    path.mkdir()
    return path


def test_interrupted_synthesis_leaves_nothing(folder: Path) -> None:
    code, err = interrupt(folder, "synthesize", "--admissions", 1_000_000, "--out", folder / "raw")
    assert (code, err) == (130, "clem: interrupted. Nothing was left half-written.\n")
    assert list(folder.iterdir()) == []


def test_an_interrupted_run_says_how_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("clem_icd.corpus.Corpus.open", stopped)
    with pytest.raises(SystemExit) as caught:
        app(["train", "demo", "--corpus", str(tmp_path), "--out", str(tmp_path / "run")])
    assert caught.value.code == 130
    assert capsys.readouterr().err == (
        "clem: interrupted. Resume the run with the same command and --resume.\n"
    )


def test_interrupted_preparation_leaves_nothing(tmp_path: Path, folder: Path) -> None:
    synthesize(tmp_path / "raw", admissions=2000, seed=1, words=60)
    code, err = interrupt(
        folder, "prepare", "mimic4-icd10", "--raw", tmp_path / "raw", "--out", folder / "corpus"
    )
    assert (code, err) == (130, "clem: interrupted. Nothing was left half-written.\n")
    assert list(folder.iterdir()) == []
