from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from clem_icd.reproducing import Request

Ask = Callable[..., Request]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """A request for raw files that are not there; keywords replace its fields."""

    def request(target: str, **fields: object) -> Request:
        return Request(target, **{"raw": tmp_path / "raw", "out": tmp_path / "out", **fields})  # type: ignore[arg-type]

    return request


@pytest.fixture
def without_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the report of a run, which takes longer to draw than a little model takes to train."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
