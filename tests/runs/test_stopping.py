"""SIGTERM ends most work at once, and some work when it is ready."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import nullcontext

import pytest

from clem_icd.runs.stopping import Stopped, stop, stop_asked, stopping_by_itself, stopping_on_sigterm


def send() -> None:
    signal.raise_signal(signal.SIGTERM)


def stopped(work: Callable[[], None]) -> int | None:
    """Return the step at which work was stopped."""
    with pytest.raises(Stopped) as caught, stopping_on_sigterm():
        work()
    return caught.value.step


def test_work_ends_at_once() -> None:
    def work() -> None:
        send()
        pytest.fail("the work went on")

    assert stopped(work) is None


def test_work_that_stops_by_itself_is_only_told() -> None:
    seen = []

    def work() -> None:
        with stopping_by_itself():
            seen.append(stop_asked())
            send()
            send()
            seen.append(stop_asked())
            stop(7)

    assert stopped(work) == 7
    assert seen == [False, True]


def test_a_signal_that_comes_too_late_for_such_work_ends_it_afterwards() -> None:
    def work() -> None:
        with stopping_by_itself():
            send()
        pytest.fail("the work after it went on")

    assert stopped(work) is None


@pytest.mark.parametrize("patient", [False, True])
def test_what_the_first_signal_started_is_not_disturbed_by_further_ones(patient: bool) -> None:
    tidied = []

    def work() -> None:
        try:
            with stopping_by_itself() if patient else nullcontext():
                send()
                stop(1)
        finally:
            send()
            tidied.append("up")

    assert stopped(work) == (1 if patient else None)
    assert tidied == ["up"]


def test_another_error_is_not_replaced() -> None:
    def work() -> None:
        with stopping_on_sigterm(), stopping_by_itself():
            send()
            raise ValueError("own")

    with pytest.raises(ValueError, match="own"):
        work()


def test_the_earlier_handler_is_restored_and_nothing_is_remembered() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def work() -> None:
        assert not stop_asked()
        send()

    for _ in range(2):
        stopped(work)
        assert signal.getsignal(signal.SIGTERM) is before
        assert not stop_asked()


def test_another_thread_installs_no_handler() -> None:
    before = signal.getsignal(signal.SIGTERM)
    found = []

    def work() -> None:
        with stopping_on_sigterm():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before]
