"""What a text is taken for, and that plain clinical text is taken for nothing else."""

from __future__ import annotations

from contextlib import suppress
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.errors import NoteError
from clem_icd.texts import plain_text
from clem_icd.texts.hypertext import html_text
from clem_icd.texts.plain import unwrapped
from clem_icd.texts.wrappings import _KNOWN, wrapping_of

# Each has something of a format, and all are what clinicians type, dictate or paste.
PLAIN = {
    "vertebral levels": "BSV 4\\5 re., motor 4\\5 li. Reflexes 2\\2.",
    "a path of Windows": "Scan saved as C:\\E\\scan. See D:\\new\\notes\\nora.doc and E:\\F\\x.",
    "a path of a server": "Images on \\\\server\\new\\notes\\today",
    "backslashes between words": "and\\or, c\\o pain, w\\ fever, T\\N\\M staging",
    "percentages": "EF=45%, SpO2 98% on RA, FiO2=40%",
    "equals signs": "pH=7.35 pCO2=40",
    "equals signs and two digits": "BUN=20\nGlu=20\nEF=45\nHR=80",
    "an underline": "ASSESSMENT\n==========\nCOPD.\nPLAN\n====\nHome.",
    "3D": "ECHO=3D TEE, US=3D and CT=3D reconstruction",
    "less than": "BP < 90, HR > 120",
    "A&O": "A&O x3, R&L, PT&OT, D&C; H&P on file; AT&T; &c.",
    "de-identified dates": "[**2101-10-20**] Admitted by [**Last Name (un) 1234**].",
    "p values": "p <0.05 and >3, <b and >c, x<y>z, <3 beats>, <-->",
    "arrows": "K 2.9 -> 3.4, pain <- chest, Na <=> 140, <<sepsis>>",
    "a lone brace": "Judgment normal. }\nASSESSMENT: Hypertension, stable.",
    "braces": "{patient name} seen {date}. {no fever}",
    "braces like JSON": '{"assessment": stable, plan: home}',
    "brackets": "[x] pain\n[ ] fever\n[x] cough",
    "a list in brackets": "[1, 2, 3]",
    "problems with commas": "Problems: CHF, COPD, CKD\nAllergies: penicillin, sulfa, latex\n",
    "problems with bars": "CHF | COPD | CKD\nHTN | DM2 | OSA\n",
    "a laboratory table": "Date\tWBC\tHgb\n01/02\t7.1\t12.0\n01/03\t8.0\t11.2\n",
    "a table with a note": "Patient was seen.\nDate,WBC\n1,2\n3,4\n",
    "medications": "1. Aspirin 81 mg PO daily\n2. Metoprolol 25 mg BID\n3. Insert into left nostril daily",
    "an instruction first": "Insert into right eye q4h.\nCreate table of intake and output.",
    "blanks of MIMIC-IV": "Name: ___ Unit No: ___\nDate of Birth: ___ Sex: F",
    "only a line": "_" * 40,
    "only a divider": "-" * 40 + "\n" + "-" * 40,
    "only stars": "*" * 60,
    "one word": "Pneumonia",
    "one quoted word": '"Pneumonia"',
    "a long word": "Pseudopseudohypoparathyroidism",
    "a word of 45 letters": "Pneumonoultramicroscopicsilicovolcanoconiosis",
    "words in lines": "Hypertension\nDiabetes\nPneumonia\nAtelectasis",
    "words of one length in lines": "Asthma\nSepsis\nStroke\nAngina\nAnemia",
    "numbers in lines": "12345678\n87654321\n11112222\n33334444",
    "a long number": "454647484950515253545556",
    "an address of the Web": "https://example.org/a%20long%20name%20of%20a%20scan.pdf",
    "addresses of the Web": "See https://example.org/q?a=1&b=2#c and www.example.org/%20x%20y",
    "a path": "/records/2101/october/discharge%20summaries%20of%20October",
    "a specimen": "Specimen: skin\nReceived: from OR in formalin\nReported: 3/4\n\nBenign nevus.",
    "headings": "From: ED\nTo: ICU\nSubject: transfer\nDate: 3/4\n\nPatient transferred.",
    "a receptor": "PAR1 antagonist stopped. GIF8, BZh and FEA1 are no files.",
    "marked names": "<NAME>Doe</NAME> was seen by <NAME>Roe</NAME>",
    "marked dates": "Seen on <DATE>3/4</DATE> for chest pain.",
    "angle brackets": "<patient name> was admitted. <hospital> discharge <date>",
    "marks of de-identification": "Call <PHONE>, seen by <NAME> on <DATE> at <ADDRESS> by <TITLE> <NAME>",
    "limits": "plt <LLN, Hb >ULN, Na <normal. K >4, p <b and K > 4",
    "folders beside this one": "Scanned to ..\\notes\\new, see ..\\notes\\old; at \\noon and \\night",
    "a section of another format": "MSH deferred. PID: pelvic inflammatory disease | OBX normal",
    "PID": "PID | no\nPregnant | no",
    "semicolons": "Dx: CHF; COPD; CKD\nRx: aspirin; statin",
    "bytes by name": "b'day 3/4, b\"x",
    "a quotation": '"I feel \\"fine\\" today", she said. "No pain."',
    "an escape": "pain 3\\10, worse at night\\n",
    "one mark of an end": "[Report de-identified by the hospital]\nNo acute disease.",
    "an Excel-like name": "file_x0041_scan and _x00 and x000D",
    "an entity alone": "Taken for &; and &amp and &#; and &amp",
    "a sum": "#NAME? was in the sheet; see (BLOB) and [B@27308eb0 in the file",
    "umlauts": "Übelkeit, Ödeme bds., 5 µg, 38,5 °C, naïve",
    "Chinese": "患者因肺炎入院\uff0c既往高血压病史。",
    "Windows line ends": "No fever.\r\nNo pain.\r\n\r\nHome.",
    "indented": "  No fever.\n\tNo pain.\n ",
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_clinical_text_passes_unchanged(name: str) -> None:
    text = PLAIN[name]

    assert [one.name for recognises, one in _KNOWN if recognises(text)] == []
    plain = plain_text(text, wrapped="refuse")
    assert (plain.text, plain.wrappings) == (text, ())


def test_all_plain_clinical_texts_in_one_note_pass_unchanged() -> None:
    text = "\n\n".join(PLAIN.values())

    assert plain_text(text, wrapped="refuse").text == text


@pytest.mark.parametrize("name", PLAIN)
def test_one_tag_in_plain_clinical_text_changes_nothing_else(name: str) -> None:
    text = PLAIN[name]

    assert html_text(f"{text}\n<b>Plan</b>: home") == f"{text}\nPlan: home"


def test_every_wrapping_has_a_remedy_and_names_that_fit_sentences() -> None:
    for _, one in _KNOWN:
        assert one.remedy
        assert one.name.strip(".") == one.name
        assert one.full_name


# What the recognisers look for, in any order: far more often at their limits than any text.
MARKS = [
    "<", ">", "</", "<p>", "</p>", "<br>", "<TEXT><![CDATA[", "]]></TEXT>", "<ClinicalDocument>", "<?xml ",
    "\\", "\\.br\\", "\\E\\", "\\X0D\\", "\\n", "&", "&lt;", "&#13;", "&#x110000;", "&#0;", "=", "=3D",
    "=C3=9", "=\n", "%20", "%", "{", "}", "[", "]", '"', "'", "b'", "0x", "4f", "MSH|^~\\&|", "OBX|1|TX|||",
    "OBX|1|ED|||^^^Base64^", "PID|1|", "\r", "\n", "\t", ",", ";", "|", "id", "text", "_x000D_", "_xD83D_",
    "{\\rtf1", "%PDF-", "PAR1", "\0", "\ud83d", "\udc80", "\ufeff", "\ufffd", "é", "[report_end]", "QUJD",
    "data:text/plain;base64,", "INSERT INTO t VALUES", "MIME-Version: 1.0\n", "[B@1", " ", "a",
]  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.one_of(st.sampled_from(MARKS), st.text(max_size=5)), max_size=12).map("".join))
def test_recognition_never_raises(text: str) -> None:
    found = wrapping_of(text)

    assert found is None or found.remedy


