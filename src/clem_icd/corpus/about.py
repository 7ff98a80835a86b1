"""Reading ``corpus.json``, checked before anything relies on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clem_icd.corpus.schema import FORMAT, FORMAT_VERSION, SPLITS, notes_file
from clem_icd.corpus.unknown_codes import is_unknown_codes
from clem_icd.errors import CorpusError
from clem_icd.files import read_json

ABOUT_FILE = "corpus.json"
"""The file that makes a folder a corpus."""

_KEYS: dict[str, type] = {
    "name": str,
    "source": str,
    "synthetic": bool,
    "options": dict,
    "inputs": list,
    "notices": list,
    "counts": dict,
    "files": dict,
}
_BY_SPLIT = ("notes", "notes_without_codes")
_COUNTS = ("labels", "labels_without_title", "codes_without_title", "labels_of_unexpected_shape")


def is_corpus(folder: Path) -> bool:
    """Return whether a folder is a corpus, without reading it."""
    return (folder / ABOUT_FILE).is_file()


def about_for_results(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a document of results says of its corpus: name, source, and whether it is synthetic."""
    return {key: about.get(key) for key in ("name", "source", "synthetic")}


def read_about(path: Path) -> dict[str, Any]:
    """Read the ``corpus.json`` of a folder.

    Raises
    ------
    CorpusError
        If it is missing, has another format or version, lacks a key, or names no split or one without
        notes.

    """
    if not is_corpus(path):
        raise CorpusError(
            "not a corpus: corpus.json is missing", path=path, remedy="Make a corpus with `clem prepare`"
        )
    about = read_json(path / ABOUT_FILE, CorpusError)
    if about.get("format") != FORMAT:
        raise CorpusError(f"has the format {about.get('format')!r}, expected {FORMAT!r}", path=path)
    if about.get("format_version") != FORMAT_VERSION:
        raise CorpusError(
            f"has format version {about.get('format_version')!r}, expected {FORMAT_VERSION}",
            path=path,
            remedy="Prepare it again with this release",
        )
    found = _flaw(about)
    if found is not None:
        raise CorpusError(found, path=path / ABOUT_FILE, remedy="Prepare it again")
    return about


def _flaw(about: dict[str, Any]) -> str | None:
    missing = [key for key, kind in _KEYS.items() if not isinstance(about.get(key), kind)]
    if missing:
        return f"lacks {', '.join(missing)}, or has the wrong type there"
    # Corpora from earlier releases lack these.
    if not isinstance(about.get("population"), str | None) or not _is_absent(about.get("absent", {})):
        return "has a population or absent admissions of the wrong type"
    if not is_unknown_codes(about.get("unknown_codes", [])):
        return "lists unknown codes in the wrong form"
    counts, files = about["counts"], about["files"]
    missing = [key for key in _BY_SPLIT if not isinstance(counts.get(key), dict)]
    missing += [key for key in _COUNTS if not _is_count(counts.get(key))]
    if missing:
        return f"lacks the counts {', '.join(missing)}"
    splits = counts["notes"]
    if not splits or splits.keys() - set(SPLITS) or splits.keys() != counts["notes_without_codes"].keys():
        return f"counts notes in {', '.join(splits) or 'no split'}, expected some of {', '.join(SPLITS)}"
    if not all(_is_count(splits[split]) and splits[split] > 0 for split in splits):
        return "has a split without notes"
    if files.keys() != {"labels.parquet", *map(notes_file, splits)}:
        return "does not list exactly one checksum for each of its files"
    return None


def _is_absent(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(one, dict) and _is_count(one.get("count")) and isinstance(one.get("admissions"), list)
        for one in value.values()
    )


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0
