"""HL7 messages: their text, or what they are instead of one note."""

from __future__ import annotations

import base64

import pytest

from clem_icd.errors import NoteError
from clem_icd.texts import PlainText, plain_text
from clem_icd.texts.hl7 import is_message

CANARY = "SECRETPATIENT"

HEAD = "MSH|^~\\&|A|H|||20260101||MDM^T02|1|P|2.3\rPID|1||p1\r"
BATCH = "FHS|^~\\&|LAB|H\rBHS|^~\\&|LAB|H\r"

CONVERTED = {
    "a line per observation": (f"{HEAD}OBX|1|TX|n||Pneumonia.\rOBX|2|FT|n||Home.\r", "Pneumonia.\nHome."),
    "line feeds": (f"{HEAD}OBX|1|ST|||No fever.\r".replace("\r", "\r\n"), "No fever."),
    "escapes and repetitions": (
        f"{HEAD}OBX|1|TX|||BP 120\\F\\80~K 2.9\\.br\\Home\\X0D0A\\End\r",
        "BP 120|80\nK 2.9\nHome\nEnd",
    ),
    "an empty line": (f"{HEAD}OBX|1|TX|||a\rOBX|2|TX|||\rOBX|3|TX|||b", "a\n\nb"),
    "a field with line ends": (f"{HEAD}OBX|1|TX|||No fever.\nNo pain.\r", "No fever.\nNo pain."),
    "the frame of a transfer": (f"\x0b{HEAD}OBX|1|TX|||Pneumonia.\r\x1c\r", "Pneumonia."),
    "a batch of one message": (f"{BATCH}{HEAD}OBX|1|TX|||Pneumonia.\rBTS|1\rFTS|1\r", "Pneumonia."),
    "segments alone": ("OBX|1|TX|||Pneumonia.\nOBX|2|TX|||Home.", "Pneumonia.\nHome."),
    "comments": (
        f"{HEAD}NTE|1||Read at 9.\rOBX|1|TX|||Pneumonia.||||||F\rNTE|1|L|See CT.|RE^Remark\r"
        "OBX|2|TX|||Home.\r",
        "Read at 9.\nPneumonia.\nSee CT.\nHome.",
    ),
    "all fields of an observation": (
        f"{HEAD}OBX|1|ST|n|1|Pneumonia.|||A~H|0.9|N|F|20250101|x|20260101+0100|"
        "L^Lab one|1^Roe^A B|M|E|20260101\r",
        "Pneumonia.",
    ),
    "a segment of a site": (f"{HEAD}ZDS|1.2\rOBX|1|TX|||Pneumonia.\r", "Pneumonia."),
    "a file": (
        f"{HEAD}OBX|1|ED|||^TEXT^^Base64^{base64.b64encode('Übelkeit, no fever.'.encode()).decode()}\r",
        "Übelkeit, no fever.",
    ),
    "a file without encoding": (f"{HEAD}OBX|1|ED|||^TEXT^^A^BP 120\\F\\80\r", "BP 120|80"),
}

MESSAGE = f"{HEAD}OBX|1|TX|||{CANARY}\r"

REFUSED = {
    "two messages": (MESSAGE + MESSAGE, "several HL7 messages"),
    "two indented messages": (f"  {MESSAGE}\n  {MESSAGE}", "several HL7 messages"),
    "two framed messages": (f"\x0b{MESSAGE}\x1c\r\x0b{MESSAGE}\x1c\r", "several HL7 messages"),
    "a batch": (f"{BATCH}{MESSAGE}{MESSAGE}BTS|2\rFTS|1\r", "several HL7 messages"),
    "two patients": (f"PID|1||p\rOBX|1|TX|||{CANARY}\rPID|2||q\rOBX|1|TX|||x", "several HL7 messages"),
    "a number": (f"{HEAD}NTE|1||{CANARY}\rOBX|1|NM|K||2.9\r", "observations of type NM"),
    "a number among texts": (f"{MESSAGE}OBX|2|NM|K||2.9\r", "observations of type NM, TX"),
    "a text in the place of a type": (f"{HEAD}OBX|1|{CANARY}|||x\r", "observations of type unknown"),
    "no observation": (f"{HEAD}NTE|1||{CANARY}\r", "no observations"),
    "an empty batch": (BATCH, "no observations"),
    "a malformed file": (f"{HEAD}OBX|1|ED|||^TEXT^^Base64^{CANARY}!\r", "malformed file"),
    "a PDF": (
        f"{HEAD}OBX|1|ED|||^PDF^^Base64^{base64.b64encode(b'%PDF-1.7 ' + CANARY.encode()).decode()}\r",
        "wrapped in HL7, and is a PDF document",
    ),
    "a bar on a continuation line": (
        f"OBX|1|TX|||Report begins\nHISTORY: 45yo | smoker {CANARY}",
        "line ends that are not escaped",
    ),
    "a line that looks like a segment": (f"OBX|1|TX|||Labs\nBUN|20 {CANARY}\nHome.", "does not define"),
    "text after another segment": (f"{HEAD}{CANARY}\rOBX|1|TX|||x\r", "line ends that are not escaped"),
    "a bar in the text": (f"OBX|1|TX|||BP 120 | {CANARY}", "a bar that is not escaped"),
    "a bar before the other fields": (f"OBX|1|TX|||BP|{CANARY}||||||F\r", "a bar that is not escaped"),
    "an empty column in the text": (f"OBX|1|TX|||K||2.9||{CANARY} high", "a bar that is not escaped"),
    "units": (f"OBX|1|ST|{CANARY}||<5|mg/dL\r", "fields beside its text, such as units"),
    "too many fields": (f"OBX|1|TX|||x{'|' * 21}{CANARY}", "a bar that is not escaped"),
    "a bar in a comment": (f"{MESSAGE}NTE|1||a|{CANARY} b", "a bar that is not escaped"),
    "text without its field": (f"{MESSAGE}OBX|2|{CANARY}\r", "observations of type TX, unknown"),
    "a comment beside a file": (f"{MESSAGE.replace('TX', 'ED')}NTE|1||{CANARY}\r", "observations of type ED"),
    "a deleted observation": (f"{MESSAGE}OBX|2|TX|||{CANARY}||||||D\r", "status D (deleted)"),
    "a wrong observation": (f"{MESSAGE}OBX|2|TX|||{CANARY}||||||W\r", "status W (wrong)"),
    "no text": (f"{HEAD}OBX|1|TX|||\r", "is empty without HL7"),
}


@pytest.mark.parametrize("name", CONVERTED)
def test_the_text_of_the_observations_is_the_note(name: str) -> None:
    text, expected = CONVERTED[name]
    assert plain_text(text) == PlainText(expected, ("HL7",))


@pytest.mark.parametrize("name", REFUSED)
def test_a_message_that_is_not_one_note_is_refused(name: str) -> None:
    text, words = REFUSED[name]
    with pytest.raises(NoteError) as caught:
        plain_text(text)
    assert words in str(caught.value)
    assert caught.value.remedy
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["MSH deferred", "PID | no", "PID|no|yes", "OBX|a|b", "see MSH|^~\\&|A", "MSH|normal|exam|", "BHS||"],
)
def test_abbreviations_and_bars_are_not_a_message(text: str) -> None:
    assert not is_message(text)
