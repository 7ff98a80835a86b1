from __future__ import annotations

import pytest

from clem_icd.runs import points
from clem_icd.runs.points import Point, passing


def test_subscribers_are_called_at_every_point(monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[Point] = []
    monkeypatch.setattr(points, "subscribers", [passed.append])
    for point in Point:
        passing(point)
    assert passed == list(Point)


def test_no_subscriber_is_registered_by_default() -> None:
    assert points.subscribers == []
