"""HTML, and the text in it: no word that a browser shows is lost.

Only tags that HTML defines are markup. Anything else in angle brackets is text: ``plt <LLN``, ``<NAME>``, and
names of HTML that de-identified notes use as marks, such as ``<ADDRESS>``.
"""

from __future__ import annotations

import re

from clem_icd.texts import escapes

_BLOCKS = {
    "article", "aside", "blockquote", "body", "caption", "center", "dd", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html",
    "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul",
}  # fmt: skip
_CELLS = {"td", "th"}
_INLINE = {
    "a", "abbr", "b", "big", "col", "colgroup", "del", "em", "font", "i", "img", "ins", "mark", "o:p", "s",
    "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "wbr",
}  # fmt: skip
_BODY = _BLOCKS | _CELLS | _INLINE | {"br"}
_UNSEEN = {"script", "style", "head"}
_HEAD = _UNSEEN | {"base", "link", "meta"}

# A text with such a pair is HTML.
_PAIRED = {
    "html", "body", "p", "div", "span", "table", "tr", "td", "ul", "ol", "li", "b", "i", "u", "h1", "h2",
    "h3", "h4", "h5", "h6", "font", "pre", "strong", "em", "center", "section", "article",
}  # fmt: skip

# Words that are not attributes, as in "p <b and K > 4", make text of a tag.
_UNQUOTED = (
    "align|bgcolor|border|cellpadding|cellspacing|class|clear|color|cols|colspan|content|dir|face|height|href|"
    "hspace|http-equiv|id|lang|link|media|name|rel|rows|rowspan|rules|size|span|src|start|style|type|valign|"
    "vlink|vspace|width"
)
_ATTRIBUTE = (
    r"(?:[A-Za-z_:@][\w:.-]*+\s*+=\s*+(?:\"[^\"<>]*+\"|'[^'<>]*+')"
    rf"|(?:{_UNQUOTED})\s*+=\s*+[^\s\"'<>=`]++|(?:compact|hidden|noshade|nowrap)\b)"
)
_TAG = re.compile(
    rf"<(/?)([a-z][a-z0-9]{{0,10}}(?::p)?)(?:\s++{_ATTRIBUTE})*+\s*+/?>", re.IGNORECASE | re.ASCII
)
_TOKEN = re.compile(rf"{_TAG.pattern}|<!\[[^<>]*\]>|\s+", re.IGNORECASE)
_IN_LAYOUT = re.compile(rf"(?:(?<![ \t])[ \t]++)?{_TAG.pattern}(?:\r?\n)?", re.IGNORECASE | re.ASCII)

_COMMENT = "!--"
_BEGIN_UNSEEN = re.compile(rf"<{_COMMENT}|{_TAG.pattern}", re.IGNORECASE | re.ASCII)
_END_UNSEEN = {
    _COMMENT: re.compile("-->"),
    "script": re.compile(r"</script\s*>|<script[\s>]", re.IGNORECASE),
    "style": re.compile(r"</style\s*>|<style[\s>]", re.IGNORECASE),
    # HTML allows leaving out the end of the head.
    "head": re.compile(r"</head\s*>|<head[\s>]|(?=<body[\s>])", re.IGNORECASE),
}
_TITLE = re.compile(r"<title>[^<]*+</title\s*>", re.IGNORECASE)
_PROLOG = re.compile(
    r"[\s\ufeff]*+(?:<\?xml[^<>]*\?>\s*+)?+(?:<!--(?:[^-]|-(?!->))*+-->\s*+)*+(<!doctype\s+html\b[^<>]*+>)?",
    re.IGNORECASE,
)


def is_html(text: str) -> bool:
    """Return whether a text is HTML: it begins as HTML, or has ``<br>`` or an element with its end."""
    if "<" not in text or ">" not in text:
        return False
    _, declared, first = _start(text)
    if declared or first == "html":
        return True
    opened: set[str] = set()
    for tag in _TAG.finditer(text):
        end, name = tag[1], tag[2].lower()
        if name == "br" or (end and name in opened):
            return True
        if not end and name in _PAIRED:
            opened.add(name)
    return False


def html_text(text: str) -> str:
    """Return the text of HTML.

    A document that begins as HTML, or with a block such as ``<p>``, is laid out by its tags: a line per
    paragraph, item or row. In any other text, which has its own layout, only the tags are replaced.
    """
    start, declared, first = _start(text)
    if declared or first in _BLOCKS | _HEAD:
        return _laid_out(_seen(text[start:]))
    return _IN_LAYOUT.sub(_in_layout, text)


def _start(text: str) -> tuple[int, bool, str | None]:
    """Return where HTML begins after its prolog, whether that declares HTML, and the first element."""
    prolog = _PROLOG.match(text)
    start = prolog.end() if prolog else 0
    tag = _TAG.match(text, start)
    return start, bool(prolog and prolog[1]), tag[2].lower() if tag and not tag[1] else None


def _seen(text: str) -> str:
    """Return HTML without comments, scripts, styles and the head; one without end is kept."""
    kept: list[str] = []
    endless: set[str] = set()
    place = 0
    for begin in _BEGIN_UNSEEN.finditer(text):
        name = (begin[2] or _COMMENT).lower()
        if begin.start() < place or begin[1] or name in endless or name not in _END_UNSEEN:
            continue
        end = _END_UNSEEN[name].search(text, begin.end())
        if end is None:
            endless.add(name)
        elif _is_end(end[0]) and not (name == "head" and _has_text(text[begin.end() : end.start()])):
            kept.append(text[place : begin.start()])
            place = end.end()
    return "".join(kept) + text[place:]


def _is_end(mark: str) -> bool:
    return not mark.startswith("<") or mark.startswith("</")


def _has_text(head: str) -> bool:
    """Return whether a head has more than its title: a browser shows that as if the head had ended."""
    return _laid_out(_seen(_TITLE.sub("", head, count=1))) != ""


def _laid_out(text: str) -> str:
    preformatted = 0

    def replaced(token: re.Match[str]) -> str:
        nonlocal preformatted
        if token[2] is None:
            return "\n" if preformatted and "\n" in token[0] else "" if token[0][0] == "<" else " "
        name = token[2].lower()
        if name not in _BODY | _HEAD:
            return token[0]
        if name == "pre":
            preformatted = max(0, preformatted + (-1 if token[1] else 1))
        return "\n" if name in _BLOCKS or name == "br" else " " if name in _CELLS else ""

    lines = _TOKEN.sub(replaced, text).split("\n")
    return "\n".join(" ".join(escapes.entities(line).split()) for line in lines if line.strip())


def _in_layout(tag: re.Match[str]) -> str:
    name = tag[2].lower()
    if name in _BLOCKS or name == "br":
        return "\n"
    if name not in _BODY:
        return tag[0]
    begin, end = tag[0].index("<"), tag[0].rindex(">") + 1
    return tag[0][:begin] + (" " if name in _CELLS else "") + tag[0][end:]
