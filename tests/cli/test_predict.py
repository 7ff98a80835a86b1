"""clem predict of tables, files and folders: what it scores, leaves out and refuses, and how it survives."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.prediction.bulk import ModelSource, scoring
from clem_icd.scores import RankedScores, Scores

Invoke = Callable[..., Any]
Refused = Callable[..., str]

WORDS = "biopsy of lung, excision of liver, drainage, left kidney, aorta, open approach, no device".split()  # noqa: SIM905

_PROGRAM = """
import sys
from clem_icd.prediction.bulk import surveying
surveying.SHARD_NOTES = 4
from clem_icd.cli import main
if __name__ == "__main__":
    main()
"""

# SIGKILL once the files of a shard are written, and before it appears.
_KILLED = """
import os, signal
from clem_icd.prediction.bulk import parts
write_json = parts.write_json
def killing(path, value):
    if path.name == "shard.json" and value["number"] == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    write_json(path, value)
parts.write_json = killing
"""


def write_table(path: Path, notes: int) -> Path:
    random_ = random.Random(7)
    with path.open("w", encoding="utf-8") as file:
        for number in range(notes):
            text = " ".join(random_.choices(WORDS, k=12))
            file.write(json.dumps({"note_id": f"n{number}", "text": text}) + "\n")
    return path


def program(folder: Path, *, killed: bool = False) -> list[str]:
    """A command that runs ``clem`` in a process of its own, with shards of four notes."""
    # A file, which worker processes can import.
    path = folder / "program.py"
    path.write_text(_PROGRAM.replace("from clem_icd.cli", _KILLED * killed + "from clem_icd.cli"))
    return [sys.executable, str(path)]


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clem_icd.prediction.bulk.surveying.SHARD_NOTES", 4)


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the shards that this process scores."""
    numbers: list[int] = []
    score = scoring.ShardScorer.score

    def counting(self: Any, shard: Any, *rest: Any) -> Any:
        numbers.append(shard.number)
        return score(self, shard, *rest)

    monkeypatch.setattr(scoring.ShardScorer, "score", counting)
    return numbers


# --- what is scored ----------------------------------------------------------------------------------------


def test_tables_and_files_have_the_scores_of_clem_code(clem: Invoke, journey: Any, tmp_path: Path) -> None:
    texts = {"a": "Admitted with pneumonia.", "b": "Known hypertension, on the ward."}
    (tmp_path / "notes").mkdir()
    for name, text in texts.items():
        (tmp_path / "notes" / f"{name}.txt").write_text(text)
    frame = pl.DataFrame({"id": list(texts), "body": list(texts.values())})
    frame.write_csv(tmp_path / "notes.csv")
    frame.write_parquet(tmp_path / "notes.parquet")
    frame.write_ndjson(tmp_path / "notes.jsonl")
    folder = str(tmp_path / "notes")
    coded = clem("code", journey.model, folder, "--top", 10_000, "--json", "--quiet").json["notes"]

    columns = ("--text", "body", "--note-id", "id")
    sources: dict[str, tuple[Any, ...]] = {
        "folder": (folder,),
        "files": (f"{folder}/a.txt", f"{folder}/b.txt"),
        **{kind: ("--table", tmp_path / f"notes.{kind}", *columns) for kind in ("csv", "jsonl", "parquet")},
    }
    for name, source in sources.items():
        out = tmp_path / f"{name}.scores"
        found = clem("predict", journey.model, *source, "--out", out, "--json", "--quiet")
        assert (found.code, found.json["notes"], found.json["failed"]) == (0, 2, []), found.err
        scores = Scores.read(out)
        expected = ("a", "b") if "--table" in source else (f"{folder}/a.txt", f"{folder}/b.txt")
        assert scores.note_ids == expected
        assert scores.about["notes"].keys() >= {"encoding", "wrapped"}
        for row, note in zip(scores.values, coded, strict=True):
            one = {suggestion["code"]: suggestion["probability"] for suggestion in note["suggestions"]}
            np.testing.assert_allclose(row, [one[label.value] for label in scores.labels], atol=1e-6)


