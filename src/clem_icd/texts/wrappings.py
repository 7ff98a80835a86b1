"""What a text may be instead of the plain text of a note, recognised by its content.

Every recogniser asks for marks that no clinician types, since a plain note must never be changed: none fires
on the texts of CodiEsp or of the synthetic hospital.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from clem_icd.texts import armour, escapes, hl7, hypertext, markup, placeholders, records
from clem_icd.texts.formats import HEAD, Format, format_of_note


@dataclass(frozen=True, slots=True)
class Wrapping:
    """Something that a text may be instead of a plain note.

    Attributes
    ----------
    name
        The name for notices and records: "HTML".
    full_name
        The name for sentences: "an HL7 message".
    unwrap
        Returns the text of the note, or bytes that contain it; None if there is no one note inside.
    remedy
        What to do, if it is not unwrapped.
    once
        Whether what is left may look the same, and is the text.

    """

    name: str
    full_name: str
    unwrap: Callable[[str], str | bytes] | None
    remedy: str
    once: bool = False


def wrapping_of(text: str, undone: Collection[str] = ()) -> Wrapping | None:
    """Return what the text of a note is wrapped in, or is instead; None if it is plain.

    Parameters
    ----------
    text
        The text, of which some wrappings may have been undone.
    undone
        The names of those wrappings.

    """
    found = format_of_note(text.lstrip()[:HEAD].encode("utf-8", "surrogatepass"))
    if found is not None:
        return _refused(found)
    return next(
        (one for recognises, one in _KNOWN if not (one.once and one.name in undone) and recognises(text)),
        None,
    )


def _refused(found: Format) -> Wrapping:
    return Wrapping(found.name, found.name, None, found.remedy)


_EXTRACT = "Extract the text of the note"
_CONVERT = "Convert it to plain text"
_TABLE = "Name it as a table"
_SPLIT = "Split it into its notes"

# The outer wrapping comes first: HL7 may contain base64, an e-mail HTML, and HTML escapes.
_KNOWN: tuple[tuple[Callable[[str], bool], Wrapping], ...] = (
    (
        placeholders.is_placeholder,
        Wrapping(
            "a placeholder",
            "a placeholder that a program wrote in place of the text",
            None,
            "Export the text itself; in SQL, CAST or CONVERT the column to text",
        ),
    ),
    (hl7.is_several, Wrapping("HL7 messages", "several HL7 messages", None, _SPLIT)),
    (hl7.is_message, Wrapping("HL7", "an HL7 message", hl7.message_text, _CONVERT)),
    (armour.is_email, Wrapping("an e-mail", "an e-mail message", None, _EXTRACT)),
    (
        armour.is_quoted_printable,
        Wrapping("quoted-printable", "quoted-printable", armour.quoted_printable_bytes, _CONVERT),
    ),
    (markup.is_cda, Wrapping("CDA", "a CDA document", markup.cda_text, _CONVERT)),
    (markup.is_text_element, Wrapping("XML", "XML", markup.element_text, _CONVERT)),
    (hypertext.is_html, Wrapping("HTML", "HTML", hypertext.html_text, _CONVERT)),
    (markup.is_xml, Wrapping("XML", "XML", None, _EXTRACT)),
    (records.is_json_text, Wrapping("a JSON string", "a JSON string", records.json_text, _CONVERT)),
    (records.is_fhir, Wrapping("FHIR", "a FHIR resource", None, _EXTRACT)),
    (records.is_json, Wrapping("JSON", "JSON", None, f"{_EXTRACT}, or name it as a table (.jsonl)")),
    (records.is_json_lines, Wrapping("a table", "a table (JSON lines)", None, _TABLE)),
    (records.is_table, Wrapping("a table", "a table", None, _TABLE)),
    (
        records.is_sql,
        Wrapping("SQL", "an SQL dump", None, "Export the table as csv, and name it as a table"),
    ),
    (records.is_several, Wrapping("several reports", "several reports", None, _SPLIT)),
    (armour.is_python_bytes, Wrapping("Python bytes", "Python bytes", armour.python_bytes, _CONVERT)),
    (armour.is_base64, Wrapping("base64", "base64", armour.base64_bytes, _CONVERT)),
    (armour.is_hexadecimal, Wrapping("hexadecimal", "hexadecimal", armour.hexadecimal_bytes, _CONVERT)),
    (armour.is_percent, Wrapping("URL encoding", "URL-encoded", armour.percent_bytes, _CONVERT)),
    (
        escapes.has_excel,
        Wrapping("Excel escapes", "text with Excel's escapes", escapes.excel, _CONVERT, once=True),
    ),
    (escapes.has_hl7, Wrapping("HL7 escapes", "text with HL7's escapes", escapes.hl7, _CONVERT)),
    (escapes.has_entities, Wrapping("XML escapes", "text with XML's escapes", escapes.entities, _CONVERT)),
    (
        escapes.has_line_ends,
        Wrapping("escaped line ends", "text with escaped line ends", escapes.line_ends, _CONVERT),
    ),
)
