"""What all routes share: the limits, the tokens, the measures and, once it is loaded, the model."""

from __future__ import annotations

from clem_icd.serving.batching import Batcher, rehearse
from clem_icd.serving.limits import Limits
from clem_icd.serving.measures import Measures
from clem_icd.serving.memory import objects_kept
from clem_icd.serving.problems import ServiceError
from clem_icd.serving.review import Review
from clem_icd.serving.security.gate import Gate
from clem_icd.serving.served import ServedModel


class Service:
    """A service, first without a model.

    Parameters
    ----------
    limits
        What it accepts.
    gate
        Its tokens; None to admit everyone, which only an address of this machine may do.
    hosts
        The names that a Host header may have; None if any.
    review
        The review screen; None to leave it out.

    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        gate: Gate | None = None,
        hosts: frozenset[str] | None = None,
        review: Review | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.gate = gate
        self.hosts = hosts
        self.review = review
        self.measures = Measures()
        self.in_progress = 0
        self._rehearsed = 0.0
        self._loaded: tuple[ServedModel, Batcher] | None = None
        self._is_stopping = False

    def prepare(self, served: ServedModel) -> None:
        """Load what a model and the screen need on first use; end early if the service stops.

        Raises
        ------
        ClemError
            If the model cannot code a note.

        """
        with objects_kept():
            self._rehearsed = rehearse(served.coder)
            for step in () if self.review is None else self.review.preparations():
                if self._is_stopping:
                    return
                step()

    def start(self, served: ServedModel) -> None:
        """Begin to code notes with a model."""
        batcher = Batcher(served.coder, self.limits, self.measures, self._rehearsed)
        self._loaded = served, batcher
        self.measures.ready.set(1)

    def begin_to_stop(self) -> None:
        """Say that no more requests should come; those that have come are answered."""
        self._is_stopping = True
        self.measures.ready.set(0)

    def stop(self, timeout: float | None = None) -> None:
        """Code the notes that wait, and end."""
        self.begin_to_stop()
        if self._loaded is not None:
            self._loaded[1].close(timeout)
        if self.review is not None:
            self.review.store.close()

    @property
    def is_started(self) -> bool:
        """Whether notes can be coded."""
        return self._loaded is not None

    @property
    def served(self) -> ServedModel:
        """The model.

        Raises
        ------
        ServiceError
            If it is not loaded yet.

        """
        return self._ready()[0]

    @property
    def batcher(self) -> Batcher:
        """The queue of the model.

        Raises
        ------
        ServiceError
            If the model is not loaded yet.

        """
        return self._ready()[1]

    def check_ready(self) -> None:
        """Say that no request should come before the model is loaded, and once the service stops.

        Raises
        ------
        ServiceError
            In both cases.

        """
        self._ready()
        if self._is_stopping:
            raise ServiceError("not-ready", "the service is stopping", "Ask again in a minute")

    def _ready(self) -> tuple[ServedModel, Batcher]:
        if self._loaded is None:
            raise ServiceError(
                "not-ready", "the model is not loaded yet", "Ask again in a few seconds", {"Retry-After": "2"}
            )
        return self._loaded