def test_notes_that_cannot_be_read_are_left_out_named_and_end_with_3(clem: Invoke, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.txt").write_text("biopsy of lung")
    (folder / "b.txt").write_text("")
    (folder / "c.txt").write_bytes("Übelkeit, biopsy of lung".encode("cp1252"))
    (folder / "d.pdf").write_text("not read")
    out = tmp_path / "scores.parquet"
    found = clem("predict", "icd9pcs", folder, "--out", out)
    assert found.code == 3
    assert "only *.txt are read; left out: 1 .pdf" in found.err
    assert f"clem: {folder}/b.txt: " in found.err
    assert "name its encoding with --encoding" in found.err
    assert "2 notes were left out: they cannot be read" in found.out
    assert RankedScores.read(out).note_ids == (f"{folder}/a.txt",)
    found = clem("predict", "icd9pcs", folder, "--out", out, "--force", "--encoding", "cp1252", "--json")
    assert (found.code, found.json["notes"]) == (3, 2)
    assert [one["note"] for one in found.json["failed"]] == [f"{folder}/b.txt"]


def test_a_table_that_repeats_its_header_says_so(clem: Invoke, tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("note_id,text\na,biopsy\nnote_id,text\nb,biopsy of lung\n")
    found = clem("predict", "icd9pcs", "--table", tmp_path / "notes.csv", "--out", tmp_path / "s.parquet")
    assert found.code == 0
    assert "1 record repeats the header and was left out" in found.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], ["no notes are named", "--table"]),
        (["{notes}", "--corpus", "{corpus}"], ["got files and a corpus"]),
        (["--table", "{table}", "--corpus", "{corpus}"], ["got a table and a corpus"]),
        (["{notes}", "--table", "{table}"], ["got files and a table"]),
        (["{notes}", "--split", "train"], ["--split needs --corpus"]),
        (["{notes}", "--note-id", "id"], ["--note-id needs --table"]),
        (["--corpus", "{corpus}", "--encoding", "cp1252"], ["--encoding is for files and tables"]),
        (["--corpus", "{corpus}", "--wrapped", "keep"], ["--wrapped is for files and tables"]),
        (["-"], ["standard input cannot be scored", "clem code"]),
        (["{missing}"], ["missing.txt"]),
        (["{notes}", "{notes}"], ["duplicate note id"]),
        (["{table}"], ["Name it with --table"]),
        (["--table", "{empty}"], ["has no records"]),
        (["--table", "{table}", "--text", "body"], ["body"]),
        (["{notes}", "--part", "3/2"], ["expected a share such as 3/20, got '3/2'"]),
        (["{notes}", "--part", "1/2", "--restart"], ["--restart would discard the shares"]),
        (["{notes}", "--ray-address", "10.0.0.1:1"], ["--ray-address needs --engine ray"]),
        (["{notes}", "--evidence", "{out}/e.parquet"], ["--evidence needs a model that assigns codes"]),
    ],
)
def test_what_cannot_be_scored_is_refused_in_one_line(
    refused: Refused, journey: Any, tmp_path: Path, options: list[str], says: list[str]
) -> None:
    table = write_table(tmp_path / "notes.jsonl", 2)
    (tmp_path / "empty.jsonl").write_text("")
    note = tmp_path / "note.txt"
    note.write_text("biopsy of lung")
    places = {"notes": note, "corpus": journey.corpus, "table": table, "out": tmp_path}
    places |= {"missing": tmp_path / "missing.txt", "empty": tmp_path / "empty.jsonl"}
    given = [option.format(**places) for option in options]
    refused("predict", "icd9pcs", *given, "--out", tmp_path / "scores.parquet", says=says)


