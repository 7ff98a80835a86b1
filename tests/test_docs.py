"""The documentation against the code: every key, metric, verb, option, link, command and example."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel
from typer.testing import CliRunner

from clem_icd import Coder, Corpus
from clem_icd.cli import app
from clem_icd.errors import RecipeError
from clem_icd.evaluation import DEFINITIONS
from clem_icd.fields import key_paths
from clem_icd.pretraining import PretrainingRecipe, read_pretraining
from clem_icd.training import LinearRecipe, NeuralRecipe, read_recipe, shipped_recipes, train
from support import LITTLE_SETTINGS, ROOT, make_note, write_little_corpus

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
RESULTS = sorted((DOCS / "results").glob("*.md"))
WITH_README = [ROOT / "README.md", *PAGES, *RESULTS]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
ROOT_COMMAND: Any = typer.main.get_command(app)

# Set, the tests of generated parts write them instead of comparing them.
WRITE = "CLEM_ICD_WRITE_DOCS" in os.environ


def name_of(path: Path) -> str:
    """Name a page in the name of its test."""
    return path.relative_to(ROOT).as_posix()


def read(name: str) -> str:
    """Return a page of the documentation."""
    return (DOCS / name).read_text(encoding="utf-8")


def fences(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


WITH_PYTHON = [page for page in PAGES if fences(page.read_text(encoding="utf-8"), "python")]


# --- generated parts --------------------------------------------------------------------------------------


def check_generated(page: str, part: str, expected: str) -> None:
    """Compare the part of a page between its two marks, or write it."""
    text = read(page)
    marks = re.compile(rf"(<!-- {part}: begin[^\n]*-->\n).*?(<!-- {part}: end -->)", re.DOTALL)
    assert len(marks.findall(text)) == 1
    current = marks.sub(lambda match: f"{match[1]}\n{expected}\n{match[2]}", text)
    if WRITE:
        (DOCS / page).write_text(current, encoding="utf-8")
    assert read(page) == current, f"docs/{page} is out of date: docs/cli.md says how to write it again"


def commands(command: Any = ROOT_COMMAND, name: str = "clem") -> Iterator[tuple[str, Any]]:
    """Yield every command and subcommand with its full name."""
    yield name, command
    for child_name, child in getattr(command, "commands", {}).items():
        yield from commands(child, f"{name} {child_name}")


def help_of(name: str) -> str:
    """Return what ``--help`` prints, in 100 columns and without colours."""
    surroundings = {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1", "TERM": "dumb"}
    result = CliRunner().invoke(app, [*name.split()[1:], "--help"], prog_name="clem", env=surroundings)
    assert result.exit_code == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)
    return "\n".join(line.rstrip() for line in plain.splitlines()).strip()


def test_generated_help_is_that_of_the_commands() -> None:
    parts = [f"## {name}\n\n```text\n{help_of(name)}\n```\n" for name, _ in commands()]
    check_generated("cli.md", "help", "\n".join(parts))


def test_generated_definitions_are_those_of_the_metrics() -> None:
    rows = ["| name | title | definition | labels | notes | source |", "|---|---|---|---|---|---|"]
    for name, one in DEFINITIONS.items():
        cells = (f"`{name}`", one.title, one.definition, one.labels, one.notes, one.source)
        assert not any("|" in cell for cell in cells)
        rows.append(f"| {' | '.join(cells)} |")
    check_generated("metrics.md", "definitions", "\n".join(rows) + "\n")


# --- names -------------------------------------------------------------------------------------------------


def test_every_recipe_key_has_a_heading_and_every_heading_is_a_key() -> None:
    documented = re.findall(r"^#{3,4} `([\w.]+)`", read("recipes.md"), flags=re.MULTILINE)
    known = {*key_paths(NeuralRecipe), *key_paths(LinearRecipe)}
    assert set(documented) == known


def test_the_defaults_in_recipes_are_those_of_the_code() -> None:
    section = re.compile(r"^#{3,4} `([\w.]+)`[^\n]*\n(.*?)(?=^#)", re.DOTALL | re.MULTILINE)
    recipes: dict[str, list[BaseModel]] = {
        "recipes.md": [NeuralRecipe.model_validate({"encoder": "small"}), LinearRecipe(system="linear")],
        "pretraining.md": [PretrainingRecipe()],
    }
    numbers = 0
    for page, shown in recipes.items():
        sections = dict(section.findall(f"{read(page)}\n# end"))
        for recipe in shown:
            for key in key_paths(type(recipe)):
                value: Any = recipe
                for part in key.split("."):
                    value = getattr(value, part)
                is_elsewhere = page == "pretraining.md" and key.startswith("small.")
                if isinstance(value, int | float) and not isinstance(value, bool) and not is_elsewhere:
                    stated = re.search(r"Default (\S+?)[.,]?(?:\s|$)", sections[key])
                    assert stated is not None, key
                    assert float(stated[1]) == value, key
                    numbers += 1
    assert numbers > 30


def test_every_pretraining_key_has_a_heading_and_every_heading_is_a_key() -> None:
    documented = set(re.findall(r"^### `([\w.]+)`", read("pretraining.md"), flags=re.MULTILINE))
    known = {key for key in key_paths(PretrainingRecipe) if not key.startswith("small.")}
    assert documented == known - {"encoder", "codes", "training"}


def test_every_shipped_recipe_is_documented() -> None:
    documented = re.findall(r"^\| `([\w-]+)` \|", read("recipes.md"), flags=re.MULTILINE)
    assert set(documented) == set(shipped_recipes())


# --- links -------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", WITH_README, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        linked = (page.parent / place).resolve() if place else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), target


def test_the_index_lists_every_page() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", read("README.md")))
    assert linked == {page.name for page in PAGES} - {"README.md"}
    results = set(re.findall(r"\]\((results/[\w-]+\.md)\)", read("README.md")))
    assert results == {f"results/{page.name}" for page in RESULTS}


# --- command lines -----------------------------------------------------------------------------------------


def command_lines(text: str) -> list[list[str]]:
    """Return the arguments of every ``clem`` command in fenced shell blocks."""
    found = []
    for language in ("bash", "console", "sh", "shell"):
        for block in fences(text, language):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line.removeprefix("$ "), comments=True)
                while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
                    words.pop(0)
                if words and words[0] == "clem":
                    found.append(words[1:])
    return found


def check_command_line(words: list[str]) -> None:
    """Refuse unknown verbs, options and settings, and missing required options."""
    command = ROOT_COMMAND
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"unknown verb {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    options = {option: one for one in command.params for option in one.opts if option.startswith("-")}
    given, arguments = set(), []
    remaining = iter(words)
    for word in remaining:
        if word in ("-h", "--help", "<"):
            return
        if word == "-" or not word.startswith("-"):
            arguments.append(word)
            continue
        name, _, value = word.partition("=")
        assert name in options, f"unknown option {word}"
        given.add(options[name].name)
        if not options[name].is_flag and not value:
            assert not next(remaining, "-").startswith("-"), f"{word} lacks its value"
    required = {one.name for one in options.values() if one.required}
    assert required <= given, f"lacks {required - given}"
    if command.name == "train" and arguments[0] in shipped_recipes():
        read_recipe(arguments[0], arguments[1:])
    if command.name == "pretrain":
        read_pretraining(arguments[1:])


@pytest.mark.parametrize("page", WITH_README, ids=name_of)
def test_every_command_line_parses(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    inline = re.findall(r"`clem ([^`\n]+)`", text)
    for words in command_lines(text):
        check_command_line(words)
    for line in inline:
        verb = line.split()[0]
        assert verb in ROOT_COMMAND.commands or verb.startswith("-"), line
        known = {option for _, one in commands() for parameter in one.params for option in parameter.opts}
        assert {word for word in line.split() if word.startswith("--")} <= known | {"--help"}, line


def test_the_check_of_command_lines_finds_mistakes() -> None:
    for line in (
        "trian demo",
        "train demo --corpus c",
        "train demo --corpus c --out o --outt",
        "train demo --corpus c --out o training.epoch=1",
        "describe c --tokenizer",
    ):
        with pytest.raises((AssertionError, RecipeError)):
            check_command_line(line.split())


# --- what runs ---------------------------------------------------------------------------------------------


def little() -> NeuralRecipe | LinearRecipe:
    """Return a recipe that trains in a second."""
    return read_recipe("clem-icd-small", [*LITTLE_SETTINGS, "training.epochs=1"])


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus, a trained run and a note, at the places that the pages name."""
    folder = tmp_path_factory.mktemp("workspace")
    train(little(), write_little_corpus(folder / "runs" / "demo-corpus"), folder / "runs" / "demo")
    (folder / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "note.txt", folder / "examples")
    (folder / "notes").mkdir()
    for number in range(2):
        (folder / "notes" / f"{number}.txt").write_text(make_note(number).text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("page", WITH_PYTHON, ids=name_of)
def test_python_on_the_pages_runs(
    page: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace)
    for number, block in enumerate(fences(page.read_text(encoding="utf-8"), "python"), start=1):
        exec(compile(block, f"{page.name}, block {number}", "exec"), {})  # noqa: S102 - our own pages
    assert capsys.readouterr().out


@pytest.mark.parametrize("page", ["macro-f1.md", "uncertainty.md"])
def test_a_worked_example_is_right(page: str) -> None:
    failed, tried = doctest.testfile(str(DOCS / page), module_relative=False)
    assert (failed, tried > 5) == (0, True)


def run_example(name: str, workspace: Path, *arguments: str) -> str:
    """Run an example in the workspace, and return what it prints."""
    surroundings = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / name, *arguments],
        cwd=workspace,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_example_from_python(workspace: Path) -> None:
    printed = run_example("from_python.py", workspace, "runs/from-python", "linear")
    assert "Macro-F1 (CAML)" in printed
    assert (workspace / "runs" / "from-python" / "run" / "report.html").is_file()


