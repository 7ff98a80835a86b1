from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.corpus import Corpus, corpus_writer
from clem_icd.errors import CorpusError, SourceError
from clem_icd.icd import default_codebook
from clem_icd.pretraining import Sources
from clem_icd.pretraining.near_copies import NearCopies
from pretraining_support import make_text, write_jsonl
from support import make_note, write_little_corpus

CANARY = "SECRETPATIENT"


def read(sources: Sources, share: float = 0.1) -> dict[str, bool]:
    """Return the texts of all sources, in order, with whether each is held out."""
    texts = list(sources.read(sources.near_copies(), held_out_share=share))
    assert len({text for text, _ in texts}) == len(texts)
    return dict(texts)


def counts_of(sources: Sources) -> dict[str, tuple[int, int, int, int, int]]:
    return {
        name: (one.read, one.near_copies, one.repeated, one.held_out, one.kept)
        for name, one in sources.counts.items()
    }


def as_folder(path: Path, texts: Sequence[str]) -> Path:
    path.mkdir()
    for number, text in enumerate(texts):
        (path / f"{number:03}.txt").write_text(text)
    return path


def as_parquet(path: Path, texts: Sequence[str]) -> Path:
    pl.DataFrame({"text": texts}).write_parquet(path)
    return path


@pytest.mark.parametrize(
    ("name", "write"),
    [("a.jsonl", write_jsonl), ("a.jsonl.gz", write_jsonl), ("a.parquet", as_parquet), ("a", as_folder)],
)
def test_every_kind_of_source_is_read(
    tmp_path: Path, texts: list[str], name: str, write: Callable[[Path, Sequence[str]], Path]
) -> None:
    path = write(tmp_path / name, texts)
    sources = Sources([str(path)])
    found = read(sources)
    assert list(found) == texts
    held_out = sum(found.values())
    assert 5 < held_out < 40
    assert counts_of(sources) == {name: (200, 0, 0, held_out, 200 - held_out)}


def test_names_of_icd10cm_codes_are_read() -> None:
    found = read(Sources(["icd10cm"]), share=0.01)
    assert len(found) > 50_000
    assert "Type 2 diabetes mellitus without complications" in found
    assert "Hypokalemia; Potassium [K] deficiency" in found
    assert 0.007 < sum(found.values()) / len(found) < 0.013


def test_only_the_training_notes_of_a_corpus_are_read(little_corpus: Corpus) -> None:
    assert list(read(Sources([str(little_corpus.path)]))) == list(little_corpus.texts("train"))


@pytest.mark.parametrize("use", ["text", "coded", "kept out"])
def test_copies_of_validation_and_test_notes_are_left_out(
    little_corpus: Corpus, texts: list[str], tmp_path: Path, use: str
) -> None:
    place = little_corpus.path
    others = [text for split in ("validation", "test") for text in little_corpus.texts(split)]
    extract = " ".join(max(others, key=len).split()[2:-2])
    enclosing = f"{texts[0]} {others[0]} {texts[1]}"
    other = write_jsonl(tmp_path / "other.jsonl", [*texts, *others, extract, enclosing, others[3].upper()])
    sources = Sources(
        [str(other), *([str(place)] if use == "text" else [])],
        [place] if use == "coded" else [],
        [place] if use == "kept out" else [],
    )
    found = read(sources)
    assert list(found) == [*texts, *(little_corpus.texts("train") if use == "text" else [])]
    assert sources.counts[other.name].near_copies == len(others) + 3


def test_training_notes_of_a_kept_out_corpus_are_read_from_other_sources(
    little_corpus: Corpus, tmp_path: Path
) -> None:
    training = list(little_corpus.texts("train"))
    other = write_jsonl(tmp_path / "other.jsonl", training)
    assert list(read(Sources([str(other)], kept_out=[little_corpus.path]))) == training


def test_repeated_texts_are_read_once(tmp_path: Path, texts: list[str]) -> None:
    one = write_jsonl(tmp_path / "one.jsonl", [*texts[:10], texts[3]])
    two = write_jsonl(tmp_path / "two.jsonl", texts[:20])
    sources = Sources([str(one), str(two)])
    found = read(sources)
    assert list(found) == texts[:20]
    first = sum(found[text] for text in texts[:10])
    second = sum(found.values()) - first
    assert counts_of(sources) == {
        one.name: (11, 0, 1, first, 10 - first),
        two.name: (20, 0, 10, second, 10 - second),
    }


def test_counts_do_not_reveal_paths(little_corpus: Corpus) -> None:
    """Not even if a corpus is read twice, as text and with its codes."""
    sources = Sources([str(little_corpus.path)], [little_corpus.path])
    read(sources)
    sources.new_counts(str(little_corpus.path), " (coded)")
    assert list(sources.counts) == ["little", "little (coded)"]


