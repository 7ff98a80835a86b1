"""The published corpora of MIMIC and MDACE by name: what each is made from, and preparing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from clem_icd.corpus import Corpus
from clem_icd.sources.mdace.inputs import MdaceInputs
from clem_icd.sources.mdace.preparing import prepare_mdace
from clem_icd.sources.mdace.sets import SETS
from clem_icd.sources.mimic.files import MimicFiles
from clem_icd.sources.mimic.mimic3 import prepare_mimic3
from clem_icd.sources.mimic.mimic4 import prepare_mimic4
from clem_icd.sources.mimic.pipelines.rules import Subset
from clem_icd.sources.published.counts import PublishedCounts, published_counts
from clem_icd.sources.published.splits import find_split
from clem_icd.sources.raw_files import Origin, check_raw


@dataclass(frozen=True, slots=True)
class PublishedCorpus:
    """A corpus behind published numbers.

    Attributes
    ----------
    source
        ``mimic3-…``, ``mimic4-…`` or ``mdace-…``, as `clem prepare` calls them.
    compat
        The pipeline.
    per
        What a row of MDACE is; has no effect elsewhere.

    """

    source: str
    compat: str = "edin2024"
    per: str = "note"

    def __post_init__(self) -> None:
        if self._family not in ("mimic3", "mimic4", "mdace"):
            raise ValueError(f"there is no published source {self.source!r}")

    def raw_files(self, raw: Path, *, mdace: Path | None = None) -> tuple[Path, ...]:
        """Return the raw files that it is made from, the file of notes first.

        Raises
        ------
        SourceError
            If one is missing.

        """
        check_raw(raw)
        if self._family == "mdace":
            return tuple(self._mdace(raw, mdace).all())
        return (MimicFiles.mimic3(raw) if self._family == "mimic3" else MimicFiles.mimic4(raw)).all()

    def split_files(
        self, raw: Path, *, splits: Path | None = None, mdace: Path | None = None
    ) -> tuple[Path, ...]:
        """Return the files of its split, downloaded if necessary; none if it is drawn, for a synthetic tree.

        Raises
        ------
        SourceError
            If they can neither be found nor downloaded.

        """
        if self._family == "mdace":
            also = self._mdace(raw, mdace).mdace.split_folders()
            return find_split(self.source, splits=splits, also=also).paths
        if splits is None and Origin.of(raw, self._family).synthetic:
            return ()
        return find_split(self.source, self.compat, splits).paths

    def prepare(
        self,
        raw: Path,
        out: Path,
        *,
        splits: Path | None = None,
        mdace: Path | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Corpus:
        """Make the corpus, as `clem prepare` does.

        Raises
        ------
        SourceError, CorpusError, OutputError
            As `prepare_mimic3`, `prepare_mimic4` and `prepare_mdace` raise them.

        """
        options: dict[str, Any] = {"compat": self.compat, "splits": splits, "progress": progress}
        if self._family == "mdace":
            return prepare_mdace(raw, out, dataset=self._which, per=self.per, mdace=mdace, **options)
        if self._family == "mimic3":
            return prepare_mimic3(raw, out, subset=cast(Subset, self._which), **options)
        return prepare_mimic4(raw, out, version=int(self._which.removeprefix("icd")), **options)

    def counts(self) -> PublishedCounts | None:
        """Return its published counts; None where there are none."""
        return published_counts(self.source, self.compat, self.per)

    @property
    def _family(self) -> str:
        return self.source.partition("-")[0]

    @property
    def _which(self) -> str:
        return self.source.partition("-")[2]

    def _mdace(self, raw: Path, mdace: Path | None) -> MdaceInputs:
        return MdaceInputs.find(raw, SETS[self._which], mdace)
