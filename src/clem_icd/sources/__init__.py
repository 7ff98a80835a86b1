"""Turning raw files into a corpus: one function per origin.

A source finds its files in the folder that the user names, reads them strictly, joins notes with their codes
and evidence, assigns splits, and writes through `clem_icd.corpus`. It counts whatever it leaves out or
changes on the way, in sentences that stay with the corpus. `mimic`, `mdace` and `codiesp` prepare published
data sets, `table` a hospital's own; `uncoded_notes` reads new notes and `plain_texts` texts to pretrain on,
and `published` holds the split files and counts that the field reports, and `by_name` prepares any published
corpus by its name.
"""

from typing import TYPE_CHECKING

from clem_icd.lazy import lazy_names

if TYPE_CHECKING:
    from clem_icd.sources.by_name import PublishedCorpus
    from clem_icd.sources.codiesp.preparing import prepare_codiesp
    from clem_icd.sources.mdace.preparing import prepare_mdace
    from clem_icd.sources.mimic.mimic3 import prepare_mimic3
    from clem_icd.sources.mimic.mimic4 import prepare_mimic4
    from clem_icd.sources.plain_texts import read_texts, text_files
    from clem_icd.sources.published.counts import PublishedComparison, compare_with_published
    from clem_icd.sources.table.preparing import prepare_table
    from clem_icd.sources.uncoded_notes import UncodedNote, note_in_file, notes_in_files, places_of_notes
    from clem_icd.sources.uncoded_tables import check_records, notes_in_table, unread_in_table

__all__ = [
    "PublishedComparison",
    "PublishedCorpus",
    "UncodedNote",
    "check_records",
    "compare_with_published",
    "note_in_file",
    "notes_in_files",
    "notes_in_table",
    "places_of_notes",
    "prepare_codiesp",
    "prepare_mdace",
    "prepare_mimic3",
    "prepare_mimic4",
    "prepare_table",
    "read_texts",
    "text_files",
    "unread_in_table",
]

__getattr__ = lazy_names(
    __name__,
    {
        "PublishedComparison": "published.counts",
        "PublishedCorpus": "by_name",
        "UncodedNote": "uncoded_notes",
        "check_records": "uncoded_tables",
        "compare_with_published": "published.counts",
        "note_in_file": "uncoded_notes",
        "notes_in_files": "uncoded_notes",
        "notes_in_table": "uncoded_tables",
        "places_of_notes": "uncoded_notes",
        "prepare_codiesp": "codiesp.preparing",
        "prepare_mdace": "mdace.preparing",
        "prepare_mimic3": "mimic.mimic3",
        "prepare_mimic4": "mimic.mimic4",
        "prepare_table": "table.preparing",
        "read_texts": "plain_texts",
        "text_files": "plain_texts",
        "unread_in_table": "uncoded_tables",
    },
)
