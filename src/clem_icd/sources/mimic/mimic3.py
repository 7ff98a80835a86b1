"""MIMIC-III: discharge summaries with their ICD-9 codes (full, 50 and clean)."""

from __future__ import annotations

from pathlib import Path

from clem_icd.corpus import Corpus
from clem_icd.sources.mimic.files import MimicFiles
from clem_icd.sources.mimic.notes import Progress, stage_mimic3
from clem_icd.sources.mimic.pipelines.rules import Rules, Subset
from clem_icd.sources.mimic.preparing import DataSet, Request, not_in, pipeline_of, prepare_mimic
from clem_icd.sources.raw_files import check_raw


def prepare_mimic3(
    raw: Path,
    out: Path,
    *,
    subset: Subset = "full",
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
    """Make a corpus from the discharge summaries of MIMIC-III and their ICD-9 codes.

    Parameters
    ----------
    raw
        The folder that the PhysioNet download created.
    out
        The corpus folder.
    subset
        ``full``: all codes, on the split of Mullenbach et al. (2018). ``50``: the 50 most frequent codes, on
        their split for these. ``clean``: codes in at least ``min_count`` notes, on the split of Edin et al.
        (2023).
    compat
        The pipeline: ``edin2024``, ``edin2023`` or ``caml`` (which has no ``clean``). See
        `clem_icd.sources.mimic.pipelines`.
    splits
        A split file, or a folder with the published ones. Without it, they are downloaded once.
    draw_split
        Draw a split by subject instead, stratified by codes. A synthetic tree always gets such a split.
    evidence
        A parquet file with the columns ``note_id, code, system, begin, end``: spans in the raw notes.
    min_count
        The number of notes that a code of ``clean`` must be in.
    validation, test, seed
        The shares of the notes and the seed for drawing a split.
    force
        Replace the contents of ``out``.
    progress
        Called with the number of notes read since the last call.

    Raises
    ------
    SourceError
        If a raw file is missing or malformed, the split file does not fit, or the pipeline does not have the
        subset.
    CorpusError
        If no note is left for a split.
    OutputError
        If ``out`` is occupied and ``force`` is false, or the disk is full.

    """
    check_raw(raw)
    source = f"mimic3-{subset}"
    pipeline = pipeline_of(source, compat)
    if subset not in pipeline.subsets:
        raise not_in(pipeline, source)
    files = MimicFiles.mimic3(raw)
    return prepare_mimic(
        raw,
        out,
        source=source,
        data=DataSet(
            name="mimic3",
            files=files,
            stage=lambda texts, wanted: stage_mimic3(files.notes, texts, wanted, progress),
            prepare=pipeline.mimic3,
            upper=True,
        ),
        pipeline=pipeline,
        rules=Rules(subset=subset, min_count=min_count),
        request=Request(splits, draw_split, validation, test, seed, evidence, force),
        options={"min_count": min_count} if subset == "clean" else {},
    )
