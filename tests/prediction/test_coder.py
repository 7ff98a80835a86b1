"""The Coder: order, decisions, titles, and the texts it refuses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from clem_icd import Coder as PublicCoder
from clem_icd.corpus import Corpus
from clem_icd.decisions import AtLeast, ExpectedF1, LabelThresholds, Rule, Threshold, TopK
from clem_icd.errors import InputError, ModelError, NoteError
from clem_icd.modeling import NoteScores, save_model
from clem_icd.prediction import Coder, predict_split
from clem_icd.scores.file import Scores
from support import info_of, new_system, tiny

CANARY = "SECRETPATIENT"


class Fixed:
    """A system with the same probabilities for every note."""

    def __init__(self, *probabilities: float, tokens: int | None = None, read: int | None = None) -> None:
        self._scores = NoteScores(np.array(probabilities, dtype=np.float32), tokens, read)

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        for _ in texts:
            yield self._scores

    def save(self, folder: Path) -> None:
        raise NotImplementedError


class Rows(Fixed):
    """A system with one row of probabilities per note."""

    def __init__(self, rows: NDArray[np.float32]) -> None:
        self._rows = rows

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        for _, row in zip(texts, self._rows, strict=True):
            yield NoteScores(row)


def coder(corpus: Corpus, system: Fixed, threshold: float | None = None) -> Coder:
    return Coder(system, info_of(corpus), threshold=threshold)


@pytest.fixture(scope="module")
def trained(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("coder") / "model"
    save_model(new_system(little_corpus, tiny(32)), info_of(little_corpus, tiny(32)), folder)
    return folder


def test_suggestions_come_most_probable_first(little_corpus: Corpus) -> None:
    codes = [code.value for code in little_corpus.codes]
    found = coder(little_corpus, Fixed(0.1, 0.9, 0.3, 0.3, 0.8, 0.2)).code("pain")
    assert [one.code for one in found] == [codes[at] for at in (1, 4, 2, 3, 5, 0)]
    assert [one.decided for one in found] == [True] * 4 + [False] * 2
    assert [one.probability for one in found] == pytest.approx([0.9, 0.8, 0.3, 0.3, 0.2, 0.1])


@pytest.mark.parametrize("threshold", [np.linspace(0, 1, 100)[k] for k in (1, 33, 50, 77)] + [0.1, 0.3])
def test_a_probability_at_the_threshold_is_not_decided(little_corpus: Corpus, threshold: float) -> None:
    at = np.float32(threshold)
    above, below = np.nextafter(at, np.float32(2)), np.nextafter(at, np.float32(-1))
    system = Fixed(float(below), float(at), float(above), 0, 0, 0)
    found = coder(little_corpus, system, float(threshold)).code("pain", top=3)
    assert [one.probability for one in found] == [float(above), float(at), float(below)]
    assert [one.decided for one in found] == [True, False, False]


def test_top_is_a_minimum_and_all_decided_codes_are_shown(little_corpus: Corpus) -> None:
    subject = coder(little_corpus, Fixed(0.1, 0.9, 0.3, 0.3, 0.8, 0.2))
    assert [len(subject.code("pain", top=top)) for top in (0, 1, 4, 5, 6, 99)] == [4, 4, 4, 5, 6, 6]


def test_with_top_zero_and_no_decision_nothing_is_suggested(little_corpus: Corpus) -> None:
    assert coder(little_corpus, Fixed(*[0.2] * 6)).code("pain", top=0) == []


def test_suggestions_have_titles_and_systems(little_corpus: Corpus) -> None:
    found = {one.code: one for one in coder(little_corpus, Fixed(*[0.2] * 6)).code("pain")}
    assert found["I10"].title == "Essential (primary) hypertension"
    assert {one.system for one in found.values()} == {"icd10cm"}


@pytest.mark.parametrize(
    "rule",
    [
        Threshold(0.3),
        AtLeast(0.5),
        LabelThresholds(np.array([0.05, 0.95, 0.3, 0.2, 0.9, 0.1])),
        TopK(3),
        ExpectedF1(0.8, -1),
    ],
    ids=lambda rule: type(rule).__name__,
)
@pytest.mark.parametrize("top", [0, 3, 6])
def test_the_coder_decides_as_the_rule_does_on_a_matrix(little_corpus: Corpus, rule: Rule, top: int) -> None:
    scores = np.random.default_rng(0).random((20, 6)).astype(np.float32)
    subject = Coder(Rows(scores), replace(info_of(little_corpus), rule=rule))
    decisions, codings = rule.decide(scores), subject.code_all(["pain"] * 20, top=top)
    for own, decided, coding in zip(scores, decisions, codings, strict=True):
        shown = {one.code: one for one in coding.suggestions}
        given = {code.value for code, yes in zip(little_corpus.codes, decided, strict=True) if yes}
        assert {code for code, one in shown.items() if one.decided} == given
        assert len(shown) == max(top, len(given))
        probabilities = [one.probability for one in coding.suggestions]
        assert probabilities == sorted(probabilities, reverse=True)
        # The others are the most probable that were not decided.
        others = sorted(own[~decided], reverse=True)[: len(shown) - len(given)]
        assert [one.probability for one in coding.suggestions if not one.decided] == others


def test_a_threshold_overrides_the_rule_of_the_model(little_corpus: Corpus) -> None:
    info = replace(info_of(little_corpus), rule=TopK(1))
    assert Coder(Fixed(*[0.2] * 6), info).rule == TopK(1)
    assert Coder(Fixed(*[0.2] * 6), info, threshold=0.1).rule == Threshold(0.1)


@pytest.mark.parametrize(
    ("tokens", "read", "truncated"), [(10, 10, False), (10, 8, True), (None, None, False)]
)
def test_a_coding_says_whether_the_end_was_read(
    little_corpus: Corpus, tokens: int | None, read: int | None, truncated: bool
) -> None:
    subject = coder(little_corpus, Fixed(*[0.2] * 6, tokens=tokens, read=read))
    [coding] = subject.code_all(["pain"])
    assert (coding.tokens, coding.tokens_read, coding.truncated) == (tokens, read, truncated)


def test_a_long_note_is_truncated_and_a_short_one_is_not(trained: Path) -> None:
    short, long = Coder.load(trained).code_all(["pain", "pain " * 500])
    assert not short.truncated
    assert long.truncated
    assert long.tokens_read == 32


def test_probabilities_that_are_not_finite_are_refused(little_corpus: Corpus, tmp_path: Path) -> None:
    broken = Fixed(0.1, float("nan"), 0.3, 0.3, 0.8, 0.2)
    with pytest.raises(ModelError, match="probabilities that are not finite"):
        coder(little_corpus, broken).code("pain")
    with pytest.raises(ModelError, match="probabilities that are not finite"):
        predict_split(broken, info_of(little_corpus), little_corpus, "test", tmp_path / "scores.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("threshold", [float("nan"), float("inf")])
def test_a_threshold_that_is_not_finite_is_refused(little_corpus: Corpus, threshold: float) -> None:
    with pytest.raises(InputError, match="the threshold is"):
        coder(little_corpus, Fixed(*[0.2] * 6), threshold)


@pytest.mark.parametrize(
    "text",
    [
        "re\u0301sume\u0301 of the patient\u200d",
        "\U0001f642 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1ea\U0001f1f8",
        "\u0627\u0644\u0645\u0631\u064a\u0636 \u60a3\u8005\u306f",
        "[CLS] [SEP] [PAD] [MASK]",
        "\ufffd\u2028\x07\x1b[31m",
        "a" + "\u0301" * 500,
    ],
)
def test_any_text_has_finite_probabilities(trained: Path, text: str) -> None:
    found = Coder.load(trained).code(text)
    assert len(found) == 6
    assert all(0 <= one.probability <= 1 for one in found)


@pytest.mark.parametrize("text", ["", " \n", f"{CANARY}\0", f"{CANARY} \ud83d", f"{CANARY} " * 80_000])
def test_a_refused_text_is_not_in_the_error(trained: Path, text: str) -> None:
    with pytest.raises(NoteError) as caught:
        Coder.load(trained).code(text)
    assert CANARY not in str(caught.value)


def test_the_coder_and_a_scores_file_have_the_same_probabilities(
    trained: Path, little_corpus: Corpus, tmp_path: Path
) -> None:
    subject = Coder.load(trained)
    steps: list[int] = []
    path = tmp_path / "scores.parquet"
    predict_split(subject.system, subject.info, little_corpus, "test", path, progress=steps.append)
    assert sum(steps) == 24

    scores = Scores.read(path)
    assert scores.about == {
        "system": "neural",
        "corpus": "little",
        "corpus_fingerprint": little_corpus.fingerprint,
        "split": "test",
        "synthetic": True,
        "warnings": [],
    }
    for text, expected in zip(little_corpus.texts("test"), scores.of(little_corpus, "test"), strict=True):
        found = {one.code: one.probability for one in subject.code(text)}
        actual = [found[code.value] for code in little_corpus.codes]
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-6)


def test_the_coder_is_a_public_name() -> None:
    assert PublicCoder is Coder


@pytest.mark.parametrize("evidence", [False, True])
def test_a_note_that_was_scored_with_others_has_the_coding_that_it_has_alone(
    little_corpus: Corpus, evidence: bool
) -> None:
    subject = Coder(new_system(little_corpus, tiny(64)), info_of(little_corpus, tiny(64)))
    texts = ["Admitted with pneumonia.", "Known hypertension.", "Atrial fibrillation, pneumonia."]
    together = [
        subject.coding_of(text, scores, top=3, evidence=evidence)
        for text, scores in zip(texts, subject.system.score(texts), strict=True)
    ]
    for text, coding in zip(texts, together, strict=True):
        [alone] = subject.code_all([text], top=3, evidence=evidence)
        assert [(one.code, one.decided) for one in coding.suggestions] == [
            (one.code, one.decided) for one in alone.suggestions
        ]
        for one, other in zip(coding.suggestions, alone.suggestions, strict=True):
            assert one.probability == pytest.approx(other.probability, abs=1e-5)
            assert [span[:2] for span in one.evidence] == [span[:2] for span in other.evidence]
        assert any(one.evidence for one in coding.suggestions) == evidence
