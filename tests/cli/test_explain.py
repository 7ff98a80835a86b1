"""clem explain: a note on the terminal, as a page and as JSON; a split as an evidence file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.cli import explain_note
from clem_icd.corpus import Corpus
from clem_icd.reporting.explained import ExplainedNote
from fixtures.ranking import ExplainingSystem, ranking_info
from support import info_of, new_system, tiny

Invoke = Callable[..., Any]
Refused = Callable[..., str]

NOTE = "Denies pneumonia on admission.\nKnown type 2 diabetes, hypertension, at the clinic."
COLOURS = re.compile(r"\x1b\[[\d;]*m")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def lexicon(little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a model that assigns the findings it reads, and knows where they are."""
    made = ExplainingSystem(), ranking_info(little_corpus)
    monkeypatch.setattr("clem_icd.modeling.load_model", lambda folder, **_: made)
    return "MODEL"


@pytest.fixture
def short_sighted(little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a neural model that reads the first ten tokens of a note."""
    made = new_system(little_corpus, tiny(12)), info_of(little_corpus, tiny(12))
    monkeypatch.setattr("clem_icd.modeling.load_model", lambda folder, **_: made)
    return "MODEL"


@pytest.fixture
def pooled(little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a neural model with a pooled head."""
    made = new_system(little_corpus), info_of(little_corpus)
    monkeypatch.setattr("clem_icd.modeling.load_model", lambda folder, **_: made)
    return "MODEL"


def note_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "note.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_note_is_shown_with_the_code_of_every_marked_word(
    lexicon: str, clem: Invoke, tmp_path: Path
) -> None:
    note = note_of(tmp_path, NOTE)
    found = clem("explain", lexicon, note)

    assert (found.code, found.err) == (0, "")
    name, first, second, *rest = found.out.splitlines()
    assert name == str(note)
    assert first == "Denies [J18.9: pneumonia] on admission."
    assert second == "Known [E11.9: type 2 diabetes], [I10: hypertension], at the clinic."
    table = "\n".join(rest)
    assert re.search(r"J18\.9 .* yes +“pneumonia” \(negated\)", table)
    assert "The marked words are those from which each code was taken (lexicon)." in table
    assert "A code is assigned when its score exceeds 0.25. The coder decides." in table


def test_named_codes_are_explained_instead_of_the_assigned_ones(
    lexicon: str, clem: Invoke, tmp_path: Path
) -> None:
    found = clem("explain", lexicon, "--code", "i10", "--code", "N179", "--json", stdin=NOTE)
    by_code = {one["code"]: one for one in found.json["suggestions"]}
    assert list(by_code) == ["I10", "N17.9"]
    [span] = by_code["I10"]["evidence"]
    assert (NOTE[span["begin"] : span["end"]], span["cues"]) == ("hypertension", [])
    assert by_code["N17.9"]["evidence"] == []
    shown = clem("explain", lexicon, "--code", "N17.9", stdin=NOTE).out
    assert "(no words)" in shown
    assert "[" not in shown.partition("code")[0]


def test_json_has_offsets_and_no_text(lexicon: str, clem: Invoke, tmp_path: Path) -> None:
    found = clem("explain", lexicon, note_of(tmp_path, NOTE), "--json")
    assert found.json.keys() == {
        *("threshold", "decided", "method", "note", "wrappings", "remarks", "tokens", "tokens_read"),
        *("characters", "characters_read", "suggestions", "html"),
    }
    assert (found.json["method"], found.json["html"]) == ("lexicon", None)
    assert found.json["characters"] == found.json["characters_read"] == len(NOTE)
    assert "pneumonia" not in found.out


