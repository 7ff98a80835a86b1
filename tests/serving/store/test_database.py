"""Opening databases, and what happens when they are damaged, full, busy or killed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from clem_icd.errors import InputError, OutputError
from clem_icd.serving.store.chain import verify
from clem_icd.serving.store.database import Store, open_store
from clem_icd.serving.store.encounters import Document, add_encounter
from clem_icd.serving.store.tables import encounters, events, metadata


def test_the_migrations_make_the_tables_that_the_code_expects(store: Store, where: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with store.writing() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    again = open_store(where)
    with again.reading() as connection:
        assert verify(connection).last == 0
    again.close()


def test_a_database_of_a_later_release_is_refused(store: Store, where: str) -> None:
    with store.writing() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(InputError, match=r"later release \(revision 9999\)"):
        open_store(where)


def test_unicode_reads_back_as_it_was_written(store: Store) -> None:
    note = "e\u0301 😀 \u202e \u0001 ½ \r\n\t"
    with store.writing() as connection:
        add_encounter(connection, "Ä 1", [Document("n", note)], actor="ä")
    with store.reading() as connection:
        assert connection.scalar(text("select text from documents")) == note


@pytest.mark.parametrize("where", ["mysql://host/name", "postgresql//x@://", "://", "oracle://x"])
def test_other_databases_are_refused_without_echoing_a_password(where: str) -> None:
    with pytest.raises((InputError, OutputError)) as refused:
        open_store(where if "://" in where else "x://" + where)
    assert "host" not in str(refused.value) or "user:password@host" in str(refused.value)


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL is not installed")
    with pytest.raises(OutputError) as refused:
        open_store("postgresql://clem:secret@127.0.0.1:1/none")
    assert "secret" not in str(refused.value)
    assert "127.0.0.1:1/none" in str(refused.value)


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are notes, not a database " * 50)
    with pytest.raises(InputError, match="refuses a statement"):
        open_store(path)
    assert path.read_text().startswith("these are notes")


def test_a_folder_that_is_missing_or_read_only_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"missing/review\.db cannot be used: unable to open"):
        open_store(tmp_path / "missing" / "review.db")


def test_writers_in_many_threads_neither_lose_nor_double_anything(store: Store) -> None:
    def write(number: int) -> None:
        with store.writing() as connection:
            add_encounter(connection, f"A{number}", [Document("n", "text")], actor=f"t{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    with store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(encounters)) == 40
        assert (verify(connection).last, verify(connection).problem) == (40, None)


WRITER = """
import sys
from clem_icd.serving.store.database import open_store
from clem_icd.serving.store.encounters import Document, add_encounter
store = open_store(sys.argv[1])
for number in range(100_000):
    with store.writing() as connection:
        add_encounter(connection, f"A{number}", [Document("n", "text")], actor="me")
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_kill_9(where: str) -> None:
    open_store(where).close()
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, where], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(25)]
        process.kill()
        # The last line may be torn.
        lines += [line for line in process.stdout if line.endswith("\n")]
    acknowledged = [int(line) for line in lines]
    store = open_store(where)
    with store.reading() as connection:
        names = connection.scalars(select(encounters.c.name)).all()
        assert len(names) == len(set(names))
        assert {f"A{number}" for number in acknowledged} <= set(names)
        assert connection.scalar(select(func.count()).select_from(events)) == len(names)
        assert verify(connection).problem is None
    store.close()


def write_to_a_full_disk(store: Store) -> None:
    with store.writing() as connection:
        # The file may not grow any more, which is what SQLite sees of a full disk.
        pages = connection.exec_driver_sql("pragma page_count").scalar()
        connection.exec_driver_sql(f"pragma max_page_count={pages}")
        add_encounter(connection, "A2", [Document("n", "CANARY" * 100_000)], actor="me")


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "review.db"
    store = open_store(path)
    with store.writing() as connection:
        add_encounter(connection, "A1", [Document("n", "text")], actor="me")
    with pytest.raises(OutputError, match="full") as refused:
        write_to_a_full_disk(store)
    assert "CANARY" not in str(refused.value)
    store.close()
    with sqlite3.connect(path) as plain:
        assert plain.execute("select name from encounters").fetchall() == [("A1",)]
    plain.close()


def test_an_error_of_a_statement_holds_no_text_of_a_note(store: Store) -> None:
    with pytest.raises(InputError, match="refuses a statement") as refused, store.writing() as connection:
        connection.execute(text("insert into documents (id, text) values ('x', :t)"), {"t": "CANARY"})
    assert "CANARY" not in str(refused.value)
    assert refused.value.__cause__ is None
