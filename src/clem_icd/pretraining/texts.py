"""The sources of a pretraining run: texts, notes with their codes, and notes that must not be read."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clem_icd.corpus import Corpus, is_corpus
from clem_icd.errors import SourceError
from clem_icd.files import sha256_of
from clem_icd.icd import CodeSystem, default_codebook, inclusion_terms, leaf_codes
from clem_icd.pretraining.near_copies import NearCopies
from clem_icd.sources import read_texts, text_files

ICD10CM = "icd10cm"


@dataclass(slots=True)
class Counts:
    """How many texts of one source were read, left out by reason, and converted from another format."""

    read: int = 0
    near_copies: int = 0
    repeated: int = 0
    held_out: int = 0
    converted: int = 0

    @property
    def kept(self) -> int:
        """Number of texts that are trained on."""
        return self.read - self.near_copies - self.repeated - self.held_out


@dataclass
class Sources:
    """The texts of a pretraining run. Only the train split of a corpus is ever read.

    Near-copies of validation and test notes are left out, for every corpus among ``texts``, ``coded`` and
    ``kept_out``.

    Parameters
    ----------
    texts
        Corpora, files of records with a column ``text``, folders of ``*.txt``, or ``icd10cm`` for the titles
        and inclusion terms of ICD-10-CM.
    coded
        Corpora whose training notes are read with their codes.
    kept_out
        Further corpora whose validation and test notes are excluded; they are not trained on.

    Attributes
    ----------
    counts
        The counts of every source read so far, by name.

    Raises
    ------
    SourceError
        If a text source is a file inside a corpus, or a corpus to read has no train split.
    CorpusError
        If a corpus is missing or damaged.

    """

    texts: Sequence[str]
    coded: Sequence[Path] = ()
    kept_out: Sequence[Path] = ()
    counts: dict[str, Counts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.texts, self.coded = list(dict.fromkeys(self.texts)), list(dict.fromkeys(self.coded))
        self._corpora = {
            place: Corpus.open(place)
            for place in dict.fromkeys([*map(Path, self.texts), *self.coded, *self.kept_out])
            if place in (*self.coded, *self.kept_out) or is_corpus(place)
        }
        for place in map(Path, self.texts):
            inside = next((above for above in place.resolve().parents if is_corpus(above)), None)
            if inside is not None:
                raise SourceError(
                    f"is inside the corpus {inside.name}, whose validation and test notes must not be read",
                    path=place,
                    remedy="Name the corpus itself",
                )
        for place in (*map(Path, self.texts), *self.coded):
            if place in self._corpora and "train" not in self._corpora[place].splits:
                raise SourceError(
                    "has no train split, the only split that is read",
                    path=place,
                    remedy="Name another corpus",
                )

    @property
    def places(self) -> list[Path]:
        """The files and folders of all sources."""
        return list(
            dict.fromkeys(
                [*(Path(text) for text in self.texts if text != ICD10CM), *self.coded, *self.kept_out]
            )
        )

    def corpus(self, place: Path) -> Corpus:
        """Return the corpus in a folder."""
        return self._corpora[place]

    def inputs(self) -> list[dict[str, Any]]:
        """Identify all sources by use, name and SHA-256, in order.

        Raises
        ------
        SourceError
            If a source does not exist.

        """
        return [
            *({"use": "text", **self._input(text)} for text in self.texts),
            *({"use": "coded notes", **self._input(str(place))} for place in self.coded),
            *({"use": "kept out", **self._input(str(place))} for place in self.kept_out),
        ]

    def near_copies(self) -> NearCopies:
        """Return a detector of near-copies of the validation and test notes of all corpora."""
        return NearCopies(
            text
            for corpus in self._corpora.values()
            for split in corpus.splits
            if split != "train"
            for text in corpus.texts(split)
        )

    def new_counts(self, name: str, use: str = "") -> Counts:
        """Return fresh counts for a source, replacing those of an earlier reading.

        The source is listed under the last part of its path, so that paths of this machine are not published.
        """
        short = Path(name).name
        places = {*map(Path, self.texts), *self.coded}
        is_unique = sum(place.name == short for place in places) == 1
        counts = self.counts[(short if is_unique else name) + use] = Counts()
        return counts

    def read(self, near_copies: NearCopies, *, held_out_share: float) -> Iterator[tuple[str, bool]]:
        """Yield the distinct texts of all sources, and whether each is held out; count those left out.

        Parameters
        ----------
        near_copies
            Detector of the texts to leave out, from the method `near_copies`.
        held_out_share
            The share of the texts that is held out to measure the loss on, and not trained on.

        """
        seen: set[int] = set()
        for name in self.texts:
            counts = self.new_counts(name)
            for text, was_wrapped in self._texts(name):
                counts.read += 1
                counts.converted += was_wrapped
                digest = hash(text)
                if digest in seen:
                    counts.repeated += 1
                elif text in near_copies:
                    counts.near_copies += 1
                else:
                    held_out = is_held_out(text, held_out_share)
                    counts.held_out += held_out
                    yield text, held_out
                seen.add(digest)

    def _texts(self, name: str) -> Iterator[tuple[str, bool]]:
        """Yield the texts of a source, and whether each was converted from another format."""
        corpus = self._corpora.get(Path(name))
        if name != ICD10CM and corpus is None:
            for plain in read_texts(Path(name)):
                yield plain.text, bool(plain.wrappings)
            return
        for text in _code_names() if corpus is None else corpus.texts("train"):
            yield text, False

    def _input(self, name: str) -> dict[str, Any]:
        if name == ICD10CM:
            return {"name": name, "sha256": None}
        path = Path(name)
        corpus = self._corpora.get(path)
        if corpus is not None:
            return {"name": corpus.name, "sha256": corpus.fingerprint}
        files = text_files(path)
        if files == [path]:
            return {"name": path.name, "sha256": sha256_of(path)}
        return {"name": path.name, "files": {str(one.relative_to(path)): sha256_of(one) for one in files}}


def short_place(place: str) -> str:
    """Return the last two parts of an absolute path, since cards are published; other names are unchanged."""
    path = Path(place)
    return "/".join(path.parts[-2:]) if path.is_absolute() else place


def is_held_out(text: str, share: float) -> bool:
    """Return whether a text belongs to the held-out share, which depends on the text alone."""
    return zlib.crc32(text.encode()) < share * 2**32


def _code_names() -> Iterator[str]:
    """Yield the title of every billable ICD-10-CM code, followed by its inclusion terms."""
    book = default_codebook()
    for code in leaf_codes():
        title = book.title(code, CodeSystem.ICD10CM)
        if title is not None:
            yield "; ".join([title, *inclusion_terms(code)])
