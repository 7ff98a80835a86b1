"""Several processes train the same model as one. Here they are forks that a launcher might have started."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch.utils.data import SequentialSampler

from clem_icd.corpus import Corpus
from clem_icd.errors import RecipeError, RunError
from clem_icd.progress import Silent
from clem_icd.runs.checkpoints import last_checkpoint
from clem_icd.runs.points import Point
from clem_icd.runs.processes import LeaderFailedError
from clem_icd.runs.stopping import Stopped, stopping_on_sigterm
from clem_icd.training import NeuralRecipe, plan_training, read_recipe, team, train
from clem_icd.training.finite import require_finite
from clem_icd.training.recipe import shipped_recipes
from clem_icd.training.shares import Division, Share, SharesOfBatches, share_of
from clem_icd.training.trainer import training_arguments
from fixtures.killing import ForkServers, Outcome
from fixtures.stopping import sigterm_at
from support import LITTLE_SETTINGS, write_little_corpus

# 41 notes in batches of 8: the last batch is a single note, so that one of two processes has none. Sums of
# numbers are taken in another order, hence the tolerances below.
PLAIN = [*LITTLE_SETTINGS, "training.epochs=2", "training.log_steps=1"]
ACCUMULATION = [
    *PLAIN,
    "training.batch_size=4",
    "training.gradient_accumulation=3",
    "training.gradient_checkpointing=true",
    "loss=asymmetric",
    "loss.reduction=sum",
]
# Each process reads one note per pass. The last step of an epoch has a single note.
ONE_NOTE = [
    *PLAIN,
    "training.batch_size=1",
    "training.gradient_accumulation=4",
    "training.learning_rate=0.001",
]
LABEL_ATTENTION = [*PLAIN, "head=label-attention", "adapter=lora", "adapter.rank=4", "adapter.dropout=0"]
TWINS = [*PLAIN, "training.synthetic_notes={}"]
# Two passes, with a dropout that changes nothing: other random numbers are drawn in each process.
R_DROP = [*PLAIN, "head.dropout=1e-12", "training.r_drop={after_epochs: 1}"]
LEVELS = [
    *PLAIN,
    "head={kind: label-tree-attention, level_epochs: [1, 1, 1]}",
    "training.epochs=4",
    "training.learning_rate=0.001",
]
SUPERVISED = [*PLAIN, "head=label-attention", "training.regularizer=supervised-attention"]
INPUT_GRADIENT = [*PLAIN, "training.regularizer=input-gradient", "training.regularizer.weight=0.01"]
# Each process draws other random numbers, so the model depends on the number of processes.
DROPOUT = [
    *LITTLE_SETTINGS,
    "training.epochs=2",
    "training.log_steps=4",
    "encoder.dropout=0.1",
    "head.dropout=0.1",
]

LOSS, WEIGHT = 1e-5, 1e-5
"""The largest differences from a single process: losses are about 0.7 and weights about 1."""

EPOCH = 0.03
"""The same for how much of an epoch is done, which the Trainer counts in passes: here one of 21."""

LEVELS_WEIGHT = 1e-3
"""The same for training by levels. Each begins with a fresh Adam, whose first step is of the size of the
learning rate even where a gradient is nothing but rounding."""

SECONDS = 120
"""The life of a process, after which it is ended. It needs about two seconds of its own."""

Signal = tuple[int, Point, int, signal.Signals]
"""A process that receives a signal at a point, after passing it some times."""

Launch = Callable[..., list[Outcome]]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    place = tmp_path_factory.mktemp("shared") / "corpus"
    return write_little_corpus(place, sizes={"train": 41, "validation": 19, "test": 10})


@pytest.fixture(scope="module")
def launch(servers: ForkServers, corpus: Corpus) -> Launch:
    """Return a function that trains in two processes, which have an alarm against waiting forever."""

    def launched(
        run: Path,
        settings: Sequence[str],
        *options: str,
        at: Signal | None = None,
        recipe: str = "clem-icd-small",
    ) -> list[Outcome]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        arguments = ["train", recipe, "--corpus", str(corpus.path), "--out", str(run), *options, *settings]

        def one(rank: int) -> Outcome:
            place = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
            meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "GLOO_SOCKET_IFNAME": "lo"}
            _, point, count, number = at if at and at[0] == rank else (0, None, 0, signal.SIGTERM)
            server = (servers.first, servers.second)[rank]
            return server.run(
                arguments,
                point,
                count,
                number=number,
                hidden=["matplotlib"],
                environment={**place, **meeting},
                seconds=SECONDS,
            )

        with ThreadPoolExecutor(2) as both:
            return list(both.map(one, range(2)))

    return launched


def succeeded(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        assert outcome.code == 0, [one.output for one in outcomes]


def recipe_of(settings: Sequence[str]) -> NeuralRecipe:
    recipe = read_recipe("clem-icd-small", settings)
    assert isinstance(recipe, NeuralRecipe)
    return recipe


def history(run: Path) -> list[dict[str, Any]]:
    rows = json.loads((run / "history.json").read_text())
    return [
        {key: value for key, value in row.items() if not key.endswith(("_runtime", "_per_second"))}
        for row in rows
        if "train_runtime" not in row
    ]


def assert_close(run: Path, other: Path, largest: float = WEIGHT) -> None:
    """Require equal loss curves, metrics and weights, within the tolerances."""
    for row, its in zip(history(run), history(other), strict=True):
        assert row.pop("epoch") == pytest.approx(its.pop("epoch"), abs=EPOCH)
        assert row == pytest.approx(its, abs=LOSS, rel=LOSS)
    weights, its = (load_file(one / "model" / "model.safetensors") for one in (run, other))
    assert weights.keys() == its.keys()
    for name, weight in weights.items():
        torch.testing.assert_close(weight, its[name], atol=largest, rtol=0)
    for name in ("metrics.json", "metrics-validation.json"):
        metrics, expected = (json.loads((one / name).read_text())["metrics"] for one in (run, other))
        assert metrics == pytest.approx(expected, abs=LOSS)


@pytest.mark.usefixtures("without_report")
@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(PLAIN, id="plain"),
        pytest.param(ACCUMULATION, id="accumulation-and-gradient-checkpointing"),
        pytest.param(ONE_NOTE, id="batches-of-one-note"),
        pytest.param(LABEL_ATTENTION, id="label-attention-with-lora"),
        pytest.param(TWINS, id="synthetic-notes"),
        pytest.param(R_DROP, id="r-drop"),
        pytest.param(LEVELS, id="levels"),
        pytest.param(SUPERVISED, id="supervised-attention"),
        pytest.param(INPUT_GRADIENT, id="input-gradient"),
    ],
)
def test_two_processes_give_the_loss_curve_and_the_model_of_one(
    corpus: Corpus, launch: Launch, tmp_path: Path, settings: list[str]
) -> None:
    train(recipe_of(settings), corpus, tmp_path / "one")
    outcomes = launch(tmp_path / "two", settings)
    succeeded(outcomes)
    assert_close(tmp_path / "two", tmp_path / "one", LEVELS_WEIGHT if settings is LEVELS else WEIGHT)
    assert f"Epoch {recipe_of(settings).training.epochs}: validation loss" in outcomes[0].output
    assert [line for line in outcomes[1].output.splitlines() if "reducer.cpp" not in line] == []
    assert json.loads((tmp_path / "two" / "environment.json").read_text())["processes"] == 2
    assert {path.name for path in (tmp_path / "two").iterdir()} == {
        path.name for path in (tmp_path / "one").iterdir()
    }


@pytest.mark.usefixtures("without_report")
def test_two_processes_mask_tokens_as_one_does(corpus: Corpus, launch: Launch, tmp_path: Path) -> None:
    train(recipe_of(PLAIN), corpus, tmp_path / "start")
    settings = [
        *PLAIN,
        f"training.start_from={tmp_path / 'start' / 'model'}",
        "training.regularizer={kind: token-masking, steps: 2}",
    ]
    train(recipe_of(settings), corpus, tmp_path / "one")
    succeeded(launch(tmp_path / "two", settings))
    assert_close(tmp_path / "two", tmp_path / "one")


@pytest.fixture(scope="module")
def uninterrupted(launch: Launch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with dropout, of 12 steps and two checkpoints."""
    run = tmp_path_factory.mktemp("uninterrupted") / "run"
    succeeded(launch(run, DROPOUT))
    return run


