"""Preparing MIMIC-III or MIMIC-IV as a published pipeline does: the steps that both share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from clem_icd.corpus import SPLITS, Corpus, InputFile, corpus_writer
from clem_icd.errors import SourceError
from clem_icd.files import TEMPORARY_PREFIX
from clem_icd.icd import Codebook, default_codebook, read_titles
from clem_icd.sources.document_tables import document_tables, joined, recording_admissions
from clem_icd.sources.mimic.codes import read_code_tables
from clem_icd.sources.mimic.files import MimicFiles
from clem_icd.sources.mimic.pipelines import PIPELINES
from clem_icd.sources.mimic.pipelines.rules import Pipeline, Prepare, Rules
from clem_icd.sources.mimic.splits import DrawnSplit, GivenSplit, Splitter
from clem_icd.sources.published.splits import find_split
from clem_icd.sources.raw_evidence import RawEvidence
from clem_icd.sources.raw_files import Origin, check_apart, check_out, input_file
from clem_icd.sources.text_store import TextStore
from clem_icd.tabular.sentences import counted
from clem_icd.tabular.split_files import SplitFiles

_NO_ADMISSION = "note has no hadm_id and was left out", "notes have no hadm_id and were left out"
_NO_TEXT = "note has no text and was left out", "notes have no text and were left out"
_UNCODED = "note has no codes and was left out", "notes have no codes and were left out"
_REPEATED = (
    "note repeats an earlier note of its admission and was left out",
    "notes repeat an earlier note of their admission and were left out",
)
_OUTSIDE = (
    "note was left out: its admission is not in the split file",
    "notes were left out: their admissions are not in the split file",
)
_UNNOTED = "admission with codes has no discharge summary", "admissions with codes have no discharge summary"
_BLANK = "document had a blank text and was left out", "documents had a blank text and were left out"

Stage = Callable[[TextStore, "npt.NDArray[np.int64]"], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Request:
    """The user's options for either data set.

    Attributes
    ----------
    splits
        A split file, or a folder with the published ones; None to download them.
    draw_split
        Draw a split instead.
    validation, test, seed
        The shares of the notes and the seed for drawing a split.
    evidence
        A file of spans in the raw notes.
    force
        Replace the contents of the output folder.

    """

    splits: Path | None = None
    draw_split: bool = False
    validation: float = 0.1
    test: float = 0.15
    seed: int = 10
    evidence: Path | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class DataSet:
    """What distinguishes MIMIC-III from MIMIC-IV.

    Attributes
    ----------
    name
        The population of its admissions.
    files
        Its files.
    stage
        Reads the notes, and puts the texts of the wanted admissions on disk.
    prepare
        Makes documents from notes and codes.
    upper
        Whether its column names are upper case and all its codes are ICD-9.

    """

    name: str
    files: MimicFiles
    stage: Stage
    prepare: Prepare
    upper: bool


def pipeline_of(source: str, compat: str) -> Pipeline:
    """Return the pipeline with that name.

    Raises
    ------
    SourceError
        If there is none.

    """
    if compat not in PIPELINES:
        raise SourceError(
            f"{source} has no pipeline {compat!r}", remedy=f"Choose one of {', '.join(sorted(PIPELINES))}"
        )
    return PIPELINES[compat]


def not_in(pipeline: Pipeline, source: str) -> SourceError:
    """Return the error for a source that a pipeline does not have."""
    return SourceError(
        f"{pipeline.name} has no {source}", remedy="Leave out --compat, or choose another pipeline or source"
    )


def prepare_mimic(
    raw: Path,
    out: Path,
    *,
    source: str,
    data: DataSet,
    pipeline: Pipeline,
    rules: Rules,
    request: Request,
    options: Mapping[str, Any],
) -> Corpus:
    """Make a corpus from a data set, following a pipeline.

    The notes are read once. Memory holds facts about them, but never their texts.

    Raises
    ------
    SourceError
        If a raw file is missing or malformed, or the split file does not fit.
    CorpusError
        If no note is left for a split.
    OutputError
        If ``out`` is occupied and ``force`` is false, or the disk is full.

    """
    check_out(out, raw, force=request.force)
    check_apart(out, request.splits, request.evidence)
    if rules.min_count < 1:
        raise SourceError(
            f"a minimum count of {rules.min_count} notes per code is not possible", remedy="Use at least 1"
        )
    if request.evidence and pipeline.compose is not joined:
        raise SourceError(
            f"{pipeline.name} changes the text, so offsets into it would be wrong",
            remedy="Leave out --evidence",
        )
    origin = Origin.of(raw, data.name)
    evidence = RawEvidence(request.evidence) if request.evidence else None
    files = _split_files(source, pipeline, origin, request)
    splitter = GivenSplit(files) if files else _drawn(request)
    notices = [origin.notice] if origin.notice else []
    inputs: list[InputFile] = []
    absent: dict[str, Any] = {}
    with (
        corpus_writer(
            out,
            name=source,
            source=source,
            options={"compat": pipeline.name, **options, **_split_options(files, request)},
            inputs=inputs,
            codebook=_codebook(data.files),
            synthetic=origin.synthetic,
            notices=notices,
            population=origin.population,
            absent=absent,
            force=request.force,
        ) as writer,
        # In the output folder: the system's temporary folder is often too small for a hospital's notes.
        TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=writer.folder) as staging,
        TextStore(Path(staging) / "texts") as texts,
        ThreadPoolExecutor(1) as hashing,
    ):
        paths = [*data.files.all(), *(files.paths if files else ()), request.evidence]
        described = hashing.map(lambda path: input_file(path, raw), filter(None, paths))
        documents, left_out = _documents(data, pipeline, rules, splitter, texts)
        notices += [*left_out, *splitter.notices()]
        _require(documents, splitter, raw, left_out)
        present: set[str] = set()
        for split in SPLITS:
            own = documents.filter(pl.col("split") == split)
            if own.height or split in splitter.splits:
                tables = document_tables(own, texts, pipeline.compose, evidence)
                writer.write_tables(split, recording_admissions(tables, present))
        absent.update(splitter.absent(present))
        blank = documents.height - writer.size
        notices += [counted(blank, *_BLANK)] if blank else []
        notices += evidence.notices() if evidence else []
        inputs += described
    return Corpus.open(out, verify=False)


def _require(documents: pl.DataFrame, splitter: Splitter, raw: Path, left_out: list[str]) -> None:
    """Refuse if no document is left, or none for a split that the split file names."""
    empty = sorted(splitter.splits - set(documents["split"]), key=SPLITS.index)
    if empty or documents.is_empty():
        where = f" for {' and '.join(empty)}" if empty else ""
        # The last sentences say what happened to the codes.
        raise SourceError(
            f"no document is left{where}: {'; '.join(left_out[-2:]) or 'none has codes'}",
            path=raw,
            remedy="Use the files of the whole data set with its own split, or lower --min-count",
        )


def _split_files(source: str, pipeline: Pipeline, origin: Origin, request: Request) -> SplitFiles | None:
    """Return the files of the split; None to draw it, as no published split fits generated admissions."""
    if request.splits is None and (request.draw_split or origin.synthetic):
        return None
    if request.draw_split:
        raise SourceError(
            "both a split file and a drawn split were requested",
            remedy="Leave out --splits or --draw-split",
        )
    return find_split(source, pipeline.name, request.splits)


def _drawn(request: Request) -> Splitter:
    return DrawnSplit(validation=request.validation, test=request.test, seed=request.seed)


def _split_options(files: SplitFiles | None, request: Request) -> dict[str, Any]:
    drawn = {"validation": request.validation, "test": request.test, "seed": request.seed}
    return {
        "splits": [path.name for path in files.paths] if files else None,
        **(drawn if files is None else {}),
        "evidence": request.evidence.name if request.evidence else None,
    }


def _codebook(files: MimicFiles) -> Codebook:
    codebook = default_codebook()
    for path in files.titles:
        codebook = codebook.extended(read_titles(path))
    return codebook


def _documents(
    data: DataSet, pipeline: Pipeline, rules: Rules, splitter: Splitter, texts: TextStore
) -> tuple[pl.DataFrame, list[str]]:
    """Return the documents of all splits, and sentences about what was left out."""
    codes, notices = read_code_tables(data.files.code_tables(), upper=data.upper)
    wanted = pl.col("version") == str(9 if data.upper else rules.version)
    if not pipeline.keeps_missing:
        wanted &= ~pl.col("blank")
    coded = codes.filter(wanted)["admission"].unique()
    split = splitter.assigned(coded)
    needed = split if pipeline.selective else coded
    notes = data.stage(texts, needed.to_numpy())
    notices += _about_notes(notes, coded, split, pipeline)
    staged = notes.drop_nulls("number").filter(~pl.col("repeated"))
    if staged.is_empty():
        raise SourceError(
            "has no discharge summary for any admission with codes in a split",
            path=data.files.all()[0],
            remedy="Check that the files of notes, codes and splits belong together",
        )
    here = codes.filter(pl.col("admission").is_in(needed.implode())) if pipeline.selective else codes
    documents, left_out = data.prepare(staged, here, splitter.assign, rules)
    return documents, [*notices, *left_out]


def _about_notes(notes: pl.DataFrame, coded: pl.Series, split: pl.Series, pipeline: Pipeline) -> list[str]:
    admitted = notes.drop_nulls("admission")
    written = admitted if pipeline.keeps_missing else admitted.filter(~pl.col("missing"))
    is_coded = pl.col("admission").is_in(coded.implode())
    in_split = pl.col("admission").is_in(split.implode())
    unnoted = coded.filter(~coded.is_in(admitted["admission"].implode()))
    sentences = (
        (notes.height - admitted.height, _NO_ADMISSION),
        (admitted.height - written.height, _NO_TEXT),
        (written.filter(~is_coded).height, _UNCODED),
        (written.filter(is_coded & ~in_split).height, _OUTSIDE),
        (int(notes["repeated"].sum()), _REPEATED),
        (len(unnoted), _UNNOTED),
    )
    return [counted(count, *words) for count, words in sentences if count]
