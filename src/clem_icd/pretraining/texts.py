"""What an encoder is pretrained on: texts, notes with their codes, and what must not be among them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clem_icd.corpus import Corpus
from clem_icd.errors import SourceError
from clem_icd.files import sha256_of
from clem_icd.icd import CodeSystem, default_codebook, inclusion_terms, leaf_codes
from clem_icd.pretraining.near_copies import NearCopies
from clem_icd.sources import read_texts, text_files

ICD10CM = "icd10cm"


@dataclass(slots=True)
class Counts:
    """What became of the texts of one source."""

    read: int = 0
    near_copies: int = 0
    repeated: int = 0
    held_out: int = 0

    @property
    def kept(self) -> int:
        """How many are trained on."""
        return self.read - self.near_copies - self.repeated - self.held_out


@dataclass
class Sources:
    """Where texts come from. Only the train split of a corpus is ever read as text.

    Parameters
    ----------
    texts
        Corpora, files of records with a column ``text``, folders of ``*.txt``, or ``icd10cm`` for the titles
        and inclusion terms of ICD-10-CM.
    coded
        Corpora whose training notes are read with their codes.
    kept_out
        Corpora of whose validation and test notes no near-copy may be read either. Those of the corpora
        above are kept out in any case.

    Attributes
    ----------
    counts
        What became of the texts, by the name of their source, once they have been read.

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
            if place in (*self.coded, *self.kept_out) or (place / "corpus.json").is_file()
        }
        for place in map(Path, self.texts):
            inside = next(
                (above for above in place.resolve().parents if (above / "corpus.json").is_file()), None
            )
            if inside is not None:
                raise SourceError(
                    f"lies in the corpus {inside.name}, of which only training notes may be read",
                    path=place,
                    remedy="Name the corpus itself",
                )
        for place in (*map(Path, self.texts), *self.coded):
            if place in self._corpora and "train" not in self._corpora[place].splits:
                raise SourceError(
                    "is a corpus without a train split, and nothing else of it may be read", path=place
                )

    @property
    def places(self) -> list[Path]:
        """The files and folders that are read."""
        return list(
            dict.fromkeys(
                [*(Path(text) for text in self.texts if text != ICD10CM), *self.coded, *self.kept_out]
            )
        )

    def corpus(self, place: Path) -> Corpus:
        """Return the corpus at one of the places."""
        return self._corpora[place]

    def inputs(self) -> list[dict[str, Any]]:
        """Return what is read, in order, so that it is known again: by name and SHA-256.

        Raises
        ------
        SourceError
            If there is nothing at one of the places.

        """
        return [
            *({"use": "text", **self._input(text)} for text in self.texts),
            *({"use": "coded notes", **self._input(str(place))} for place in self.coded),
            *({"use": "kept out", **self._input(str(place))} for place in self.kept_out),
        ]

    def held_out(self) -> NearCopies:
        """Return what no text may be a near-copy of."""
        return NearCopies(
            text
            for corpus in self._corpora.values()
            for split in corpus.splits
            if split != "train"
            for text in corpus.texts(split)
        )

    def count(self, name: str, use: str = "") -> Counts:
        """Return new counts for a source, in place of those of an earlier reading.

        It goes by the last part of its path, so that nobody learns where things lie on this machine.
        """
        short = Path(name).name
        places = {*map(Path, self.texts), *self.coded}
        alone = sum(place.name == short for place in places) == 1
        counts = self.counts[(short if alone else name) + use] = Counts()
        return counts

    def read(self, near_copies: NearCopies, *, held_out_share: float) -> Iterator[tuple[str, bool]]:
        """Yield the texts of all sources, each once, and count what is left out.

        Parameters
        ----------
        near_copies
            What must not be read.
        held_out_share
            The share of the texts that the loss is measured on and that is not trained on. The flag beside
            a text tells whether it is one of them, which follows from the text alone.

        """
        seen: set[int] = set()
        for name in self.texts:
            counts = self.count(name)
            for text in self._texts(name):
                counts.read += 1
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

    def _texts(self, name: str) -> Iterator[str]:
        if name == ICD10CM:
            return _code_names()
        corpus = self._corpora.get(Path(name))
        return read_texts(Path(name)) if corpus is None else corpus.texts("train")

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
    """Return the last two parts of a full path, and any other name as it is: cards are passed on."""
    path = Path(place)
    return "/".join(path.parts[-2:]) if path.is_absolute() else place


def is_held_out(text: str, share: float) -> bool:
    """Tell whether a text is one of the share that the loss is measured on: by the text alone."""
    return zlib.crc32(text.encode()) < share * 2**32


def _code_names() -> Iterator[str]:
    """Yield the title of every billable ICD-10-CM code, and its inclusion terms with it."""
    book = default_codebook()
    for code in leaf_codes():
        title = book.title(code, CodeSystem.ICD10CM)
        if title is not None:
            yield "; ".join([title, *inclusion_terms(code)])
