from __future__ import annotations

import csv
import gzip
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import ClemError

WriteCsv = Callable[..., Path]
Refused = Callable[..., Any]

# Stands in every note of these tests: no message may hold it.
CANARY = "SECRETPATIENT"


@pytest.fixture
def write_csv() -> WriteCsv:
    def write(
        path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ","
    ) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "wt", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
        return path

    return write


@pytest.fixture
def refused() -> Refused:
    """A block that must raise one clear line which holds all fragments and no note text."""

    @contextmanager
    def block(kind: type[ClemError], *fragments: str) -> Iterator[None]:
        with pytest.raises(kind) as caught:
            yield
        message = str(caught.value)
        assert [fragment for fragment in fragments if fragment not in message] == [], message
        assert "\n" not in message
        assert CANARY not in "".join(traceback.format_exception(caught.value))

    return block
