"""The log of the service: one JSON object per line, without anything that a client sent.

A line has a request's id, the template of its path, its status and its duration. An exception is named by
its class only, since its message and its traceback may quote a note.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

LOGGER = logging.getLogger("clem_icd.serving")


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record; its fields are in ``extra={"fields": {...}}``."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage().strip(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
        return json.dumps(line)


def log(level: int, event: str, **fields: Any) -> None:
    """Write one line."""
    LOGGER.log(level, event, extra={"fields": fields})


@contextmanager
def writing_log_to(stream: TextIO, level: int) -> Iterator[None]:
    """Write the lines of the service and of the HTTP server to a stream, and nowhere else."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    # The server's own lines below warnings tell of its start and stop, as the verb does.
    levels = {LOGGER: level, logging.getLogger("uvicorn"): logging.WARNING}
    before = {logger: (logger.level, logger.propagate) for logger in levels}
    for logger in levels:
        logger.addHandler(handler)
        logger.setLevel(levels[logger])
        logger.propagate = False
    try:
        yield
    finally:
        for logger, (own_level, propagate) in before.items():
            logger.removeHandler(handler)
            logger.setLevel(own_level)
            logger.propagate = propagate
