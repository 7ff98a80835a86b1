"""The work list, an encounter as a whole, and how often coders agree with the model."""

from __future__ import annotations

import pytest

from clem_icd.errors import NotFoundError
from clem_icd.icd import Code, CodeSystem
from clem_icd.serving.store.acts import Act
from clem_icd.serving.store.database import Store
from clem_icd.serving.store.encounters import Mark, Suggested, suggest
from clem_icd.serving.store.finishing import assign, submit
from clem_icd.serving.store.judgement import REASONS, Judgement
from clem_icd.serving.store.judging import add, judge
from clem_icd.serving.store.reading import read_encounter
from clem_icd.serving.store.statistics import statistics
from clem_icd.serving.store.worklist import Filter, next_encounter, work_list
from serving.store.encounter import ASTHMA, DIABETES, HYPERTENSION, ORIGIN, PNEUMONIA, TEXT, new_encounter

ANN = Act("ann")


@pytest.fixture
def ids(store: Store) -> list[str]:
    """Three encounters: one submitted, one assigned to ben and half done, one untouched with fewer codes."""
    with store.writing() as connection:
        first, second, third = (new_encounter(connection, name) for name in ("B 100%", "A_2", "C3"))
        judge(connection, first, DIABETES, Judgement("accepted"), 0, ANN)
        judge(connection, first, HYPERTENSION, Judgement("rejected", reason=REASONS[1]), 0, ANN)
        judge(connection, first, PNEUMONIA, Judgement("accepted"), 0, ANN)
        add(connection, first, ASTHMA, "Asthma", ANN, [Mark(0, 0, 5)])
        submit(connection, first, ANN)
        judge(connection, second, DIABETES, Judgement("accepted"), 0, Act("ben"))
        assign(connection, second, "ben", ANN)
        suggest(connection, third, [Suggested(DIABETES, None, 0.6, True)], ORIGIN, actor="model")
    return [first, second, third]


def names(store: Store, which: Filter) -> list[str]:
    with store.reading() as connection:
        page = work_list(connection, which)
    assert page.total == len(page.rows)
    return [row.name for row in page.rows]


def test_the_work_list_is_filtered_and_sorted(store: Store, ids: list[str]) -> None:
    assert names(store, Filter()) == ["A_2", "C3"]
    assert names(store, Filter(status=None)) == ["B 100%", "A_2", "C3"]
    assert names(store, Filter(status="submitted")) == ["B 100%"]
    assert names(store, Filter(assigned_to="ben")) == ["A_2"]
    assert names(store, Filter(assigned_to="")) == ["C3"]
    assert names(store, Filter(status=None, sort="name")) == ["A_2", "B 100%", "C3"]
    assert names(store, Filter(status=None, sort="newest")) == ["C3", "A_2", "B 100%"]
    assert names(store, Filter(status=None, sort="most suggestions")) == ["B 100%", "A_2", "C3"]


@pytest.mark.parametrize(
    ("search", "found"), [("a_", ["A_2"]), ("0%", ["B 100%"]), ("_", ["A_2"]), ("x", [])]
)
def test_a_search_takes_every_character_as_it_is(
    store: Store, ids: list[str], search: str, found: list[str]
) -> None:
    assert names(store, Filter(status=None, search=search)) == found


def test_a_line_counts_what_waits(store: Store, ids: list[str]) -> None:
    with store.reading() as connection:
        page = work_list(connection, Filter(status=None), offset=1, limit=1)
    [row] = page.rows
    assert (page.total, row.name, row.suggestions, row.decided, row.waiting) == (3, "A_2", 3, 2, 1)


def test_the_next_encounter_follows_in_the_list(store: Store, ids: list[str]) -> None:
    first, second, third = ids
    with store.reading() as connection:
        assert next_encounter(connection, Filter()) == second
        assert next_encounter(connection, Filter(), after=second) == third
        assert next_encounter(connection, Filter(), after=third) is None
        assert next_encounter(connection, Filter(), after=first) == second, "it has left the list"
        assert next_encounter(connection, Filter(search="nothing")) is None


def test_an_encounter_reads_back_with_documents_codes_marks_and_origin(store: Store, ids: list[str]) -> None:
    with store.reading() as connection:
        found = read_encounter(connection, ids[0])
        with pytest.raises(NotFoundError, match="no encounter x"):
            read_encounter(connection, "x")
    assert (found.name, found.status, found.origin) == ("B 100%", "submitted", ORIGIN)
    assert [(one.name, one.text, one.kind) for one in found.documents] == [("n1", TEXT, "Discharge summary")]
    assert [one.code for one in found.codes] == [HYPERTENSION, DIABETES, PNEUMONIA, ASTHMA]
    assert found.codes[0].marks == (Mark(0, 6, 18, 0.8),)
    assert TEXT[found.codes[1].marks[0].begin : found.codes[1].marks[0].end] == "diabetes"
    assert (found.codes[3].probability, found.codes[3].marks) == (None, (Mark(0, 0, 5, None),))
    assert found.sequence == (DIABETES, PNEUMONIA, ASTHMA)


def test_new_suggestions_replace_open_ones_and_keep_what_was_judged(store: Store, ids: list[str]) -> None:
    new = Code("E87.6", CodeSystem.ICD10CM)
    with store.writing() as connection:
        suggest(connection, ids[1], [Suggested(new, None, 0.8, True)], ORIGIN, actor="model")
        found = read_encounter(connection, ids[1])
    assert [(one.code.value, one.verdict) for one in found.codes] == [
        ("E87.6", "open"),
        ("E11.9", "accepted"),
    ]


def test_statistics_say_what_the_model_gets_wrong_most(store: Store, ids: list[str]) -> None:
    with store.reading() as connection:
        found = {one.code: one for one in statistics(connection)}
        order = [one.code for one in statistics(connection)]
    assert order == [HYPERTENSION, PNEUMONIA, ASTHMA, DIABETES]
    assert (found[HYPERTENSION].acceptance, found[HYPERTENSION].reasons) == (0, ((REASONS[1], 1),))
    assert (found[DIABETES].acceptance, found[DIABETES].wrong) == (1, 0)
    assert (found[PNEUMONIA].promoted, found[PNEUMONIA].acceptance) == (1, None)
    assert (found[ASTHMA].added, found[ASTHMA].title) == (1, "Asthma")
