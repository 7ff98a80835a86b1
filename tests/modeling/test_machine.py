from __future__ import annotations

from pathlib import Path

import pytest

from clem_icd.modeling.machine import _quota, describe_environment


@pytest.mark.parametrize(
    ("content", "cores"), [("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("nonsense", 8)]
)
def test_a_container_quota_limits_the_usable_cores(tmp_path: Path, content: str, cores: int) -> None:
    (tmp_path / "cpu.max").write_text(content)
    assert _quota(tmp_path / "cpu.max", 8) == cores


def test_without_a_quota_all_cores_are_usable(tmp_path: Path) -> None:
    assert _quota(tmp_path / "none", 8) == 8


def test_the_environment_lists_versions_and_nothing_personal() -> None:
    environment = describe_environment()
    assert {"python", "torch", "transformers", "cores"} <= environment.keys()
    assert str(Path.home()) not in str(environment)