def test_ray_that_is_not_installed_is_named_with_its_extra(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "note.txt"
    note.write_text("biopsy of lung")
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setattr("clem_icd.extras.find_spec", lambda _: None)
    refused(
        *("predict", "icd9pcs", note, "--out", tmp_path / "scores.parquet", "--engine", "ray"),
        says=["The engine ray needs ray, which is not installed", "clem-icd[ray]"],
    )


@pytest.fixture
def int8() -> None:
    # Imported here: the other tests of this file need no torch.
    from clem_icd.modeling.machine import best_device
    from clem_icd.modeling.precision import objection

    if (found := objection("int8", best_device())) is not None:
        pytest.skip(found)


@pytest.fixture
def clinical(journey: Any, tmp_path: Path) -> Path:
    """A table of the notes of a split."""
    corpus = Corpus.open(journey.corpus)
    path = tmp_path / "notes.jsonl"
    rows = zip(corpus.note_ids("test"), corpus.texts("test"), strict=True)
    lines = [json.dumps({"note_id": name, "text": text}) + "\n" for name, text in rows]
    path.write_text("".join(lines[:12]))
    return path


def test_workers_have_the_scores_and_the_evidence_of_one_process_in_int8(
    clem: Invoke, journey: Any, int8: None, clinical: Path, small_shards: None, tmp_path: Path
) -> None:
    found = {}
    for workers in (1, 2):
        out, evidence = tmp_path / f"{workers}.parquet", tmp_path / f"{workers}.evidence.parquet"
        predict = ("predict", journey.model, "--table", clinical, "--precision", "int8", "--workers", workers)
        done = clem(*predict, "--out", out, "--evidence", evidence)
        assert done.code == 0, done.err
        found[workers] = Scores.read(out), pl.read_parquet(evidence)
    (one, spans), (two, others) = found.values()
    assert one.note_ids == two.note_ids
    np.testing.assert_allclose(one.values, two.values, atol=1e-5)
    assert spans.height
    assert_frame_equal(spans, others, check_exact=False, abs_tol=1e-3)


def test_shares_in_reduced_precision_need_equal_processors_and_auto_keeps_the_precision(
    clem: Invoke,
    refused: Refused,
    journey: Any,
    int8: None,
    clinical: Path,
    small_shards: None,
    tmp_path: Path,
) -> None:
    out = tmp_path / "scores.parquet"
    predict = ("predict", journey.model, "--table", clinical, "--out", out)
    assert clem(*predict, "--precision", "int8", "--part", "1/2").code == 0
    refused(*predict, "--part", "2/2", says=["scored with precision int8, expected fp32", "--restart"])
    resumed = clem(*predict, "--precision", "auto", "--part", "2/2")
    assert (resumed.code, "Precision int8: that of the notes" in resumed.err) == (0, True), resumed.err
    assert "no notes remain" in resumed.out

    manifest = tmp_path / "scores.parquet.parts" / "parts.json"
    value = json.loads(manifest.read_text())
    here = value["options"]["hardware"]
    value["options"]["hardware"] = "Another"
    manifest.write_text(json.dumps(value))
    refused(*predict, "--precision", "int8", says=[f"scored with hardware Another, expected {here}"])
    with pytest.raises(ModelError, match=f"computes int8 on {here}, expected Another"):
        ModelSource(journey.model, precision="int8", hardware="Another").open()


def test_a_share_names_its_own_unreadable_notes_and_succeeds_and_the_last_command_names_all(
    clem: Invoke, small_shards: None, tmp_path: Path
) -> None:
    table = write_table(tmp_path / "notes.jsonl", 6)
    with table.open("a") as file:
        file.write('{"note_id": "empty 1", "text": ""}\n' + '{"note_id": "full", "text": "aorta"}\n')
        file.write('{"note_id": "empty 2", "text": ""}\n')
    predict = ("predict", "icd9pcs", "--table", table, "--out", tmp_path / "scores.parquet", "--json")
    for options, code, names in (
        (("--part", "1/2"), 0, ["empty 2"]),
        (("--part", "2/2"), 0, ["empty 1"]),
        ((), 3, ["empty 1", "empty 2"]),
    ):
        found = clem(*predict, *options)
        assert (found.code, [one["note"] for one in found.json["failed"]]) == (code, names), found.err


# --- what it survives --------------------------------------------------------------------------------------


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_table(tmp_path / "notes.jsonl", 480)


@pytest.fixture
def uninterrupted(clem: Invoke, table: Path, small_shards: None, tmp_path: Path) -> bytes:
    whole = tmp_path / "whole.parquet"
    assert clem("predict", "icd9pcs", "--table", table, "--out", whole).code == 0
    return whole.read_bytes()


def test_a_process_that_is_killed_while_it_writes_a_shard_loses_only_that_shard(
    clem: Invoke, small_shards: None, scored: list[int], tmp_path: Path
) -> None:
    table = write_table(tmp_path / "notes.jsonl", 30)
    predict = ("predict", "icd9pcs", "--table", table)
    clem(*predict, "--out", tmp_path / "whole.parquet")
    out = tmp_path / "scores.parquet"
    killed = subprocess.run(
        [*program(tmp_path, killed=True), *map(str, predict), "--out", out], capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    parts = sorted(path.name for path in (tmp_path / "scores.parquet.parts").iterdir())
    # The fourth shard was about to appear.
    assert [name for name in parts if name.isdigit()] == ["000000", "000001", "000002"]
    assert any(name.startswith(".partial-") for name in parts)
    assert not out.exists()

    scored.clear()
    found = clem(*predict, "--out", out)
    assert (found.code, scored) == (0, [3, 4, 5, 6, 7])
    assert "12 notes were scored before; resuming with the rest" in found.err
    assert out.read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".parts") == []


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """The processes that score for another one."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
def test_workers_have_the_scores_of_one_process_and_neither_they_nor_the_command_lose_any_if_killed(
    clem: Invoke, table: Path, uninterrupted: bytes, scored: list[int], tmp_path: Path
) -> None:
    out = tmp_path / "scores.parquet"
    parts = tmp_path / "scores.parquet.parts"
    predict = ("predict", "icd9pcs", "--table", table, "--out", out)
    command = [*program(tmp_path), *map(str, predict), "--workers", "2"]

    def finished() -> list[Path]:
        return [path for path in parts.glob("*") if path.name.isdigit()]

    def started() -> subprocess.Popen[str]:
        before = len(finished())
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert eventually(lambda: len(finished()) > before + 2 or process.poll() is not None)
        return process

    first = started()
    one, _ = workers_of(first)
    os.kill(one, signal.SIGKILL)
    _, err = first.communicate(timeout=60)
    assert first.returncode == 2
    assert "a worker process stopped unexpectedly (exit code -9), as when memory runs out" in err
    assert "fewer --workers: finished notes are kept" in err

    second = started()
    both = workers_of(second)
    assert len(both) == 2
    second.kill()
    second.communicate(timeout=60)
    assert second.returncode == -signal.SIGKILL
    # They end with the process that started them.
    assert eventually(lambda: not any(map(is_running, both)))

    kept = {int(path.name) for path in finished()}
    scored.clear()
    found = clem(*predict, "--workers", 1)
    assert found.code == 0, found.err
    assert len(kept) >= 6
    assert sorted(scored) == [number for number in range(120) if number not in kept] != []
    assert out.read_bytes() == uninterrupted


_MEMORY = """
import resource, sys
from pathlib import Path
import numpy as np
import clem_icd.scores.file
from clem_icd.decisions import Threshold
from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling import ModelInfo, NoteScores
from clem_icd.prediction.bulk import ModelSource, Opened, TableNotes, Work, predict_notes, survey

clem_icd.scores.file._GROUP_VALUES = 3_000_000

class Constant:
    def score(self, texts):
        for _ in texts:
            yield NoteScores(np.full(len(LABELS), 0.5, dtype=np.float32))

LABELS = tuple(Code(f"A{n:02d}.{m}", CodeSystem.ICD10CM) for n in range(100) for m in range(10))
INFO = ModelInfo("linear", LABELS, (None,) * len(LABELS), Threshold(0.5), "none")
model = Path(sys.argv[1])
for table in map(Path, sys.argv[2:]):
    notes = TableNotes(table)
    out = table.with_suffix(".parquet")
    opened = Opened(Constant(), INFO)
    predict_notes(notes, survey(notes), ModelSource(model), opened, out, work=Work(workers=1))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory_does_not_grow_with_the_number_of_notes(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    tables = [write_table(tmp_path / f"{notes}.jsonl", notes) for notes in (6_000, 24_000)]
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY, str(tmp_path / "model"), *map(str, tables)],
        capture_output=True,
        text=True,
        check=True,
    )
    few, many = map(int, done.stdout.split())
    assert many - few < 16  # MB; the scores of 18,000 notes are 72 MB


