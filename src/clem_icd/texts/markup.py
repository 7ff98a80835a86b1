"""CDA documents and other XML, and the text in them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from clem_icd.errors import NoteError

_XML = re.compile(r"\s*(?:<\?xml\s|<([A-Za-z][\w:.-]*)(?:\s[^<>]*)?>.*</\1\s*>\s*\Z)", re.DOTALL)
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,40}/[\w.+-]{1,40}", re.ASCII)
_CDA = re.compile(r"<(?:\w+:)?ClinicalDocument[\s>]")
_TEXT_ELEMENT = re.compile(r"<TEXT>\s*<!\[CDATA\[", re.IGNORECASE)
_ENTITY_DEFINITION = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)

_BLOCKS = {
    "address", "article", "body", "caption", "center", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3",
    "h4", "h5", "h6", "header", "hr", "item", "li", "list", "ol", "p", "paragraph", "pre", "section", "table",
    "tbody", "text", "thead", "title", "tr", "ul",
}  # fmt: skip
_CELLS = {"td", "th"}


def is_cda(text: str) -> bool:
    """Return whether a text is a CDA document: clinical notes in XML (HL7 CDA release 2)."""
    return "ClinicalDocument" in text and text.lstrip().startswith("<") and _CDA.search(text) is not None


def cda_text(text: str) -> str | bytes:
    """Return the titles and narratives of a CDA document's sections; the text of one without sections.

    Raises
    ------
    NoteError
        If it is not one well-formed document, or has neither sections nor a text.

    """
    lines = _Lines()
    document = _parsed(text, "a CDA document")
    sections = [one for one in document.iter() if _local(one) == "section"]
    for section in sections:
        for part in section:
            if _local(part) in ("title", "text"):
                _write(part, lines)
                lines.end()
    return lines.text() if sections else _file(document)


def is_text_element(text: str) -> bool:
    """Return whether a text is XML with one element TEXT, as in the collections of i2b2 and n2c2."""
    return "<" in text and len(_TEXT_ELEMENT.findall(text)) == 1 and text.lstrip().startswith("<")


def element_text(text: str) -> str:
    """Return the content of the element TEXT, unchanged: the offsets of those collections refer to it.

    Raises
    ------
    NoteError
        If it is not well-formed XML.

    """
    element = next(one for one in _parsed(text, "XML").iter() if _local(one).upper() == "TEXT")
    return element.text or ""


def is_xml(text: str) -> bool:
    """Return whether a text is XML: it begins as XML does, or is one element."""
    if not text.lstrip().startswith("<"):
        return False
    found = _XML.match(text)
    # A note may begin and end with a marked name: <NAME>Doe</NAME> was seen by <NAME>Roe</NAME>
    return found is not None and (
        found[1] is None or len(re.findall(rf"</{re.escape(found[1])}\s*>", text)) == 1
    )


class _Lines:
    """Text in lines: runs of blanks become one blank, and blank lines disappear."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._current: list[str] = []

    def add(self, data: str) -> None:
        self._current.append(data)

    def end(self) -> None:
        self._lines.append(" ".join("".join(self._current).split()))
        self._current = []

    def text(self) -> str:
        self.end()
        return "\n".join(filter(None, self._lines))


def _parsed(text: str, name: str) -> ElementTree.Element:
    # Definitions of entities can refer to files, and can grow without bound.
    if _ENTITY_DEFINITION.search(text):
        raise NoteError(
            f"is {name} with definitions of its own (DOCTYPE or ENTITY)",
            remedy="Extract the text of the note",
        )
    try:
        return ElementTree.fromstring(re.sub(r"\A\s*<\?xml.*?\?>", "", text, flags=re.DOTALL))  # noqa: S314
    except ElementTree.ParseError:
        raise NoteError(f"is {name}, but not one well-formed document", remedy="Split or repair it") from None


def _write(element: ElementTree.Element, lines: _Lines) -> None:
    # Without recursion, since elements can be nested as deep as a file is long.
    open_: list[tuple[ElementTree.Element, Iterator[ElementTree.Element]]] = []
    child: ElementTree.Element | None = element
    while True:
        if child is not None:
            _begin(child, lines)
            open_.append((child, iter(child)))
        else:
            done, _ = open_.pop()
            if _local(done) in _BLOCKS or _local(done) == "br":
                lines.end()
            if not open_:
                return
            lines.add(done.tail or "")
        child = next(open_[-1][1], None)


def _begin(element: ElementTree.Element, lines: _Lines) -> None:
    if _local(element) in _BLOCKS:
        lines.end()
    elif _local(element) in _CELLS:
        lines.add(" ")
    lines.add(element.text or "")


def _file(document: ElementTree.Element) -> str | bytes:
    """Return the text that a CDA document has instead of sections."""
    body = next((one for one in document.iter() if _local(one) == "nonXMLBody"), None)
    text = next((one for one in body if _local(one) == "text"), None) if body is not None else None
    kind = "" if text is None else text.get("mediaType", "")
    if text is None or not kind.startswith("text/"):
        shown = f" ({kind})" if _MEDIA_TYPE.fullmatch(kind) else ""
        raise NoteError(
            f"is a CDA document without sections, such as a scan{shown}",
            remedy="Extract the text of the note",
        )
    content = "".join(text.itertext())
    if text.get("representation") != "B64":
        return content
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except ValueError:
        raise NoteError(
            "is a CDA document with a malformed file", remedy="Extract the text of the note"
        ) from None


def _local(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]
