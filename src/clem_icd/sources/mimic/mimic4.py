"""MIMIC-IV: discharge summaries with their ICD-9 or ICD-10 codes."""

from __future__ import annotations

from pathlib import Path

from clem_icd.corpus import Corpus
from clem_icd.errors import SourceError
from clem_icd.sources.mimic.files import MimicFiles
from clem_icd.sources.mimic.notes import Progress, stage_mimic4
from clem_icd.sources.mimic.pipelines.rules import Rules
from clem_icd.sources.mimic.preparing import DataSet, Request, not_in, pipeline_of, prepare_mimic
from clem_icd.sources.raw_files import check_raw


def prepare_mimic4(
    raw: Path,
    out: Path,
    *,
    version: int = 10,
    compat: str = "edin2024",
    splits: Path | None = None,
    draw_split: bool = False,
    evidence: Path | None = None,
    min_count: int = 10,
    validation: float = 0.1,
    test: float = 0.15,
    seed: int = 10,
    force: bool = False,
    progress: Progress = None,
) -> Corpus:
    """Make a corpus from the discharge summaries of MIMIC-IV and their codes in one revision of ICD.

    Parameters
    ----------
    raw
        The folder that the PhysioNet download created, with any release of MIMIC-IV.
    out
        The corpus folder.
    version
        The revision: 9 or 10.
    compat
        The pipeline: ``edin2024`` or ``edin2023``. See `clem_icd.sources.mimic.pipelines`.
    splits
        A split file, or a folder with the published ones. Without it, they are downloaded once.
    draw_split
        Draw a split by subject instead, stratified by codes. A synthetic tree always gets such a split.
    evidence
        A parquet file with the columns ``note_id, code, system, begin, end``: spans in the raw notes.
    min_count
        The number of notes that a code must be in.
    validation, test, seed
        The shares of the notes and the seed for drawing a split.
    force
        Replace the contents of ``out``.
    progress
        Called with the number of notes read since the last call.

    Raises
    ------
    SourceError
        If a raw file is missing or malformed, the split file does not fit, or the pipeline does not have
        MIMIC-IV.
    CorpusError
        If no note is left for a split.
    OutputError
        If ``out`` is occupied and ``force`` is false, or the disk is full.

    """
    check_raw(raw)
    if version not in (9, 10):
        raise SourceError(f"unknown revision of ICD {version}", remedy="Choose 9 or 10")
    source = f"mimic4-icd{version}"
    pipeline = pipeline_of(source, compat)
    if pipeline.mimic4 is None:
        raise not_in(pipeline, source)
    files = MimicFiles.mimic4(raw)
    return prepare_mimic(
        raw,
        out,
        source=source,
        data=DataSet(
            name="mimic4",
            files=files,
            stage=lambda texts, wanted: stage_mimic4(files.notes, texts, wanted, progress),
            prepare=pipeline.mimic4,
            upper=False,
        ),
        pipeline=pipeline,
        rules=Rules(version=version, min_count=min_count),
        request=Request(splits, draw_split, validation, test, seed, evidence, force),
        options={"min_count": min_count},
    )
