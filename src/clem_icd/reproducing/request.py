"""What was asked for: a target, its runs, and the raw files of the corpora that these need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clem_icd.errors import SourceError
from clem_icd.reproducing.targets import Run, Target, known_targets
from clem_icd.sources import PublishedCorpus

__all__ = ["Request"]


@dataclass(frozen=True)
class Request:
    """A reproduction, as asked for.

    Attributes
    ----------
    target
        The name of the target.
    raw
        The folder of the raw files.
    out
        The folder of the reproduction.
    names
        The names of the runs; without names, all but the optional ones.
    settings
        ``KEY=VALUE`` settings, for every run.
    encoders
        Folders of encoders, as `folders_of` reads them.
    splits, mdace
        As for `prepare_mimic3` and `prepare_mdace`.

    """

    target: str
    raw: Path
    out: Path
    names: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    encoders: tuple[str, ...] = ()
    splits: Path | None = None
    mdace: Path | None = None

    def find_target(self) -> Target:
        """Return the target.

        Raises
        ------
        InputError
            If there is none of that name.

        """
        return known_targets().find(self.target)

    def runs(self) -> Mapping[str, Run]:
        """Return the runs, by name.

        Raises
        ------
        InputError
            If there is no such target or run.

        """
        return self.find_target().choose(self.names)

    def corpora(self) -> Mapping[str, PublishedCorpus]:
        """Return the corpora that the runs need, by name."""
        names = dict.fromkeys(name for run in self.runs().values() for name in run.corpora)
        return {name: known_targets().corpora[name] for name in names}

    def raw_files(self, corpus: str) -> tuple[Path, ...]:
        """Return the raw files of a corpus, the file of notes first.

        Raises
        ------
        SourceError
            If one is missing. The remedy names the runs whose raw files are all there.

        """
        try:
            return self._found_files(corpus)
        except SourceError as problem:
            others = " ".join(f"--run {name}" for name in self._ready_runs())
            instead = f"; or start without it: {others}" if others else ""
            raise SourceError(
                f"{problem.found} (for {corpus})",
                path=problem.path,
                row=problem.row,
                remedy=f"{problem.remedy or 'Check the raw folder'}{instead}",
            ) from None

    def input_files(self, corpus: str) -> tuple[Path, ...]:
        """Return the raw files of a corpus and the files of its split, downloaded if necessary.

        Raises
        ------
        SourceError
            If one is missing.

        """
        raw = self.raw_files(corpus)
        published = known_targets().corpora[corpus]
        return (*raw, *published.split_files(self.raw, splits=self.splits, mdace=self.mdace))

    def _found_files(self, corpus: str) -> tuple[Path, ...]:
        return known_targets().corpora[corpus].raw_files(self.raw, mdace=self.mdace)

    def _ready_runs(self) -> list[str]:
        """Return the names of the runs whose raw files are all there."""
        missing = {name for name in self.corpora() if not self._has_files(name)}
        return [name for name, run in self.runs().items() if missing.isdisjoint(run.corpora)]

    def _has_files(self, corpus: str) -> bool:
        try:
            self._found_files(corpus)
        except SourceError:
            return False
        return True
