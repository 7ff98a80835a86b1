"""Bulk runs: as if at once, resumed without scoring a note again, and refused where they differ."""

from __future__ import annotations

import errno
import json
import os
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import ClemError, InputError, NoteError, OutputError, RunError, ScoresError
from clem_icd.explanation import Explainer
from clem_icd.files import DISK_FULL, create_json
from clem_icd.locking import locked_folder
from clem_icd.modeling import NoteScores
from clem_icd.prediction import explain_split, predict_split, split_scores
from clem_icd.prediction.bulk import FileNotes, Part, SplitNotes, TableNotes, check_outputs, survey
from clem_icd.prediction.bulk.parts import Parts
from clem_icd.scores import RankedScores, Scores
from fixtures.ranking import ExplainingSystem
from support import info_of, write_little_corpus

NOTES = 24


class Dense(ExplainingSystem):
    """Scores the six labels of the little corpus."""

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        for scores in super().score(texts):
            yield NoteScores(scores.probabilities[:6].copy())


@pytest.mark.parametrize("top", [None, 3])
def test_ranked_scores_are_those_of_a_run_without_shards(
    bulk: Any, little_corpus: Corpus, tmp_path: Path, top: int | None
) -> None:
    whole = tmp_path / "whole.parquet"
    predict_split(bulk.system, bulk.info, little_corpus, "test", whole, top=top)
    result = bulk.run(top=top)
    assert (result.notes, result.failed, result.resumed, result.remaining) == (NOTES, (), 0, 0)
    assert bulk.out.read_bytes() == whole.read_bytes()
    assert list(bulk.out.parent.iterdir()) == [bulk.out]


@pytest.mark.parametrize("rows", [1, 4, 7, 100])
def test_dense_scores_are_those_of_a_run_without_shards_whatever_the_row_groups(
    bulk: Any, little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr("clem_icd.scores.file._GROUP_VALUES", 6 * rows)
    bulk.system, bulk.info = Dense(), info_of(little_corpus, system="linear")
    bulk.about["system"] = "linear"
    whole = tmp_path / "whole.parquet"
    predict_split(bulk.system, bulk.info, little_corpus, "test", whole)
    bulk.run()
    assert bulk.out.read_bytes() == whole.read_bytes()


def test_evidence_is_that_of_a_run_without_shards(bulk: Any, little_corpus: Corpus, tmp_path: Path) -> None:
    whole = tmp_path / "evidence.parquet"
    expected = explain_split(Explainer(bulk.system, bulk.info), little_corpus, "test", whole)
    assert bulk.run(explained=True).explained == expected
    assert bulk.evidence.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("explained", [False, True])
@pytest.mark.parametrize("after", [5, 11, 23])
def test_an_interrupted_run_goes_on_without_scoring_a_finished_note_again(
    bulk: Any, explained: bool, after: int
) -> None:
    uninterrupted = bulk.run(explained=explained)
    files = {path.name: path.read_bytes() for path in bulk.out.parent.iterdir()}
    bulk.interrupt(after, explained=explained, force=True)
    finished = after // 5
    assert bulk.finished() == [f"{number:06d}" for number in range(finished)]

    result = bulk.run(explained=explained, force=True)
    assert result == replace(uninterrupted, resumed=5 * finished)
    assert bulk.system.scored == NOTES - 5 * finished
    assert {path.name: path.read_bytes() for path in bulk.out.parent.iterdir()} == files


def test_a_run_that_is_interrupted_before_its_first_shard_leaves_nothing(bulk: Any) -> None:
    bulk.interrupt(4)
    assert list(bulk.out.parent.iterdir()) == []


@pytest.mark.parametrize("flaw", ["cut short", "other bytes", "missing", "no record", "no json"])
def test_a_damaged_shard_is_recognised_and_scored_again(bulk: Any, flaw: str) -> None:
    bulk.run()
    whole = bulk.out.read_bytes()
    bulk.interrupt(20, force=True)
    shard = bulk.parts / "000002"
    scores, record = shard / "scores.parquet", shard / "shard.json"
    match flaw:
        case "cut short":
            scores.write_bytes(scores.read_bytes()[:-9])
        case "other bytes":
            scores.write_bytes(bytes(scores.stat().st_size))
        case "missing":
            scores.unlink()
        case "no record":
            record.unlink()
        case _:
            record.write_text('{"number": 2')
    assert bulk.run(force=True).resumed == 15
    assert bulk.system.scored == NOTES - 15
    assert bulk.out.read_bytes() == whole


def test_leftovers_of_a_killed_process_are_removed(bulk: Any) -> None:
    bulk.interrupt(7)
    (bulk.parts / ".partial-0123").mkdir()
    (bulk.parts / ".partial-0123" / "scores.parquet").write_bytes(b"PAR1")
    bulk.interrupt(0)
    assert bulk.finished() == ["000000"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("model", "scored with another model, or a model whose files have changed"),
        ("labels", "scored with a model with other labels"),
        ("notes", "holds the scores of other notes, or notes that have changed"),
        ("top", "scored with top 1000, expected 3"),
        ("explained", "scored with evidence none, expected [a-z]"),
        ("release", "scored with another release of this package"),
    ],
)
def test_a_run_that_differs_from_the_interrupted_one_is_refused_and_may_start_again(
    bulk: Any, little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch, change: str, says: str
) -> None:
    bulk.interrupt(12)
    options: dict[str, Any] = {}
    match change:
        case "model":
            (bulk.model / "weights").write_text("2")
        case "labels":
            labels = (*bulk.info.labels[:-1], replace(bulk.info.labels[-1], value="Z99.9"))
            bulk.info = replace(bulk.info, labels=labels)
        case "notes":
            bulk.notes = SplitNotes.of(little_corpus, "validation")
        case "release":
            monkeypatch.setattr("importlib.metadata.version", lambda _: "0.0.0")
        case _:
            options[change] = 3
    with pytest.raises(InputError, match=says) as caught:
        bulk.run(**options)
    assert str(caught.value).endswith(
        "Finish that run with its own command, or discard its parts with --restart."
    )
    assert len(bulk.finished()) == 2
    result = bulk.run(restart=True, **options)
    assert (result.resumed, result.notes) == (0, bulk.system.scored)
    assert bulk.out.is_file()
    assert not bulk.parts.exists()


