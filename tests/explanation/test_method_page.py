from __future__ import annotations

import pytest

from clem_icd.explanation import METHODS
from support import ROOT

# Tests register toys.
OURS = [
    kind for kind in METHODS.kinds if type(METHODS.parse({"kind": kind})).__module__.startswith("clem_icd.")
]


@pytest.mark.parametrize("kind", OURS)
def test_the_reference_states_every_field_of_a_method_and_its_default(kind: str) -> None:
    page = (ROOT / "docs/reference/explanation-methods.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## `{kind}`\n")[2].partition("\n## ")[0]
    stated = {
        line.split("|")[1].strip(" `"): line.split("|")[2].strip(" `")
        for line in section.splitlines()
        if line.startswith("| `")
    }
    method = METHODS.parse({"kind": kind})
    assert method is not None
    fields = method.model_dump(mode="json", exclude={"kind"})
    assert stated == {name: "null" if value is None else str(value) for name, value in fields.items()}
    assert f"\n| `{kind}` |" in page
