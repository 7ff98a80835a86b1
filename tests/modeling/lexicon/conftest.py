from __future__ import annotations

from pathlib import Path

import pytest

from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling.lexicon.titles import Name, TitleIndex

NAMES = {
    "I21": "acute myocardial infarction",
    "I21.9": "acute myocardial infarction",
    "I21.01": "acute myocardial infarction left main coronary artery",
    "J18.9": "pneumonia",
    "J15.1": "pneumonia pseudomonas",
    "N17.9": "acute kidney failure",
}


@pytest.fixture(scope="session")
def index() -> TitleIndex:
    """The names of a few codes, and a code without a name."""
    names = [Name(Code(value, CodeSystem.ICD10CM), text, "en") for value, text in NAMES.items()]
    return TitleIndex.of(names, [Code("Z99.9", CodeSystem.ICD10CM)])


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CLEM_ICD_CACHE", str(folder))
    return folder
