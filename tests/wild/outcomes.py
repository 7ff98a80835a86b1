"""What happens to an input now, in one line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
from typer.testing import CliRunner

from clem_icd.cli import app
from wild.making import Input, Place

# Done, refused, and done but for some notes.
_EXPECTED = (0, 2, 3)


def outcome(one: Input, place: Place) -> str:
    """Run the command of an input, and describe its result."""
    arguments = [str(argument) for argument in one.make(place)]
    result = CliRunner().invoke(app, [*arguments, "--json"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return f"**{type(result.exception).__name__}**"
    if result.exit_code not in _EXPECTED:
        # The page must not list a defect as what happens.
        raise RuntimeError(f"{one.name}: exit code {result.exit_code}: {result.stderr}")
    said = [_without_paths(line, place) for line in click.unstyle(result.stderr).splitlines() if line.strip()]
    if not result.stdout.strip():
        return f"refused: {' '.join(said)}"
    value = json.loads(result.stdout)
    described = _coded(value) if arguments[0] == "code" else _made(value)
    return "; ".join([described, *said])


def _coded(value: dict[str, Any]) -> str:
    failed = len(value["failed"])
    return f"{_count(len(value['notes']), 'note')} coded" + (f", {failed} not" if failed else "")


def _made(value: dict[str, Any]) -> str:
    if "scores" in value:
        found = value["imported"]
        remarks = [line for line in value["warnings"] if "missing from the file" not in line]
        return "; ".join([f"read as {found['format']}: {_count(found['notes_in_file'], 'note')}", *remarks])
    notes = sum(value["counts"]["notes"].values())
    read = f"read: {_count(notes, 'note')}, {_count(value['counts']['labels'], 'label')}"
    notices = [line for line in value["notices"] if not _is_usual(line)]
    return "; ".join([read, *value["warnings"], *notices]) if value["source"] == "table" else read


def _is_usual(notice: str) -> bool:
    return notice.startswith("No subject column was named")


def _count(count: int, one: str) -> str:
    return f"{count} {one}{'' if count == 1 else 's'}"


def _without_paths(line: str, place: Place) -> str:
    line = line.removeprefix("clem: ")
    line = re.sub(re.escape(str(place.folder)) + r"/(?:notes/)?", "", line)
    return line.replace(str(Path(place.folder)), "FOLDER").rstrip(".")