def test_overlapping_words_name_all_their_codes_and_colours_end_in_numbers(
    lexicon: str, clem: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fixtures.ranking.FINDINGS", {"I10": "chronic heart", "J18.9": "heart failure"})
    text = "Has chronic heart failure."
    plain = clem("explain", lexicon, "--code", "I10", "--code", "J18.9", stdin=text).out
    codes = clem("explain", lexicon, "--code", "I10", "--code", "J18.9", "--json", stdin=text).json
    first, second = (one["code"] for one in codes["suggestions"])
    own = {"I10": "chronic ", "J18.9": " failure"}
    assert f"Has [I10: {own['I10']}][{first}, {second}: heart][J18.9: {own['J18.9']}]." in plain

    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured = clem("explain", lexicon, "--code", "I10", "--code", "J18.9", stdin=text).out
    assert "[I10" not in coloured
    ends = {first: "¹", second: "²"}
    unstyled = COLOURS.sub("", coloured)
    assert f"Has chronic heart{ends['I10']} failure{ends['J18.9']}." in unstyled
    assert {f"{first}¹", f"{second}²"} <= set(unstyled.split())
    assert re.search(r"\x1b\[1;4;30;48;5;\d+mheart", coloured)


def test_no_colour_is_used_where_the_user_wants_none(
    lexicon: str, clem: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "[I10: hypertension]" in clem("explain", lexicon, stdin=NOTE).out


def test_of_a_long_note_only_lines_with_marked_words_are_shown(lexicon: str, clem: Invoke) -> None:
    text = "\n".join(f"filler {number}" for number in range(1, 101)).replace("filler 50", "hypertension")
    short = clem("explain", lexicon, "--code", "I10", stdin=text).out
    assert "… line 49\nfiller 49\n[I10: hypertension]\nfiller 51\n… 100 lines in all; --all shows" in short
    assert "filler 48" not in short
    whole = clem("explain", lexicon, "--code", "I10", "--all", stdin=text).out
    assert "filler 1\nfiller 2\n" in whole
    assert "filler 100" in whole
    assert "…" not in whole


def test_a_note_cannot_control_the_terminal(lexicon: str, clem: Invoke) -> None:
    shown = clem("explain", lexicon, stdin=b"No \x1b[2Jhypertension\x1b]0;x today and so on.").out
    assert "\x1b" not in shown
    assert "No \N{SYMBOL FOR ESCAPE}[2J[I10: hypertension]" in shown


def test_a_note_without_assigned_codes_says_how_to_see_others(lexicon: str, clem: Invoke) -> None:
    found = clem("explain", lexicon, "--threshold", 0.999, stdin="A quiet night.")
    assert found.code == 0
    assert "No code is assigned. Explain the most probable ones with --top." in found.out


def test_what_is_not_read_is_said_with_its_offset(short_sighted: str, clem: Invoke, tmp_path: Path) -> None:
    text = "Seen today. " * 30
    found = clem("explain", short_sighted, "--code", "I10", "--json", stdin=text)
    read = found.json["characters_read"]
    assert 0 < read < found.json["characters"] == len(text)
    assert f"Only the first {read:,} of {len(text):,} characters were read" in found.err
    assert all(span["end"] <= read for span in found.json["suggestions"][0]["evidence"])
    page = tmp_path / "note.html"
    assert clem("explain", short_sighted, "--code", "I10", "--html", page, stdin=text).code == 0
    assert "Not read to the end." in page.read_text(encoding="utf-8")


def test_the_method_and_the_cut_can_be_chosen(short_sighted: str, clem: Invoke) -> None:
    explain = ("explain", short_sighted, "--code", "I10", "--method", "input-x-gradient", "--json")
    text = "Seen today with stable vital signs."
    few, many = (clem(*explain, "--cut", cut, stdin=text).json for cut in (0.9, 0.001))
    assert few["method"] == few["explanation"]["method"] == "input-x-gradient"
    assert few["explanation"]["rule"]["cut"] == 0.9
    assert few["suggestions"][0]["evidence"] == []
    assert many["suggestions"][0]["evidence"] != []
    shown = clem(*explain[:-1], "--cut", 0.9, stdin=text).out
    assert "(no words above the cut)" in shown
    assert "those with more than 90 % of the support for a code (input-x-gradient)" in shown


def test_a_page_is_written_and_the_note_not_printed(
    lexicon: str, clem: Invoke, refused: Refused, tmp_path: Path
) -> None:
    page = tmp_path / "note.html"
    found = clem("explain", lexicon, "--html", page, stdin=NOTE)
    assert (found.code, found.out) == (0, f"Wrote {page}\n")
    assert "type 2 diabetes" in page.read_text(encoding="utf-8")
    refused("explain", lexicon, "--html", page, stdin=NOTE, says=[str(page), "already exists", "--force"])
    again = clem("explain", lexicon, "--html", page, "--force", "--json", stdin=NOTE)
    assert again.json["html"] == str(page)


def test_the_page_and_the_terminal_show_the_same(
    lexicon: str, clem: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[ExplainedNote] = []

    def as_page(note: ExplainedNote) -> str:
        shown.append(note)
        return ""

    monkeypatch.setattr("clem_icd.reporting.explained.explained_html", as_page)
    monkeypatch.setattr(explain_note, "_show", lambda console, note, *rest, whole: shown.append(note))
    clem("explain", lexicon, "--html", tmp_path / "note.html", stdin=NOTE)
    clem("explain", lexicon, stdin=NOTE)
    page, terminal = shown
    assert page == terminal
    assert page.codes != ()


def test_converted_notes_and_odd_characters_are_named(lexicon: str, clem: Invoke, tmp_path: Path) -> None:
    note = note_of(tmp_path, "<p>Known hypertension.</p>")
    found = clem("explain", lexicon, note)
    assert f"{note} was converted from HTML; offsets refer to the converted text" in found.err
    assert "Known [I10: hypertension]." in found.out
    kept = clem("explain", lexicon, note, "--wrapped", "keep")
    assert f"{note} looks like HTML" in kept.err
    assert "<p>Known [I10: hypertension].</p>" in kept.out


def test_a_search_in_titles_explains_its_hits(
    clem: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEM_ICD_CACHE", str(tmp_path))
    text = "Combined right and left heart cardiac catheterization."
    found = clem("explain", "icd9pcs", "--top", 1, stdin=text)
    assert found.code == 0, found.err
    assert "[37.23: Combined right and left heart cardiac catheterization]." in found.out
    assert "not predictions: none is assigned" in found.out
    assert len(clem("explain", "icd9pcs", "--json", stdin=text).json["suggestions"]) <= 5
    named = clem("explain", "icd9pcs", "--code", "37.22", "--json", stdin=text).json
    assert [one["code"] for one in named["suggestions"]] == ["37.22"]


def test_bad_notes_and_options_are_refused_in_one_line(
    journey: Any, refused: Refused, tmp_path: Path
) -> None:
    explain = ("explain", journey.model)
    refused(*explain, tmp_path, says=["is a folder, expected a file", "clem code --evidence"])
    refused(*explain, tmp_path / "absent.txt", says=["absent.txt"])
    refused(*explain, stdin=b"caf\xe9 SECRETPATIENT", says=["standard input", "--encoding"])
    refused(*explain, stdin=" ", says=["standard input", "empty"])
    refused(*explain, "--code", "Z99.99", stdin=NOTE, says=["'Z99.99' is not one of the model's"])
    refused(*explain, "--code", "I10", "--top", 3, stdin=NOTE, says=["--code and --top"])
    refused(*explain, "--method", "atention", stdin=NOTE, says=["there is no method 'atention'"])
    refused(*explain, "--method", "own", stdin=NOTE, says=["method own", "this one is neural"])
    refused(*explain, "--language", "es", stdin=NOTE, says=["--language", "search in titles"])
    refused("explain", "icd9pcs", "--threshold", 0.5, stdin=NOTE, says=["--threshold", "assigns none"])


def test_a_cut_does_not_apply_to_a_system_that_knows_its_words(lexicon: str, refused: Refused) -> None:
    refused("explain", lexicon, "--cut", 0.5, stdin=NOTE, says=["a cut of 0.5", "Leave out the cut"])


def test_options_of_a_note_and_of_a_corpus_do_not_mix(journey: Any, refused: Refused, tmp_path: Path) -> None:
    explain, out = ("explain", journey.model), tmp_path / "evidence.parquet"
    corpus = (*explain, "--corpus", journey.corpus)
    refused(*explain, "--out", out, stdin=NOTE, says=["--out needs --corpus"])
    refused(*explain, "--codes", "gold", stdin=NOTE, says=["--codes needs --corpus"])
    refused(*corpus, says=["--corpus needs --out"])
    refused(*corpus, "note.txt", "--out", out, says=["a note and a corpus"])
    refused(*corpus, "--top", 3, "--out", out, says=["--top is for a single note"])
    refused(*corpus, "--split", "dev", "--out", out, says=["dev"])
    search = ("explain", "icd10cm", "--corpus", journey.corpus, "--out", out)
    refused(*search, says=["--codes assigned", "--codes gold"])


def test_the_evidence_of_a_split_can_be_judged(
    lexicon: str, clem: Invoke, refused: Refused, little_corpus: Corpus, tmp_path: Path
) -> None:
    out = tmp_path / "evidence.parquet"
    explain = ("explain", lexicon, "--corpus", little_corpus.path, "--out", out)
    found = clem(*explain, "--codes", "gold")
    assert found.code == 0, found.err
    spans = len(pl.read_parquet(out))
    assert f"Wrote {spans} spans for {spans} gold codes of 24 notes to {out}, found by lexicon" in found.out
    assert re.search(r"Warning: \d+ gold codes were left out: they are not codes of the model", found.out)
    refused(*explain, says=["already exists"])
    again = clem(*explain, "--force", "--json", "--quiet")
    assert again.json["explained"] == "assigned"
    assert again.json["codes_without_span"] > 0
    assert again.json["spans"] == len(pl.read_parquet(out))
    judged = clem(
        *("evidence", "score", "--corpus", little_corpus.path, "--evidence", out, "--json"),
        *("--out", tmp_path / "scores.json"),
    )
    assert judged.json["metrics"]["evidence_span_precision"] == 1


def test_a_trained_model_explains_a_note_and_a_split(journey: Any, clem: Invoke, tmp_path: Path) -> None:
    found = clem("explain", journey.model, "--top", 3, "--json", stdin=NOTE)
    assert found.code == 0, found.err
    assert len(found.json["suggestions"]) >= 3
    out = tmp_path / "evidence.parquet"
    split = clem(
        "explain", journey.model, "--corpus", journey.corpus, "--codes", "gold", "--out", out, "--json"
    )
    assert split.code == 0, split.err
    assert split.json["spans"] == len(pl.read_parquet(out)) > 0


SAME_WORDS = "Under a pooled head, method attention-rollout marks the same words for every code."


@pytest.mark.parametrize("method", ["attention-rollout", "input-x-gradient"])
def test_what_a_method_says_about_its_evidence_is_shown_wherever_evidence_is(
    method: str, pooled: str, little_corpus: Corpus, clem: Invoke, tmp_path: Path
) -> None:
    page, spans = tmp_path / "note.html", tmp_path / "spans.parquet"
    verbs = (["explain", pooled, "--top", 1], ["code", pooled, "--evidence"])
    shown = [clem(*verb, "--method", method, stdin=NOTE).out for verb in verbs]
    clem(*verbs[0], "--method", method, "--html", page, stdin=NOTE)
    split = ("explain", pooled, "--corpus", little_corpus.path, "--out", spans, "--method", method)
    shown += [page.read_text(encoding="utf-8"), clem(*split).out]
    said = method == "attention-rollout"
    assert [SAME_WORDS in " ".join(text.split()) for text in shown] == [said] * 4
    expected = [SAME_WORDS] if said else []
    for verb in verbs:
        found = clem(*verb, "--method", method, "--json", stdin=NOTE).json
        assert found["explanation"]["remarks"] == expected
    found = clem(*split, "--force", "--json").json
    assert (SAME_WORDS in found["warnings"]) is said
