"""Checkpoints on disk: which are complete and intact, which to resume from, and which to keep.

The Trainer writes a checkpoint file by file. A process that is killed in between leaves a folder
that looks like a checkpoint. So a mark is added once everything is on the disk, nothing is deleted
before that, and a folder without the mark is not resumed from.

The mark holds the fingerprint of every file. A checkpoint that was damaged later is recognised by it,
and the one before is resumed from.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clem_icd.errors import RunError
from clem_icd.files import finish_tree, read_json, write_json
from clem_icd.runs.fingerprints import damage_of, fingerprints_of
from clem_icd.runs.points import Point, passing

_MARK = "complete.json"
_PREFIX = "checkpoint-"
_STATE = "trainer_state.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A complete checkpoint, and the state that the Trainer stored in it.

    Attributes
    ----------
    step, max_steps
        Optimizer steps done, and planned in total.
    best_step
        The step of the best checkpoint so far; None if none is selected.
    history
        The rows that the Trainer logged until then.
    callbacks
        The stored state of each callback, by class name.

    """

    path: Path
    step: int
    max_steps: int
    best_step: int | None
    history: list[dict[str, Any]]
    callbacks: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Read the state of a checkpoint folder.

        Raises
        ------
        RunError
            If the state cannot be read.

        """
        state = read_json(path / _STATE, RunError)
        return cls(
            path=path,
            step=state["global_step"],
            max_steps=state["max_steps"],
            best_step=state["best_global_step"],
            history=state["log_history"],
            callbacks=state["stateful_callbacks"],
        )

    @property
    def processes(self) -> int:
        """The number of processes that trained together; each has left its random state."""
        return max(1, len(list(self.path.glob("rng_state_*.pth"))))

    @property
    def evaluation_due(self) -> bool:
        """Whether training was stopped before an evaluation that belongs to this step."""
        control = self.callbacks.get("TrainerControl", {})
        return bool(control.get("args", {}).get("should_evaluate"))


def checkpoint_at(folder: Path, step: int) -> Path:
    """Return the path of the checkpoint of an optimizer step."""
    return folder / f"{_PREFIX}{step}"


def is_complete(checkpoint: Path) -> bool:
    """Whether a folder is a checkpoint that was written to its end; it may be damaged since."""
    return (checkpoint / _MARK).is_file()


def has_checkpoint(folder: Path) -> bool:
    """Whether there is any complete checkpoint."""
    return any(is_complete(path) for path in _checkpoints(folder))


def delete_incomplete(folder: Path) -> None:
    """Delete the checkpoints that were not written to their end."""
    for path in _checkpoints(folder):
        if not is_complete(path):
            _delete(path)


def mark_complete(folder: Path, step: int, best: int | None = None) -> None:
    """Flush a checkpoint to the disk, then mark it as complete.

    Parameters
    ----------
    best
        The step of the best checkpoint until then, which the end of the run may need.

    """
    checkpoint = checkpoint_at(folder, step)
    finish_tree(checkpoint)
    passing(Point.CHECKPOINT_MARKING)
    mark = {"step": step, "best_step": best, "files": fingerprints_of(checkpoint)}
    write_json(checkpoint / _MARK, mark)


def keep_recoverable(folder: Path, last: int, best: int | None) -> None:
    """Delete all checkpoints but the last, the best, and one to return to if the last turns out damaged.

    Usually, the best is the one to return to. If the last is the best, that is the best before it, so never
    more than two are kept, except after an evaluation was put off (see `Checkpoint.evaluation_due`).
    """
    passing(Point.CHECKPOINT_ROTATION)
    best_of = {_step(path): _best_of(path) for path in _checkpoints(folder) if is_complete(path)}
    kept = _needed({last, last if best is None else best}, best_of)
    if kept == {last} and (before := max((step for step in best_of if step < last), default=None)):
        kept |= _needed({best_of[before] or before}, best_of)
    for path in _checkpoints(folder):
        if _step(path) not in kept:
            _delete(path)


def last_marked_step(folder: Path) -> int | None:
    """Return the step of the last checkpoint that was saved completely, without checking or deleting any."""
    return max((_step(path) for path in _checkpoints(folder) if is_complete(path)), default=None)


def last_checkpoint(folder: Path, say: Callable[[str], None]) -> Checkpoint | None:
    """Return the last checkpoint that can be resumed from, or None; delete what is of no use to it.

    A checkpoint can be resumed from if its files are as they were when they were saved, and so are those of
    the best one until then, whose weights may become the model.

    Parameters
    ----------
    say
        Receives one line for each damaged checkpoint, which says how the run goes on.

    """
    complete = {_step(path): path for path in _checkpoints(folder) if is_complete(path)}
    damaged = {step: flaw for step, path in sorted(complete.items()) if (flaw := _damage(path))}
    intact = {step: Checkpoint.read(path) for step, path in complete.items() if step not in damaged}
    usable = [step for step, one in intact.items() if one.best_step is None or one.best_step in intact]
    last = max(usable, default=0)
    goes_on = f"using that of step {last}" if usable else "no other is left, so training starts again"
    for step, flaw in damaged.items():
        say(f"Warning: the checkpoint of step {step} is damaged ({flaw}); {goes_on}")
    for path in _checkpoints(folder):
        if _step(path) > last or _step(path) not in intact:
            _delete(path)
    return intact[last] if usable else None


def _needed(steps: Iterable[int], best_of: Mapping[int, int | None]) -> set[int]:
    """Return the given steps, and those of the best checkpoints that resuming from them may need."""
    needed: set[int] = set()
    left = set(steps)
    while left:
        needed |= left
        left = {best for step in left if (best := best_of.get(step)) is not None} - needed
    return needed


def _best_of(checkpoint: Path) -> int | None:
    """Return the best step until a checkpoint; None if there is none, or the mark cannot be read."""
    try:
        return read_json(checkpoint / _MARK, RunError).get("best_step")
    except RunError:
        return None


def _damage(checkpoint: Path) -> str | None:
    """Return what is wrong with a checkpoint that was complete once."""
    try:
        # Before there were fingerprints, a mark held the step alone.
        flaw = damage_of(checkpoint, read_json(checkpoint / _MARK, RunError).get("files", {}))
        if flaw is None:
            Checkpoint.read(checkpoint)
    except RunError as problem:
        return f"{problem.path.name if problem.path else _MARK}: {problem.found}"
    return flaw


def _delete(checkpoint: Path) -> None:
    # Unmarked first, so that a half-deleted folder is never taken for a checkpoint.
    (checkpoint / _MARK).unlink(missing_ok=True)
    shutil.rmtree(checkpoint, ignore_errors=True)


def _checkpoints(folder: Path) -> list[Path]:
    return list(folder.glob(f"{_PREFIX}*"))


def _step(path: Path) -> int:
    return int(path.name.removeprefix(_PREFIX))
