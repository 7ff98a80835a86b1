"""Opening a database, and the transactions on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from clem_icd.errors import InputError, MissingExtraError, OutputError
from clem_icd.serving.store.migrating import migrate

_WRITES = "clem_writes"

# Any number, the same for all processes that write to one PostgreSQL database.
_LOCK = 0x434C454D

_BUSY_SECONDS = 10


class Store:
    """A database with the tables of the review, made by `open_store`.

    Reading never waits for writing. One connection writes at a time, whatever the number of machines.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def where(self) -> str:
        """The URL without the password."""
        return self._engine.url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the database."""
        with _failures(self.where), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield the only connection that writes; its changes are kept if the block ends without an error.

        Raises
        ------
        OutputError
            If the disk is full, the file is read-only, or another process writes for too long.

        """
        with _failures(self.where), self._engine.connect() as connection:
            connection = connection.execution_options(**{_WRITES: True})
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                yield connection

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(where: str | Path, *, create: bool = True) -> Store:
    """Open a database, create its tables or bring them up to date.

    Parameters
    ----------
    where
        The path of an SQLite file, which may be missing, or the URL of a PostgreSQL database:
        ``postgresql://user:password@host/name``.
    create
        Whether to create a file that is missing.

    Raises
    ------
    InputError
        If it is neither, the file is missing, it is not a database, or a later release has changed it.
    MissingExtraError
        If the driver of PostgreSQL is not installed.
    OutputError
        If the database cannot be reached or written.

    """
    url = _url(where)
    if not create and url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise InputError("there is no such database", path=url.database, remedy="Check the path")
    if url.get_backend_name() == "sqlite":
        _keep_to_owner(Path(url.database or ""))
    try:
        # Bound parameters are notes and decisions: they stay out of error messages.
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, **_options(url))
    except ModuleNotFoundError as problem:
        raise MissingExtraError(
            f"a PostgreSQL database needs {problem.name}, which is not installed",
            remedy="Install it with: pip install 'clem-icd[postgres]'",
        ) from None
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    store = Store(engine)
    try:
        with store.writing() as connection:
            migrate(connection, store.where)
    except BaseException:
        store.close()
        raise
    return store


def _url(where: str | Path) -> URL:
    text_ = str(where)
    if "://" not in text_:
        return URL.create("sqlite", database=str(Path(text_).absolute()))
    try:
        url = make_url(text_)
        name = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError):
        name = None
    if name not in ("sqlite", "postgresql"):
        raise InputError(
            "this is neither the path of an SQLite file nor the URL of a PostgreSQL database",
            remedy="Write it as postgresql://user:password@host/name",
        )
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _keep_to_owner(path: Path) -> None:
    """Create the file of a database for its owner alone; SQLite does the same with its other files."""
    # Whatever is wrong with the path, opening it will say so.
    with suppress(OSError):
        path.touch(mode=0o600)


def _options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": _BUSY_SECONDS, "check_same_thread": False}}
    # The same characters in every text, whatever the locale of the database.
    return {"connect_args": {"connect_timeout": _BUSY_SECONDS, "client_encoding": "utf8"}}


def _prepare_sqlite(engine: Engine) -> None:
    """Make an engine of SQLite safe against crashes, and begin transactions itself.

    The driver begins a transaction late and upgrades it from reading to writing, which fails if another
    connection has written meanwhile (SQLAlchemy's documentation of pysqlite).
    """

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _failures(where: str) -> Iterator[None]:
    """Turn what the database refuses into one line that says so; without the statement and its values."""
    try:
        yield
    except OperationalError as problem:
        reason = (
            str(problem.orig).strip().splitlines()[0] if problem.orig is not None else "it is not available"
        )
        raise OutputError(
            f"the database {where} cannot be used: {reason}",
            remedy="Check the disk, the permissions and whether another program holds it",
        ) from None
    except DBAPIError as problem:
        raise InputError(
            f"the database {where} refuses a statement ({type(problem.orig).__name__})",
            remedy="Check that it is a database of this program, and not damaged",
        ) from None
