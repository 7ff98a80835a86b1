"""CDA documents and other XML."""

from __future__ import annotations

import base64

import pytest

from clem_icd.texts import PlainText, plain_text
from clem_icd.texts.markup import is_xml
from refusals import CANARY, assert_refused


def cda(body: str) -> str:
    return (
        '<?xml version="1.0"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Report</title>'
        f"<component>{body}</component></ClinicalDocument>"
    )


def section(body: str) -> str:
    return cda(f"<structuredBody><component><section>{body}</section></component></structuredBody>")


def scan(content: str, kind: str, representation: str = ' representation="B64"') -> str:
    return cda(f'<nonXMLBody><text mediaType="{kind}"{representation}>{content}</text></nonXMLBody>')


ENCODED = base64.b64encode(b"No fever today.").decode()

CONVERTED = {
    "CDA": (
        section("<title>Plan</title><text>Home.<br/>Aspirin &amp; statin.<list><item>K</item></list></text>"),
        "Plan\nHome.\nAspirin & statin.\nK",
        "CDA",
    ),
    "CDA with a table": (
        section("<text><table><tr><th>K</th><td>2.9</td></tr></table><paragraph>Home</paragraph>x</text>"),
        "K 2.9\nHome\nx",
        "CDA",
    ),
    "CDA in CDA": (
        section("<text>a</text><component><section><text>b</text></section></component>"),
        "a\nb",
        "CDA",
    ),
    "CDA, nested deeply": (section(f"<text>{'<a>' * 20_000}x{'</a>' * 20_000}</text>"), "x", "CDA"),
    "CDA, a text in base64": (scan(ENCODED, "text/plain"), "No fever today.", "CDA"),
    "CDA, a text as it is": (scan("No fever.", "text/plain", ""), "No fever.", "CDA"),
    "i2b2": (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<deIdi2b2>\n<TEXT><![CDATA[\n'
        "Record  date: 2080\nPneumonia & BP < 90.\n]]></TEXT>\n"
        '<TAGS><NAME id="P0" text="x"/></TAGS>\n</deIdi2b2>',
        "\nRecord  date: 2080\nPneumonia & BP < 90.\n",
        "XML",
    ),
}

REFUSED = {
    "XML": (f"<note><patient>{CANARY}</patient></note>", "is XML", "Extract"),
    "XML with a prolog": (f"<?xml version='1.0'?><a>{CANARY}</a>", "is XML", "Extract"),
    "CDA with a scan": (scan("JVBERi0x", "application/pdf"), "such as a scan (application/pdf)", "Extract"),
    "CDA with a long type": (scan("JVBERi0x", f"{CANARY} /pdf"), "such as a scan.", "Extract"),
    "CDA without a body": (cda(CANARY), "CDA document without sections", "Extract"),
    "CDA with a malformed file": (scan(f"{CANARY}!", "text/plain"), "malformed file", "Extract"),
    "CDA with RTF": (
        scan(base64.b64encode(b"{\\rtf1 x}").decode(), "text/rtf"),
        "wrapped in CDA, and is an RTF document",
        "Save it as plain text",
    ),
    "CDA without text": (section("<text> </text>"), "is empty without CDA", "Leave it out"),
    "CDA with entities": (
        f"<!DOCTYPE x [<!ENTITY a '{CANARY}'>]><ClinicalDocument>&a;</ClinicalDocument>",
        "definitions of its own",
        "Extract",
    ),
    "CDA cut off": (section(f"<text>{CANARY}</text>")[:-20], "not one well-formed document", "repair"),
    "two CDA documents": (section("<text>a</text>") * 2, "not one well-formed document", "Split"),
}


@pytest.mark.parametrize("name", CONVERTED)
def test_the_text_in_markup_is_the_note(name: str) -> None:
    text, expected, wrapping = CONVERTED[name]
    assert plain_text(text) == PlainText(expected, (wrapping,))


@pytest.mark.parametrize("name", REFUSED)
def test_markup_that_is_not_one_note_is_refused(name: str) -> None:
    assert_refused(*REFUSED[name])


@pytest.mark.parametrize(
    "text", ["<3 beats>", "<NAME>Doe</NAME> seen by <NAME>Roe</NAME>", "<a> x", "x <a>y</a>", "<a>x</b>", "<"]
)
def test_marked_names_are_not_xml(text: str) -> None:
    assert not is_xml(text)
