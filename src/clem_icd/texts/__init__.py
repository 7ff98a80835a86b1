"""The text of one note, from whatever a file or a cell holds.

A note must be plain text. What only wraps a note (HTML, HL7, base64, escaped line ends, …) is recognised by
its content and unwrapped, and the result says so; what is not one note (a table, an archive, a document of a
word processor) is refused by name. Command line, Python, tables and pretraining all read notes through this
room, so all of them recognise the same things. Offsets refer to the unwrapped text.
"""

from clem_icd.texts.flaws import MAX_CHARACTERS, check_text
from clem_icd.texts.folders import has_notes, is_clutter, note_files, other_files
from clem_icd.texts.plain import PlainText, Wrapped, plain_text
from clem_icd.texts.reading import decode_note, read_note
from clem_icd.texts.remarks import remarks_on

__all__ = [
    "MAX_CHARACTERS",
    "PlainText",
    "Wrapped",
    "check_text",
    "decode_note",
    "has_notes",
    "is_clutter",
    "note_files",
    "other_files",
    "plain_text",
    "read_note",
    "remarks_on",
]