def test_counts_restart_with_every_reading(notes_file: Path) -> None:
    sources = Sources([str(notes_file)])
    first = (read(sources), counts_of(sources))
    assert (read(sources), counts_of(sources)) == first


def test_holding_out_depends_on_the_text_alone(tmp_path: Path, texts: list[str]) -> None:
    one = str(write_jsonl(tmp_path / "one.jsonl", texts[:120]))
    two = str(write_jsonl(tmp_path / "two.jsonl", texts[80:]))
    found = read(Sources([one, two]))
    assert read(Sources([two, one])) == found
    assert {text: found[text] for text in texts[:120]} == read(Sources([one]))
    more = read(Sources([one, two]), share=0.3)
    assert {text for text in found if found[text]} < {text for text in more if more[text]}
    assert 0.2 < sum(more.values()) / len(more) < 0.4


def assert_no_note_text(error: BaseException) -> None:
    assert CANARY not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    "line", [b'{"text": "SECRETPATIENT', b'{"text": {"SECRETPATIENT": 1}}', b'{"text": "SECRETPATIENT \xe9"}']
)
def test_a_malformed_record_is_named_in_the_error(tmp_path: Path, texts: list[str], line: bytes) -> None:
    path = write_jsonl(tmp_path / "notes.jsonl", texts[:3])
    with path.open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(SourceError) as caught:
        read(Sources([str(path)]))
    assert (caught.value.path, caught.value.row) == (path, 4)
    assert_no_note_text(caught.value)


def test_a_corpus_without_a_train_split_can_only_be_kept_out(tmp_path: Path) -> None:
    with corpus_writer(
        tmp_path / "corpus",
        name="little",
        source="test",
        options={},
        inputs=[],
        codebook=default_codebook(),
        synthetic=True,
    ) as writer:
        writer.write("test", [make_note(number) for number in range(9)])
    place = tmp_path / "corpus"
    for texts, coded in (([str(place)], []), ([], [place])):
        with pytest.raises(SourceError, match="has no train split") as caught:
            Sources(texts, coded)
        assert caught.value.path == place
    copies = Sources([], kept_out=[place]).near_copies()
    assert all(make_note(number).text in copies for number in range(9))


def test_a_folder_that_is_not_a_corpus_is_refused(tmp_path: Path) -> None:
    for coded, kept_out in (([tmp_path], []), ([], [tmp_path])):
        with pytest.raises(CorpusError, match=r"corpus\.json is missing"):
            Sources(["icd10cm"], coded, kept_out)


def test_a_changed_corpus_is_refused(tmp_path: Path) -> None:
    corpus = write_little_corpus(tmp_path / "corpus")
    corpus.notes_path("test").unlink()
    with pytest.raises(CorpusError, match="is missing"):
        Sources([str(corpus.path)])


def test_inputs_are_identified_by_their_content(
    tmp_path: Path, little_corpus: Corpus, texts: list[str]
) -> None:
    file = write_jsonl(tmp_path / "notes.jsonl", texts)
    folder = as_folder(tmp_path / "notes", texts[:3])

    def inputs() -> list[dict[str, Any]]:
        return Sources(
            [str(file), str(folder), "icd10cm", str(little_corpus.path)],
            [little_corpus.path],
            [little_corpus.path],
        ).inputs()

    before = inputs()
    assert [(one["use"], one["name"]) for one in before] == [
        ("text", "notes.jsonl"),
        ("text", "notes"),
        ("text", "icd10cm"),
        ("text", "little"),
        ("coded notes", "little"),
        ("kept out", "little"),
    ]
    assert before == inputs()
    write_jsonl(file, texts[1:])
    (folder / "001.txt").write_text("other")
    after = inputs()
    assert [place for place in range(6) if before[place] != after[place]] == [0, 1]


def test_a_missing_source_is_named_in_the_error(tmp_path: Path) -> None:
    for use in (Sources.inputs, read):
        with pytest.raises(SourceError, match=r"absent.*no such file or folder"):
            use(Sources([str(tmp_path / "absent.jsonl")]))


def test_near_copies_among_training_texts_are_read(tmp_path: Path) -> None:
    """Only corpora have excluded notes: within a file, copied-forward notes are all trained on."""
    text = make_text(1)
    path = write_jsonl(tmp_path / "notes.jsonl", [text, f"{text} again"])
    assert len(list(Sources([str(path)]).read(NearCopies([]), held_out_share=0.1))) == 2


def test_a_file_inside_a_corpus_is_refused(little_corpus: Corpus, notes_file: Path) -> None:
    for split in ("test", "train"):
        with pytest.raises(SourceError, match="is inside the corpus little, whose validation and test notes"):
            Sources([str(notes_file), str(little_corpus.notes_path(split))])
