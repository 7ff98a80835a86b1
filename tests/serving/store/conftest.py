from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from clem_icd.serving.store.database import Store, open_store

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
"""The folders with the programs of PostgreSQL, the newest first."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL, without a database, of a PostgreSQL server for these tests alone, on the loopback address."""
    if not BINARIES:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    psycopg = pytest.importorskip("psycopg", reason="the driver of PostgreSQL is not installed")
    # Not below pytest's own folders, which only their owner can enter: the server refuses to run as root.
    folder = Path(tempfile.mkdtemp(prefix="clem-postgres-"))
    prefix: list[str] = []
    if os.geteuid() == 0:
        prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    binaries, data = BINARIES[0], folder / "data"
    initialize: list[str | Path] = [
        *prefix,
        binaries / "initdb",
        "-D",
        data,
        "-U",
        "clem",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "-N",
    ]
    subprocess.run(initialize, check=True, stdout=subprocess.DEVNULL, cwd=folder, timeout=60)
    settings = ("listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off")
    options = [part for setting in settings for part in ("-c", setting)]
    command: list[str | Path] = [*prefix, binaries / "postgres", "-D", data, "-p", str(port), *options]
    with (folder / "log").open("w") as log, subprocess.Popen(command, cwd=folder, stderr=log) as server:
        url = f"postgresql://clem@127.0.0.1:{port}"
        try:
            _wait_for(lambda: psycopg.connect(f"{url}/postgres").close(), psycopg.OperationalError)
            yield url
        finally:
            # It ends without waiting for connections that a failed test has left open.
            server.send_signal(signal.SIGINT)
    shutil.rmtree(folder)


def _wait_for(attempt: Callable[[], None], failure: type[Exception]) -> None:
    for _ in range(100):
        try:
            return attempt()
        except failure:
            time.sleep(0.1)
    return attempt()


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where an empty database is: a file, or the URL of a server."""
    if request.param == "sqlite":
        yield str(tmp_path / "review.db")
        return
    import psycopg

    server = request.getfixturevalue("postgres")
    name = f"test_{uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    yield f"{server}/{name}"


@pytest.fixture
def store(where: str) -> Iterator[Store]:
    opened = open_store(where)
    yield opened
    opened.close()