def interrupt_joining(bulk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupt a run with evidence after its evidence was put together, and before its scores are."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("clem_icd.prediction.bulk.running.join_scores", interrupted)
        with pytest.raises(KeyboardInterrupt):
            bulk.run(explained=True)


def test_an_interruption_while_outputs_are_put_together_is_resumed(
    bulk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk.run(explained=True)
    files = {path.name: path.read_bytes() for path in bulk.out.parent.iterdir()}
    shutil.rmtree(bulk.out.parent)

    interrupt_joining(bulk, monkeypatch)
    assert bulk.evidence.is_file()
    # The evidence file is that of this run: it does not count as occupied.
    assert bulk.run(explained=True).resumed == NOTES
    assert bulk.system.scored == 0
    assert {path.name: path.read_bytes() for path in bulk.out.parent.iterdir()} == files


def test_only_the_outputs_of_an_interrupted_run_do_not_count_as_occupied(
    bulk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_joining(bulk, monkeypatch)
    mine = bulk.out.with_name("mine.parquet")
    mine.write_text("mine")
    with pytest.raises(OutputError, match=r"mine\.parquet: already exists"):
        check_outputs(bulk.out, mine, force=False)
    # Nor do they once that run is discarded.
    with pytest.raises(OutputError, match=r"evidence\.parquet: already exists"):
        bulk.run(explained=True, restart=True)
    bulk.run(explained=True)
    assert mine.read_text() == "mine"


def test_an_output_that_appears_while_notes_are_scored_is_never_replaced(bulk: Any) -> None:
    class Occupying(ExplainingSystem):
        def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
            bulk.out.write_text("mine")
            return super().score(texts)

    bulk.system = Occupying()
    for _ in range(2):
        with pytest.raises(OutputError, match="already exists"):
            bulk.run()
    assert bulk.out.read_text() == "mine"


def test_of_jobs_that_begin_at_once_with_other_options_one_holds_and_the_others_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(2)

    def create(path: Path, value: Any) -> None:
        # By now, both have looked for a manifest and found none.
        together.wait(10)
        create_json(path, value)

    monkeypatch.setattr("clem_icd.prediction.bulk.parts.create_json", create)

    def hold(precision: str) -> str:
        manifest = {"release": 1, "model": 1, "labels": 1, "notes": 1, "options": {"precision": precision}}
        try:
            with Parts(tmp_path / "scores.parquet", manifest).opened(shared=True):
                return f"holds {precision}"
        except InputError as problem:
            return problem.found

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(hold, ("fp32", "int8")))
    first, other = ("fp32", "int8") if "holds fp32" in found else ("int8", "fp32")
    says = f"holds notes that were scored with precision {first}, expected {other}"
    assert found == sorted([f"holds {first}", says])


def test_a_shard_of_another_run_is_scored_again(bulk: Any) -> None:
    bulk.interrupt(12)
    record = bulk.parts / "000001" / "shard.json"
    value = json.loads(record.read_text())
    record.write_text(json.dumps({**value, "parts": "0" * 64}))
    assert bulk.run().resumed == 5


def test_parts_whose_description_is_damaged_are_refused_and_can_be_discarded(bulk: Any) -> None:
    bulk.interrupt(12)
    (bulk.parts / "parts.json").write_text("{")
    with pytest.raises(ScoresError, match=r"not readable as json .*Discard what it has with --restart"):
        bulk.run()
    assert bulk.run(restart=True).resumed == 0
    assert not bulk.parts.exists()


def test_two_runs_for_the_same_output_are_refused(bulk: Any) -> None:
    bulk.interrupt(12)
    with (
        locked_folder(bulk.parts, "scoring"),
        pytest.raises(RunError, match="another process is scoring notes for the same --out"),
    ):
        bulk.run()
    assert len(bulk.finished()) == 2


def test_a_file_system_without_locks_is_refused(bulk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", unsupported)
    with pytest.raises(RunError, match=r"cannot be locked \(No locks available\)"):
        bulk.run()


def test_a_folder_in_the_place_of_the_parts_is_refused_and_kept(bulk: Any) -> None:
    for name in ("000001", "photos"):
        (bulk.parts / name).mkdir(parents=True)
        (bulk.parts / name / "mine.txt").write_text("mine")
        for options in ({}, {"restart": True}, {"part": Part(1, 2)}):
            with pytest.raises(InputError, match=r"not a folder of parts: parts\.json is missing"):
                bulk.run(**options)
        assert [one.name for one in bulk.parts.iterdir()] == [name]
        assert (bulk.parts / name / "mine.txt").read_text() == "mine"
        bulk.parts.rename(bulk.parts.with_name(f"kept-{name}"))


def test_a_foreign_file_by_the_name_of_the_manifest_is_refused_and_kept(bulk: Any) -> None:
    bulk.parts.mkdir(parents=True)
    (bulk.parts / "parts.json").write_text('{"mine": 1}')
    with pytest.raises(InputError, match="not a folder of parts"):
        bulk.run()
    assert {one.name: one.read_text() for one in bulk.parts.iterdir()} == {"parts.json": '{"mine": 1}'}


def test_a_file_in_the_place_of_the_parts_is_refused(bulk: Any) -> None:
    bulk.parts.parent.mkdir()
    bulk.parts.write_text("mine")
    with pytest.raises(OutputError, match="is a file, expected the folder of parts"):
        bulk.run()
    assert bulk.parts.read_text() == "mine"


def test_an_occupied_output_is_refused_before_anything_is_scored(bulk: Any) -> None:
    bulk.run()
    with pytest.raises(OutputError, match="already exists"):
        bulk.run()
    assert bulk.system.scored == 0


@pytest.mark.parametrize("kept", [0, 2])
def test_a_full_disk_keeps_what_is_finished_and_says_so(
    bulk: Any, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    written: list[Path] = []
    real = split_scores.write_rows

    def full(out: Path, *arguments: Any, **options: Any) -> None:
        if len(written) == kept:
            raise OutputError(DISK_FULL, path=out)
        written.append(out)
        real(out, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr("clem_icd.prediction.bulk.scoring.write_rows", full)
        with pytest.raises(OutputError) as caught:
            bulk.run()
    rest = f": {5 * kept} notes are kept in {bulk.parts}" if kept else ""
    assert str(caught.value) == f"{bulk.out}: the disk is full. Free some space, then run it again{rest}."
    assert bulk.parts.exists() == bool(kept)
    assert bulk.run().resumed == 5 * kept


def test_shares_of_the_notes_are_scored_apart_and_put_together_at_the_end(bulk: Any) -> None:
    bulk.run()
    whole = bulk.out.read_bytes()
    bulk.out.unlink()
    first = bulk.run(part=Part(1, 2))
    assert (first.notes, first.remaining, bulk.finished()) == (14, 10, ["000000", "000002", "000004"])
    # Both may work at the same time.
    with locked_folder(bulk.parts, "scoring", shared=True):
        second = bulk.run(part=Part(2, 2))
    assert (second.resumed, bulk.system.scored, second.remaining) == (14, 10, 0)
    assert bulk.run().resumed == NOTES
    assert bulk.out.read_bytes() == whole


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/", "a/b", "-1/2", "1/2/3"])
def test_what_is_not_a_share_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="expected a share such as 3/20"):
        Part.parse(text)


# --- notes -----------------------------------------------------------------------------------------------


def table(folder: Path, rows: Sequence[tuple[str, str | None]]) -> TableNotes:
    path = folder / "notes.jsonl"
    path.write_text("".join(json.dumps({"note_id": name, "text": text}) + "\n" for name, text in rows))
    return TableNotes(path)


def test_notes_that_cannot_be_read_are_left_out_and_named_in_order(bulk: Any, tmp_path: Path) -> None:
    rows = [(f"n{number}", "pneumonia" if number % 4 else "") for number in range(NOTES)]
    bulk.notes = table(tmp_path, rows)
    bulk.interrupt(12)
    result = bulk.run()
    assert [one.note for one in result.failed] == [f"n{number}" for number in range(0, NOTES, 4)]
    assert all("row" in one.problem for one in result.failed)
    assert result.notes == 18
    assert list(RankedScores.read(bulk.out).note_ids) == [name for name, text in rows if text]


def test_notes_of_which_none_can_be_read_are_refused(bulk: Any, tmp_path: Path) -> None:
    bulk.notes = table(tmp_path, [(f"n{number}", None) for number in range(7)])
    with pytest.raises(NoteError, match="none of 7 notes can be read"):
        bulk.run()
    assert list(bulk.out.parent.iterdir()) == []


def test_an_id_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("pneumonia")
    name = str(tmp_path / "a.txt")
    for notes in (
        table(tmp_path, [("a", "one"), ("b", "two"), ("a", "three")]),
        FileNotes.named([name, name]),
    ):
        with pytest.raises(InputError, match=r"duplicate note id .*a"):
            survey(notes)


def test_ids_with_equal_digests_are_not_taken_for_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clem_icd.prediction.bulk.surveying._digest", lambda _: 7)
    assert survey(table(tmp_path, [("a", "one"), ("b", "two")])).notes == 2


def test_shards_end_after_a_number_of_notes_or_of_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clem_icd.prediction.bulk.surveying.SHARD_NOTES", 3)
    monkeypatch.setattr("clem_icd.prediction.bulk.surveying.SHARD_CHARACTERS", 10)
    lengths = [1, 1, 1, 1, 9, 20, 5, 5, 1]
    found = survey(table(tmp_path, [(f"n{place}", "x" * length) for place, length in enumerate(lengths)]))
    assert [shard[1:] for shard in found.shards] == [(0, 3), (3, 5), (5, 6), (6, 8), (8, 9)]
    assert [shard.number for shard in found.shards] == [0, 1, 2, 3, 4]


def test_no_notes_are_refused(tmp_path: Path) -> None:
    corpus = write_little_corpus(tmp_path / "corpus", sizes={"train": 20, "test": 5})
    with pytest.raises(ClemError, match="has no split 'validation'"):
        SplitNotes.of(corpus, "validation")
    with pytest.raises(InputError, match="there are no notes"):
        survey(FileNotes(()))


def test_an_empty_split_is_refused(little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Corpus, "size", lambda *_: 0)
    with pytest.raises(InputError, match="the split test has no notes"):
        SplitNotes.of(little_corpus, "test")


def test_notes_that_vanish_while_they_are_scored_are_refused(bulk: Any, tmp_path: Path) -> None:
    bulk.notes = table(tmp_path, [(f"n{number}", "pneumonia") for number in range(12)])

    class Shortening(ExplainingSystem):
        def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
            bulk.notes.path.write_text('{"note_id": "n0", "text": "pneumonia"}\n')
            return super().score(texts)

    bulk.system = Shortening()
    with pytest.raises(InputError, match="the notes end after 1, expected more: they changed"):
        bulk.run()


def test_a_file_that_is_added_to_a_folder_does_not_shift_the_notes(bulk: Any, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(7):
        (folder / f"b{number}.txt").write_text("pneumonia")
    bulk.notes = FileNotes.named([str(folder)])
    bulk.interrupt(6)
    (folder / "a.txt").write_text("pneumonia")
    # The listing of the interrupted run is no longer that of the folder.
    assert bulk.run().notes == 7
    bulk.notes = FileNotes.named([str(folder)])
    bulk.interrupt(6, force=True)
    (folder / "b3.txt").write_text("hypertension")
    with pytest.raises(InputError, match="other notes, or notes that have changed"):
        bulk.run(force=True)


def test_columns_of_parquet_are_read_like_those_of_text(bulk: Any, tmp_path: Path) -> None:
    rows = {"id": [f"n{number}" for number in range(12)], "note": ["pneumonia", "hypertension"] * 6}
    found = []
    for name, write in (
        ("a.parquet", pl.DataFrame.write_parquet),
        ("a.csv", pl.DataFrame.write_csv),
        ("a.jsonl", pl.DataFrame.write_ndjson),
    ):
        write(pl.DataFrame(rows), tmp_path / name)
        bulk.notes = TableNotes(tmp_path / name, note_id="id", text="note")
        bulk.run(force=True)
        read = RankedScores.read(bulk.out)
        assert list(read.note_ids) == rows["id"]
        found.append(read.values)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_the_header_says_where_scores_come_from(bulk: Any, little_corpus: Corpus) -> None:
    bulk.system, bulk.info = Dense(), info_of(little_corpus, system="linear")
    bulk.about |= {"system": "linear", "warnings": ["Some sentence."]}
    bulk.run()
    read = Scores.read(bulk.out)
    assert read.about == bulk.about
    assert read.warnings == ("Some sentence.",)
