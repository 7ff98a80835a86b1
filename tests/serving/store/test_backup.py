"""Backups as the documentation has them: what was restored is the record that was saved."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from clem_icd.serving.store.acts import Act
from clem_icd.serving.store.chain import verify
from clem_icd.serving.store.database import Store, open_store
from clem_icd.serving.store.judgement import Judgement
from clem_icd.serving.store.judging import judge
from serving.store.conftest import BINARIES
from serving.store.encounter import DIABETES, HYPERTENSION, new_encounter

ANN = Act("ann")


def begun(store: Store) -> tuple[str, str]:
    """Record some work; return its encounter and the last hash."""
    with store.writing() as connection:
        encounter = new_encounter(connection)
        judge(connection, encounter, DIABETES, Judgement("accepted"), 0, ANN)
        return encounter, verify(connection).last_hash


def go_on(store: Store, encounter: str) -> str:
    """Record more work; return the last hash."""
    with store.writing() as connection:
        judge(connection, encounter, HYPERTENSION, Judgement("rejected"), 0, ANN)
        return verify(connection).last_hash


def problem_of(where: str, known_hash: str) -> str | None:
    store = open_store(where, create=False)
    with store.reading() as connection:
        found = verify(connection, known_hash=known_hash)
    store.close()
    return found.problem


@pytest.mark.parametrize("way", ["vacuum into", "backup"])
def test_a_copy_that_sqlite_makes_while_coders_work_is_whole(tmp_path: Path, way: str) -> None:
    store = open_store(tmp_path / "review.db")
    encounter, before = begun(store)
    copy = tmp_path / "copy.db"
    source = sqlite3.connect(tmp_path / "review.db")
    if way == "vacuum into":
        source.execute("vacuum into ?", (str(copy),))
    else:
        target = sqlite3.connect(copy)
        source.backup(target)
        target.close()
    source.close()
    after = go_on(store, encounter)
    assert problem_of(str(copy), before) is None
    assert "no event has the given hash" in (problem_of(str(copy), after) or "")
    store.close()
    assert problem_of(str(tmp_path / "review.db"), after) is None


def test_a_plain_copy_of_the_file_lacks_what_is_still_in_the_log_beside_it(tmp_path: Path) -> None:
    store = open_store(tmp_path / "review.db")
    _, last = begun(store)
    assert (tmp_path / "review.db-wal").stat().st_size > 0
    shutil.copy(tmp_path / "review.db", tmp_path / "copy.db")
    try:
        problem = problem_of(str(tmp_path / "copy.db"), last)
    finally:
        store.close()
    assert "no event has the given hash" in (problem or "")


def test_a_dump_of_postgresql_is_whole_where_it_is_restored(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [BINARIES[0] / program, *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    monkeypatch.setenv("PGUSER", "clem")
    run("createdb", "--maintenance-db", f"{postgres}/postgres", "saved")
    store = open_store(f"{postgres}/saved")
    encounter, before = begun(store)
    dump = str(tmp_path / "review.dump")
    run("pg_dump", "--format=custom", "--file", dump, f"{postgres}/saved")
    after = go_on(store, encounter)
    store.close()
    run("createdb", "--maintenance-db", f"{postgres}/postgres", "restored")
    run("pg_restore", "--exit-on-error", "--dbname", f"{postgres}/restored", dump)
    assert problem_of(f"{postgres}/restored", before) is None
    assert "no event has the given hash" in (problem_of(f"{postgres}/restored", after) or "")
