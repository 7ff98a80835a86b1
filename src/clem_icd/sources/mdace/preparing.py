"""Preparing MDACE: annotated notes of MIMIC-III with mapped codes and the evidence for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clem_icd.corpus import SPLITS, Corpus, CorpusWriter, corpus_writer
from clem_icd.corpus.notes_table import note_tables
from clem_icd.errors import SourceError
from clem_icd.files import TEMPORARY_PREFIX
from clem_icd.icd import default_codebook
from clem_icd.sources.document_tables import recording_admissions
from clem_icd.sources.mdace.annotations import Annotations, read_annotations
from clem_icd.sources.mdace.clinical_notes import ClinicalNote, read_clinical_notes
from clem_icd.sources.mdace.code_map import CodeMap, mimic4_codes
from clem_icd.sources.mdace.inputs import MdaceInputs
from clem_icd.sources.mdace.selection import Selection
from clem_icd.sources.mdace.sets import MdaceSet, find_set
from clem_icd.sources.mdace.unannotated import UnannotatedDocuments
from clem_icd.sources.published.splits import find_split
from clem_icd.sources.raw_files import Origin, check_apart, check_out, check_raw, input_file
from clem_icd.sources.text_store import TextStore
from clem_icd.tabular.split_files import SplitFiles, absent_admissions


def prepare_mdace(
    raw: Path,
    out: Path,
    *,
    dataset: str,
    mdace: Path | None = None,
    splits: Path | None = None,
    per: str = "note",
    codes: str = "DP",
    compat: str = "edin2024",
    force: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Corpus:
    """Make a corpus from MDACE (Cheng et al., 2023), as Edin et al. (2024) do.

    A note is included if coders marked codes of the set's kind in it and its admission is in the split. Its
    text is raw; its codes are those marked in this note, mapped to codes used in MIMIC; its evidence is what
    the coders marked. docs/reference/datasets.md lists the differences from the published procedure.

    Parameters
    ----------
    raw
        The folder that the PhysioNet download created, with MIMIC-III 1.4. If it also contains MIMIC-IV,
        codes are mapped to codes used there; otherwise they stay as annotated, and a notice says so.
    out
        The corpus folder.
    dataset
        ``inpatient-icd9``, ``inpatient-icd10``, ``inpatient-icd9-code`` (with the discharge summaries of
        all other admissions of MIMIC-III), ``inpatient-icd9-evidence-only`` (a text is the evidence for one
        code) or ``profee-icd10``.
    mdace
        MDACE's repository, or the folder with ``Inpatient`` and ``Profee``. Without it, MDACE is searched
        for in the raw folder and next to it.
    splits
        A split file, or a folder with the published ones. Without it, those in MDACE's repository are used,
        or the published ones are downloaded.
    per
        ``note``, as published; ``discharge-summary``, which leaves out other notes, as Edin et al. evaluate;
        or ``admission``, which joins the annotated notes of an admission, discharge summaries first.
    codes
        Diagnoses (``D``), procedures (``P``) or both (``DP``).
    compat
        The pipeline; only ``edin2024`` has MDACE.
    force
        Replace the contents of ``out``.
    progress
        Called with the number of notes read since the last call.

    Raises
    ------
    SourceError
        If a raw file is missing or malformed, MDACE is another release, or the files do not belong together.
    CorpusError
        If no note is left for a split.
    OutputError
        If ``out`` is occupied and ``force`` is false, or the disk is full.

    """
    chosen = find_set(dataset, per, codes)
    if compat != "edin2024":
        raise SourceError(
            f"{compat} has no mdace-{dataset}", remedy="Leave out --compat: only edin2024 has MDACE"
        )
    check_raw(raw)
    check_out(out, raw, force=force)
    files = MdaceInputs.find(raw, chosen, mdace)
    split_files = find_split(f"mdace-{dataset}", splits=splits, also=files.mdace.split_folders())
    check_apart(out, files.mdace.root, splits)
    origin = Origin.of(raw, "mimic3")
    # No published split fits generated admissions; their tree contains its own, which needs no notice.
    notices = [origin.notice] if origin.notice else list(split_files.notices)
    absent: dict[str, Any] = {}
    with (
        corpus_writer(
            out,
            name=f"mdace-{dataset}",
            source=f"mdace-{dataset}",
            options={
                "compat": compat,
                "per": per,
                "codes": codes,
                "splits": [path.name for path in split_files.paths],
            },
            inputs=[input_file(path, raw) for path in (*files.all(), *split_files.paths)],
            codebook=default_codebook(),
            synthetic=origin.synthetic,
            notices=notices,
            population=origin.population,
            absent=absent,
            force=force,
        ) as writer,
        # In the output folder: the system's temporary folder is often too small for MIMIC's notes.
        TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=writer.folder) as staging,
        TextStore(Path(staging) / "texts") as texts,
    ):
        split_of = split_files.read()
        selection = Selection(chosen.systems(codes), split_of, per, chosen.evidence_only)
        present = _fill(writer, files, split_files, chosen, selection, texts, notices, progress)
        absent.update(absent_admissions(split_of, present))
    return Corpus.open(out, verify=False)


def _fill(
    writer: CorpusWriter,
    files: MdaceInputs,
    split_files: SplitFiles,
    chosen: MdaceSet,
    selection: Selection,
    texts: TextStore,
    notices: list[str],
    progress: Callable[[int], None] | None,
) -> set[str]:
    """Write every split, add to the notices, and return the admissions that have a note."""
    annotations = read_annotations(files.mdace, chosen.systems("DP"), chosen.revision)
    notes = read_clinical_notes(files.notes, annotations.notes.keys(), progress)
    documents = list(selection.documents(annotations, notes))
    if not documents:
        raise _nothing_fits(files, split_files, annotations, notes)
    others = selection.split_of.keys() - {note.admission_id for note in notes.values()}
    rest = UnannotatedDocuments.read(files.mimic3, texts, others, progress) if files.mimic3 else None
    code_map = _code_map(files, chosen, annotations, rest)
    present: set[str] = set()
    for split in sorted(set(selection.split_of.values()), key=SPLITS.index):
        admissions = {admission for admission, name in selection.split_of.items() if name == split}
        own = (document for document in documents if document.admission_id in admissions)
        annotated = note_tables(document.as_note(code_map, selection.oddities) for document in own)
        unannotated = rest.tables(admissions & others, selection.systems) if rest else ()
        writer.write_tables(split, recording_admissions(chain(annotated, unannotated), present))
    notices += [*annotations.notices(), *selection.notices(), *code_map.notices]
    notices += rest.notices if rest else []
    return present


def _nothing_fits(
    files: MdaceInputs,
    split_files: SplitFiles,
    annotations: Annotations,
    notes: Mapping[str, ClinicalNote],
) -> SourceError:
    if not notes:
        return SourceError(
            f"contains none of the {len(annotations.notes):,} notes that MDACE annotates",
            path=files.notes,
            remedy="Use MIMIC-III 1.4, and the MDACE folder that belongs to it",
        )
    return SourceError(
        "names no admission with an annotated note of the requested kind",
        path=split_files.paths[0],
        remedy="Check that MIMIC-III, MDACE and the split files belong together",
    )


def _code_map(
    files: MdaceInputs, chosen: MdaceSet, annotations: Annotations, rest: UnannotatedDocuments | None
) -> CodeMap:
    """Return the map from annotated codes to codes used in MIMIC."""
    if rest:
        return CodeMap.of(annotations.codes(), rest.codes(), chosen.rule, origin="MIMIC-III")
    if files.mimic4:
        reference = mimic4_codes(files.mimic4, chosen.revision)
        return CodeMap.of(annotations.codes(), reference, chosen.rule, origin="MIMIC-IV")
    return CodeMap.none()
