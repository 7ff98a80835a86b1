"""The official scores of CodiEsp (CLEF eHealth 2020), from ranked lists of codes and from references.

They equal those of the organisers' scripts with the library versions that the scripts name. With later
releases of trectools, the MAP script ranks every list alphabetically and reports a different MAP.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from clem_icd.decisions.arrays import BoolArray, FloatArray
from clem_icd.evaluation.definitions import Definition

__all__ = ["CODIESP", "Reference", "codiesp_reference_scores", "codiesp_scores", "ranked_codes"]

DEPTH = 1000
"""Number of codes per list that count for MAP; later ones are ignored."""

TOLERANCE = 10
"""How many characters a predicted reference may extend beyond the true one, at either end."""

_MAP_SOURCE = "CodiEsp, codiespD_P_evaluation.py with trectools 0.0.42"
_F1_SOURCE = "CodiEsp, comp_f1_diag_proc.py"
_X_SOURCE = "CodiEsp, codiespX_evaluation.py"
_VALID = "valid codes of the track"
_SUBMITTED = "documents with a submitted code, or with a code"

CODIESP: dict[str, Definition] = {
    "codiesp_map": Definition(
        "MAP (CodiEsp)",
        "Mean over documents of average precision: the sum of the precision at the rank of each code found, "
        "divided by the number of codes of the document. Documents without a submitted code are not in the "
        f"mean; documents without a code count as 0. Only the first {DEPTH} codes of a list are ranked.",
        _VALID,
        "documents with a submitted code",
        _MAP_SOURCE,
    ),
    "codiesp_precision": Definition(
        "Micro-precision (CodiEsp)", "TP / (TP + FP) of the lists; 0/0 = 0.", _VALID, _SUBMITTED, _F1_SOURCE
    ),
    "codiesp_recall": Definition(
        "Micro-recall (CodiEsp)", "TP / (TP + FN) of the lists; 0/0 = 0.", _VALID, _SUBMITTED, _F1_SOURCE
    ),
    "codiesp_f1": Definition(
        "Micro-F1 (CodiEsp)", "2 P R / (P + R) of the lists; 0/0 = 0.", _VALID, _SUBMITTED, _F1_SOURCE
    ),
    **{
        f"codiesp_x_{name}": Definition(
            f"{title} (CodiEsp-X)",
            f"{formula} over distinct pairs of a document and a code; a pair is found if one of its "
            f"predicted references contains one of its true ones and extends at most {TOLERANCE} characters "
            "beyond it at either end; 0/0 = 0.",
            _VALID,
            _SUBMITTED,
            _X_SOURCE,
        )
        for name, title, formula in (
            ("precision", "Micro-precision", "TP / (TP + FP)"),
            ("recall", "Micro-recall", "TP / (TP + FN)"),
            ("f1", "Micro-F1", "2 P R / (P + R)"),
        )
    },
}
"""The definition of every name that `codiesp_scores` and `codiesp_reference_scores` return."""

Lists = Mapping[str, Sequence[str]]


class Reference(NamedTuple):
    """A span of a document that supports a code; a discontinuous one covers its first to its last part."""

    document: str
    code: str
    begin: int
    end: int


def codiesp_scores(
    gold: Lists, submitted: Lists, valid_codes: Collection[str] | None = None
) -> dict[str, float]:
    """Return MAP, precision, recall and F1 of the tracks for diagnoses and for procedures.

    Case does not matter. A repeated code counts at its first position.

    Parameters
    ----------
    gold
        The codes of every document, in any order.
    submitted
        The codes that a system submits for every document, most certain first.
    valid_codes
        The codes of the track; other submitted codes are removed from the lists. By default all codes are
        valid.

    """
    valid = None if valid_codes is None else {code.lower() for code in valid_codes}
    wanted = {document: set(_listed(codes, None)) for document, codes in gold.items()}
    lists = {document: _listed(codes, valid) for document, codes in submitted.items()}
    lists = {document: codes for document, codes in lists.items() if codes}
    found = sum(len(wanted.get(document, set()).intersection(codes)) for document, codes in lists.items())
    averages = [_average_precision(wanted.get(document, set()), codes) for document, codes in lists.items()]
    return {
        "codiesp_map": float(np.mean(averages)) if averages else 0.0,
        **_named("codiesp", found, sum(map(len, lists.values())), sum(map(len, wanted.values()))),
    }


def codiesp_reference_scores(
    gold: Collection[Reference],
    predicted: Collection[Reference],
    valid_codes: Collection[str] | None = None,
) -> dict[str, float]:
    """Return precision, recall and F1 of the Explainable track: codes with the text that supports them.

    Parameters
    ----------
    gold, predicted
        References. If a code has several in a document, finding one of them is enough.
    valid_codes
        The codes of the track; other predicted codes are ignored. By default all codes are valid.

    """
    valid = None if valid_codes is None else {code.lower() for code in valid_codes}
    true, submitted = _by_pair(gold), _by_pair(predicted)
    submitted = {pair: spans for pair, spans in submitted.items() if valid is None or pair[1] in valid}
    found = sum(
        any(_contains(outer, inner) for outer in spans for inner in true.get(pair, ()))
        for pair, spans in submitted.items()
    )
    return _named("codiesp_x", found, len(submitted), len(true))


def ranked_codes(
    codes: Sequence[str], note_ids: Sequence[str], scores: FloatArray, submitted: BoolArray | None = None
) -> dict[str, list[str]]:
    """Return the submitted codes of every note by descending score; ties are broken in label order.

    Parameters
    ----------
    codes
        The label space in label order [labels].
    note_ids
        The documents [notes].
    scores
        The system's scores [notes, labels].
    submitted
        The system's decisions [notes, labels]. By default every list has all codes.

    """
    lists = {}
    for row, note_id in enumerate(note_ids):
        columns = np.arange(len(codes)) if submitted is None else np.flatnonzero(submitted[row])
        order = columns[np.argsort(-scores[row, columns], kind="stable")]
        lists[note_id] = [codes[column] for column in order]
    return lists


def _listed(codes: Sequence[str], valid: Collection[str] | None) -> list[str]:
    lowered = dict.fromkeys(code.lower() for code in codes)
    return [code for code in lowered if valid is None or code in valid]


def _average_precision(wanted: Collection[str], codes: Sequence[str]) -> float:
    if not wanted:
        return 0.0
    hits = np.array([code in wanted for code in codes[:DEPTH]])
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].sum() / len(wanted))


def _by_pair(references: Collection[Reference]) -> dict[tuple[str, str], list[Reference]]:
    pairs: dict[tuple[str, str], list[Reference]] = {}
    for reference in references:
        pairs.setdefault((reference.document, reference.code.lower()), []).append(reference)
    return pairs


def _contains(outer: Reference, inner: Reference) -> bool:
    return 0 <= inner.begin - outer.begin <= TOLERANCE and 0 <= outer.end - inner.end <= TOLERANCE


def _named(prefix: str, found: int, submitted: int, wanted: int) -> dict[str, float]:
    precision = found / submitted if submitted else 0.0
    recall = found / wanted if wanted else 0.0
    f1 = 2 * precision * recall / (precision + recall) if found else 0.0
    return {f"{prefix}_precision": precision, f"{prefix}_recall": recall, f"{prefix}_f1": f1}
