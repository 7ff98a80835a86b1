"""Errors, progress and output of every verb, and names that a terminal could take for markup."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from clem_icd.cli.metrics_tables import show_metrics
from clem_icd.cli.terminal import Terminal, open_terminal
from clem_icd.errors import CorpusError

CANARY = "SECRETPATIENT"


def exit_code(error: BaseException, *, json: bool = False, quiet: bool = False, debug: bool = False) -> int:
    """The exit code of a verb in which an error occurs."""
    with pytest.raises(typer.Exit) as caught, open_terminal(json=json, quiet=quiet, debug=debug):
        raise error
    return caught.value.exit_code


def test_bad_input_ends_with_2_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    error = CorpusError("is [bold]odd[/bold] :key:", path="/x" * 100, row=3, remedy="Mend it")
    assert exit_code(error, json=True, quiet=True) == 2
    assert capsys.readouterr() == (
        "",
        f"clem: {'/x' * 100}, row 3: is [bold]odd[/bold] :key:. Mend it.\n",
    )


def test_an_unexpected_error_ends_with_1_and_shows_only_its_class(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(ValueError(f"cannot read {CANARY}")) == 1
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.count("\n") == 1
    assert "unexpected ValueError" in found.err
    assert CANARY not in found.err


def test_an_interruption_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(KeyboardInterrupt(), debug=True) == 130
    assert capsys.readouterr().err == "clem: interrupted. Nothing was left half-written.\n"


@pytest.mark.parametrize("error", [CorpusError("no"), ValueError("no")])
def test_debug_lets_errors_through(error: Exception) -> None:
    with pytest.raises(type(error), match="no"), open_terminal(json=False, quiet=False, debug=True):
        raise error


def test_progress_away_from_a_terminal_is_one_line_per_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("clem_icd.cli.terminal.time.monotonic", lambda: now)
    own = Terminal(json=False, quiet=False)
    own.begin("Reading", 1000)
    for now in (1.0, 60.5, 61.0, 121.0):  # noqa: B007
        own.advance(100)
    own.finish()
    assert capsys.readouterr().err == (
        "Reading: 200 of 1,000, 4 min left\nReading: 400 of 1,000, 3 min left\n"
    )


def test_quiet_prints_only_the_result(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clem_icd.cli.terminal._SECONDS_BETWEEN_LINES", -1.0)
    own = Terminal(json=False, quiet=True)
    own.begin("Reading", 2)
    own.advance()
    own.say("a note")
    own.result({"a": 1}, lambda console: console.print("done"))
    assert capsys.readouterr() == ("done\n", "")


def test_a_terminal_shows_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    own = Terminal(json=False, quiet=False)
    own.begin("Reading", 2)
    own.advance()
    own.finish()
    assert "1/2" in capsys.readouterr().err


def test_json_is_one_line_whatever_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal(json=True, quiet=False).result({"a": "b\nc \u00e9", "n": [1, None]}, lambda _: None)
    assert capsys.readouterr().out == '{"a": "b\\nc \u00e9", "n": [1, null]}\n'


def test_brackets_in_names_and_titles_are_shown(
    world: Any, clem: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    card = world.model / "clem.json"
    card.write_text(card.read_text().replace("Essential (primary)", "Essential [any part] [/]"))
    folder = world.root / "odd ["
    folder.mkdir()
    note = folder / "bold] :key:.txt"
    note.write_text("pain")
    found = clem("code", world.model, note)
    assert found.code == 0
    assert str(note) in found.out.replace("\n", "")
    assert "Essential [any part] [/] hypertension" in found.out


def test_markup_in_the_name_of_a_note_is_printed_as_it_is(
    world: Any, clem: Callable[..., Any], tmp_path: Path
) -> None:
    note = tmp_path / "n[red].txt"
    note.write_text("pain")
    assert "n[red].txt" in clem("code", world.model, note).out.replace("\n", "")


def test_markup_in_the_name_of_a_corpus_is_printed_as_it_is(
    world: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    document = world.outcomes["evaluate"].json
    document["corpus"]["name"] = "c[red]"
    show_metrics(Terminal(json=False, quiet=False).out, document, Path("m[red].json"))
    out = capsys.readouterr().out
    assert "on c[red], synthetic, test" in out
    assert "m[red].json" in out


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_closed_pipe_ends_the_verb_quietly(world: Any, options: tuple[str, ...]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "clem_icd.cli", "describe", str(world.corpus), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 141
    process.stderr.close()


def test_an_occupied_output_folder_is_refused_before_the_corpus_is_read(
    clem: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/mine.txt").write_text("mine")
    found = clem("train", "demo", "--corpus", tmp_path / "no-corpus", "--out", tmp_path / "run")
    assert found.code == 2
    assert "already exists" in found.err
