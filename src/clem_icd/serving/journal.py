"""The log of the service: one JSON object per line, without anything that a client sent.

A line has a request's id, the template of its path, its status and its duration. An exception is named by
its class only, since its message and its traceback may quote a note.
"""

from __future__ import annotations

import json
import logging
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


def write_log_to(stream: TextIO, level: int) -> None:
    """Write the lines of the service and of the HTTP server to a stream, and nowhere else."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    for name in (LOGGER.name, "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
    LOGGER.setLevel(level)
    # Below this, the server tells of its own start and stop, as the verb does.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
