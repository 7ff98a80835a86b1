"""HTML: its text, of which no word is lost, and plain texts in angle brackets."""

from __future__ import annotations

import re
from contextlib import suppress
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.errors import NoteError
from clem_icd.texts import PlainText, plain_text
from clem_icd.texts.hypertext import html_text, is_html

CONVERTED = {
    "marked line ends": (
        "No fever.<br>No pain.<BR/>\nBP < 90 <br />",
        "No fever.\nNo pain.\nBP < 90\n",
    ),
    "paragraphs": ("<p>No  fever.</p><p>BP &lt; 90,<b> K</b> 2.9</p>", "No fever.\nBP < 90, K 2.9"),
    "a list and a table": (
        "<div>Labs<ul><li>K</li><li>Na</li></ul><table><tr><td>K</td><td>2.9</td></tr></table></div>",
        "Labs\nK\nNa\nK 2.9",
    ),
    "preformatted text": ("<pre>K   2.9\nNa  140</pre>", "K 2.9\nNa 140"),
    "a page": (
        "<!DOCTYPE html><html><head><title>x</title><style>p {}</style></head>"
        "<body><script>x</script>No fever.</body></html>",
        "No fever.",
    ),
    "a head and a body without end": ("<html><head><title>x</title><body>No fever.", "No fever."),
    "attributes": ('<p class="a" data-x="1">No fever.</p>', "No fever."),
    "an unescaped sign": ("<p>BP < 90 and p <0.05</p>", "BP < 90 and p <0.05"),
    "a prolog and a comment": (
        '<?xml version="1.0"?>\n<!-- x -->\n<!DOCTYPE html PUBLIC "x">\n'
        '<html lang="en"><body>No fever.</body></html>',
        "No fever.",
    ),
    "tags of Word": (
        "<div><p class=MsoNormal><![if !supportLists]>1. <![endif]>No<o:p></o:p> fever.</p></div>",
        "1. No fever.",
    ),
    "line ends in preformatted text": ("<div>a\nb<pre>c\nd</pre>e\nf</div>", "a b\nc\nd\ne f"),
    "values below a limit": (
        "<p>plt <LLN, Na <normal. <b>K</b> >4, seen by <NAME> on <DATE></p>",
        "plt <LLN, Na <normal. K >4, seen by <NAME> on <DATE>",
    ),
    "one bold word in a note with its own layout": (
        "Labs:\n  plt <LLN,  Hb 9\n\n<b>Na</b> <normal. K >4, call <PHONE>\n",
        "Labs:\n  plt <LLN,  Hb 9\n\nNa <normal. K >4, call <PHONE>\n",
    ),
    "blocks in a note with its own layout": (
        "Seen  today.<p>No fever.</p>K <5\n  Home",
        "Seen  today.\nNo fever.\nK <5\n  Home",
    ),
    "marked names in a page": (
        "<div><ADDRESS>Rose Lane</ADDRESS> at <TIME></div>",
        "<ADDRESS>Rose Lane</ADDRESS> at <TIME>",
    ),
    "a value of a form": ('<div>Dx: <input value="Pneumonia"></div>', 'Dx: <input value="Pneumonia">'),
    "a word that is no tag": ("<p>p <b and K > 4</p>", "p <b and K > 4"),
    "ampersands": ("<p>PT&notes, A&O, R&amp;D &lt; 3</p>", "PT&notes, A&O, R&D < 3"),
    "a script without end": ("<div><script>No fever.</div>", "No fever."),
    "a style without end": ("<div><style>No fever.<p>Pain.<style>p {}</style></div>", "No fever.\nPain."),
    "a head without end": ("<html><head>No fever.<p>Pain.</p></html>", "No fever.\nPain."),
    "a comment without end": ("<div>No fever. <!-- Pain.</div>", "No fever. <!-- Pain."),
    "a comment": ("<div>No <!-- <script> -->fever.<script>x</script></div>", "No fever."),
}


@pytest.mark.parametrize("name", CONVERTED)
def test_the_text_in_html_is_the_note(name: str) -> None:
    text, expected = CONVERTED[name]
    assert plain_text(text) == PlainText(expected, ("HTML",))


def test_html_without_text_is_refused() -> None:
    with pytest.raises(NoteError, match="is empty without HTML"):
        plain_text("<p> </p>")


@pytest.mark.parametrize(
    "text",
    [
        "<p>", "a <b and c> d", "</p>", "<patient>x</patient>", "<br", "x<y>z", "<p", "</b> and <b>",
        "plt <LLN, K >4", "<NAME>", "<b>", "<html and> x", "<br and more>",
    ],
)  # fmt: skip
def test_angle_brackets_are_not_html(text: str) -> None:
    assert not is_html(text)


TAGS = [
    "<p>", "</p>", "<b>", "</b>", "<br>", "<div>", "</div>", "<td>", "<pre>", "</pre>", '<p class="a">',
    "<script>", "<style>", "<head>", "<html>", "<body>", "</body>", "<!doctype html>", "<!--", "<p", "<b",
    "<", ">", "</", "<![if x]>", "<NAME>", "<LLN", "<title>", "<a ", "&lt;", "&", "\n", "  ",
]  # fmt: skip


@pytest.mark.parametrize("start", ["", "<div>", "<html>", "No fever. "])
@settings(max_examples=200)
@given(pieces=st.lists(st.sampled_from([*TAGS, *(f"word{number} " for number in range(9))]), max_size=20))
def test_no_word_is_lost(start: str, pieces: list[str]) -> None:
    text = f"{start}<b>word10</b>{''.join(pieces)}"
    words = re.compile(r"word\d+|LLN|NAME")

    assert words.findall(html_text(text)) == words.findall(text)
    with suppress(NoteError):
        assert words.findall(plain_text(text).text) == words.findall(text)


@pytest.mark.parametrize(
    "unit",
    [
        "<a ",
        "<p a=",
        '<p a="b" ',
        "<!--",
        "<script>",
        "<style>x",
        "<head><style>",
        "<br",
        " ",
        "\t",
        "<p>",
        "<b>x</b>",
    ],
)
@pytest.mark.parametrize("start", ["<br>", "<div>x</div>", "x<br> "])
def test_time_grows_with_length_alone(start: str, unit: str) -> None:
    text = (start + unit * 300_000)[:300_000] + "<b>x</b>"
    before = process_time()
    assert is_html(text)
    html_text(text)

    assert process_time() - before < 1
