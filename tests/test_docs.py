"""The documentation against the code: every key, metric, verb, option, link, command and example."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import re
import runpy
import shlex
import shutil
import socket
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from clem_icd import Coder
from clem_icd.errors import RecipeError
from clem_icd.fields import key_paths
from clem_icd.modeling.architecture import GROUPS
from clem_icd.pretraining import PretrainingRecipe, read_pretraining
from clem_icd.training import (
    DictionaryRecipe,
    LexiconRecipe,
    LinearRecipe,
    NeuralRecipe,
    Recipe,
    read_recipe,
    shipped_recipes,
    train,
)
from clem_icd.training.regularizers import REGULARIZERS
from support import LITTLE_SETTINGS, ROOT, make_note, write_little_corpus

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
WITH_README = [ROOT / "README.md", *PAGES]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
RECIPES = "reference/recipes.md"
PRETRAINING = "reference/pretraining.md"


def _load_generator() -> Any:
    """Import ``docs/generate.py``, which belongs to no package."""
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = _load_generator()
ROOT_COMMAND: Any = next(GENERATE.commands()).click


def name_of(path: Path) -> str:
    """Name a page in the name of its test."""
    return path.relative_to(ROOT).as_posix()


def read(name: str) -> str:
    """Return a page of the documentation."""
    return (DOCS / name).read_text(encoding="utf-8")


def fences(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


# The blocks of results repeat measurements on data that is not here.
WITH_PYTHON = [
    page
    for page in PAGES
    if page.parent.name != "results" and fences(page.read_text(encoding="utf-8"), "python")
]
WITH_DOCTESTS = [page for page in PAGES if fences(page.read_text(encoding="utf-8"), "pycon")]


# --- generated parts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "part"), list(GENERATE.GENERATED))
def test_generated_part_is_up_to_date(page: str, part: str) -> None:
    text = read(page)
    body = GENERATE.GENERATED[page, part]()
    assert GENERATE.with_part(text, part, body) == text, f"docs/{page} is out of date: run make docs"


def test_generating_refuses_a_page_without_its_marks() -> None:
    with pytest.raises(ValueError, match="expected one part 'commands', found 0"):
        GENERATE.with_part("# A page", "commands", "body")


def test_make_docs_rewrites_an_outdated_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(DOCS / "reference", tmp_path / "reference")
    page = tmp_path / "reference" / "cli.md"
    page.write_text(GENERATE.with_part(page.read_text(encoding="utf-8"), "commands", "old"), encoding="utf-8")
    monkeypatch.setattr(GENERATE, "DOCS", tmp_path)
    GENERATE.main()
    assert page.read_text(encoding="utf-8") == read("reference/cli.md")


def section_of(name: str) -> str:
    """Return a section of the command-line reference."""
    found = re.search(
        rf"^## {re.escape(name)}\n(.*?)(?=^## |\Z)", read("reference/cli.md"), re.DOTALL | re.MULTILINE
    )
    assert found is not None, name
    return found[1].replace("\\|", "|")


def test_reference_describes_every_command_argument_and_option() -> None:
    common = section_of("Common options")
    for name, command in list(GENERATE.commands())[1:]:
        section = section_of(name)
        assert " ".join(command.help.replace("\b", "").partition("Example:")[0].split()) in " ".join(
            section.split()
        ), name
        for parameter in command.params:
            for option in (one for one in parameter.opts if one.startswith("-")):
                assert f"`{option}`" in section or option == "-q", (name, option)
            assert " ".join((parameter.help or "").split()) in section + common, (name, parameter.name)


def test_reference_states_choices_bounds_and_defaults() -> None:
    evaluate = section_of("clem evaluate")
    assert re.search(r"^\| `--policy` \| `edin2024`, .* or `fixed` \| `edin2024` \|", evaluate, re.MULTILINE)
    assert "| `--resamples` | integer, at least 0 | `1000` |" in evaluate
    assert "| `--corpus` | path | required |" in evaluate
    assert "number from 0 to 1" in section_of("clem prepare table")
    assert "clem evaluate --corpus" in evaluate


# --- names -------------------------------------------------------------------------------------------------


def shipped_kinds() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield group, kind and fields of every choice, without those that other tests register."""
    for group, choices in {**GROUPS, REGULARIZERS.group: REGULARIZERS}.items():
        for kind in choices.kinds:
            if not kind.startswith("toy-"):
                yield group, kind, choices.fields_of(kind)


