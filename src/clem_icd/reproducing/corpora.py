"""The corpora of a reproduction: prepared, or found and checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from clem_icd.corpus import Corpus, describe, is_corpus
from clem_icd.errors import CorpusError, OutputError
from clem_icd.progress import Observer
from clem_icd.reproducing.request import Request
from clem_icd.sources import compare_with_published
from clem_icd.sources.raw_files import input_file

__all__ = ["prepared_corpus"]


def prepared_corpus(name: str, request: Request, path: Path, observer: Observer) -> Corpus:
    """Return a corpus of a request: prepared at a path, or opened if it is there already.

    Parameters
    ----------
    name
        The name of the corpus, one of ``request.corpora()``.
    path
        Its folder.

    Raises
    ------
    SourceError, OutputError
        If it cannot be prepared.
    CorpusError
        If the folder holds another corpus, or one made from other files.

    """
    published = request.corpora()[name]
    if is_corpus(path):
        observer.begin(f"Checking {name}", None)
        corpus = Corpus.open(path)
        _require_same(corpus, name, request)
        observer.say(f"{path} is already prepared")
    else:
        if path.exists():
            raise OutputError(
                "is in the way, and not a corpus", path=path, remedy="Remove it, or choose another --out"
            )
        observer.begin(f"Preparing {name}", None)
        corpus = published.prepare(
            request.raw, path, splits=request.splits, mdace=request.mdace, progress=observer.advance
        )
    for line in (*corpus.warnings, *_differences(corpus)):
        observer.say(f"Warning: {name}: {line}")
    if notices := len(corpus.about["notices"]):
        observer.say(
            f"{name}: {notices} notices about what was left out or chosen; `clem describe {path} --notices` "
            "lists them"
        )
    return corpus


def _require_same(corpus: Corpus, name: str, request: Request) -> None:
    """Refuse a corpus of another source, with other options, or made from other files."""
    published = request.corpora()[name]
    options = corpus.about["options"]
    found = corpus.about["source"], options.get("compat"), options.get("per", published.per)
    expected = published.source, published.compat, published.per
    if found != expected:
        raise CorpusError(
            f"is {' '.join(map(str, found))}, expected {' '.join(expected)}",
            path=corpus.path,
            remedy="Choose another --out",
        )
    known = [one["sha256"] for one in corpus.about["inputs"]]
    files = request.input_files(name)
    other = _other(files, known, request.raw)
    if other or len(files) != len(known):
        raise CorpusError(
            f"was made from other raw files or another split: {other or 'some of its files'} "
            f"{'differs' if other else 'are not named now'}",
            path=corpus.path,
            remedy="Name the same --raw, --splits and --mdace as before, or choose another --out",
        )


def _other(files: Iterable[Path], known: Iterable[str], raw: Path) -> str | None:
    """Return the name of the first file that is not among those with the known sums; None if each is."""
    left = Counter(known)
    for path in files:
        left.subtract([sha := input_file(path, raw).sha256])
        if left[sha] < 0:
            return path.name
    return None


def _differences(corpus: Corpus) -> tuple[str, ...]:
    """Return how the corpus differs from the published counts; nothing where they cannot be compared."""
    found = compare_with_published(corpus.about, describe(corpus))
    return () if found is None else found.warnings
