"""A folder that a training fills: starting it, resuming it, replacing it, and keeping others out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from clem_icd.errors import OutputError, RunError
from clem_icd.runs.layout import PRETRAINING_STATE, RUN_STATE, SEEDS_STATE, STATES
from clem_icd.runs.resumable import Resumable, clear_destination

RECIPE = {"seed": 0, "training": {"epochs": 3, "rate": 0.1}, "head": {"kind": "pooled", "dropout": 0.1}}


class Folder(Resumable):
    """A run, as far as this room knows one."""

    STATE: ClassVar[str] = RUN_STATE
    FORMAT: ClassVar[str] = "clem-icd/run"
    MAY_CHANGE: ClassVar[frozenset[str]] = frozenset({"seeds"})

    @classmethod
    def open(
        cls, path: Path, recipe: dict[str, Any] | None = None, *, resume: bool = False, force: bool = False
    ) -> Folder:
        identity = {"recipe": recipe or RECIPE, "corpus": "abc"}
        return cls._start(
            path, identity, lambda: {"corpus.json": {"name": "c"}}, apart_from=[], resume=resume, force=force
        )

    @classmethod
    def _with_new_fields(cls, recipe: dict[str, Any]) -> dict[str, Any]:
        return {"seed": 0, **recipe}

    @property
    def begun(self) -> bool:
        return self.layout.checkpoints.exists()


class OtherFolder(Folder):
    """Another kind of training."""

    STATE: ClassVar[str] = PRETRAINING_STATE
    FORMAT: ClassVar[str] = "clem-icd/pretraining"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def edit_state(folder: Folder, **changes: Any) -> None:
    path = folder.path / folder.STATE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_new_folder_holds_its_recipe_its_state_and_what_it_starts_with(tmp_path: Path) -> None:
    folder = Folder.open(tmp_path / "run")
    assert names(folder.path) == ["corpus.json", "recipe.yaml", "run.json"]
    assert yaml.safe_load(folder.layout.recipe.read_text()) == RECIPE
    assert folder.state() == {
        "format": "clem-icd/run",
        "format_version": 2,
        "recipe": RECIPE,
        "corpus": "abc",
        "ended": False,
    }
    assert folder.fresh
    assert not folder.ended


def test_resuming_opens_the_folder_as_it_is(tmp_path: Path) -> None:
    Folder.open(tmp_path / "run").layout.checkpoints.mkdir()
    folder = Folder.open(tmp_path / "run", resume=True)
    assert not folder.fresh
    assert folder.layout.checkpoints.is_dir()


def test_resuming_starts_a_training_that_is_not_there(tmp_path: Path) -> None:
    assert Folder.open(tmp_path / "run", resume=True).fresh


def test_the_end_is_recorded_with_facts(tmp_path: Path) -> None:
    folder = Folder.open(tmp_path / "run")
    folder.end(best=3)
    assert folder.ended
    assert folder.state()["best"] == 3
    assert folder.state()["recipe"] == RECIPE


@pytest.mark.parametrize("state", [SEEDS_STATE, PRETRAINING_STATE])
def test_another_kind_of_training_is_not_resumed(tmp_path: Path, state: str) -> None:
    (tmp_path / state).write_text("{}")
    with pytest.raises(RunError, match=f"holds {STATES[state]}, expected a run with one seed") as caught:
        Folder.open(tmp_path, resume=True)
    assert caught.value.path == tmp_path
    assert names(tmp_path) == [state]


@pytest.mark.parametrize(
    "changes", [{"format": "clem-icd/seeds"}, {"format_version": 1}, {"format_version": None}]
)
def test_a_state_of_another_format_or_release_is_not_read(tmp_path: Path, changes: dict[str, Any]) -> None:
    folder = Folder.open(tmp_path / "run")
    edit_state(folder, **changes)
    with pytest.raises(RunError, match="expected 'clem-icd/run' version 2"):
        Folder.open(tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"training": {"epochs": 4, "rate": 0.1}}, "training.epochs"),
        ({"training": {"epochs": 4, "rate": 0.2}}, "training.epochs, training.rate"),
        ({"training": {"epochs": 3, "rate": 0.1, "patience": 2}}, "training.patience"),
        ({"training": {"epochs": 3}}, "training.rate"),
        ({"training": None}, "training"),
        ({"seed": 1, "head": {"kind": "pooled", "dropout": 0.2}}, "head.dropout, seed"),
        # The fields of another kind are not those of this one, so only the choice is named.
        ({"head": {"kind": "label-attention", "dropout": 0.2, "size": 8}}, "head"),
        ({"added": True}, "added"),
    ],
)
def test_another_recipe_is_refused_with_the_fields_that_changed(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    Folder.open(tmp_path / "run")
    with pytest.raises(RunError) as caught:
        Folder.open(tmp_path / "run", {**RECIPE, **changes}, resume=True)
    assert caught.value.found == f"was started with another recipe: {named} changed"


def test_fields_that_may_change_and_fields_added_since_do_not_count(tmp_path: Path) -> None:
    folder = Folder.open(tmp_path / "run")
    edit_state(folder, recipe={name: value for name, value in RECIPE.items() if name != "seed"})
    assert not Folder.open(tmp_path / "run", {**RECIPE, "seeds": 5}, resume=True).fresh


def test_a_replaced_run_is_set_aside_until_the_new_one_ends(tmp_path: Path) -> None:
    (Folder.open(tmp_path / "run").path / "result").touch()
    folder = Folder.open(tmp_path / "run", force=True)
    assert names(tmp_path) == [".replaced-run", "run"]
    assert (tmp_path / ".replaced-run" / "result").is_file()
    assert not (folder.path / "result").exists()
    folder.end()
    assert names(tmp_path) == ["run"]


def test_another_kind_of_training_is_replaced_too(tmp_path: Path) -> None:
    OtherFolder.open(tmp_path / "run")
    assert not (Folder.open(tmp_path / "run", force=True).path / PRETRAINING_STATE).exists()
    assert (tmp_path / ".replaced-run" / PRETRAINING_STATE).is_file()


def test_a_failure_before_anything_to_resume_restores_the_replaced_run(tmp_path: Path) -> None:
    (Folder.open(tmp_path / "run").path / "result").touch()
    Folder.open(tmp_path / "run", force=True).roll_back()
    assert names(tmp_path) == ["run"]
    assert (tmp_path / "run" / "result").is_file()


def test_a_failure_of_a_new_run_leaves_nothing(tmp_path: Path) -> None:
    Folder.open(tmp_path / "run").roll_back()
    assert names(tmp_path) == []


@pytest.mark.parametrize("resumed", [False, True])
def test_a_run_that_can_be_resumed_is_not_rolled_back(tmp_path: Path, resumed: bool) -> None:
    folder = Folder.open(tmp_path / "run")
    if resumed:
        folder = Folder.open(tmp_path / "run", resume=True)
    else:
        folder.layout.checkpoints.mkdir()
    folder.roll_back()
    assert folder.path.is_dir()


def test_a_second_replacement_keeps_the_run_that_was_finished(tmp_path: Path) -> None:
    (Folder.open(tmp_path / "run").path / "result").touch()
    Folder.open(tmp_path / "run", force=True)
    Folder.open(tmp_path / "run", force=True)
    assert (tmp_path / ".replaced-run" / "result").is_file()


def test_only_runs_are_replaced_and_only_with_force(tmp_path: Path) -> None:
    run = Folder.open(tmp_path / "run").path
    with pytest.raises(OutputError, match="already exists"):
        Folder.open(run)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").touch()
    with pytest.raises(OutputError, match="holds something other than a run"):
        Folder.open(tmp_path / "thesis", force=True)
    assert names(tmp_path) == ["run", "thesis"]


@pytest.mark.parametrize("read", ["run/model", "run", ".", "run/notes.jsonl"])
def test_a_destination_that_overlaps_what_is_read_is_refused(tmp_path: Path, read: str) -> None:
    run = Folder.open(tmp_path / "run").path
    (run / "model").mkdir()
    (run / "notes.jsonl").touch()
    with pytest.raises(OutputError, match="would overlap the input"):
        clear_destination(run, [("the input", tmp_path / read)], force=True)
    assert names(tmp_path) == ["run"]


def test_a_destination_beside_what_is_read_is_free(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").touch()
    clear_destination(tmp_path / "run", [("the input", tmp_path / "notes.jsonl")], force=False)
    assert names(tmp_path) == ["notes.jsonl"]


def test_one_process_trains_at_a_time(tmp_path: Path) -> None:
    folder = Folder.open(tmp_path / "run")
    # A lock belongs to an open file, so a second one excludes as another process would.
    with folder.locked():
        with (
            pytest.raises(RunError, match="another process is training this run") as caught,
            Folder(folder.path).locked(),
        ):
            raise AssertionError
        assert caught.value.path == folder.path
    with folder.locked():
        folder.end()