def leaves(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted path and the value of every field that is not a group."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


RECIPE_KINDS = (NeuralRecipe, LinearRecipe, LexiconRecipe, DictionaryRecipe)


def test_every_recipe_key_has_a_heading_and_every_heading_is_a_key() -> None:
    documented = re.findall(r"^#{3,4} `([\w.]+)`", read(RECIPES), flags=re.MULTILINE)
    of_kinds = {f"{group}.{field}" for group, _, fields in shipped_kinds() for field in fields}
    keys = {key for kind in RECIPE_KINDS for key in key_paths(kind) if not key.startswith("stacking.")}
    assert set(documented) == keys | of_kinds


def test_every_kind_of_a_choice_is_documented() -> None:
    for group, kind, _ in shipped_kinds():
        section = read(RECIPES).split(f"### `{group}`\n")[1].split("\n### ")[0]
        assert f"`{kind}`" in section, (group, kind)


def test_every_pretraining_key_has_a_heading_and_every_heading_is_a_key() -> None:
    documented = set(re.findall(r"^### `([\w.]+)`", read(PRETRAINING), flags=re.MULTILINE))
    known = {key for key in key_paths(PretrainingRecipe) if not key.startswith("encoder.")}
    assert documented == known - {"codes", "training"}


def test_stated_defaults_are_those_of_the_code() -> None:
    section = re.compile(r"^#{3,4} `([\w.]+)`[^\n]*\n(.*?)(?=^#)", re.DOTALL | re.MULTILINE)
    recipes: dict[str, list[BaseModel]] = {
        RECIPES: [
            NeuralRecipe.model_validate({"system": "neural", "encoder": "small"}),
            LinearRecipe(system="linear"),
            LexiconRecipe(system="lexicon"),
            DictionaryRecipe(system="dictionary"),
        ],
        PRETRAINING: [PretrainingRecipe()],
    }
    numbers = 0
    for page, shown in recipes.items():
        sections = dict(section.findall(f"{read(page)}\n# end"))
        for recipe in shown:
            for key, value in leaves(recipe):
                is_elsewhere = page == PRETRAINING and key.startswith("encoder.")
                if isinstance(value, int | float) and not isinstance(value, bool) and not is_elsewhere:
                    stated = re.search(r"Default (\S+?)[.,]?(?:\s|$)", sections[key])
                    assert stated is not None, key
                    assert float(stated[1]) == value, key
                    numbers += 1
    assert numbers > 30


def test_every_shipped_recipe_is_documented() -> None:
    section = read(RECIPES).split("## Shipped recipes\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.+?`) \|", section, flags=re.MULTILINE)
    documented = [name for row in rows for name in re.findall(r"`([\w/-]+)`", row)]
    assert sorted(documented) == sorted(shipped_recipes())


def test_design_lists_the_rooms_in_the_order_of_the_contract() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    package = ROOT / "src" / "clem_icd"
    rooms = [layer.strip("()") for layer in reversed(layers)]
    existing = [room for room in rooms if (package / room).is_dir() or (package / f"{room}.py").is_file()]
    section = read("explanation/design.md").split("## Rooms\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE) == existing


# --- links -------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", WITH_README, ids=name_of)
def test_every_relative_link_resolves(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        linked = (page.parent / place).resolve() if place else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), target


def test_the_map_lists_every_page_once() -> None:
    linked = re.findall(r"\]\(([\w/-]+\.md)\)", read("README.md"))
    assert sorted(linked) == sorted(
        page.relative_to(DOCS).as_posix() for page in PAGES if page.parent != DOCS
    )


def test_every_page_named_in_the_code_exists() -> None:
    folders = ("src", "examples", "benchmarks")
    files = [
        path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".md")
    ]
    named = {
        name for path in files for name in re.findall(r"docs/[\w./-]+\.md", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 5
    assert sorted(name for name in named if not (ROOT / name).is_file()) == []


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
    passed, arguments = set(), []
    remaining = iter(words)
    for word in remaining:
        if word in ("-h", "--help", "<"):
            return
        if word == "-" or not word.startswith("-"):
            arguments.append(word)
            continue
        name, _, value = word.partition("=")
        assert name in options, f"unknown option {word}"
        passed.add(options[name].name)
        if not options[name].is_flag and not value:
            assert not next(remaining, "-").startswith("-"), f"{word} lacks its value"
    required = {one.name for one in options.values() if one.required}
    assert required <= passed, f"lacks {required - passed}"
    if command.name == "train" and arguments[0] in shipped_recipes():
        read_recipe(arguments[0], arguments[1:])
    if command.name == "pretrain":
        read_pretraining(arguments[1:])


@pytest.mark.parametrize("page", WITH_README, ids=name_of)
def test_every_command_line_parses(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for words in command_lines(text):
        check_command_line(words)
    known = {
        option for one in GENERATE.commands() for parameter in one.click.params for option in parameter.opts
    }
    for line in re.findall(r"`clem ([^`\n]+)`", text):
        verb = line.split()[0]
        assert verb in ROOT_COMMAND.commands or verb.startswith("-"), line
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


def little() -> Recipe:
    """Return a recipe that trains in a second."""
    return read_recipe("clem-icd-small", [*LITTLE_SETTINGS, "training.epochs=1"])


@pytest.fixture(scope="module")
def connections() -> Iterator[list[str]]:
    """Refuse every connection, and record it: a library may catch the error and carry on."""
    opened: list[str] = []

    def refuse(*arguments: object, **_: object) -> None:
        opened.append(str(arguments))
        raise OSError("no network in this test")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield opened


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, connections: list[str]) -> Path:
    """A folder with a corpus, a run trained without network and a note, at the places that the pages name."""
    folder = tmp_path_factory.mktemp("workspace")
    train(little(), write_little_corpus(folder / "runs" / "demo-corpus"), folder / "runs" / "demo")
    (folder / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "note.txt", folder / "examples")
    (folder / "notes").mkdir()
    for number in range(2):
        (folder / "notes" / f"{number}.txt").write_text(make_note(number).text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("page", WITH_PYTHON, ids=name_of)
def test_python_examples_on_the_pages_run(
    page: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace)
    monkeypatch.setenv("CLEM_ICD_CACHE", str(workspace / "cache"))
    for number, block in enumerate(fences(page.read_text(encoding="utf-8"), "python"), start=1):
        exec(compile(block, f"{page.name}, block {number}", "exec"), {})  # noqa: S102 - our own pages
    assert capsys.readouterr().out


@pytest.mark.parametrize("page", WITH_DOCTESTS, ids=name_of)
def test_worked_examples_are_correct(page: Path) -> None:
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert (failed, tried > 5) == (0, True)


def test_two_pages_have_worked_examples() -> None:
    assert [page.name for page in WITH_DOCTESTS] == ["macro-f1.md", "uncertainty.md"]


@pytest.fixture
def run_example(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Run an example as a script in the workspace, and return what it prints."""

    def run(name: str, *arguments: str) -> str:
        monkeypatch.chdir(workspace)
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")
        return capsys.readouterr().out

    return run


def test_example_from_python(workspace: Path, run_example: Callable[..., str]) -> None:
    printed = run_example("from_python.py", "runs/from-python", "linear")
    assert "Macro-F1 (CAML)" in printed
    assert (workspace / "runs" / "from-python" / "run" / "report.html").is_file()


def test_example_code_a_folder(workspace: Path, run_example: Callable[..., str]) -> None:
    run_example("code_a_folder.py", "runs/demo/model", "notes", "codes.csv")
    rows = (workspace / "codes.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "note,code,system,title,probability"
    model = Coder.load(workspace / "runs" / "demo" / "model")
    decided = [one for number in range(2) for one in model.code(make_note(number).text, top=0)]
    assert [row.split(",")[1] for row in rows[1:]] == [one.code for one in decided]


def test_example_code_a_folder_codes_the_notes_beside_a_bad_one(
    workspace: Path, run_example: Callable[..., str]
) -> None:
    for place in ("mixed/a", "mixed/b"):
        (workspace / place).mkdir(parents=True)
        (workspace / place / "note.txt").write_text(make_note(0).text, encoding="utf-8")
    (workspace / "mixed" / "a" / "note.TXT").write_text(make_note(0).text, encoding="utf-8")
    (workspace / "mixed" / "scan.txt").write_bytes(b"%PDF-1.7")
    with pytest.raises(SystemExit) as caught:
        run_example("code_a_folder.py", "runs/demo/model", "mixed", "mixed.csv")
    assert caught.value.code == 3
    rows = (workspace / "mixed.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert {row.split(",")[0] for row in rows} == {"a/note.TXT", "a/note.txt", "b/note.txt"}


def test_example_code_a_folder_without_arguments_prints_its_usage(
    run_example: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run_example("code_a_folder.py")
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_example_with_transformers(workspace: Path, run_example: Callable[..., str]) -> None:
    assert "clem_icd" not in (ROOT / "examples" / "with_transformers.py").read_text(encoding="utf-8")
    printed = run_example("with_transformers.py", "runs/demo/model", "notes/0.txt")
    decided = Coder.load(workspace / "runs" / "demo" / "model").code(make_note(0).text, top=0)
    assert sorted(line.split()[0] for line in printed.splitlines()) == sorted(one.code for one in decided)


def test_every_example_is_tested() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert [path.name for path in EXAMPLES if f"def test_example_{path.stem}(" not in tests] == []


def test_training_and_coding_open_no_connection(workspace: Path, connections: list[str]) -> None:
    assert (workspace / "runs" / "demo" / "model").is_dir()
    assert Coder.load(workspace / "runs" / "demo" / "model").code(make_note(0).text)
    assert connections == []


def test_opened_connections_are_detected(connections: list[str]) -> None:
    with pytest.raises(OSError, match="no network in this test"):
        socket.create_connection(("localhost", 9))
    assert connections.pop() != ""
