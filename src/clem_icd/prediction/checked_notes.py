"""Notes of different lengths on which two forms of a model are compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from clem_icd.corpus import Corpus
from clem_icd.errors import InputError
from clem_icd.modeling import ModelInfo
from clem_icd.synthetic import summary_texts
from clem_icd.texts import note_files, read_note

_SEED = 20

# In words, from a few lines to more than most models read.
_LENGTHS = (60, 150, 380, 900, 2_000, 4_500)


def notes_to_check(info: ModelInfo, place: Path | None, *, split: str, notes: int) -> list[str]:
    """Return notes, the shortest first.

    Parameters
    ----------
    info
        The model, whose code systems a corpus has to share.
    place
        A corpus, a text file or a folder of them; None for a few synthetic notes.
    split, notes
        The split of the corpus, and how many of its notes to take: lengths are spread evenly over the split.
        From a folder, the first files are taken.

    Raises
    ------
    CorpusError
        If the corpus cannot be read, or has no such split.
    InputError
        If the corpus has no code system of the model, or the split no notes.
    NoteError
        If a file is not a note.

    """
    if place is None:
        found = [next(summary_texts(1, _SEED + row, words)) for row, words in enumerate(_LENGTHS)]
    elif (place / "corpus.json").is_file():
        found = _spread(_opened(info, place), split, notes)
    else:
        files: Sequence[Path] = note_files(place)[:notes] if place.is_dir() else [place]
        found = [read_note(file).text for file in files]
    return sorted(found, key=len)


def _opened(info: ModelInfo, place: Path) -> Corpus:
    corpus = Corpus.open(place)
    here, own = ({code.system for code in codes} for codes in (corpus.codes, info.labels))
    if not here & own:
        found, expected = (" and ".join(sorted(system.value for system in some)) for some in (here, own))
        raise InputError(
            f"the corpus has codes of {found}, but the model of {expected}",
            path=place,
            remedy="Check on a corpus like the one that the model was trained on, or on text files",
        )
    return corpus


def _spread(corpus: Corpus, split: str, notes: int) -> list[str]:
    """Return notes whose ranks by length are spread evenly, the shortest and the longest among them."""
    lengths = corpus.frame(split).select(pl.col("text").str.len_chars()).collect().to_series()
    if not len(lengths):
        raise InputError(f"the split {split} has no notes", path=corpus.path, remedy="Choose another split")
    ranks = np.unique(np.linspace(0, len(lengths) - 1, min(notes, len(lengths))).round().astype(int))
    rows = lengths.arg_sort().gather(ranks)
    frame = corpus.frame(split).select("text").with_row_index("row")
    texts: list[str] = frame.filter(pl.col("row").is_in(rows.implode())).collect()["text"].to_list()
    return texts
