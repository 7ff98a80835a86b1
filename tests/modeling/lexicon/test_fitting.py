"""Learning a lexicon: what a training note is described by, and how notes are divided into folds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.corpus import Evidence
from clem_icd.errors import CorpusError
from clem_icd.modeling.lexicon import fitting
from clem_icd.modeling.lexicon.fitting import (
    DescribedNotes,
    TrainingNote,
    describe_training,
    fit_dictionary,
    fit_lexicon,
    folds_of,
    has_evidence,
)
from clem_icd.modeling.lexicon.language import LANGUAGES, Language
from modeling.lexicon.coded_notes import code, index, training_notes

INDEX = index()
LABELS = np.arange(len(INDEX.codes))


def described(notes: list[TrainingNote], language: Language = "en") -> DescribedNotes:
    return describe_training(notes, INDEX, language, seed=0, progress=lambda: None)


def recoded(note: TrainingNote, values: list[str], spans: list[tuple[str, int, int]]) -> TrainingNote:
    """The note with other codes and evidence."""
    evidence = tuple(Evidence(code(value), begin, end) for value, begin, end in spans)
    return replace(note, codes=tuple(code(value) for value in values), evidence=evidence)


# Some are codes of other notes, and I48.91, K80.20 and J15.1 are those of no other note.
CHANGES: list[tuple[list[str], list[str]]] = [
    ([], []),
    (["I48.91"], ["I48.91"]),
    (["K80.20", "N17.9"], ["K80.20"]),
    (["I10", "I21.9", "I50.9", "J18.9", "N17.9", "R07.9", "Z99.9"], ["I10", "J18.9", "R07.9"]),
    (["J15.1", "R07.9"], ["R07.9", "J15.1"]),
]


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "unmarked"])
@pytest.mark.parametrize("own", [0, 7, 18])
def test_the_codes_of_a_note_never_influence_its_own_description(own: int, *, marked: bool) -> None:
    notes = training_notes(36, marked=marked)
    before = described(notes).proposals[own]
    length = len(notes[own].text)
    for values, with_evidence in CHANGES:
        # Long and short spans all over the note, some over others.
        spans = [
            (value, begin, min(length, begin + 9 * step))
            for step, value in enumerate(with_evidence, 1)
            for begin in range(0, length - 1, 13)
        ]
        notes[own] = recoded(notes[own], values, spans if marked else [])
        after = described(notes).proposals[own]
        assert after.names == before.names
        for part in ("codes", "features", "begins", "ends"):
            assert getattr(after, part).tobytes() == getattr(before, part).tobytes(), (values, part)


def test_a_phrase_that_others_have_but_do_not_mark_is_unknown_to_the_note_that_marks_it() -> None:
    stone = code("K80.20")
    others = [
        TrainingNote("Purple skin. Stone.", (stone,), (Evidence(stone, 13, 18),), subject)
        for subject in "abc"
    ]
    own = TrainingNote("Purple skin.", (stone,), (Evidence(stone, 0, 11),), "d")
    notes = [*training_notes(30, marked=True), *others]
    marking, silent = (
        described([*notes, note]).proposals[-1] for note in (own, replace(own, codes=(), evidence=()))
    )
    assert marking.codes.tolist() == silent.codes.tolist()
    assert marking.features.tobytes() == silent.features.tobytes()


def test_the_codes_of_a_note_influence_the_description_of_other_patients_notes() -> None:
    notes = training_notes(36, marked=True)
    before = described(notes)
    notes[0] = recoded(notes[0], ["I48.91"], [])
    after = described(notes)
    changed = [
        one.features.tobytes() != other.features.tobytes()
        for one, other in zip(before.proposals, after.proposals, strict=True)
    ]
    own = before.folds == before.folds[0]
    assert changed == (~own).tolist()


def test_a_code_that_only_one_note_has_looks_like_one_that_no_note_has() -> None:
    notes = training_notes(36, marked=True)
    at = notes[3].text.index(" ")
    notes[3] = recoded(notes[3], ["I48.91", "I10"], [("I48.91", at + 1, at + 8)])
    found = described(notes)
    place = INDEX.codes.index(code("I48.91"))
    assert place in found.gold[3]
    assert found.knowledge.tallies.with_code[place] == 1
    assert place in found.knowledge.phrases.codes
    assert place not in found.proposals[3].codes


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "unmarked"])
def test_a_dictionary_scores_training_notes_without_their_own_codes(*, marked: bool) -> None:
    def held_out(notes: list[TrainingNote]) -> list[float]:
        fitted = fit_dictionary(notes, INDEX, "en", output=LABELS, longest_match=False, seed=0)
        # The rows of notes are in the order of folds.
        folds = folds_of([note.subject for note in notes], 10, 0)
        row = int(np.flatnonzero(np.argsort(folds, kind="stable") == 5)[0])
        return sorted(score for score in fitted.scores[row].tolist() if score > 0)

    notes = training_notes(36, marked=marked)
    before = held_out(notes)
    for values, with_evidence in CHANGES:
        spans = [(value, 0, 30) for value in with_evidence] if marked else []
        assert held_out([*notes[:5], recoded(notes[5], values, spans), *notes[6:]]) == before
    assert before


@given(st.lists(st.none() | st.sampled_from("abcdef"), min_size=1, max_size=40), st.integers(1, 12))
def test_notes_of_a_patient_share_a_fold_and_folds_have_equally_many_patients(
    subjects: list[str | None], count: int
) -> None:
    folds = folds_of(subjects, count, 0)
    patients = {(subject if subject is not None else row): folds[row] for row, subject in enumerate(subjects)}
    assert [
        patients[subject if subject is not None else row] for row, subject in enumerate(subjects)
    ] == folds.tolist()
    sizes = np.bincount(list(patients.values()))
    assert len(sizes) == min(count, len(patients))
    assert sizes.max() - sizes.min() <= 1


def test_a_patient_named_like_a_row_is_another_patient() -> None:
    folds = folds_of(["1", None, "0", None], 4, 0)
    assert sorted(folds.tolist()) == [0, 1, 2, 3]


def test_folds_depend_on_the_seed() -> None:
    subjects = [f"s{number}" for number in range(40)]
    assert folds_of(subjects, 10, 0).tolist() == folds_of(subjects, 10, 0).tolist()
    assert folds_of(subjects, 10, 0).tolist() != folds_of(subjects, 10, 1).tolist()


@pytest.mark.parametrize(
    "notes",
    [
        [],
        [TrainingNote("Pneumonia.", (code("J18.9"),))],
        [TrainingNote("Pneumonia.", (code("J18.9"),), (), "a") for _ in range(3)],
        [TrainingNote("Pneumonia.", (code("J18.9"),)), TrainingNote("Chest pain.", ())],
    ],
    ids=["no note", "one note", "one patient", "one coded"],
)
def test_coded_notes_of_one_patient_are_refused(notes: list[TrainingNote]) -> None:
    for fit in (
        lambda: fit_lexicon(notes, INDEX, "en", output=LABELS, seed=0),
        lambda: fit_dictionary(notes, INDEX, "en", output=LABELS, longest_match=False, seed=0),
    ):
        with pytest.raises(CorpusError, match=r"of other patients.*at least two"):
            fit()


SPARSE = [
    [TrainingNote("Pneumonia.", (code("J18.9"),)), TrainingNote("Chest pain.", (code("R07.9"),))],
    [TrainingNote("zzz.", (code("J18.9"),)), TrainingNote("qqq.", (code("R07.9"),))],
    [TrainingNote("of the", (code("J18.9"),)), TrainingNote("...", (code("Z99.9"),))],
    [
        TrainingNote("Pneumonia.", (code("J18.9"),)),
        TrainingNote("Quiet night.", ()),
        TrainingNote("and", ()),
        TrainingNote("Pneumonia again.", (code("J18.9"),), (Evidence(code("J18.9"), 0, 9),)),
    ],
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notes", SPARSE, ids=["two", "unknown words", "no words", "few coded"])
def test_few_notes_with_few_words_are_enough(notes: list[TrainingNote], language: Language) -> None:
    fitted = fit_lexicon(notes, INDEX, language, output=LABELS, seed=0)
    assert fitted.scores.shape[0] == fitted.right.shape[0] == len(notes)
    assert fitted.right.sum() == sum(len(note.codes) for note in notes)
    for text in ("", "of the", "Pneumonia, zzz.", "Chest pain"):
        [scores] = fitted.system.score([text])
        assert scores.probabilities.shape == LABELS.shape
        assert np.isfinite(scores.probabilities).all()
    plain = fit_dictionary(notes, INDEX, language, output=LABELS, longest_match=True, seed=0)
    [scores] = plain.system.score(["Pneumonia, zzz."])
    assert scores.probabilities.shape == LABELS.shape


def test_a_language_without_cues_has_none() -> None:
    notes = training_notes(20, marked=True)
    notes = [replace(note, text="No " + note.text[3:]) for note in notes]
    for language, cues in (("en", True), ("other", False)):
        found = described(notes, language)  # type: ignore[arg-type]
        features = np.concatenate([one.features for one in found.proposals])
        columns = [at for at, name in enumerate(found.proposals[0].names) if name.startswith("cue_")]
        assert bool(features[:, columns].any()) is cues


def test_only_a_sample_of_many_notes_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "_MOST_RANKED", 10)
    notes = training_notes(30, marked=True)
    found = described(notes)
    assert len(found.rows) == len(found.proposals) == 10
    assert len(set(found.rows.tolist())) == 10
    assert float(found.knowledge.tallies.notes[0]) == 30
    fitted = fit_lexicon(notes, INDEX, "en", output=LABELS, seed=0)
    assert len(fitted.scores) == 10


def test_progress_is_reported_as_often_as_announced() -> None:
    ticks: list[None] = []
    fit_lexicon(
        training_notes(24, marked=True),
        INDEX,
        "en",
        output=LABELS,
        seed=0,
        progress=lambda: ticks.append(None),
    )
    assert len(ticks) == fitting.STEPS


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=6))
def test_the_table_of_held_out_scores_holds_every_proposal_and_every_code(
    sizes: list[tuple[int, int]],
) -> None:
    counts, gold = [count for count, _ in sizes], [codes for _, codes in sizes]
    generator = np.random.default_rng(0)
    right = np.concatenate([np.arange(count) < min(count, codes) for count, codes in sizes])
    scores = generator.random(sum(counts)).astype(np.float32)
    hits, table = fitting._table(right, scores, counts, gold)
    assert hits.sum(axis=1).tolist() == gold
    assert (table > 0).sum(axis=1).tolist() == counts
    assert np.sort(table[table > 0]).tolist() == np.sort(scores).tolist()


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ([], False),
        ([(False, False)], False),
        ([(True, False), (True, False), (True, True)], False),
        ([(True, False), (True, True), (False, False)], True),
    ],
)
def test_evidence_is_relied_on_from_half_of_the_coded_notes_on(
    notes: list[tuple[bool, bool]], expected: bool
) -> None:
    assert has_evidence(notes) is expected
