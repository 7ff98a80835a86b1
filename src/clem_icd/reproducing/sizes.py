"""How large a corpus is: counted where it is prepared, as published otherwise."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clem_icd.corpus import Corpus, is_corpus
from clem_icd.reproducing.targets import known_targets

__all__ = ["CorpusSize", "size_of", "uncompressed"]

_SAMPLE = 4 << 20
"""How much of a compressed file is read to see how far it expands."""


@dataclass(frozen=True)
class CorpusSize:
    """The size of a corpus.

    Attributes
    ----------
    notes
        Number of notes, by split.
    labels, words
        Number of labels, and median number of words per note; None if unknown.
    prepared
        Whether the corpus was counted.
    basis
        Where the numbers come from, as a sentence.

    """

    notes: Mapping[str, int]
    labels: int | None
    words: int | None
    prepared: bool
    basis: str


def size_of(name: str, folder: Path) -> CorpusSize:
    """Return the size of a corpus.

    Parameters
    ----------
    name
        The name of the corpus.
    folder
        Its folder, which need not exist.

    Raises
    ------
    CorpusError
        If the folder holds a damaged corpus.

    """
    if is_corpus(folder):
        counts = Corpus.open(folder, verify=False).about["counts"]
        return CorpusSize(
            counts["notes"], counts["labels"], None, True, f"{name}: counted in the prepared corpus"
        )
    return _published(name)


def _published(name: str) -> CorpusSize:
    known = known_targets()
    counts = known.corpora[name].counts()
    if counts is None:
        raise ValueError(f"targets.yaml names {name}, for which no counts are published")
    stand_in = known.stand_ins.get(name)
    like = known.corpora[stand_in].counts() if stand_in is not None else None
    origins = [f"notes: {counts.origins['notes']}"]
    found: dict[str, int | None] = {}
    for what in ("labels", "words_per_note"):
        own, other = (getattr(one, what) if one else None for one in (counts, like))
        found[what] = other if own is None else own
        title = what.replace("_", " ")
        if own is not None:
            origins.append(f"{title}: {counts.origins[what]}")
        elif other is not None:
            origins.append(f"{title}: as in {stand_in}")
    basis = f"{name}: published ({'; '.join(origins)})"
    return CorpusSize(counts.notes, found["labels"], found["words_per_note"], False, basis)


def uncompressed(path: Path) -> int:
    """Return the size of a raw file without compression, in bytes.

    A compressed file is taken to expand like its first megabytes.
    """
    size = path.stat().st_size
    if path.suffix != ".gz":
        return size
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # gzip
    expanded = len(stream.decompress(sample))
    return round(size * expanded / (len(sample) - len(stream.unused_data)))
