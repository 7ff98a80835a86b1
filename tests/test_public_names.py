from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import clem_icd

ROOMS = sorted(path.parent.name for path in Path(clem_icd.__file__).parent.glob("*/__init__.py"))


def test_public_names_exist_and_are_sorted() -> None:
    assert sorted(clem_icd.__all__) == clem_icd.__all__
    for name in clem_icd.__all__:
        assert getattr(clem_icd, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Codr"):
        _ = clem_icd.Codr


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_docstring_and_public_names(room: str) -> None:
    module = importlib.import_module(f"clem_icd.{room}")
    assert module.__doc__ is not None
    assert len(module.__doc__.split()) > 20
    assert module.__all__
    for name in module.__all__:
        assert hasattr(module, name)


def test_the_package_is_imported_without_torch() -> None:
    program = "import sys, clem_icd, clem_icd.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(("before", "after"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_waiting_threads_sleep_unless_the_user_wants_otherwise(before: str | None, after: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    if before is not None:
        environment["OMP_WAIT_POLICY"] = before
    program = "import os, clem_icd; print(os.environ['OMP_WAIT_POLICY'])"
    found = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == after
