from __future__ import annotations

from pathlib import Path

import pytest

from clem_icd.modeling import machine


@pytest.fixture
def quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the control group's quota, missing at first, on a machine of eight cores."""
    file = tmp_path / "cpu.max"
    monkeypatch.setattr(machine, "Path", {"/sys/fs/cgroup/cpu.max": file}.__getitem__)
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(8)), raising=False)
    return file


@pytest.mark.parametrize(
    ("content", "cores"),
    [
        ("max 100000", 8),
        ("200000 100000", 2),
        ("150000 100000", 2),
        ("10000 100000", 1),
        ("1600000 100000", 8),
        ("nonsense", 8),
    ],
)
def test_a_container_quota_limits_the_usable_cores(quota: Path, content: str, cores: int) -> None:
    quota.write_text(content)
    assert machine.usable_cores() == cores


def test_without_a_quota_all_cores_are_usable(quota: Path) -> None:
    assert not quota.exists()
    assert machine.usable_cores() == 8


def test_the_environment_lists_versions_and_nothing_personal() -> None:
    environment = machine.describe_environment()
    assert {"python", "torch", "transformers", "cores"} <= environment.keys()
    assert str(Path.home()) not in str(environment)
