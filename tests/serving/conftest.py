"""A service in this process, with a toy system whose speed and failures a test decides, and a client."""

from __future__ import annotations

import asyncio
import io
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx2
import numpy as np
import pytest

from clem_icd.corpus import Corpus
from clem_icd.explanation import Explainer
from clem_icd.modeling import NoteScores, Span
from clem_icd.prediction import Coder
from clem_icd.serving import Limits, ServedModel, Service, create_app
from clem_icd.serving.envelope import Envelope
from clem_icd.serving.journal import LOGGER, JsonLines
from clem_icd.serving.security.gate import Gate
from clem_icd.serving.security.hosts import allowed_hosts
from cli.conftest import Outcome, invoke
from support import info_of

CANARY = "SECRETPATIENT"

URL = "http://127.0.0.1:8000"


class ToySystem:
    """Scores a note by its length; waits while its gate is closed, and fails for notes that say so.

    It takes a code from the word "pneumonia", if that is in the note.
    """

    def __init__(self, labels: int = 6) -> None:
        self.labels = labels
        self.open = threading.Event()
        self.open.set()
        self.begun = threading.Event()
        self.batches: list[list[str]] = []

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        texts = list(texts)
        self.batches.append(texts)
        self.begun.set()
        assert self.open.wait(20)
        if any("break the batch" in text for text in texts):
            raise RuntimeError(f"cannot score {texts}")
        for text in texts:
            places = (np.arange(self.labels) * 7 + len(text)) % 10
            yield NoteScores((places / 10).astype(np.float32), len(text), len(text))

    def spans(self, text: str, labels: list[int]) -> list[tuple[Span, ...]]:
        begin = text.find("pneumonia")
        found = () if begin < 0 else (Span(begin, begin + len("pneumonia"), 0.5),)
        return [found for _ in labels]

    def save(self, folder: Path) -> None:
        raise NotImplementedError


@dataclass
class Served:
    """A service under test."""

    service: Service
    system: Any
    coder: Coder
    app: Envelope = field(init=False)

    def __post_init__(self) -> None:
        self.app = create_app(self.service)

    def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send one request."""
        return asyncio.run(self.ask_async(method, path, **options))

    async def ask_async(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send one request, beside others."""
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url=URL) as client:
            return await client.request(method, path, **options)

    def code(self, *texts: str, **options: Any) -> httpx2.Response:
        """Code some notes."""
        return self.ask("POST", "/v1/code", json={"notes": [{"text": text} for text in texts], **options})


Serve = Callable[..., Served]


class Unread:
    """A body that must not be read."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        raise AssertionError("the body was read")


@contextmanager
def served(
    system: Any,
    info: Any,
    *,
    limits: Limits | None = None,
    tokens: Path | None = None,
    host: str = "127.0.0.1",
    further_hosts: tuple[str, ...] = (),
    load: bool = True,
) -> Iterator[Served]:
    """Yield a service with a model, and stop it."""
    service = Service(
        limits, gate=None if tokens is None else Gate(tokens), hosts=allowed_hosts(host, further_hosts)
    )
    coder = Coder(system, info)
    coder.explainer = Explainer(system, info)
    if load:
        service.start(ServedModel("toy/model", coder, "0" * 64))
    try:
        yield Served(service, system, coder)
    finally:
        if isinstance(system, ToySystem):
            system.open.set()
        service.stop(10)


@pytest.fixture
def serve(little_corpus: Corpus) -> Iterator[Serve]:
    """Start a service with the toy system; keywords are those of `served`."""
    with ExitStack() as stack:

        def start(**options: Any) -> Served:
            info = info_of(little_corpus, system="lexicon")
            return stack.enter_context(served(ToySystem(len(info.labels)), info, **options))

        yield start


@pytest.fixture
def toy(serve: Serve) -> Served:
    """A service with the toy system and the usual limits."""
    return serve()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that any logger says while a test runs, as the service writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    # The client of the tests logs what it sends.
    handler.addFilter(lambda record: not record.name.startswith("http"))
    root = logging.getLogger()
    levels = {logger: logger.level for logger in (root, LOGGER)}
    for logger in levels:
        logger.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)
    for logger, level in levels.items():
        logger.setLevel(level)


@pytest.fixture(scope="session")
def clem() -> Callable[..., Outcome]:
    """Run a command in this process."""
    return invoke