@pytest.mark.slow
def test_example_code_a_folder(workspace: Path) -> None:
    run_example("code_a_folder.py", workspace, "runs/demo/model", "notes", "codes.csv")
    rows = (workspace / "codes.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "note,code,system,title,probability"
    model = Coder.load(workspace / "runs" / "demo" / "model")
    decided = [one for number in range(2) for one in model.code(make_note(number).text, top=0)]
    assert [row.split(",")[1] for row in rows[1:]] == [one.code for one in decided]


@pytest.mark.slow
def test_example_with_transformers(workspace: Path) -> None:
    printed = run_example("with_transformers.py", workspace, "runs/demo/model", "notes/0.txt")
    decided = Coder.load(workspace / "runs" / "demo" / "model").code(make_note(0).text, top=0)
    assert sorted(line.split()[0] for line in printed.splitlines()) == sorted(one.code for one in decided)


def test_every_example_is_tested() -> None:
    tests = Path(__file__).read_text(encoding="utf-8")
    assert [path.name for path in EXAMPLES if f"def test_example_{path.stem}(" not in tests] == []


def test_training_and_coding_open_no_connection(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def refuse(*arguments: object) -> None:
        # Noted as well, since a library may catch the error and go on.
        opened.append(str(arguments[-1]))
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    corpus = Corpus.open(workspace / "runs" / "demo-corpus")
    run = train(little(), corpus, tmp_path / "run")
    assert Coder.load(run / "model").code(make_note(0).text)
    assert opened == []
