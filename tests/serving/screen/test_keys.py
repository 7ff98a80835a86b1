"""The keys are the same in the script, on the buttons, and in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

SCREEN = Path(__file__).parents[3] / "src/clem_icd/serving/screen"
PAGE = Path(__file__).parents[3] / "docs/reference/review-screen.md"

KEYS = {
    act: (key, does)
    for key, act, does in re.findall(
        r'^  \["(.+?)", "(\w+)", "(.+)"\],$', (SCREEN / "static/keys.js").read_text("utf-8"), re.MULTILINE
    )
}


def test_every_key_has_one_act() -> None:
    assert len(KEYS) > 15
    assert len({key for key, _ in KEYS.values()}) == len(KEYS)
    script = (SCREEN / "static/review.js").read_text("utf-8")
    acts = set(
        re.findall(r"^  (\w+)(?:: \(\) =>|: goOn|,$)", script.partition("const ACTS = {")[2], re.MULTILINE)
    )
    assert set(KEYS) - acts == {"tab"}


def test_the_reference_lists_the_keys() -> None:
    listed = re.findall(r"^\| `(.+?)` \| (.+?) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert listed == list(KEYS.values())


def test_buttons_show_their_keys() -> None:
    page = (SCREEN / "templates/encounter.html").read_text("utf-8")
    written = dict(re.findall(r'data-act="(\w+)" aria-keyshortcuts="(.+?)"', page))
    written |= dict(re.findall(r'button\("(\w+)", "[^"]+", "(.+?)"', page))
    written.pop("act", None)
    assert {act: KEYS[act][0] for act in written} == written
    assert set(KEYS) - set(written) == {"tab", "poa", "comment"}
