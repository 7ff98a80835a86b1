"""Memory that a service keeps."""

from __future__ import annotations

import gc
import os

import pytest

from clem_icd.serving.memory import bound_kernel_caches, objects_kept, return_unused_memory
from serving.conftest import Serve

CACHES = ("LRU_CACHE_CAPACITY", "ONEDNN_PRIMITIVE_CACHE_CAPACITY")


def test_kernel_caches_are_bounded_unless_the_environment_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHES[0], "7")
    monkeypatch.setenv(CACHES[1], "")
    monkeypatch.delenv(CACHES[1])
    bound_kernel_caches()
    assert [os.environ[name] for name in CACHES] == ["7", "64"]


def test_unused_memory_is_returned_between_batches_now_and_then(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    returned: list[bool] = []
    monkeypatch.setattr("clem_icd.serving.batching.return_unused_memory", lambda: returned.append(True))
    often = serve()
    often.code("pain")
    often.service.stop()
    assert returned == []
    monkeypatch.setattr("clem_icd.serving.batching.SECONDS_BETWEEN", -1.0)
    seldom = serve()
    seldom.code("pain")
    seldom.service.stop()
    assert returned == [True]


def test_returning_memory_works_on_this_machine() -> None:
    return_unused_memory()


def test_tables_that_are_loaded_are_left_out_of_garbage_collection() -> None:
    with objects_kept():
        assert not gc.isenabled()
        table = [{"row": row} for row in range(1_000)]
    assert gc.isenabled()
    kept = gc.get_freeze_count()
    gc.unfreeze()
    assert kept >= len(table)


def test_garbage_collection_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with objects_kept():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()


def test_garbage_collection_goes_on_if_loading_fails() -> None:
    with pytest.raises(ValueError, match="damaged"), objects_kept():
        raise ValueError("damaged")
    assert gc.isenabled()
    gc.unfreeze()
