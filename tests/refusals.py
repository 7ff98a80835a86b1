"""What every refusal of a note must keep to."""

from __future__ import annotations

import pytest

from clem_icd.errors import NoteError
from clem_icd.texts import plain_text

CANARY = "SECRETPATIENT"
"""Stands for the text of a note, which no message may repeat."""


def assert_refused(text: str, words: str, remedy: str) -> None:
    """Fail unless the text is refused in these words, with this remedy, and is not repeated."""
    with pytest.raises(NoteError) as caught:
        plain_text(text)
    assert words in str(caught.value)
    assert remedy in str(caught.value.remedy)
    assert CANARY not in str(caught.value)