@pytest.fixture
def ray_environment() -> dict[str, str]:
    pytest.importorskip("ray", reason="Ray is not installed")
    return {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}


def test_a_ray_cluster_of_two_workers_has_the_scores_of_one_process_and_resumes(
    clem: Invoke, small_shards: None, tmp_path: Path, ray_environment: dict[str, str]
) -> None:
    table = write_table(tmp_path / "notes.jsonl", 120)
    table.write_text(table.read_text() + '{"note_id": "empty", "text": ""}\n')
    predict = ("predict", "icd9pcs", "--table", table)
    clem(*predict, "--out", tmp_path / "whole.parquet")
    out = tmp_path / "scores.parquet"
    subprocess.run(
        [*program(tmp_path, killed=True), *map(str, predict), "--out", out], capture_output=True, check=False
    )
    done = subprocess.run(
        [*program(tmp_path), *map(str, predict), "--out", out, "--engine", "ray", "--workers", "2", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**ray_environment, "RAY_USAGE_STATS_ENABLED": "1"},
    )
    assert done.returncode == 3, done.stderr
    found = json.loads(done.stdout)
    assert (found["notes"], found["resumed"]) == (120, 12)
    assert [one["note"] for one in found["failed"]] == ["empty"]
    # Ray prints nothing of its own.
    assert [line for line in done.stderr.splitlines() if not line.startswith(("clem: ", "12 notes"))] == []
    assert out.read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_a_ray_cluster_that_does_not_answer_is_named(refused: Refused, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    note = tmp_path / "note.txt"
    note.write_text("biopsy of lung")
    refused(
        *("predict", "icd9pcs", note, "--out", tmp_path / "scores.parquet"),
        *("--engine", "ray", "--ray-address", "127.0.0.1:1"),
        says=["no Ray cluster answers at 127.0.0.1:1", "ray start --head"],
    )
