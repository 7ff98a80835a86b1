# ruff: noqa: T201
"""Codes from a model folder with transformers alone; this package is not imported.

python examples/with_transformers.py runs/demo/model examples/note.txt
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from transformers import pipeline


def main(model: Path, note: Path) -> None:
    """Print the codes with a probability above the threshold in ``clem.json``."""
    threshold = json.loads((model / "clem.json").read_text(encoding="utf-8"))["threshold"]
    if threshold is None:
        sys.exit("This model decides by more than one threshold: use `clem code`.")
    coder: Any = pipeline(
        "text-classification", model=str(model), top_k=None, function_to_apply="sigmoid", truncation=True
    )
    for found in coder([note.read_text(encoding="utf-8")])[0]:
        if found["score"] > threshold:
            print(found["label"], f"{found['score']:.3f}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
