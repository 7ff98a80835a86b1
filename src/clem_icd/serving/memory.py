"""Keeping the memory of a long-running service flat.

Every batch has another number of tokens. oneDNN keeps a compiled kernel for each number that it has seen,
1,024 of them by default, and the C library keeps the memory of finished batches for later ones.
Together they doubled the memory of a service on a CPU within a minute.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from clem_icd.collection import collection_paused

SECONDS_BETWEEN = 5.0
"""How often memory is returned: that takes some hundredths of a second."""

_CACHES = ("LRU_CACHE_CAPACITY", "ONEDNN_PRIMITIVE_CACHE_CAPACITY")
_KERNELS = "64"


def bound_kernel_caches() -> None:
    """Let torch keep few kernels, unless the environment says how many. Call it before torch is imported."""
    for name in _CACHES:
        os.environ.setdefault(name, _KERNELS)


def return_unused_memory() -> None:
    """Return memory that the C library keeps to the system; only glibc can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


@contextmanager
def objects_kept() -> Iterator[None]:
    """Keep what is loaded inside for good: garbage collection neither runs meanwhile nor looks at it later.

    The same is true of everything else that is alive when the block ends. The tables of codes are hundreds of
    thousands of objects, and looking through them takes a quarter of a second.
    """
    try:
        with collection_paused():
            yield
    finally:
        gc.collect()
        gc.freeze()
