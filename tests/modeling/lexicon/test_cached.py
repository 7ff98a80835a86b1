"""The cache of title indexes."""

from __future__ import annotations

from pathlib import Path

import pytest

from clem_icd.icd import CodeSystem
from clem_icd.modeling.lexicon import cached
from clem_icd.modeling.lexicon.cached import cached_titles

SMALLEST = CodeSystem.ICD9PCS
"""The code system with the fewest titles."""


def no_names(system: CodeSystem) -> list[object]:
    raise AssertionError("built again")


def test_an_index_is_built_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index, titles = cached_titles(SMALLEST)
    monkeypatch.setattr(cached, "names_of", no_names)
    again, same_titles = cached_titles(SMALLEST)

    assert again.codes == index.codes
    assert same_titles == titles
    assert titles[[code.value for code in index.codes].index("37.23")].startswith("Combined right and left")
    [folder] = (cache / "titles").iterdir()
    assert folder.name.startswith("icd9pcs-")


@pytest.mark.parametrize("name", ["titles.safetensors", "texts.safetensors"])
def test_a_damaged_cache_is_built_again(cache: Path, name: str) -> None:
    index, titles = cached_titles(SMALLEST)
    [file] = (cache / "titles").glob(f"*/{name}")
    whole = file.read_bytes()
    file.write_bytes(whole[:-5])
    again, same_titles = cached_titles(SMALLEST)
    assert (again.codes, same_titles) == (index.codes, titles)
    assert file.read_bytes() == whole


def test_other_versions_have_another_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached_titles(SMALLEST)
    monkeypatch.setattr(cached, "version", lambda package: "0.0")
    cached_titles(SMALLEST)
    assert len(list((cache / "titles").iterdir())) == 2


def test_a_cache_that_cannot_be_written_does_not_end_a_search(cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    index, titles = cached_titles(SMALLEST)
    assert len(index.codes) == len(titles) > 3000
