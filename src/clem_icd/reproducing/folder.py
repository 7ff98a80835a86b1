"""The folder of a reproduction: its corpora, runs, evaluations and comparison."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clem_icd.errors import OutputError, RunError
from clem_icd.files import read_json, remove_leftovers, write_json
from clem_icd.formats import require_format
from clem_icd.locking import locked_folder
from clem_icd.runs.layout import RunLayout

__all__ = ["ReproductionFolder"]

_STATE = "reproduction.json"
_FORMAT = "clem-icd/reproduction"
_FORMAT_VERSION = 1
_ELSEWHERE = "Choose another folder for this reproduction"


@dataclass(frozen=True)
class ReproductionFolder:
    """The files of a reproduction. Corpora appear whole or not at all, and runs resume by themselves."""

    path: Path

    def start(self, target: str) -> None:
        """Make the folder if it does not exist.

        Raises
        ------
        OutputError
            If it holds something other than a reproduction.
        RunError
            If it holds the reproduction of another target.

        """
        self.require_target(target)
        if not self._state.is_file():
            write_json(self._state, {"format": _FORMAT, "format_version": _FORMAT_VERSION, "target": target})

    def require_target(self, target: str) -> None:
        """Refuse a folder that holds anything but the reproduction of a target; it may be empty or missing.

        Raises
        ------
        OutputError
            If it holds something other than a reproduction.
        RunError
            If it holds the reproduction of another target.

        """
        if not self._state.is_file():
            if self.path.is_file() or (self.path.is_dir() and any(self.path.iterdir())):
                raise OutputError(
                    "holds something other than a reproduction", path=self.path, remedy=_ELSEWHERE
                )
            return
        state = read_json(self._state, RunError)
        require_format(state, _FORMAT, _FORMAT_VERSION, RunError, self._state, _ELSEWHERE)
        if state.get("target") != target:
            raise RunError(
                f"holds the reproduction of {state.get('target')}, expected {target}",
                path=self.path,
                remedy=_ELSEWHERE,
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out, and delete what a killed one left half-written.

        Raises
        ------
        RunError
            If another process holds the lock.

        """
        with locked_folder(self.path, "making this reproduction"):
            remove_leftovers(self.path / "corpora")
            yield

    def corpus(self, name: str) -> Path:
        """Return the folder of a corpus."""
        return self.path / "corpora" / name

    def run(self, name: str) -> RunLayout:
        """Return the folder of a run."""
        return RunLayout(self.path / "runs" / name)

    def evaluation(self, name: str) -> Path:
        """Return the folder of an evaluation: its metrics, and scores if they are not those of the run."""
        return self.path / "evaluations" / name

    def comparison(self, suffix: str) -> Path:
        """Return the file of the comparison with published results."""
        return self.path / f"comparison{suffix}"

    @property
    def _state(self) -> Path:
        return self.path / _STATE
