"""From the weights of tokens to words and spans."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.corpus import Corpus
from clem_icd.explanation import Explainer, SpanRule, TokenWeights
from clem_icd.explanation.spans import spans_of, word_shares
from clem_icd.explanation.words import words_of
from support import info_of, new_system, tiny


def weighed(offsets: Sequence[tuple[int, int]], *rows: Sequence[float], read: int = 10**6) -> TokenWeights:
    """Return the weights of tokens for some labels."""
    places = np.array(offsets, dtype=np.int64).reshape(-1, 2)
    return TokenWeights(places, np.array(rows, dtype=np.float32).reshape(len(rows), -1), read)


def of_words(text: str, *marked: str, read: int | None = None) -> TokenWeights:
    """Return weights that are shared equally by some blank-separated parts of a text."""
    offsets, weights, at = [], [], 0
    for part in text.split():
        at = text.index(part, at)
        offsets.append((at, at + len(part)))
        weights.append(float(part in marked))
        at += len(part)
    return weighed(offsets, weights, read=len(text) if read is None else read)


def shown(text: str, weights: TokenWeights, **rule: float) -> list[str]:
    [spans] = spans_of(text, weights, SpanRule.model_validate(rule))
    return [text[span.begin : span.end] for span in spans]


def shares(text: str, weights: TokenWeights) -> dict[str, float]:
    words, [own] = word_shares(text, weights)
    return {text[begin:end]: float(share) for (begin, end), share in zip(words.tolist(), own, strict=True)}


def test_tokens_of_a_word_are_summed_whatever_blanks_they_include() -> None:
    text = "has  hypertension ."
    offsets = [(0, 3), (3, 4), (4, 10), (10, 14), (14, 17), (17, 19)]
    assert shares(text, weighed(offsets, [1, 1, 2, 3, 2, 1])) == pytest.approx(
        {"has": 0.1, "hypertension": 0.7}
    )


def test_a_token_that_covers_two_words_is_divided_by_their_characters() -> None:
    assert shares("no edema", weighed([(0, 8)], [1])) == pytest.approx({"no": 2 / 7, "edema": 5 / 7})


def test_byte_tokens_with_the_offsets_of_one_character_are_counted_once_each() -> None:
    """A character outside the vocabulary of a byte tokenizer is several tokens with equal offsets."""
    text = "fièvre \U0001f600"
    offsets = [(0, 2), (2, 3), (2, 3), (3, 6), (6, 8), (7, 8), (7, 8), (7, 8)]
    assert shares(text, weighed(offsets, [1, 1, 1, 1, 1, 1, 1, 1])) == pytest.approx({"fièvre": 0.5})


def test_the_mark_of_a_decomposed_accent_that_no_token_covers_is_in_the_span() -> None:
    text = "un cafe\u0301 frío"
    assert shown(text, weighed([(0, 2), (2, 7), (8, 13)], [0, 1, 0])) == ["cafe\u0301"]


def test_punctuation_belongs_to_no_word_and_its_share_is_left_out() -> None:
    assert shares("pain, ...", weighed([(0, 4), (4, 5), (5, 9)], [1, 1, 2])) == pytest.approx({"pain": 0.25})


def test_negative_weights_do_not_support_a_label() -> None:
    assert shares("no edema", weighed([(0, 2), (2, 8)], [-5, 1])) == {"no": 0, "edema": 1}


def test_nothing_is_shown_for_a_label_without_support_or_above_the_cut() -> None:
    text = "one two"
    offsets = [(0, 3), (3, 7)]
    assert spans_of(text, weighed(offsets, [0, 0], [-1, 0], [1, 1]), SpanRule(cut=0.5)) == [(), (), ()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acute renal failure", ["acute renal failure"]),
        ("acute severe renal failure", ["acute severe renal failure"]),
        ("acute and very severe renal failure", ["acute", "renal failure"]),
        ("failure of the left renal acute", ["failure of the left renal acute"]),
        ("acute\nrenal failure", ["acute", "renal failure"]),
        ("acute failure. renal", ["acute failure", "renal"]),
        ("acute: renal, failure", ["acute: renal, failure"]),
    ],
)
def test_marked_words_are_joined_over_few_words_within_a_sentence_and_a_line(
    text: str, expected: list[str]
) -> None:
    marked = [part for part in text.split() if part.strip(".,:") in ("acute", "renal", "failure")]
    assert shown(text, of_words(text, *marked)) == expected


def test_the_gap_is_a_setting() -> None:
    text = "acute one two failure"
    weights = of_words(text, "acute", "failure")
    assert shown(text, weights, gap=2) == [text]
    assert shown(text, weights, gap=1) == ["acute", "failure"]


def test_the_weight_of_a_span_is_the_share_of_all_its_words() -> None:
    text = "acute old failure"
    [[span]] = spans_of(text, weighed([(0, 5), (5, 9), (9, 17)], [6, 1, 3]), SpanRule(cut=0.2))
    assert span[:2] == (0, 17)
    assert span.weight == pytest.approx(1)


def test_the_spans_with_the_highest_shares_are_kept_in_text_order() -> None:
    text = "a1\nb2\nc3\nd4"
    weights = weighed([(0, 2), (3, 5), (6, 8), (9, 11)], [2, 4, 1, 3])
    assert shown(text, weights, most=2) == ["b2", "d4"]
    assert shown(text, weights, most=3) == ["a1", "b2", "d4"]


def test_a_word_that_was_read_in_part_is_not_shown() -> None:
    text = "renal failure"
    assert shown(text, weighed([(0, 5), (5, 9)], [1, 1], read=9)) == ["renal"]


ALPHABET = st.sampled_from("aé1 .,\n-\u0301\u05b0\U0001f600\u200d\t")


@st.composite
def explained(draw: st.DrawFn) -> tuple[str, TokenWeights]:
    """Any text with any tokens, in any order, that may overlap, be empty or begin with a blank."""
    text = draw(st.text(ALPHABET, max_size=40))
    place = st.integers(0, len(text))
    pairs = draw(st.lists(st.tuples(place, place), max_size=12))
    labels = draw(st.integers(1, 3))
    weight = st.floats(-1, 1, width=32)
    rows = draw(
        st.lists(st.lists(weight, min_size=len(pairs), max_size=len(pairs)), min_size=labels, max_size=labels)
    )
    offsets = [(min(pair), max(pair)) for pair in pairs]
    return text, weighed(offsets, *rows, read=draw(place))


RULES = st.builds(
    SpanRule, cut=st.sampled_from([0.0, 0.01, 0.1, 0.3, 0.9]), gap=st.integers(0, 2), most=st.integers(1, 4)
)


@settings(deadline=None)
@given(explained(), RULES)
def test_spans_are_apart_begin_and_end_with_words_and_are_inside_what_was_read(
    case: tuple[str, TokenWeights], rule: SpanRule
) -> None:
    text, weights = case
    found = spans_of(text, weights, rule)
    assert len(found) == len(weights.weights)
    for spans in found:
        assert len(spans) <= rule.most
        at = 0
        for begin, end, weight in spans:
            assert at <= begin < end <= weights.read
            assert text[begin].isalnum()
            assert not text[end - 1].isspace()
            assert "\n" not in text[begin:end]
            assert end == len(text) or not unicodedata.category(text[end]).startswith("M")
            assert rule.cut < weight <= 1
            at = end


@settings(deadline=None)
@given(explained(), RULES)
def test_spans_cover_all_marked_words_and_end_with_one(
    case: tuple[str, TokenWeights], rule: SpanRule
) -> None:
    text, weights = case
    words, each = word_shares(text, weights)
    every = rule.model_copy(update={"most": 1000})
    for own, spans in zip(each, spans_of(text, weights, every), strict=True):
        marked = words[own > rule.cut]
        assert all(any(b <= begin and end <= e for b, e, _ in spans) for begin, end in marked.tolist())
        assert {span.begin for span in spans} <= set(marked[:, 0].tolist())
        assert {span.end for span in spans} <= set(marked[:, 1].tolist())


@settings(deadline=None)
@given(explained())
def test_shares_of_words_are_no_more_than_those_of_the_tokens(case: tuple[str, TokenWeights]) -> None:
    text, weights = case
    _, each = word_shares(text, weights)
    assert (each >= 0).all()
    assert (each.sum(axis=1) <= weights.shares.sum(axis=1) + 1e-5).all()
    assert spans_of(text, weights, SpanRule(cut=1)) == [()] * len(each)


@settings(deadline=None)
@given(explained(), st.floats(0, 1), st.floats(0, 1))
def test_a_lower_cut_never_marks_fewer_words(
    case: tuple[str, TokenWeights], one: float, other: float
) -> None:
    text, weights = case
    low, high = sorted((one, other))

    def covered(cut: float) -> set[int]:
        rule = SpanRule(cut=cut, most=1000)
        spans = spans_of(text, weights, rule)
        return {row * 1000 + at for row, own in enumerate(spans) for b, e, _ in own for at in range(b, e)}

    assert covered(high) <= covered(low)


@settings(deadline=None)
@given(explained())
def test_spans_of_a_label_do_not_depend_on_other_labels(case: tuple[str, TokenWeights]) -> None:
    text, weights = case
    together = spans_of(text, weights, SpanRule(cut=0.01))
    for row, own in enumerate(together):
        alone = TokenWeights(weights.offsets, weights.weights[row : row + 1], weights.read)
        assert spans_of(text, alone, SpanRule(cut=0.01)) == [own]


def test_every_word_that_a_neural_system_reads_gets_its_share_from_its_own_tokens(
    little_corpus: Corpus,
) -> None:
    """A byte tokenizer: leading blanks, several tokens per character, decomposed accents, a cut-off end."""
    text = "  Paciente con neumoni\u0301a \U0001f600 5mg,\n\n\tcafe\u0301: 7.4 ºC K+ بِ fin " * 4
    system, info = new_system(little_corpus, tiny(60)), info_of(little_corpus)
    weights = Explainer(system, info, "input-x-gradient").weigh(text, [0, 3])
    words, each = word_shares(text, weights)
    assert 9 < len(words) < len(words_of(text))
    assert (each > 0).all()
    assert weights.read < len(text)
    # Tokens inside a word, and those that only add a blank or a mark before or after it.
    for (begin, end), share in zip(words.tolist(), each[0], strict=True):
        own = (weights.offsets[:, 0] < end) & (weights.offsets[:, 1] > begin)
        assert share == pytest.approx(weights.shares[0, own].sum(), rel=1e-4)


def test_a_word_passes_a_part_of_its_share_to_its_neighbours_in_the_sentence() -> None:
    text = "acute kidney injury. Fever\nchills"
    offsets = np.array([match.span() for match in re.finditer(r"\w+", text)])
    weights = TokenWeights(offsets, np.array([[0, 8, 0, 2, 0]], dtype=np.float32), len(text))
    _, [own] = word_shares(text, weights, 0.25)
    np.testing.assert_allclose(own, [0.2, 0.4, 0.2, 0.2, 0], atol=1e-6)
    _, [own] = word_shares(text, weights)
    np.testing.assert_allclose(own, [0, 0.8, 0, 0.2, 0], atol=1e-6)
    [spans] = spans_of(text, weights, SpanRule(cut=0.1, spread=0.25))
    assert [text[span.begin : span.end] for span in spans] == ["acute kidney injury", "Fever"]
    assert sum(span.weight for span in spans) == pytest.approx(1)


def test_shares_do_not_cross_punctuation() -> None:
    text = "PMH: dyslipidemia, diabetes"
    offsets = np.array([match.span() for match in re.finditer(r"\w+", text)])
    weights = TokenWeights(offsets, np.array([[0, 1, 0]], dtype=np.float32), len(text))
    _, [own] = word_shares(text, weights, 0.25)
    np.testing.assert_allclose(own, [0, 1, 0])


@given(st.text(max_size=60), st.floats(0, 0.5), st.data())
def test_spreading_keeps_the_sum_of_the_shares(text: str, spread: float, data: st.DataObject) -> None:
    offsets = np.array([[at, at + 1] for at in range(len(text))], dtype=np.int64).reshape(-1, 2)
    values = data.draw(st.lists(st.floats(0, 1, width=32), min_size=len(text), max_size=len(text)))
    weights = TokenWeights(offsets, np.array([values], dtype=np.float32), len(text))
    before, after = (word_shares(text, weights, one)[1] for one in (0.0, spread))
    assert after.sum() == pytest.approx(before.sum(), abs=1e-5)
    assert (after >= 0).all()
