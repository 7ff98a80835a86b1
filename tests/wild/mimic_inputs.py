"""Inputs in the place of PhysioNet's files: other arrangements, demos, and what interrupts a download."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

from wild.making import Input, Make, mimic

KNOWN = "known"
GITHUB = "https://github.com/"

_III = "mimic-iii-clinical-database-1.4"
_NOTE = "mimic-iv-note-deidentified-free-text-clinical-notes-2.2"


def _third(change: Callable[[Path], None] = lambda folder: None, *, name: str = _III) -> Make:
    """Return how to prepare MIMIC-III in one folder, changed."""

    def rearrange(files: Path, raw: Path) -> None:
        shutil.copytree(files / "mimiciii" / "1.4", raw / name)
        change(raw / name)

    return mimic(rearrange)


def _fourth(hosp: str, note: str | None, *, core: bool = False) -> Make:
    """Return how to prepare MIMIC-IV with its modules in other folders; None leaves the notes out."""

    def rearrange(files: Path, raw: Path) -> None:
        [codes] = (files / "mimiciv").glob("*/hosp")
        [notes] = (files / "mimic-iv-note").glob("*/note")
        shutil.copytree(codes, raw / hosp)
        if note is not None:
            shutil.copytree(notes, raw / note)
        if core:
            (raw / hosp).with_name("core").mkdir()

    return mimic(rearrange, "mimic4-icd10")


def _in_lower_case(folder: Path) -> None:
    for path in sorted(folder.glob("*.csv.gz")):
        header, rows = gzip.decompress(path.read_bytes()).split(b"\n", 1)
        (folder / path.name.lower().removesuffix(".gz")).write_bytes(header.lower() + b"\n" + rows)
        path.unlink()


def _without_notes(folder: Path) -> None:
    path = folder / "NOTEEVENTS.csv.gz"
    header = gzip.decompress(path.read_bytes()).split(b"\n", 1)[0]
    path.unlink()
    (folder / "NOTEEVENTS.csv").write_bytes(header.lower() + b"\n")


def _cut_off(folder: Path) -> None:
    path = folder / "NOTEEVENTS.csv.gz"
    path.write_bytes(path.read_bytes()[:-60])


def _zipped(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.with_name(f"{folder.name}.zip").write_bytes(b"PK\x03\x04\x14\0\0\0")


def _in_parts(folder: Path) -> None:
    (folder / "NOTEEVENTS.csv.gz").rename(folder / "noteevents-000000000000.csv.gz")


def _padded(folder: Path) -> None:
    path = folder / "DIAGNOSES_ICD.csv.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    padded = [line[:-1] + ' "' if line.endswith('"') else f"{line} " for line in lines[1:]]
    path.write_bytes(gzip.compress("\n".join([lines[0], *padded, ""]).encode()))


MIMIC_INPUTS = (
    Input("physionet-zip", "the ZIP of MIMIC-III, unpacked", KNOWN, _third()),
    Input("physionet-zip-twice", "unpacked into a folder of its name", KNOWN, _third(name=f"{_III}/{_III}")),
    Input("lower-case", "names and headers in lower case, not compressed", KNOWN, _third(_in_lower_case)),
    Input(
        "zip-of-mimic4",
        "the ZIPs of MIMIC-IV and its notes, unpacked",
        KNOWN,
        _fourth("mimic-iv-3.1/hosp", f"{_NOTE}/note"),
    ),
    Input("only-hosp-and-note", "only hosp and note", KNOWN, _fourth("hosp", "note")),
    Input(
        "old-core",
        "a release of MIMIC-IV with core",
        f"{GITHUB}eth-mds/ricu/issues/15",
        _fourth("mimiciv/1.0/hosp", f"{_NOTE}/note", core=True),
    ),
    Input(
        "no-notes",
        "MIMIC-IV without its notes",
        f"{GITHUB}hanyin88/DRG-LLaMA/issues/2",
        _fourth("mimic-iv-3.1/hosp", None),
    ),
    Input(
        "demo-3",
        "the demo of MIMIC-III",
        f"{GITHUB}MIT-LCP/mimic-code/issues/150",
        _third(_without_notes, name="mimic-iii-clinical-database-demo-1.4"),
    ),
    Input("demo-4", "the demo of MIMIC-IV", KNOWN, _fourth("mimic-iv-clinical-database-demo-2.2/hosp", None)),
    Input("zipped", "a ZIP that was not unpacked", f"{GITHUB}MIT-LCP/mimic-iv/issues/10", _third(_zipped)),
    Input("cut-download", "a table that was cut off", f"{GITHUB}eth-mds/ricu/issues/29", _third(_cut_off)),
    Input(
        "bigquery-parts",
        "parts of a table from BigQuery",
        f"{GITHUB}MIT-LCP/mimic-code/issues/801",
        _third(_in_parts),
    ),
    Input("padded-codes", "blanks after codes", f"{GITHUB}MIT-LCP/mimic-code/issues/695", _third(_padded)),
)
