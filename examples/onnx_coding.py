# ruff: noqa: T201
"""Codes for notes with onnxruntime, tokenizers and numpy; PyTorch and this package are not imported.

clem export runs/demo/model --onnx exported
python examples/onnx_coding.py exported examples/note.txt
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer


def assigned(scores: np.ndarray, rule: dict) -> np.ndarray:
    """Return the labels that a decision rule assigns to a note, from its probabilities [labels]."""
    if rule["kind"] == "at-least":
        return np.flatnonzero(scores >= np.float32(rule["value"]))
    if rule["kind"] in ("threshold", "label-thresholds"):
        return np.flatnonzero(scores > np.float32(rule.get("value", rule.get("values"))))
    best = np.argsort(-scores, kind="stable")
    if rule["kind"] == "top-k":
        return best[: rule["k"]]
    # expected-f1: the k most probable labels, for the k with the highest expected F1 of the note.
    p = np.clip(scores[best].astype(float), 2.0**-24, 1 - 2.0**-24)
    p = 1 / (1 + np.exp(-rule["intercept"]) * (p / (1 - p)) ** -rule["slope"])[:, np.newaxis]
    node, weight = np.polynomial.legendre.leggauss(128)
    node, weight = (node + 1) / 2, weight / 2
    rest = 1 - p * (1 - node)
    size = np.arange(1, len(p) + 1)[:, np.newaxis]
    expected = (weight * np.exp(size * np.log(node) + np.log(rest).sum(0)) * (p / rest).cumsum(0)).sum(1)
    return best[: 1 + expected.argmax()]


def main(folder: Path, *notes: str) -> None:
    """Print the assigned codes of each note, most probable first."""
    about = json.loads((folder / "coding.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    for note in notes:
        text = Path(note).read_text(encoding="utf-8")
        if not text.strip():
            sys.exit(f"{note} is empty")
        ids = np.array([tokenizer.encode(text).ids])
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        [scores] = session.run(None, inputs)[0]
        labels = assigned(scores, about["rule"])
        for label in labels[np.argsort(-scores[labels], kind="stable")]:
            code = about["labels"][label]
            print(note, code["system"], code["code"], f"{scores[label]:.4f}", code["title"], sep="\t")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
