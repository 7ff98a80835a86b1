"""Warnings about scores on admissions that the model has seen in training."""

from __future__ import annotations

from clem_icd.corpus import Corpus
from clem_icd.modeling import ModelInfo, admissions_of


def overlap_warnings(info: ModelInfo, corpus: Corpus, split: str) -> tuple[str, ...]:
    """Return a warning if the model was trained or selected on admissions of a split.

    Ids are compared only if both corpora are from the same population. The validation split of the model's
    own corpus is meant for selection, and gives no warning.

    Raises
    ------
    CorpusError
        If the corpus has no such split.

    """
    if corpus.population is None or corpus.population != info.corpus.get("population"):
        return ()
    here = admissions_of(corpus, split)
    own = info.corpus.get("fingerprint") == corpus.fingerprint
    seen = {
        part: here & ids
        for part, ids in info.admissions.items()
        if here & ids and not (own and part == split == "validation")
    }
    if not seen:
        return ()
    count = len(frozenset().union(*seen.values()))
    parts = ", ".join(f"{len(ids):,} in {part}" for part, ids in seen.items())
    was, them = ("was", "it") if count == 1 else ("were", "them")
    return (
        f"{count:,} of the {len(here):,} admissions of {split} {was} seen in training: {parts} "
        f"of {info.corpus['name']}. Scores on {them} are optimistic.",
    )
