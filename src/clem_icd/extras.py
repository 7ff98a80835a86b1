"""Optional dependencies, and the error that says how to install a missing one."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from clem_icd.errors import MissingExtraError

EXTRAS = {
    "alembic": "serve",
    "captum": "explain",
    "fastapi": "serve",
    "jinja2": "report",
    "lightgbm": "lexicon",
    "matplotlib": "report",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "onnxscript": "onnx",
    "peft": "lora",
    "prometheus_client": "serve",
    "psycopg": "postgres",
    "ray": "ray",
    "sqlalchemy": "serve",
    "tensorboard": "track",
    "uvicorn": "serve",
}
"""The extra of ``pip install 'clem-icd[...]'`` that installs each optional package."""


def optional(module: str, purpose: str) -> Any:
    """Import a module of an optional package.

    Parameters
    ----------
    module
        The module to import, such as ``matplotlib.figure``.
    purpose
        The feature that needs it, as the subject of a sentence: "The report".

    Raises
    ------
    MissingExtraError
        If the package is not installed, or a library of the system that it needs.

    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as problem:
        # An installed package that misses one of its own dependencies is a different problem.
        if (problem.name or "").partition(".")[0] != package:
            raise
        raise _missing(package, purpose) from None
    except OSError as problem:
        raise MissingExtraError(
            f"{purpose} needs {package}, which cannot load a library of the system: {problem}",
            remedy="Install that library; on Debian and Ubuntu, apt install libgomp1 for libgomp.so.1",
        ) from problem


def require_installed(package: str, purpose: str) -> None:
    """Refuse to go on without an optional package, which is not imported yet: some take seconds.

    Parameters
    ----------
    package, purpose
        As for `optional`.

    Raises
    ------
    MissingExtraError
        If the package is not installed.

    """
    if not is_installed(package):
        raise _missing(package, purpose)


def is_installed(package: str) -> bool:
    """Return whether an optional package is installed, without importing it."""
    return find_spec(package) is not None


def _missing(package: str, purpose: str) -> MissingExtraError:
    return MissingExtraError(
        f"{purpose} needs {package}, which is not installed",
        remedy=f"Install it with: pip install 'clem-icd[{EXTRAS[package]}]'",
    )
