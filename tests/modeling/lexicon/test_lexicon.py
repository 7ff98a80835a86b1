"""A fitted lexicon: its scores and spans, and its files, whole and damaged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.corpus import Evidence
from clem_icd.errors import ModelError
from clem_icd.icd import Code
from clem_icd.modeling.lexicon import ranking
from clem_icd.modeling.lexicon.dictionary import DictionarySystem
from clem_icd.modeling.lexicon.fitting import TrainingNote, fit_dictionary, fit_lexicon
from clem_icd.modeling.lexicon.lexicon import LexiconSystem
from modeling.lexicon.coded_notes import FILLER, MENTIONS, code, index, training_note, training_notes

INDEX = index()
UNKNOWN = code("A00.0")
LABELS = (*sorted(INDEX.codes, reverse=True), UNKNOWN)
"""Labels in another order than the code space, and one that is not in it."""

OUTPUT = np.append(np.arange(len(INDEX.codes))[::-1], -1)
TEXTS = ["", "of the", "zzz", *(training_note(number, marked=False).text for number in range(100, 106))]

System = LexiconSystem | DictionarySystem


def fitted_lexicon(*, marked: bool = True, seed: int = 0) -> LexiconSystem:
    notes = training_notes(60, marked=marked)
    return fit_lexicon(notes, INDEX, "en", output=OUTPUT, seed=seed).system


def fitted_dictionary(*, marked: bool = True, longest_match: bool = False) -> DictionarySystem:
    notes = training_notes(60, marked=marked)
    fitted = fit_dictionary(notes, INDEX, "en", output=OUTPUT, longest_match=longest_match, seed=0)
    return fitted.system


@pytest.fixture(scope="module")
def lexicon() -> LexiconSystem:
    return fitted_lexicon()


@pytest.fixture(scope="module")
def dictionary() -> DictionarySystem:
    return fitted_dictionary()


@pytest.fixture(params=["lexicon", "dictionary"])
def system(request: pytest.FixtureRequest) -> System:
    found: System = request.getfixturevalue(request.param)
    return found


def opened(folder: Path, labels: tuple[Code, ...] = LABELS) -> System:
    """The system that a folder holds."""
    if (folder / "lexicon.json").exists() or (folder / "trees.txt").exists():
        return LexiconSystem.load(folder, labels)
    return DictionarySystem.load(folder, len(labels))


def saved(system: System, folder: Path) -> Path:
    folder.mkdir()
    system.save(folder)
    return folder


def files_of(system: System, folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in saved(system, folder).iterdir()}


def probabilities(system: System, text: str) -> dict[str, float]:
    [scores] = system.score([text])
    return {label.value: float(score) for label, score in zip(LABELS, scores.probabilities, strict=True)}


def words_of(system: System, text: str, value: str) -> list[str]:
    [spans] = system.spans(text, [LABELS.index(code(value))])
    return [text[span.begin : span.end] for span in spans]


def test_mentioned_codes_score_higher_than_others(system: System) -> None:
    found = probabilities(system, "Quiet night. Heart attack. Home ventilator.")
    assert set(sorted(found, key=lambda value: -found[value])[:2]) == {"I21.9", "Z99.9"}
    assert min(found["I21.9"], found["Z99.9"]) > 0.5
    assert found["A00.0"] == 0


@pytest.mark.parametrize("text", ["", "of the", ". . .", "\n\n"])
def test_a_note_without_content_words_has_scores_and_no_spans(system: System, text: str) -> None:
    [scores] = system.score([text])
    assert scores.probabilities.shape == (len(LABELS),)
    assert scores.tokens is None
    assert system.spans(text, range(len(LABELS))) == [()] * len(LABELS)


def test_a_note_scores_the_same_whatever_else_is_scored(system: System) -> None:
    together = [scores.probabilities.tobytes() for scores in system.score(TEXTS)]
    alone = [next(iter(system.score([text]))).probabilities.tobytes() for text in TEXTS]
    assert together == alone


def test_spans_are_the_words_of_phrases_in_the_raw_text(system: System) -> None:
    text = "\n Très café. 😀 Known  HEART\n attack, then PAIN in\tthe Chest; on home ventilator"
    assert words_of(system, text, "I21.9") == ["HEART\n attack"]
    assert words_of(system, text, "R07.9") == ["PAIN in\tthe Chest"]
    assert words_of(system, text, "Z99.9") == ["home ventilator"]
    assert words_of(system, text, "A00.0") == []


def test_spans_are_the_words_of_titles_of_codes_without_notes(lexicon: LexiconSystem) -> None:
    text = "Now with new (ATRIAL) fibrillation."
    assert words_of(lexicon, text, "I48.91") == ["ATRIAL) fibrillation"]
    assert probabilities(lexicon, text)["I48.91"] > 0


def test_words_of_a_phrase_may_be_apart(lexicon: LexiconSystem) -> None:
    text = "The ventilator is at home. Weak and old heart."
    assert words_of(lexicon, text, "Z99.9") == ["ventilator is at home"]
    assert words_of(lexicon, text, "I50.9") == ["Weak and old heart"]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from([*FILLER, *sum(MENTIONS.values(), ()), "no", ".", "\n\n", "😀", "é\u0301", "12"])
    ).map(" ".join)
)
def test_every_span_is_a_stretch_of_the_text_with_the_words_at_its_ends(
    lexicon: LexiconSystem, dictionary: DictionarySystem, text: str
) -> None:
    for one in (lexicon, dictionary):
        [scores] = one.score([text])
        for label, spans in enumerate(one.spans(text, range(len(LABELS)))):
            for span in spans:
                assert 0 <= span.begin < span.end <= len(text)
                assert text[span.begin].isalnum()
                assert text[span.end - 1].isalnum() or text[span.end - 1] == "\u0301"
                assert span.weight == pytest.approx(scores.probabilities[label])


@pytest.mark.parametrize("text", ["No heart attack. {}.", "{}. No heart attack."])
def test_of_a_negated_and_an_affirmed_mention_the_latter_is_the_evidence(
    lexicon: LexiconSystem, text: str
) -> None:
    full = text.format("Had a Heart Attack")
    assert words_of(lexicon, full, "I21.9") == ["Heart Attack"]


@pytest.mark.parametrize(
    ("value", "negated", "affirmed"),
    [
        # Not word by word: the words of a phrase are apart.
        ("I21.9", "No attack of the heart.", "Sudden attack of his heart."),
        # By its title alone.
        ("J15.1", "No pseudomonas pneumonia.", "Pseudomonas pneumonia."),
    ],
)
def test_of_equal_mentions_by_title_or_in_another_order_the_affirmed_is_the_evidence(
    lexicon: LexiconSystem, value: str, negated: str, affirmed: str
) -> None:
    for text in (f"{negated} {affirmed}", f"{affirmed} {negated}"):
        [(span,)] = lexicon.spans(text, [LABELS.index(code(value))])
        begin = text.index(affirmed)
        assert begin <= span.begin < span.end <= begin + len(affirmed)


def test_a_cue_never_hides_a_code(lexicon: LexiconSystem) -> None:
    for text in ("No heart attack.", "Denies chest pain, no pneumonia.", "Father had a heart attack."):
        plain = {value for value, score in probabilities(lexicon, text.split("no ", 1)[-1]).items() if score}
        found = {value for value, score in probabilities(lexicon, text).items() if score > 0}
        assert plain <= found
    assert words_of(lexicon, "No heart attack.", "I21.9") == ["heart attack"]


def test_the_longest_match_hides_phrases_inside_it() -> None:
    text = "Heart attack."
    heart, attack = Evidence(code("I50.9"), 0, 5), Evidence(code("I21.9"), 0, 12)
    notes = [
        TrainingNote(words, (span.code,), (span,))
        for words, span in (("heart", heart), (text, attack))
        for _ in range(3)
    ]
    found = {}
    for longest in (True, False):
        fitted = fit_dictionary(notes, INDEX, "en", output=OUTPUT, longest_match=longest, seed=0)
        found[longest] = fitted.system
    assert probabilities(found[True], text)["I50.9"] == 0
    assert probabilities(found[False], text)["I50.9"] == 0.5
    assert words_of(found[False], text, "I50.9") == ["Heart"]
    for system in found.values():
        assert words_of(system, text, "I21.9") == ["Heart attack"]
        assert words_of(system, "Attack, then heart", "I50.9") == ["heart"]


def test_a_dictionary_scores_the_share_of_notes_with_the_phrase(dictionary: DictionarySystem) -> None:
    notes = training_notes(60, marked=True)
    having = [note for note in notes if "heart attack" in note.text]
    share = sum(code("I21.9") in note.codes for note in having) / len(having)
    assert 0 < share < 1
    assert probabilities(dictionary, "A heart attack.")["I21.9"] == pytest.approx(share)


@pytest.mark.parametrize("fit", [fitted_lexicon, fitted_dictionary], ids=["lexicon", "dictionary"])
@pytest.mark.parametrize("marked", [True, False], ids=["marked", "unmarked"])
def test_the_same_seed_gives_the_same_bytes_on_any_number_of_cores(
    fit: Callable[..., System], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, marked: bool
) -> None:
    found = []
    for cores in (1, 2):
        monkeypatch.setattr(ranking, "usable_cores", lambda cores=cores: cores)
        found.append(files_of(fit(marked=marked), tmp_path / str(cores)))
    assert found[0] == found[1]


def test_another_seed_gives_another_model(lexicon: LexiconSystem, tmp_path: Path) -> None:
    one, other = files_of(lexicon, tmp_path / "0"), files_of(fitted_lexicon(seed=1), tmp_path / "1")
    assert one["trees.txt"] != other["trees.txt"]
    assert one["titles.safetensors"] == other["titles.safetensors"]


def test_a_saved_system_scores_and_explains_the_same(system: System, tmp_path: Path) -> None:
    again = opened(saved(system, tmp_path / "model"))
    assert type(again) is type(system)
    for text in TEXTS:
        assert probabilities(again, text) == probabilities(system, text)
        assert again.spans(text, range(len(LABELS))) == system.spans(text, range(len(LABELS)))
    assert files_of(again, tmp_path / "again") == files_of(system, tmp_path / "first")


def test_a_saved_system_has_no_pickle_and_no_sentence(system: System, tmp_path: Path) -> None:
    found = files_of(system, tmp_path / "model")
    assert {Path(name).suffix for name in found} <= {".json", ".safetensors", ".txt"}
    for content in found.values():
        assert not content.startswith((b"PK", b"\x80"))
        assert b"ventilator" not in content.lower()


def damages(folder: Path) -> list[tuple[str, bytes | None]]:
    """Every file missing, empty, truncated, with a byte more, and with bytes flipped all over it."""
    found: list[tuple[str, bytes | None]] = []
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        found += [(path.name, None), (path.name, b""), (path.name, whole[: len(whole) // 2])]
        found += [(path.name, whole[:-2]), (path.name, whole + b"\0")]
        step = max(1, len(whole) // 25)
        for at in range(0, len(whole), step):
            found.append((path.name, whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]))
    return found


def test_every_damage_is_refused_by_the_name_of_the_folder(system: System, tmp_path: Path) -> None:
    folder = saved(system, tmp_path / "model")
    for name, content in damages(folder):
        whole = (folder / name).read_bytes()
        if content is None:
            (folder / name).unlink()
        else:
            (folder / name).write_bytes(content)
        with pytest.raises(ModelError) as raised:
            (LexiconSystem.load(folder, LABELS) if isinstance(system, LexiconSystem) else opened(folder))
        assert str(folder) in str(raised.value)
        (folder / name).write_bytes(whole)
    opened(folder)


def test_files_of_two_models_are_never_mixed(tmp_path: Path) -> None:
    for name, one, other in (
        ("lexicon", fitted_lexicon(), fitted_lexicon(seed=1)),
        ("unmarked", fitted_lexicon(marked=False), fitted_lexicon()),
        ("dictionary", fitted_dictionary(), fitted_dictionary(longest_match=True, marked=False)),
    ):
        first, second = saved(one, tmp_path / f"{name} 1"), saved(other, tmp_path / f"{name} 2")
        for path in first.iterdir():
            if path.read_bytes() == (second / path.name).read_bytes():
                continue
            mixed = tmp_path / f"{name} {path.name}"
            shutil.copytree(second, mixed)
            shutil.copy(path, mixed)
            with pytest.raises(ModelError, match="Copy the whole model folder again") as raised:
                opened(mixed)
            assert str(mixed) in str(raised.value)


def test_other_labels_than_those_it_was_made_for_are_refused(system: System, tmp_path: Path) -> None:
    folder = saved(system, tmp_path / "model")
    with pytest.raises(ModelError, match=r"clem\.json"):
        opened(folder, LABELS[:-1])
    if isinstance(system, LexiconSystem):
        with pytest.raises(ModelError, match=r"clem\.json"):
            opened(folder, (LABELS[1], LABELS[0], *LABELS[2:]))


def test_an_option_that_another_release_did_not_write_is_named(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(system, tmp_path / "model")
    [path] = folder.glob("*.json")
    options = json.loads(path.read_text())
    key = "marked" if "marked" in options else "longest"
    path.write_text(json.dumps({name: value for name, value in options.items() if name != key}))
    # As if another release had written it, with the right digest.
    monkeypatch.setattr("clem_icd.modeling.lexicon.seal._digest", lambda *_: options["digest"])
    with pytest.raises(ModelError, match=f"has no '{key}'.* Train the model again"):
        opened(folder)


@pytest.mark.parametrize(
    ("key", "value"), [("language", "xx"), ("language", None), ("language", ["en"]), ("marked", "yes")]
)
def test_unknown_options_are_refused(
    system: System, tmp_path: Path, key: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    if key == "marked" and isinstance(system, DictionarySystem):
        pytest.skip("only a lexicon has it")
    folder = saved(system, tmp_path / "model")
    [path] = folder.glob("*.json")
    options = json.loads(path.read_text())
    path.write_text(json.dumps({**options, key: value}))
    # As if another release had written it, with the right digest.
    monkeypatch.setattr("clem_icd.modeling.lexicon.seal._digest", lambda *_: options["digest"])
    with pytest.raises(ModelError, match="damaged"):
        opened(folder)
