"""Escaped characters of Excel, HL7, XML and programs."""

from __future__ import annotations

import pytest

from clem_icd.texts import PlainText, plain_text
from clem_icd.texts.escapes import has_entities, has_excel, has_hl7, has_line_ends

ESCAPED = {
    "Excel": ("Pain._x000D_\nHome._x0009_x", "Pain.\nHome.\tx", ("Excel escapes",)),
    "Excel, both characters": ("Pain._x000D__x000A_Home.", "Pain.\nHome.", ("Excel escapes",)),
    "Excel, an escaped escape": ("Pain._x000D_\n_x005F_x0041_", "Pain.\n_x0041_", ("Excel escapes",)),
    "Excel, half of a pair": ("Pain._x000D_\n_xD83D_", "Pain.\n_xD83D_", ("Excel escapes",)),
    "Excel, an escaped escape of a line end": ("foo_x005F_x000D_", "foo_x000D_", ("Excel escapes",)),
    "Excel, an escape and a line end": ("a._x000D_\nfoo_x005F_x000D_", "a.\nfoo_x000D_", ("Excel escapes",)),
    "HL7": ("BP 120\\F\\80\\.br\\K 2.9\\.sp2\\end", "BP 120|80\nK 2.9\nend", ("HL7 escapes",)),
    "HL7 delimiters": ("a\\.br\\\\F\\\\S\\\\T\\\\R\\\\E\\\\H\\b\\N\\", "a\n|^&~\\b", ("HL7 escapes",)),
    "HL7 in hexadecimal": ("Labs:\\X0D\\\\X0A\\K 2.9\\X0D0A\\Home", "Labs:\nK 2.9\nHome", ("HL7 escapes",)),
    "HL7, two bytes wide": (
        "K 2.9\\X000d\\\\X0A\\Plan\\X000D000A\\\\X00E9\\t",
        "K 2.9\nPlan\nét",
        ("HL7 escapes",),
    ),
    "HL7, UTF-8 and Latin-1": ("a\\X0A\\\\XC3A9\\ \\XE9\\", "a\né é", ("HL7 escapes",)),
    "HL7, escaped twice": (
        "BP 120\\E\\T\\E\\80, meds:\\E\\.br\\E\\aspirin\\E\\X09\\E\\100 mg",
        "BP 120&80, meds:\naspirin\t100 mg",
        ("HL7 escapes", "HL7 escapes"),
    ),
    "XML": ("BP &lt; 90, A&amp;O x3, 5&nbsp;mg", "BP < 90, A&O x3, 5 mg", ("XML escapes",)),
    "XML, other characters": (
        "pt&#39;s caf&eacute; &gt; 3 &foo; A&O",
        "pt's café > 3 &foo; A&O",
        ("XML escapes",),
    ),
    "XML line ends": ("a&#13;&#10;b&#xA;c&#xD;d", "a\nb\nc\nd", ("XML escapes",)),
    "XML, escaped twice": ("BP &amp;lt; 90", "BP < 90", ("XML escapes", "XML escapes")),
    "line ends between words": (
        "Dx.\\n- CHF\\nHTN at \\noon\\n\\n2. \\Plan:\\n\\tHome, notes\\new\\today",
        "Dx.\n- CHF\nHTN at \\noon\n\n2. \\Plan:\n\tHome, notes\\new\\today",
        ("escaped line ends",),
    ),
    "line ends": ("Pneumonia.\\nPMH:\\tHTN\\r\\nHome", "Pneumonia.\nPMH:\tHTN\nHome", ("escaped line ends",)),
}


@pytest.mark.parametrize("name", ESCAPED)
def test_escapes_are_undone(name: str) -> None:
    text, expected, wrappings = ESCAPED[name]
    assert plain_text(text) == PlainText(expected, wrappings)


@pytest.mark.parametrize("text", ["x000D", "_x000D", "_x0041_", "_x00_", "MAX_x000_D"])
def test_names_with_underscores_are_not_escapes_of_excel(text: str) -> None:
    assert not has_excel(text)


@pytest.mark.parametrize(
    "text", ["4\\5", "C:\\E\\scan", "\\F\\", "T\\N\\M", "\\X41\\", "C:\\.bridge\\x", "\\\\", "\\.br", ".br\\"]
)
def test_backslashes_alone_are_not_escapes_of_hl7(text: str) -> None:
    assert not has_hl7(text)


@pytest.mark.parametrize("text", ["A&O", "A&O;", "&amp", "AT&T; R&D;", "&eacute;", "&#146;", "& lt;", "&;"])
def test_ampersands_and_entities_that_no_export_writes_alone_are_kept(text: str) -> None:
    assert not has_entities(text)


@pytest.mark.parametrize(
    "text",
    [
        "Scanned to ..\\notes\\new, see ..\\notes\\old",
        "at \\noon and \\night",
        "see .\\nA. \\nB. \\nC",
        "a\\nb",
        "a\\nb\nc\\nd",
        "C:\\new\\notes",
        "on \\\\server\\new\\notes",
        "\\t \\t \\t",
        "\\r\\r",
    ],
)
def test_one_escaped_line_end_or_a_path_is_kept(text: str) -> None:
    assert not has_line_ends(text)
