"""How busy the machine is with other work."""

from __future__ import annotations

import os

_BUSY_SHARE = 0.5


def load_average() -> float | None:
    """Return the processes that were running or waiting over the last minute; None if it is not known."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def is_busy(load: float | None, cores: int) -> bool:
    """Return whether a load average, taken before a measurement, shows other work on half of the cores."""
    return load is not None and load > _BUSY_SHARE * cores