def test_sigterm_in_one_process_stops_all_at_the_same_step_and_they_resume_exactly(
    launch: Launch, uninterrupted: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    outcomes = launch(run, DROPOUT, at=(1, Point.TRAINING_STEP, 8, signal.SIGTERM))
    assert [outcome.code for outcome in outcomes] == [143, 143], outcomes
    assert "stopped by SIGTERM at step 9. Resume the run" in outcomes[0].output
    assert "SIGTERM" not in outcomes[1].output
    found = last_checkpoint(run / "checkpoints", Silent().say)
    assert found is not None
    assert (found.step, found.processes) == (9, 2)
    resumed = launch(run, DROPOUT, "--resume")
    succeeded(resumed)
    assert "differ a little" not in resumed[0].output
    for name in ("metrics.json", "model/model.safetensors", "scores/test.parquet"):
        assert (run / name).read_bytes() == (uninterrupted / name).read_bytes(), name
    assert history(run) == history(uninterrupted)


@pytest.mark.parametrize(
    ("rank", "point", "count"),
    [(0, Point.CHECKPOINT_MARKING, 1), (1, Point.EVALUATION_STEP, 1)],
)
def test_when_one_process_is_killed_the_other_ends_and_the_run_resumes_exactly(
    launch: Launch, uninterrupted: Path, tmp_path: Path, rank: int, point: Point, count: int
) -> None:
    run = tmp_path / "run"
    outcomes = launch(run, DROPOUT, at=(rank, point, count, signal.SIGKILL))
    assert outcomes[rank].code == -signal.SIGKILL, outcomes
    survivor = outcomes[1 - rank]
    assert survivor.code == 2, survivor.output
    assert "another process of this run has ended" in survivor.output
    succeeded(launch(run, DROPOUT, "--resume"))
    assert (run / "model/model.safetensors").read_bytes() == (
        uninterrupted / "model/model.safetensors"
    ).read_bytes()


@pytest.mark.usefixtures("without_report")
def test_a_run_resumes_with_another_number_of_processes_and_says_so(
    corpus: Corpus, launch: Launch, tmp_path: Path, listener: Any
) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"
    launch(run, PLAIN, at=(0, Point.TRAINING_STEP, 8, signal.SIGTERM))
    train(recipe_of(PLAIN), corpus, run, resume=True, observer=listener)
    assert any("was 2 until now, and is 1 from here on" in line for line in listener.lines)
    train(recipe_of(PLAIN), corpus, whole)
    assert_close(run, whole)


@pytest.mark.usefixtures("without_report")
def test_a_run_with_batches_of_one_note_resumes_with_two_processes_within_an_epoch(
    corpus: Corpus, launch: Launch, tmp_path: Path
) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"
    with sigterm_at(Point.TRAINING_STEP, 55), pytest.raises(Stopped), stopping_on_sigterm():
        train(recipe_of(ONE_NOTE), corpus, run)
    resumed = launch(run, ONE_NOTE, "--resume")
    succeeded(resumed)
    # 11 steps per epoch, the last of one note: 41 notes of the first epoch, and 15 of the second.
    assert "Resuming from step 15" in resumed[0].output
    assert "was 1 until now, and is 2 from here on" in resumed[0].output
    train(recipe_of(ONE_NOTE), corpus, whole)
    assert_close(run, whole)


def test_several_seeds_are_trained_one_after_the_other(launch: Launch, tmp_path: Path) -> None:
    settings = [*PLAIN, "training.epochs=1", "seeds=2"]
    succeeded(launch(tmp_path / "runs", settings))
    document = json.loads((tmp_path / "runs" / "metrics.json").read_text())
    assert len(document["seeds"]) == 2


def test_an_occupied_folder_is_refused_once(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").touch()
    leader, follower = launch(tmp_path / "run", PLAIN, "--force")
    assert (leader.code, follower.code) == (2, 2)
    assert "holds something other than a run" in leader.output
    assert follower.output == ""


def test_the_linear_baseline_is_refused(launch: Launch, tmp_path: Path) -> None:
    outcomes = launch(tmp_path / "run", [], recipe="linear")
    assert [outcome.code for outcome in outcomes] == [2, 2]
    assert "2 processes were started for one run" in outcomes[0].output
    assert outcomes[1].output.startswith("clem (process 1): ")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("batch_size", "accumulation", "processes", "remedy"),
    [
        (8, 1, 3, "Start 2 processes, or .* 9 notes: set {}=9 {}=1"),
        (1, 16, 3, "Start 2 processes, or .* 15 notes: set {}=3 {}=5"),
        (1, 16, 6, "Start 4 processes, or .* 18 notes: set {}=6 {}=3"),
        (4, 4, 32, "Start 16 processes, or .* 32 notes: set {}=32 {}=1"),
        (7, 1, 2, "Start a single process, or .* 8 notes: set {}=8 {}=1"),
    ],
)
def test_a_step_that_cannot_be_shared_equally_is_refused(
    corpus: Corpus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    batch_size: int,
    accumulation: int,
    processes: int,
    remedy: str,
) -> None:
    for name, value in {"WORLD_SIZE": str(processes), "RANK": "0", "LOCAL_RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    size, passes = "training.batch_size", "training.gradient_accumulation"
    settings = [*PLAIN, f"{size}={batch_size}", f"{passes}={accumulation}"]
    with pytest.raises(RecipeError, match=f"multiple of the {processes} processes") as refused:
        train(recipe_of(settings), corpus, tmp_path / "run")
    assert re.search(remedy.format(size, passes), str(refused.value))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_every_shipped_recipe_runs_in_1_2_or_4_processes_as_it_is(processes: int) -> None:
    recipes = [read_recipe(name) for name in shipped_recipes()]
    for training in [recipe.training for recipe in recipes if isinstance(recipe, NeuralRecipe)]:
        division = Division(training.batch_size, training.gradient_accumulation, processes)
        assert division.is_equal
        assert division.notes_per_process * division.passes * processes == division.notes_per_step
        assert division.notes_per_process <= training.batch_size


def test_a_plan_is_measured_in_one_process(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(RunError, match="without torchrun"):
        plan_training(recipe_of(PLAIN), corpus, tmp_path / "run")


@pytest.mark.parametrize("leads", [True, False])
def test_nan_in_one_process_ends_all_and_the_leader_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leads: bool
) -> None:
    monkeypatch.setattr(team, "size", lambda: 2)
    monkeypatch.setattr(team, "leads", lambda: leads)
    monkeypatch.setattr(team, "from_all", lambda own: torch.tensor([float(own), torch.nan]))
    arguments = training_arguments(tmp_path / "checkpoints")
    with pytest.raises(RunError) as caught:
        require_finite("the training loss", torch.tensor([[1.0, -2.0]]), arguments, 3)
    assert isinstance(caught.value, LeaderFailedError) != leads
    assert ("the training loss is NaN at step 3" in str(caught.value)) == leads


@pytest.mark.parametrize("notes", range(1, 9))
@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_weighted_mean_over_the_shares_is_the_mean_over_the_batch(notes: int, size: int) -> None:
    losses = torch.rand(notes, generator=torch.Generator().manual_seed(notes)).tolist()
    shares = [share_of(range(notes), rank, size) for rank in range(size)]
    assert sorted(row for share in shares if share.weight for row in share.rows) == list(range(notes))
    assert all(share.rows for share in shares)
    means = [share.weight * sum(losses[row] for row in share.rows) / len(share.rows) for share in shares]
    assert sum(means) / size == pytest.approx(sum(losses) / notes)


def passes_of(notes: int, division: Division) -> list[tuple[Share, ...]]:
    """Return the shares of all processes, for every pass of an epoch."""
    batches = [
        SharesOfBatches(SequentialSampler(range(notes)), division, rank) for rank in range(division.processes)
    ]
    passes = list(zip(*batches, strict=True))
    assert [len(one) for one in batches] == [len(passes)] * division.processes
    return passes


def losses_of_steps(losses: Sequence[float], division: Division) -> list[float]:
    """Return the loss of every step of an epoch, as the Trainer and several processes add it up."""
    passes = passes_of(len(losses), division)
    found = []
    for at in range(0, len(passes), division.passes):
        step = passes[at : at + division.passes]
        shares = [share for one in step for share in one]
        means = [share.weight * sum(losses[row] for row in share.rows) / len(share.rows) for share in shares]
        found.append(sum(means) / len(step) / division.processes)
    return found


@pytest.mark.parametrize("notes", [*range(1, 12), 41, 48])
@pytest.mark.parametrize(
    ("batch_size", "accumulation", "processes"),
    [(1, 16, 2), (1, 4, 4), (1, 16, 16), (4, 3, 2), (4, 3, 3), (6, 2, 4), (4, 4, 8), (8, 1, 2)],
)
def test_every_step_has_the_notes_and_the_loss_of_a_single_process(
    notes: int, batch_size: int, accumulation: int, processes: int
) -> None:
    losses = torch.rand(notes, generator=torch.Generator().manual_seed(notes)).tolist()
    division = Division(batch_size, accumulation, processes)
    assert division.is_equal
    passes = passes_of(notes, division)
    for at in range(0, len(passes), division.passes):
        step = passes[at : at + division.passes]
        rows = [row for one in step for share in one if share.weight for row in share.rows]
        first = at // division.passes * division.notes_per_step
        assert sorted(rows) == list(range(first, min(notes, first + division.notes_per_step)))
        assert all(1 <= len(share.rows) <= division.notes_per_process for one in step for share in one)
    single = losses_of_steps(losses, Division(batch_size, accumulation))
    assert losses_of_steps(losses, division) == pytest.approx(single)
