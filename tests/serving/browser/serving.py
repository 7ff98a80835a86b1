"""A service with a review on the loopback address, in a thread of this process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from clem_icd.serving import Service
from clem_icd.serving.review import Review
from clem_icd.serving.running import http_server
from clem_icd.serving.store.database import Store


@contextmanager
def reviewing(store: Store) -> Iterator[str]:
    """Yield the URL of a review of a store, and stop it."""
    service = Service(review=Review(store))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = http_server(service)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
            service.stop(1)
