"""The files of a lexicon: arrays as safetensors, trees as text, options as JSON.

Words of notes are stored as the 64-bit numbers that stand for their stems. Whoever has a list of words can
look for them among the numbers, so keep a model as private as its notes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import save_file

from clem_icd.errors import ModelError
from clem_icd.files import write_text
from clem_icd.modeling.lexicon.arrays import Ints, Numbers
from clem_icd.modeling.lexicon.code_space import CodeSpace
from clem_icd.modeling.lexicon.coverage import StemSets
from clem_icd.modeling.lexicon.knowledge import Knowledge
from clem_icd.modeling.lexicon.language import LANGUAGES, Language
from clem_icd.modeling.lexicon.phrases import Phrases
from clem_icd.modeling.lexicon.ranking import Ranker
from clem_icd.modeling.lexicon.ridge import Ridge
from clem_icd.modeling.lexicon.seal import read_options, write_options
from clem_icd.modeling.lexicon.similarity import Similarity
from clem_icd.modeling.lexicon.stacking import stacked_files
from clem_icd.modeling.lexicon.tallies import Tallies
from clem_icd.modeling.lexicon.title_files import TITLES_FILE, read_titles_index, write_titles
from clem_icd.modeling.lexicon.translation import Translation
from clem_icd.modeling.model_files import COPY_AGAIN, read_arrays

__all__ = ["Stored", "read_lexicon", "write_lexicon"]

_ARRAYS = "lexicon.safetensors"
_TREES = "trees.txt"
_OPTIONS = "lexicon.json"
_FILES = (_ARRAYS, TITLES_FILE, _TREES)

_PLAIN: dict[str, type[Any]] = {
    "similarity": Similarity,
    "space": CodeSpace,
    "tallies": Tallies,
    "ridge": Ridge,
    "translation": Translation,
}
"""Parts that consist of arrays alone."""


class Stored(NamedTuple):
    """What the files of a lexicon hold, with a digest of the labels of the system that it is stacked on."""

    language: Language
    knowledge: Knowledge
    ridge: Ridge
    ranker: Ranker
    output: Ints
    stacked_labels: str | None = None


def write_lexicon(stored: Stored, folder: Path) -> None:
    """Write the files of a lexicon into an existing folder, which a stacked system has been saved in."""
    known = stored.knowledge
    parts = {
        "similarity": known.similarity,
        "space": known.space,
        "tallies": known.tallies,
        "ridge": stored.ridge,
        "translation": known.links.translation,
    }
    arrays = _phrase_arrays(known.phrases) | {"output": stored.output}
    for name, part in parts.items():
        if part is not None:
            arrays |= {f"{name}.{field}": getattr(part, field) for field in _fields(type(part))}
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / _ARRAYS)
    write_titles(known.titles, folder)
    write_text(folder / _TREES, stored.ranker.text())
    options: dict[str, Any] = {"language": stored.language, "marked": known.marked}
    if stored.stacked_labels is not None:
        options["stacked_labels"] = stored.stacked_labels
    write_options(folder / _OPTIONS, options, _files(folder))


def read_lexicon(folder: Path) -> Stored:
    """Open the files of a lexicon.

    Raises
    ------
    ModelError
        If a file is missing or damaged, the files do not match, or another release wrote them.
    MissingExtraError
        If LightGBM is not installed.

    """
    options = read_options(folder / _OPTIONS, _files(folder), ("language", "marked"))
    arrays = read_arrays(folder / _ARRAYS)
    titles = read_titles_index(folder)
    ranker = _read_trees(folder / _TREES)
    try:
        language, marked = options["language"], options["marked"]
        if language not in LANGUAGES or not isinstance(marked, bool):
            raise ValueError("unknown options")
        knowledge = Knowledge.assembled(
            _phrases(arrays),
            _part(arrays, "similarity"),
            titles,
            _part(arrays, "space"),
            _part(arrays, "tallies"),
            _part(arrays, "translation") if "translation.stems" in arrays else None,
            marked=marked,
        )
        ridge = _part(arrays, "ridge")
        output = arrays["output"]
        _check(knowledge, ridge)
    except (KeyError, TypeError, ValueError, IndexError) as problem:
        raise ModelError(
            f"{_OPTIONS} and {_ARRAYS} are damaged or do not match ({type(problem).__name__})",
            path=folder,
            remedy=COPY_AGAIN,
        ) from problem
    return Stored(language, knowledge, ridge, ranker, output, options.get("stacked_labels"))


def _files(folder: Path) -> tuple[str, ...]:
    """Return the files of a lexicon that must be of one model, relative to its folder."""
    return (*_FILES, *stacked_files(folder))


def _phrases(arrays: Mapping[str, Any]) -> Phrases:
    return Phrases(
        arrays["phrases.numbers"],
        arrays["phrases.lengths"],
        _sets_from(arrays, "phrases"),
        arrays["phrases.starts"],
        arrays["phrases.codes"],
    )


def _phrase_arrays(phrases: Phrases) -> dict[str, Any]:
    return {
        "phrases.numbers": phrases.numbers,
        "phrases.lengths": phrases.lengths,
        "phrases.starts": phrases.starts,
        "phrases.codes": phrases.codes,
        **_set_arrays(phrases.sets, "phrases"),
    }


def _set_arrays(sets: StemSets, name: str) -> dict[str, Any]:
    return {
        f"{name}.sets.stems": sets.stems,
        f"{name}.sets.starts": sets.rows.indptr.astype(np.int64),
        f"{name}.sets.columns": sets.rows.indices.astype(np.int32),
    }


def _sets_from(arrays: Mapping[str, Any], name: str) -> StemSets:
    stems: Numbers = arrays[f"{name}.sets.stems"]
    starts: Ints = arrays[f"{name}.sets.starts"]
    return StemSets.from_parts(stems, starts, arrays[f"{name}.sets.columns"])


def _part(arrays: Mapping[str, Any], name: str) -> Any:
    part = _PLAIN[name]
    return part(*(arrays[f"{name}.{field}"] for field in _fields(part)))


def _fields(part: type[Any]) -> tuple[str, ...]:
    return tuple(part.__dataclass_fields__)


def _read_trees(path: Path) -> Ranker:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise ModelError("is missing, or not text", path=path, remedy=COPY_AGAIN) from problem
    return Ranker.parse(text)


def _check(known: Knowledge, ridge: Ridge) -> None:
    """Raise a ValueError if arrays that belong together have different lengths."""
    phrases, pairs, codes = len(known.phrases), len(known.phrases.codes), len(known.titles.codes)
    lengths = (
        (known.phrases.lengths, phrases),
        (known.phrases.sets.weights, phrases),
        (known.phrases.starts, phrases + 1),
        (known.similarity.to_names, pairs),
        (known.tallies.exact, phrases),
        (known.tallies.scattered, phrases),
        (known.tallies.exact_both, pairs),
        (known.tallies.annotated, pairs),
        (known.space.categories, codes),
        (known.tallies.with_code, codes),
        (ridge.bias, len(ridge.learned)),
        (ridge.idf, len(ridge.numbers)),
    )
    if any(len(array) != length for array, length in lengths):
        raise ValueError("arrays do not match")
    if ridge.projection.shape != (len(ridge.numbers), ridge.weights.shape[0]):
        raise ValueError("the regression does not match")
