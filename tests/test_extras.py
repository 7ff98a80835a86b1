from __future__ import annotations

import sys

import pytest

from clem_icd.errors import MissingExtraError
from clem_icd.extras import EXTRAS, optional


def test_an_installed_module_is_imported() -> None:
    assert optional("json.decoder", "The test") is sys.modules["json.decoder"]


@pytest.mark.parametrize("package", EXTRAS)
def test_a_missing_package_names_its_extra(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError) as raised:
        optional(package, "The report")
    assert str(raised.value) == (
        f"The report needs {package}, which is not installed. "
        f"Install it with: pip install 'clem-icd[{EXTRAS[package]}]'."
    )


def test_a_missing_dependency_of_an_installed_package_is_not_disguised(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("packages")
    (folder / "broken_package.py").write_text("import a_package_that_does_not_exist\n", encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    with pytest.raises(ModuleNotFoundError, match="a_package_that_does_not_exist"):
        optional("broken_package", "The test")


def test_a_missing_library_of_the_system_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("packages")
    line = 'import ctypes\nctypes.CDLL("libnothing_of_the_kind.so.1")\n'
    (folder / "package_with_a_library.py").write_text(line, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    with pytest.raises(MissingExtraError, match=r"cannot load .*libnothing_of_the_kind\.so\.1"):
        optional("package_with_a_library", "The test")
