"""The help of every verb."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest

VERBS = [
    ("synthesize",),
    ("prepare",),
    ("prepare", "mimic4-icd10"),
    ("prepare", "codiesp"),
    ("prepare", "table"),
    ("describe",),
    ("convert-encoder",),
    ("train",),
    ("predict",),
    ("bench",),
    ("evaluate",),
    ("thresholds",),
    ("error-analysis",),
    ("compare",),
    ("evidence", "score"),
    ("evidence", "measure"),
    ("evidence", "export"),
    ("evidence", "tune"),
    ("code",),
    ("explain",),
    ("serve",),
    ("export",),
    ("token", "create"),
    ("token", "list"),
    ("token", "revoke"),
    ("report",),
    ("reproduce",),
]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_has_an_example_of_the_verb(clem: Callable[..., Any], verb: tuple[str, ...]) -> None:
    found = clem(*verb, "--help")
    assert found.code == 0
    [example] = [line for line in found.out.splitlines() if "Example" in line]
    assert f"clem {' '.join(verb)} " in example


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != ("prepare",)], ids=" ".join)
def test_every_verb_has_the_common_options(clem: Callable[..., Any], verb: tuple[str, ...]) -> None:
    help_ = clem(*verb, "--help").out
    assert [option for option in ("--json", "--quiet", "--debug") if option not in help_] == []


@pytest.mark.parametrize(
    "verb", ["synthesize", "convert-encoder", "train", "predict", "evaluate", "explain", "export"]
)
def test_verbs_with_an_output_have_force(clem: Callable[..., Any], verb: str) -> None:
    assert "--force" in clem(verb, "--help").out


def test_the_command_lists_its_verbs(clem: Callable[..., Any]) -> None:
    listed = clem("--help").out
    assert [verb[0] for verb in VERBS if f" {verb[0]} " not in listed] == []


def test_the_version_is_that_of_the_package(clem: Callable[..., Any]) -> None:
    assert clem("--version").out == f"clem-icd {version('clem-icd')}\n"


@pytest.mark.parametrize("arguments", [("cod",), ("describe", "--jsn"), ("train", "linear"), ("describe",)])
def test_an_unknown_command_or_option_ends_with_2(
    clem: Callable[..., Any], arguments: tuple[str, ...]
) -> None:
    found = clem(*arguments)
    assert (found.code, found.out) == (2, "")
    assert "Usage" in found.err


def test_the_command_itself_silences_the_bars_and_warnings_of_the_libraries() -> None:
    check = (
        "import sys; from clem_icd.cli.app import main; sys.argv = ['clem', '--version']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "from transformers.utils import logging\n"
        "from huggingface_hub.utils import logging as hub\n"
        "quiet = [one.get_verbosity() == one.ERROR for one in (logging, hub)]\n"
        "print(logging.is_progress_bar_enabled(), *quiet)"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANS"))}
    done = subprocess.run(
        [sys.executable, "-c", check], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "False True True"
