"""Inputs in the place of a note: other formats, other encodings, several notes, folders."""

from __future__ import annotations

import base64

from wild.making import NOTE, Input, as_csv, folder, note, texts

KNOWN = "known"
GITHUB = "https://github.com/"

_LONGER = f"{NOTE} Type 2 diabetes mellitus, on metformin."
_HL7 = "MSH|^~\\&|A|B|C|D|20260101||MDM^T02|1|P|2.5\r"
_CDA = '<ClinicalDocument xmlns="urn:hl7-org:v3"><component>{}</component></ClinicalDocument>'

NOTE_INPUTS = (
    Input("base64", "a note in base64", KNOWN, note(base64.b64encode(_LONGER.encode()))),
    Input(
        "cda",
        "a CDA document",
        KNOWN,
        note(_CDA.format(f"<section><title>Course</title><text>{_LONGER}</text></section>"), name="note.xml"),
    ),
    Input("html", "an HTML page", KNOWN, note(f"<html><body><p>{NOTE}<br>Fever.</p></body></html>")),
    Input("hl7", "an HL7 message", KNOWN, note(f"{_HL7}OBX|1|FT|1^Note||{NOTE}\\.br\\Fever.||||||F\r")),
    Input("hl7-escapes", "HL7's line ends in a text", KNOWN, note(f"{NOTE}\\.br\\Fever.")),
    Input("excel-escapes", "Excel's line ends in a text", KNOWN, note(f"{NOTE}_x000D_\nFever.")),
    Input("pdf", "a PDF", KNOWN, note(b"%PDF-1.4\n%\xe2\xe3\n", name="note.pdf")),
    Input("plain", "a plain note", KNOWN, note(NOTE)),
    Input(
        "utf16-without-mark",
        "UTF-16 without its mark",
        f"{GITHUB}jsoizo/kotlin-csv/issues/77",
        note(NOTE.encode("utf-16-le")),
    ),
    Input(
        "utf32",
        "UTF-32, whose mark begins like that of UTF-16",
        f"{GITHUB}virgiliojr94/book-to-skill/pull/65",
        note(NOTE.encode("utf-32")),
    ),
    Input(
        "ebcdic",
        "a file from a mainframe",
        "https://www.vedit.com/wiki/EBCDIC_Editing",
        note(NOTE.encode("cp037")),
    ),
    Input(
        "decoded-twice",
        "text that was decoded in the wrong encoding before",
        f"{GITHUB}rspeer/python-ftfy/issues/103",
        note("\u00dcbelkeit, Pneumonie.".encode().decode("cp1252")),
    ),
    Input(
        "hl7-batch",
        "a batch with the messages of two patients",
        f"{GITHUB}phatboyg/Machete/issues/45",
        note(
            f"FHS|^~\\&|A|B\rBHS|^~\\&|A|B\r{_HL7}OBX|1|TX|||Pneumonia.\r{_HL7}OBX|1|TX|||Fracture.\rBTS|2\r"
        ),
    ),
    Input(
        "hl7-hexadecimal",
        "line ends in hexadecimal, one or two bytes wide",
        f"{GITHUB}ruby-hl7/ruby-hl7/issues/80",
        note("Labs:\\X0D\\\\X0A\\K 2.9 low\\X000d\\Plan: KCl"),
    ),
    Input(
        "hl7-twice",
        "text escaped twice",
        f"{GITHUB}Efferent-Health/HL7-V2/issues/40",
        note("BP 120\\E\\T\\E\\80,\\E\\.br\\E\\aspirin"),
    ),
    Input(
        "hl7-lookalike",
        "backslashes that a physician typed",
        f"{GITHUB}Efferent-Health/HL7-dotnetcore/issues/77",
        note("BSV 4\\5 re., motor 4\\5 li. Path: C:\\E\\scan."),
    ),
    Input(
        "rtf",
        "an RTF document",
        f"{GITHUB}maziyarpanahi/openmed/issues/856",
        note("{\\rtf1\\ansi Aufnahme bei Pneumonie.\\par}"),
    ),
    Input(
        "lone-brace",
        "a plain note with one brace",
        f"{GITHUB}joshy/striprtf/issues/55",
        note("Judgment normal. }\nASSESSMENT: Hypertension."),
    ),
    Input(
        "word",
        "a Word document",
        f"{GITHUB}microsoft/markitdown/issues/230",
        note(b"PK\x03\x04\x14\0[Content_Types].xml word/document.xml", name="note.docx"),
    ),
    Input(
        "fhir",
        "a FHIR DocumentReference",
        f"{GITHUB}StanfordSpezi/SpeziFHIR/pull/32",
        note('{"resourceType": "DocumentReference", "content": []}', name="note.json"),
    ),
    Input(
        "cda-with-pdf",
        "a CDA document with a PDF as its body",
        f"{GITHUB}metriport/metriport/issues/435",
        note(_CDA.format('<nonXMLBody><text mediaType="application/pdf">JVBERi0=</text></nonXMLBody>')),
    ),
    Input(
        "n2c2",
        "a note of n2c2 in XML",
        f"{GITHUB}GEMINI-Medicine/pyDeid/issues/13",
        note(f'<?xml version="1.0"?>\n<deIdi2b2>\n<TEXT><![CDATA[\n{NOTE} BP < 90.\n]]></TEXT></deIdi2b2>'),
    ),
    Input(
        "python-bytes",
        "what Python prints for bytes",
        f"{GITHUB}pandas-dev/pandas/issues/9712",
        note("b'Admitted with pneumonia.\\nKnown \\xc3\\x9cbelkeit.'"),
    ),
    Input(
        "hexadecimal",
        "a binary column as SQL Server exports it",
        f"{GITHUB}t8y2/dbx/issues/7471",
        note(f"0x{NOTE.encode().hex()}"),
    ),
    Input(
        "placeholder",
        "the address of a Java object in place of a text",
        f"{GITHUB}osalvador/ReplicaDB/issues/137",
        note("[B@27308eb0"),
    ),
    Input(
        "cerner",
        "a text that ends in Cerner's mark",
        "http://blog.brucejackson.info/2011/02/decrypting-our-cerner-blob-data.html",
        note("Pneumonia, improved.ocf_blob"),
    ),
    Input(
        "literal-line-ends",
        "line ends as two characters",
        f"{GITHUB}keepassxreboot/keepassxc/issues/7387",
        note("Admitted with pneumonia.\\nPMH: HTN\\r\\nPlan: home"),
    ),
    Input(
        "quoted-printable",
        "the body of an e-mail",
        f"{GITHUB}runbox/runbox7/issues/393",
        note("Patient mit =C3=9Cbelkeit =E2=80=93 stabil, bei Herzin=\nsuffizienz."),
    ),
    Input(
        "entities",
        "a plain text with the entities of XML",
        f"{GITHUB}griffithlab/civic-client/issues/1069",
        note("BP &lt; 90, temp &gt; 38.5, A&amp;O x3"),
    ),
    Input(
        "ligatures",
        "text copied from a PDF",
        f"{GITHUB}docling-project/docling/issues/3420",
        note("Atrial \ufb01brillation, in\ufb02ammation."),
    ),
    Input("zip", "an archive", KNOWN, note(b"PK\x03\x04\x14\0\0\0 notes/1.txt", name="notes.zip")),
    Input("table", "a table in place of a note", KNOWN, note(as_csv([{"note_id": "1", "text": NOTE}]))),
    Input("latin-1", "text in cp1252", KNOWN, note("Na\u00efve patient.".encode("cp1252"))),
    Input(
        "cell-in-html",
        "HTML in some texts of a table",
        KNOWN,
        texts("<p>Pneumonia.</p><p>Fever.</p>", "Plain."),
    ),
    Input("cell-of-rtf", "RTF in a text of a table", KNOWN, texts("{\\rtf1 Pneumonia.}")),
    Input(
        "cut-off",
        "texts cut off by a spreadsheet",
        f"{GITHUB}metabase/metabase/issues/42115",
        texts("x " * 16_383 + "x"),
    ),
    Input(
        "folder-mac",
        "a folder from a Mac",
        f"{GITHUB}quanteda/readtext/issues/89",
        folder(
            {
                "1.txt": NOTE,
                "._1.txt": b"\0\5\x16\7\0\2",
                ".DS_Store": b"\0\0\0\1Bud1",
                "__MACOSX/._1.txt": b"\0",
            }
        ),
    ),
    Input(
        "folder-windows",
        "a folder from Windows",
        f"{GITHUB}soft-matter/trackpy/issues/87",
        folder({"1.txt": NOTE, "Thumbs.db": b"\xd0\xcf\x11\xe0", "desktop.ini": "[.ShellClassInfo]"}),
    ),
    Input(
        "folder-locks",
        "a folder with open documents",
        f"{GITHUB}docling-project/docling/issues/2191",
        folder({"1.txt": NOTE, "~$1.txt": b"\5Admin\0"}),
    ),
    Input(
        "folder-capitals",
        "file names in capitals, and other suffixes",
        f"{GITHUB}pyfenn/fenn/issues/274",
        folder({"1.TXT": NOTE, "2.txt": NOTE, "3.txt.bak": NOTE}),
    ),
    Input(
        "folder-empty-files",
        "empty files in a folder",
        f"{GITHUB}DARIAH-DE/DARIAH-DKPro-Wrapper/issues/22",
        folder({"1.txt": NOTE, "2.txt": "", "3.txt": " \n"}),
    ),
    Input(
        "folder-downloads",
        "incomplete downloads in a folder",
        f"{GITHUB}MIT-LCP/mimic-code/issues/1012",
        folder({"1.txt": NOTE, "2.txt_.gstmp": NOTE}),
    ),
)
