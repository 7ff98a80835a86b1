"""HTML, CDA documents and other XML, and the text in them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

from clem_icd.errors import NoteError

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAGS = "html|body|p|div|span|table|tr|td|ul|ol|li|b|i|u|h[1-6]|font|pre|strong|em|center|section|article"
_OPENED = re.compile(rf"<({_TAGS})(?:\s[^<>]*)?>", re.IGNORECASE)
_CLOSED = re.compile(rf"</({_TAGS})\s*>", re.IGNORECASE)
_DOCTYPE = re.compile(r"\s*<!doctype html", re.IGNORECASE)

_XML = re.compile(r"\s*(?:<\?xml\s|<([A-Za-z][\w:.-]*)(?:\s[^<>]*)?>.*</\1\s*>\s*\Z)", re.DOTALL)
_CDA = re.compile(r"<(?:\w+:)?ClinicalDocument[\s>]")
_TEXT_ELEMENT = re.compile(r"<TEXT>\s*<!\[CDATA\[", re.IGNORECASE)
_ENTITY_DEFINITION = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)

_BLOCKS = {
    "address", "article", "body", "caption", "center", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3",
    "h4", "h5", "h6", "header", "hr", "item", "li", "list", "ol", "p", "paragraph", "pre", "section", "table",
    "tbody", "text", "thead", "title", "tr", "ul",
}  # fmt: skip
_CELLS = {"td", "th"}
_UNSEEN = {"script", "style", "head"}


def is_html(text: str) -> bool:
    """Return whether a text is HTML: it has ``<br>``, or an element of HTML with its end."""
    if "<" not in text:
        return False
    return _BREAK.search(text) is not None or _has_elements(text)


def html_text(text: str) -> str:
    """Return the text of HTML, a line per paragraph, item or row."""
    if not _has_elements(text):
        # Plain text in which only the line ends were marked.
        return re.sub(r"[ \t]*<br\s*/?>(?:\r?\n)?", "\n", text, flags=re.IGNORECASE)
    reader = _Html()
    reader.feed(text)
    reader.close()
    return reader.lines.text()


def is_cda(text: str) -> bool:
    """Return whether a text is a CDA document: clinical notes in XML (HL7 CDA release 2)."""
    return "ClinicalDocument" in text and text.lstrip().startswith("<") and _CDA.search(text) is not None


def cda_text(text: str) -> str:
    """Return the titles and narratives of a CDA document's sections.

    Raises
    ------
    NoteError
        If it is not one well-formed document, or has no sections.

    """
    lines = _Lines()
    sections = [one for one in _parsed(text, "a CDA document").iter() if _local(one) == "section"]
    for section in sections:
        for part in section:
            if _local(part) in ("title", "text"):
                _write(part, lines)
                lines.end()
    if not sections:
        raise NoteError(
            "is a CDA document without sections, such as a scan", remedy="Extract the text of the note"
        )
    return lines.text()


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
    """Return whether a text is XML."""
    return text.lstrip().startswith("<") and _XML.match(text) is not None


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


class _Html(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines = _Lines()
        self._unseen = 0
        self._kept = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._unseen += tag in _UNSEEN
        self._kept += tag == "pre"
        self._boundary(tag)

    def handle_endtag(self, tag: str) -> None:
        self._unseen = max(0, self._unseen - (tag in _UNSEEN))
        self._kept = max(0, self._kept - (tag == "pre"))
        if tag != "br":
            self._boundary(tag)

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        first, *rest = data.split("\n") if self._kept else [data]
        self.lines.add(first)
        for line in rest:
            self.lines.end()
            self.lines.add(line)

    def _boundary(self, tag: str) -> None:
        if tag in _BLOCKS or tag == "br":
            self.lines.end()
        elif tag in _CELLS:
            self.lines.add(" ")


def _has_elements(text: str) -> bool:
    if _DOCTYPE.match(text) is not None:
        return True
    opened, closed = ({name.lower() for name in one.findall(text)} for one in (_OPENED, _CLOSED))
    return bool(opened & closed)


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
    name = _local(element)
    if name in _BLOCKS:
        lines.end()
    elif name in _CELLS:
        lines.add(" ")
    lines.add(element.text or "")
    for child in element:
        _write(child, lines)
        lines.add(child.tail or "")
    if name in _BLOCKS or name == "br":
        lines.end()


def _local(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]
