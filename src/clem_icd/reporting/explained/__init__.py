"""The explanation of one note for a person: marked text, and a page that links codes and words.

It takes plain data, so a screen can show what any system found. The page needs jinja2, from the extra
``report``; excerpts and segments need nothing.
"""

from clem_icd.reporting.explained.excerpt import Excerpt, excerpts
from clem_icd.reporting.explained.note import ExplainedCode, ExplainedNote, MarkedSpan
from clem_icd.reporting.explained.page import explained_html, require_page
from clem_icd.reporting.explained.segments import Segment, segments_of
from clem_icd.reporting.explained.visible import visible

__all__ = [
    "Excerpt",
    "ExplainedCode",
    "ExplainedNote",
    "MarkedSpan",
    "Segment",
    "excerpts",
    "explained_html",
    "require_page",
    "segments_of",
    "visible",
]
