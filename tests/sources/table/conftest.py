"""A corpus of a few records, all for training unless a record says otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.icd import CodeSystem
from clem_icd.sources import prepare_table

Prepare = Callable[..., Corpus]


@pytest.fixture
def prepare(tmp_path: Path) -> Prepare:
    """Prepare a table: records for jsonl, or the bytes or text of a csv file."""

    def run(table: Sequence[dict[str, Any]] | bytes | str, **options: Any) -> Corpus:
        system = options.pop("system", CodeSystem.ICD10CM)
        if isinstance(table, str | bytes):
            path = tmp_path / "t.csv"
            path.write_bytes(table.encode() if isinstance(table, str) else table)
        else:
            path = tmp_path / "t.jsonl"
            rows = [
                {"note_id": f"n{number}", "text": f"Note {number}."} | row for number, row in enumerate(table)
            ]
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        shares: dict[str, Any] = {} if "split" in options else {"validation": 0, "test": 0}
        return prepare_table(path, tmp_path / "out", system=system, force=True, **shares, **options)

    return run
