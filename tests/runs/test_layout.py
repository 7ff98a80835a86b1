from __future__ import annotations

from pathlib import Path

import pytest

from clem_icd.runs.layout import SIGNS, RunLayout


def test_seeds_are_sorted_by_number(tmp_path: Path) -> None:
    for seed in (10, 9, 2):
        RunLayout(tmp_path).seed(seed).path.mkdir()
    (tmp_path / "seed-3").touch()
    assert [run.path.name for run in RunLayout(tmp_path).seeds] == ["seed-2", "seed-9", "seed-10"]


def test_only_validation_has_metrics_of_its_own() -> None:
    run = RunLayout(Path("run"))
    assert run.metrics() == run.metrics("test") == Path("run/metrics.json")
    assert run.metrics("validation") == Path("run/metrics-validation.json")


@pytest.mark.parametrize("sign", SIGNS)
def test_a_folder_with_any_run_file_is_a_run(tmp_path: Path, sign: str) -> None:
    assert not RunLayout(tmp_path).is_run
    (tmp_path / sign).touch()
    assert RunLayout(tmp_path).is_run
    assert RunLayout(tmp_path).has_seeds == (sign == "seeds.json")


def test_the_run_of_a_seed_is_known_by_its_name() -> None:
    runs = RunLayout(Path("runs"))
    assert runs.seed(3).is_seed
    assert not runs.is_seed
