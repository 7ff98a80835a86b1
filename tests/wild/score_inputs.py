"""Inputs with the scores of other systems. The notes of the little corpus' test split are n100 to n123."""

from __future__ import annotations

import io

import numpy as np

from wild.making import Input, scores

KNOWN = "known"
GITHUB = "https://github.com/"

_LABELS = ("E11.9", "E87.6", "I10", "I48.91", "J18.9", "N17.9")


def _npz(**arrays: object) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def _long(*rows: str, header: str = "note_id,code,score") -> str:
    return "\n".join([header, *rows, ""])


_IDS = np.array([f"n{number}" for number in range(100, 124)])

SCORE_INPUTS = (
    Input(
        "pipeline",
        "what transformers.pipeline prints",
        KNOWN,
        scores(
            '{"n100": [{"label": "I10", "score": 0.98}, {"label": "E11.9", "score": 0.2}]}', name="hf.json"
        ),
    ),
    Input(
        "decimal-commas",
        "semicolons and decimal commas",
        KNOWN,
        scores("note_id;code;score\nn100;I10;0,635\n"),
    ),
    Input(
        "codes-in-a-cell", "all codes of a note in a cell", KNOWN, scores("note_id,codes\nn100,I10;E11.9\n")
    ),
    Input(
        "codiesp",
        "a submission to CodiEsp",
        KNOWN,
        scores("n100\ti10\nn100\te11.9\nn101\ti10\n", name="run.tsv"),
    ),
    Input(
        "codiesp-evidence",
        "a submission with positions",
        "https://github.com/TeMU-BSC/codiesp-evaluation-script",
        scores("n100\t100 110\tDIAGNOSTICO\ti10\n", name="run.tsv"),
    ),
    Input(
        "pipeline-without-ids",
        "predictions without note ids",
        f"{GITHUB}huggingface/transformers/issues/43901",
        scores('[[{"label": "I10", "score": 0.98}], [{"label": "J18.9", "score": 0.6}]]', name="hf.json"),
    ),
    Input(
        "positions",
        "LABEL_0 in place of a code",
        f"{GITHUB}cardiffnlp/tweeteval/issues/13",
        scores('{"n100": [{"label": "LABEL_0", "score": 0.98}]}', name="hf.json"),
    ),
    Input(
        "softmax",
        "scores of a softmax",
        f"{GITHUB}PKSHATechnology-Research/camphr/pull/14",
        scores(
            _npz(scores=np.full((24, 6), 1 / 6), note_ids=_IDS, labels=np.array(_LABELS)), name="theirs.npz"
        ),
    ),
    Input(
        "percent",
        "percentages",
        f"{GITHUB}bastienboutonnet/sheetwork/issues/188",
        scores(_long("n100,I10,93%")),
    ),
    Input(
        "numpy-numbers",
        "numbers as NumPy 2 prints them",
        f"{GITHUB}nschloe/meshio/pull/1513",
        scores(_long("n100,I10,np.float64(0.93)")),
    ),
    Input(
        "ellipsis",
        "an array that was shortened when printed",
        f"{GITHUB}pandas-dev/pandas/issues/61474",
        scores('note_id,scores\nn100,"[0.01 0.93 0.02 ... 0.04]"\n'),
    ),
    Input(
        "pairs",
        "predict_proba of scikit-learn",
        f"{GITHUB}scikit-learn/scikit-learn/issues/30013",
        scores(_npz(scores=np.zeros((6, 24, 2)), note_ids=_IDS, labels=np.array(_LABELS)), name="theirs.npz"),
    ),
    Input(
        "sparse",
        "a sparse matrix of SciPy",
        f"{GITHUB}scipy/scipy/pull/7419",
        scores(
            _npz(
                format=np.array(b"csr"),
                indices=np.array([0]),
                indptr=np.array([0, 1]),
                shape=np.array([1, 1]),
                data=np.array([1.0]),
            ),
            name="theirs.npz",
        ),
    ),
    Input(
        "not-a-number",
        "NaN for a note",
        f"{GITHUB}scikit-learn/scikit-learn/issues/31224",
        scores(_long("n100,I10,nan")),
    ),
    Input(
        "answers",
        "answers of a language model in JSON lines",
        f"{GITHUB}pydantic/pydantic-ai/pull/3141",
        scores(
            '{"note_id": "n100", "codes": "```json\\n[\\"I10\\", \\"E11.9\\"]\\n```"}\n', name="answers.jsonl"
        ),
    ),
    Input("utf16-scores", "scores in UTF-16", KNOWN, scores(_long("n100,I10,0.5").encode("utf-16"))),
)
