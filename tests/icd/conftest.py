from __future__ import annotations

from types import ModuleType

import pytest

from clem_icd.icd import CodeSystem
from clem_icd.icd.packaged import packaged_titles
from clem_icd.icd.tabular import tabular_codes


@pytest.fixture(scope="session")
def packaged_codes() -> list[tuple[str, CodeSystem]]:
    """Every code of the installed packages' lists, in its normal form."""
    return [(code, system) for system in CodeSystem for code in packaged_titles(system)]


@pytest.fixture(scope="session")
def tabular_list() -> ModuleType:
    """simple-icd-10-cm itself, imported through this package, which silences its warning."""
    tabular_codes()
    import simple_icd_10_cm

    library: ModuleType = simple_icd_10_cm
    return library
