"""The reference of the service against its code."""

from __future__ import annotations

import re

import pytest

from clem_icd.serving import SCOPES, Limits
from clem_icd.serving.problems import KINDS
from clem_icd.serving.schemas import CodeRequest, NoteOut, SuggestionOut
from serving.conftest import Served
from support import ROOT

PAGE = (ROOT / "docs" / "reference" / "service.md").read_text(encoding="utf-8")


def rows(section: str) -> list[list[str]]:
    """Return the cells of the first table of a section."""
    body = PAGE.split(f"## {section}\n")[1].split("\n## ")[0]
    table = [line for line in body.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[2:]]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_route_is_documented_with_its_scope(toy: Served) -> None:
    documented = {names(route)[0]: scope for route, scope, _ in rows("Routes")}
    routes = toy.app.app.openapi()["paths"]  # type: ignore[attr-defined]
    known = {f"{method.upper()} {path}" for path, methods in routes.items() for method in methods}
    assert documented.keys() == known | {"GET /openapi.json"}
    for route, scope in documented.items():
        method, path = route.split()
        is_open = "security" not in routes.get(path, {}).get(method.lower(), {"security": []})
        assert (scope == "none") == is_open, route


def test_every_error_is_documented_with_its_status() -> None:
    documented = {name: int(status) for codes, status, _ in rows("Errors") for name in names(codes)}
    assert documented == {code: kind.status for code, kind in KINDS.items()}


def test_every_metric_is_documented(toy: Served) -> None:
    documented = {name for metrics, *_ in rows("Metrics") for name in names(metrics)}
    families = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in toy.service.measures.registry.collect()
        if family.name.startswith("clem_")
    }
    assert documented == families


@pytest.mark.parametrize("model", [CodeRequest, NoteOut, SuggestionOut], ids=lambda model: model.__name__)
def test_every_field_is_documented(model: type[CodeRequest]) -> None:
    section = PAGE.split("## `POST /v1/code`\n")[1].split("\n## ")[0]
    assert [name for name in model.model_fields if f"`{name}`" not in section] == []


def test_stated_limits_are_those_of_the_code() -> None:
    section = PAGE.split("## Limits\n")[1].split("\n## ")[0]
    for value in Limits().model_dump().values():
        assert f"{value:,}".removesuffix(".0") in section, value


def test_scopes_are_documented() -> None:
    assert [scope for scope in SCOPES if f"`{scope}`" not in PAGE] == []
