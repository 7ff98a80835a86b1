"""clem worklist, as typed in a coding department."""

from __future__ import annotations

import json
from pathlib import Path

from clem_icd.serving.store.acts import Act
from clem_icd.serving.store.database import open_store
from clem_icd.serving.store.finishing import submit
from clem_icd.serving.store.worklist import Filter, work_list
from cli.conftest import Invoke, Refused


def test_a_folder_is_imported_with_a_search_in_titles_and_exported(
    clem: Invoke, refused: Refused, tmp_path: Path
) -> None:
    notes, database = tmp_path / "notes", tmp_path / "review.db"
    notes.mkdir()
    (notes / "A1.txt").write_text("Community-acquired pneumonia. Type 2 diabetes mellitus.")
    (notes / "A2.txt").write_bytes(b"\0\xff\1" * 99)
    found = clem("worklist", "import", database, notes, "icd10cm")
    assert found.code == 3
    assert found.out == "Put 1 encounters with 1 documents on the work list.\n"
    assert "A2.txt" in found.err
    again = clem("worklist", "import", database, notes, "icd10cm", "--json", "--quiet")
    assert (again.code, again.json["imported"], len(again.json["problems"])) == (3, 0, 2)

    refused(
        "worklist", "export", database, "--out", tmp_path / "x.csv", says=["no encounter is submitted yet"]
    )
    store = open_store(database)
    with store.writing() as connection:
        [row] = work_list(connection, Filter()).rows
        assert row.suggestions >= 2
        submit(connection, row.id, Act("ann"))
    store.close()
    out = tmp_path / "decided.csv"
    assert clem("worklist", "export", database, "--out", out).out == f"Wrote 0 judged codes to {out}\n"
    refused("worklist", "export", database, "--out", out, says=["already exists"])


def test_only_the_first_encounters_are_imported_if_asked(clem: Invoke, tmp_path: Path) -> None:
    notes, database = tmp_path / "notes", tmp_path / "review.db"
    notes.mkdir()
    for name in ("A1", "A2", "A3"):
        (notes / f"{name}.txt").write_text("Coronary bypass.")
    found = clem("worklist", "import", database, notes, "icd9pcs", "--limit", "2", "--json", "--quiet")
    assert (found.code, found.json["imported"]) == (0, 2)
    store = open_store(database)
    with store.writing() as connection:
        page = work_list(connection, Filter(sort="name"))
        assert [row.name for row in page.rows] == ["A1", "A2"]
        submit(connection, page.rows[0].id, Act("ann"))
    store.close()
    out = tmp_path / "decided.json"
    found = clem("worklist", "export", database, "--format", "fhir", "--out", out)
    assert found.out == f"Wrote 0 confirmed codes to {out}\n"
    assert json.loads(out.read_text())["resourceType"] == "Bundle"


def test_what_is_no_source_is_refused(refused: Refused, tmp_path: Path) -> None:
    database = tmp_path / "review.db"
    refused("worklist", "import", database, tmp_path / "none", "icd10cm", says=["no such file or folder"])
    refused("worklist", "import", database, tmp_path, "icd10cm", says=["contains no *.txt"])
    refused("worklist", "import", database, tmp_path, "icd10cm", "--kind", "x", says=["--kind needs a table"])
    refused("worklist", "export", database, "--out", tmp_path / "o", says=["there is no such database"])