# Texts of one million characters that make a careless expression search again from every place.
LONG = {
    "paragraphs": "<p>",
    "ends": "</p>",
    "attributes": '<p a="',
    "elements": "<a><",
    "blanks": " ",
    "equals signs": "=",
    "soft line ends": "= \n",
    "backslashes": "\\",
    "escapes of HL7": "\\E\\.br",
    "ampersands": "&a",
    "letters": "aB1",
    "hexadecimal digits": "4f",
    "quotation marks": "b'",
    "brackets": "[",
    "braces": '{"a":',
    "words": "no fever, ",
    "dotted names": "a.",
}


BEGUN = {
    "a mailbox": ("From ", "a@"),
    "Python bytes": ("b'", "\\\\"),
    "a JSON string": ('"', '\\"'),
    "an element": ("<a>", "</a "),
    "HL7": ("MSH|^~\\&|\r", "OBX|1|TX|||a\r"),
    "a table": ("id,text\n", "1,2\n"),
    "a comment of SQL": ("--", "\n\n--"),
    "a data URI": ("data:a/b", ";a"),
}


@pytest.mark.parametrize(("start", "unit"), [*(("", unit) for unit in LONG.values()), *BEGUN.values()])
def test_a_million_characters_are_recognised_in_a_second(start: str, unit: str) -> None:
    text = (start + unit * 1_000_000)[:1_000_000]
    before = process_time()
    with suppress(NoteError):
        unwrapped(text)

    assert process_time() - before < 1
