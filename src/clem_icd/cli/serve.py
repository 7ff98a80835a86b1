"""clem serve: the service."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clem_icd.cli.options import Precision
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.title_search import (
    ModelOrSystem,
    NotesLanguage,
    check_options,
    open_system,
    searched_system,
)
from clem_icd.cli.verb import changed_options, verb
from clem_icd.errors import InputError

if TYPE_CHECKING:
    from clem_icd.serving import Address, Limits, ServedModel
    from clem_icd.serving.review import Review


@dataclass(frozen=True)
class _Access:
    """Who may ask."""

    tokens: Annotated[
        Path | None,
        typer.Option(help="Require a token of this file; clem token create makes one. Default: none needed."),
    ] = None
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            help="A further name that requests may address the service by, such as that of a proxy; may be "
            "given several times."
        ),
    ] = None


@dataclass(frozen=True)
class _Screen:
    """The review screen."""

    store: Annotated[
        str,
        typer.Option(
            help="The SQLite file of the review, created if it is missing, or the URL of a PostgreSQL "
            "database: postgresql://user:password@host/name."
        ),
    ] = "review.db"
    no_review: Annotated[
        bool, typer.Option("--no-review", help="Leave the review screen out, and open no database.")
    ] = False
    idle_minutes: Annotated[
        float, typer.Option(min=1, help="Minutes without a request after which a coder has to sign in again.")
    ] = 30.0
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            help="The address or network of a proxy that says who a coder is, for single sign-on; may be "
            "given several times."
        ),
    ] = None
    user_header: Annotated[
        str | None,
        typer.Option(help="The header in which that proxy names the coder, such as X-Forwarded-User."),
    ] = None


@dataclass(frozen=True)
class _Bounds:
    """The limits that a hospital may want to change."""

    body_bytes: Annotated[
        int, typer.Option(min=1_000, help="The largest request, in bytes; larger ones are refused.")
    ] = 2_000_000
    queue_notes: Annotated[
        int, typer.Option(min=1, help="How many notes may wait; more are refused, to be sent again later.")
    ] = 256
    deadline: Annotated[
        float, typer.Option(min=0.1, help="Seconds after which a request ends without an answer.")
    ] = 30.0


@verb(interrupted="The service was starting; nothing was served.")
def serve(
    terminal: Terminal,
    model: ModelOrSystem,
    access: _Access,
    screen: _Screen,
    bounds: _Bounds,
    host: Annotated[
        str,
        typer.Option(
            help="The address to listen on. One that other machines can reach, such as 0.0.0.0, needs "
            "--tokens."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="The port to listen on; 0 takes any that is free.")
    ] = 8000,
    language: NotesLanguage = None,
    precision: Precision = "fp32",
) -> None:
    """Serve the review screen and code notes over HTTP, until Ctrl-C or SIGTERM.

    The screen is for browsers, at the address that is printed; `clem worklist import` puts encounters on its
    list. Programs use the JSON interface, FHIR R4 and the metrics; nothing of their notes is stored. The log
    on standard error has one JSON line per request, without any text of a note.

    Example: `clem serve runs/demo/model --port 8000`
    """
    from clem_icd.extras import optional

    for package in ("fastapi", "uvicorn", "prometheus_client"):
        optional(package, "The service")

    from clem_icd.modeling import ModelInfo
    from clem_icd.serving import Address, ServedModel, Service
    from clem_icd.serving import serve as run
    from clem_icd.serving.journal import writing_log_to
    from clem_icd.serving.memory import bound_kernel_caches
    from clem_icd.serving.running import check_exposure
    from clem_icd.serving.security.gate import Gate
    from clem_icd.serving.security.hosts import allowed_hosts

    bound_kernel_caches()
    searched = searched_system(model, terminal.say)
    check_options(searched, language=language, useless={})
    further = access.allowed_host or []
    check_exposure(host, has_tokens=access.tokens is not None, forwarded=bool(further))
    if searched is None:
        # At once, without the seconds that the libraries of a model take to load.
        ModelInfo.read(model)
    service = Service(
        _limits(bounds),
        gate=None if access.tokens is None else Gate(access.tokens),
        hosts=allowed_hosts(host, further),
        review=_review(screen, further),
    )
    load = partial(open_system, model, searched, language, precision=precision, say=terminal.say)
    with writing_log_to(sys.stderr, logging.WARNING if terminal.is_quiet else logging.INFO):
        run(
            service,
            Address(host, port),
            lambda: ServedModel.open(str(model), load),
            partial(_announce, terminal, screen=service.review is not None),
        )
    terminal.say("Stopped; all requests were answered.")


def _review(screen: _Screen, further: list[str]) -> Review | None:
    """Return the review, None if it is left out."""
    from clem_icd.extras import optional

    if screen.no_review:
        if given := changed_options(replace(screen, no_review=False)):
            raise InputError(f"{given[0]} is for the review screen", remedy="Leave it or --no-review out")
        return None
    for package in ("sqlalchemy", "alembic", "jinja2"):
        optional(package, "The review screen (--no-review leaves it out)")
    from clem_icd.serving.review import Review
    from clem_icd.serving.security.sign_on import SignOn
    from clem_icd.serving.store.database import open_store

    sign_on = SignOn.of(screen.trusted_proxy or (), screen.user_header)
    return Review(
        open_store(screen.store),
        sign_on=sign_on,
        idle_seconds=60 * screen.idle_minutes,
        proxied_hosts=frozenset(name.lower() for name in further),
    )


def _limits(bounds: _Bounds) -> Limits:
    from clem_icd.serving import Limits

    usual = Limits()
    return Limits(
        body_bytes=bounds.body_bytes,
        notes=min(usual.notes, bounds.queue_notes),
        queue_notes=bounds.queue_notes,
        queue_characters=max(usual.queue_characters, bounds.body_bytes),
        deadline_seconds=bounds.deadline,
    )


def _announce(terminal: Terminal, address: Address, served: ServedModel, *, screen: bool) -> None:
    value = {
        "url": address.url,
        "review": screen,
        "model": served.name,
        "sha256": served.sha256,
        "precision": served.precision,
    }
    where = f"{address.url}/review" if screen else address.url
    line = f"Serving {served.name} ({served.coder.info.system}) at {where} (Ctrl-C stops it)"
    terminal.result(value, lambda console: console.print(line, markup=False))
