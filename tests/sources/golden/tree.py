"""Small raw trees in the official layouts, as irregular as the pipelines can handle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather

from sources.golden import mdace, mimic3, mimic4

# What keeps a published pipeline from reading a tree is left out of the tree that it reads:
# - Edin et al. (2023) cannot read a missing HADM_ID or TEXT of MIMIC-III, nor a missing code of MIMIC-IV;
# - CAML neither, and it stops at the first admission without a code row, turns every procedure code into a
#   fraction where one is missing, and expects notes and codes of an admission under one subject.
READABLE = {
    "edin2024": mimic3.Oddities(),
    "edin2023": mimic3.Oddities(unidentified=False, textless=False),
    "caml": mimic3.Oddities(
        unidentified=False, textless=False, uncoded=False, null_procedures=False, foreign_codes=False
    ),
}


@dataclass(frozen=True)
class Tree:
    """The places of the raw files, the split files and MDACE's repository."""

    raw: Path
    splits: Path
    mdace: Path


def write_tree(
    root: Path,
    compat: str,
    *,
    release: str = "2.2",
    past_the_end: bool = False,
    reverse_codes: bool = False,
) -> Tree:
    """Write the tree that the pipeline ``compat`` can read, and its split files.

    Parameters
    ----------
    root
        An empty folder.
    compat
        edin2024, edin2023 or caml.
    release
        The release of MIMIC-IV that the tree passes for.
    past_the_end
        Whether MDACE has spans at and past the end of a note, which no published pipeline reads.
    reverse_codes
        Whether MIMIC-III's tables of codes are written backwards.

    """
    tree = Tree(root / "raw", root / "splits", root / "MDACE")
    mimic3.write_mimic3(tree.raw, READABLE[compat], reverse_codes=reverse_codes)
    if compat != "caml":
        mimic4.write_mimic4(tree.raw, release=release, null_codes=compat == "edin2024")
    if compat == "edin2024":
        mdace.write_mdace(tree.mdace, READABLE[compat], past_the_end=past_the_end)
    _write_splits(tree.splits)
    return tree


def _write_splits(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, split in (mimic3.split_files() | mimic4.split_files()).items():
        table = pa.table({"_id": pa.array(split, pa.int64()), "split": pa.array(split.values(), pa.string())})
        feather.write_feather(table, folder / f"{name}.feather", compression="zstd")
    for name, admissions in mdace.split_files().items():
        _write_ids(folder / "mdace" / name, admissions)
    for name, admissions in _caml_files().items():
        _write_ids(folder / name, admissions)


def _caml_files() -> Mapping[str, list[int]]:
    """Return the same splits as CAML publishes them, with the admissions whose only code is missing."""
    files = {}
    for subset in ("full", "50"):
        split = mimic3.split_files()[f"mimiciii_{subset}_splits"]
        for ours, theirs in (("train", "train"), ("val", "dev"), ("test", "test")):
            files[f"{theirs}_{subset}_hadm_ids.csv"] = [one for one, other in split.items() if other == ours]
    files["train_full_hadm_ids.csv"] += mimic3.NULL_CODES
    return files


def _write_ids(path: Path, admissions: list[int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{one}\n" for one in admissions), encoding="utf-8")
