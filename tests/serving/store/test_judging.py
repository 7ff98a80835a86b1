"""What coders do: nothing is lost, doubled or overwritten unseen, and everything can be taken back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from clem_icd.errors import ConflictError, InputError, NotFoundError
from clem_icd.icd import Code, CodeSystem
from clem_icd.serving.store.acts import Act
from clem_icd.serving.store.chain import verify
from clem_icd.serving.store.database import Store, open_store
from clem_icd.serving.store.encounters import Mark, key, sequence_of
from clem_icd.serving.store.finishing import assign, reopen, submit
from clem_icd.serving.store.judgement import REASONS, Judgement
from clem_icd.serving.store.judging import add, judge, order
from clem_icd.serving.store.tables import codes, encounters, events, evidence
from clem_icd.serving.store.undoing import undo
from serving.store.encounter import ASTHMA, DIABETES, HYPERTENSION, PNEUMONIA, new_encounter

ANN, BEN = Act("ann"), Act("ben")
ACCEPTED, REJECTED = Judgement("accepted"), Judgement("rejected", reason=REASONS[1])


@pytest.fixture
def encounter(store: Store) -> str:
    with store.writing() as connection:
        return new_encounter(connection)


def verdicts(connection: Connection, encounter: str) -> dict[str, str]:
    rows = connection.execute(select(codes).where(codes.c.encounter_id == encounter))
    return {row.code: row.verdict for row in rows}


def standing(connection: Connection, encounter: str) -> list[str]:
    return sequence_of(connection.execute(select(encounters).where(encounters.c.id == encounter)).one())


def everything(connection: Connection, encounter: str) -> Any:
    """What a coder sees, without who judged when."""
    own = [codes.c.code, codes.c.verdict, codes.c.reason, codes.c.replaced_by, codes.c.comment]
    rows = connection.execute(select(*own).where(codes.c.encounter_id == encounter).order_by(codes.c.code))
    marks = connection.execute(select(evidence.c.code, evidence.c.begin).order_by(evidence.c.id))
    return [tuple(row) for row in rows], [tuple(row) for row in marks], standing(connection, encounter)


def test_a_judgement_is_stored_with_who_and_when_and_an_event(store: Store, encounter: str) -> None:
    with store.writing() as connection:
        assert judge(connection, encounter, PNEUMONIA, REJECTED, 0, ANN) == 1
    with store.reading() as connection:
        row = connection.execute(select(codes).where(codes.c.code == "J18.9")).one()
        assert (row.verdict, row.reason, row.judged_by, row.version) == ("rejected", REASONS[1], "ann", 1)
        assert row.judged_at.endswith("Z")
        last = connection.execute(select(events).order_by(events.c.number.desc())).first()
        assert last is not None
        assert (last.actor, last.action, last.code) == ("ann", "rejected", "icd10cm:J18.9")
        assert json.loads(last.before)["verdict"] == "open"
        assert json.loads(last.after)["reason"] == REASONS[1]


def test_of_two_tabs_the_second_one_learns_of_the_first(store: Store, encounter: str) -> None:
    with store.writing() as connection:
        judge(connection, encounter, DIABETES, ACCEPTED, 0, ANN)
    with pytest.raises(ConflictError, match="changed by ann"), store.writing() as connection:
        judge(connection, encounter, DIABETES, REJECTED, 0, BEN)
    with store.reading() as connection:
        assert verdicts(connection, encounter)["E11.9"] == "accepted"


def test_a_request_that_is_sent_twice_acts_once(store: Store, encounter: str) -> None:
    for _ in range(2):
        with store.writing() as connection:
            assert judge(connection, encounter, DIABETES, ACCEPTED, 0, Act("ann", "k1")) == 1
            assert add(connection, encounter, ASTHMA, "Asthma", Act("ann", "k2")) == 0
            assert order(connection, encounter, [ASTHMA, DIABETES], 0, Act("ann", "k3")) == 1
    with store.writing() as connection:
        first = undo(connection, encounter, Act("ann", "k4"))
        assert undo(connection, encounter, Act("ann", "k4")) == first
    with store.reading() as connection:
        found = connection.scalars(select(events.c.request_key).where(events.c.request_key.is_not(None)))
        assert found.all() == ["k1", "k2", "k3", "k4"]
    with pytest.raises(InputError, match="someone else"), store.writing() as connection:
        judge(connection, encounter, HYPERTENSION, ACCEPTED, 0, Act("ben", "k1"))


def test_an_error_leaves_nothing_behind(store: Store, encounter: str) -> None:
    with store.reading() as connection:
        before = everything(connection, encounter), verify(connection)
    with pytest.raises(InputError, match="not in document"), store.writing() as connection:
        add(connection, encounter, ASTHMA, None, ANN, [Mark(0, 40, 4000)])
    with store.reading() as connection:
        assert (everything(connection, encounter), verify(connection)) == before


def test_accepted_codes_keep_their_order_and_a_replacement_takes_the_place(
    store: Store, encounter: str
) -> None:
    with store.writing() as connection:
        for code in (HYPERTENSION, DIABETES, PNEUMONIA):
            judge(connection, encounter, code, ACCEPTED, 0, ANN)
        order(connection, encounter, [PNEUMONIA, DIABETES, HYPERTENSION], 0, ANN)
        judge(connection, encounter, DIABETES, Judgement("replaced", replaced_by="E11.65"), 1, ANN)
        assert standing(connection, encounter) == ["icd10cm:J18.9", "icd10cm:E11.65", "icd10cm:I10"]
        judge(connection, encounter, DIABETES, Judgement("open"), 2, ANN)
        assert standing(connection, encounter) == ["icd10cm:J18.9", "icd10cm:I10"]
        with pytest.raises(ConflictError, match="accepted codes were changed"):
            order(connection, encounter, [HYPERTENSION], 1, ANN)


def test_an_added_code_is_accepted_with_its_marks_and_disappears_when_undone(
    store: Store, encounter: str
) -> None:
    with store.writing() as connection:
        before = everything(connection, encounter)
        add(connection, encounter, ASTHMA, "Asthma", ANN, [Mark(0, 0, 5)])
        assert verdicts(connection, encounter)["J45.909"] == "accepted"
        marked = connection.execute(select(evidence).where(evidence.c.marked_by == "ann")).one()
        assert (marked.begin, marked.end, marked.weight) == (0, 5, None)
        with pytest.raises(ConflictError, match="in the list already"):
            add(connection, encounter, ASTHMA, "Asthma", ANN)
        assert undo(connection, encounter, ANN) is not None
        assert everything(connection, encounter) == before
        assert undo(connection, encounter, ANN) is None


def test_nobody_takes_back_what_someone_else_has_changed_since(store: Store, encounter: str) -> None:
    with store.writing() as connection:
        judge(connection, encounter, DIABETES, ACCEPTED, 0, ANN)
        judge(connection, encounter, DIABETES, REJECTED, 1, BEN)
        with pytest.raises(ConflictError, match="changed by ben"):
            undo(connection, encounter, ANN)
        assert undo(connection, encounter, BEN) is not None
        assert undo(connection, encounter, ANN) is not None
        assert verdicts(connection, encounter)["E11.9"] == "open"


def test_an_encounter_is_submitted_once_all_decided_codes_are_judged(store: Store, encounter: str) -> None:
    with store.writing() as connection:
        judge(connection, encounter, DIABETES, ACCEPTED, 0, ANN)
        with pytest.raises(ConflictError, match="not judged yet: 1"):
            submit(connection, encounter, ANN)
        judge(connection, encounter, HYPERTENSION, REJECTED, 0, ANN)
        submit(connection, encounter, ANN)
        with pytest.raises(ConflictError, match="submitted"):
            judge(connection, encounter, DIABETES, REJECTED, 1, ANN)
        with pytest.raises(ConflictError, match="submitted"):
            add(connection, encounter, ASTHMA, None, ANN)
        with pytest.raises(ConflictError, match="submitted"):
            undo(connection, encounter, ANN)
        with pytest.raises(ConflictError, match="submitted"):
            submit(connection, encounter, ANN)
        reopen(connection, encounter, BEN)
        assert judge(connection, encounter, DIABETES, REJECTED, 1, ANN) == 2


def test_an_encounter_is_assigned(store: Store, encounter: str) -> None:
    with store.writing() as connection:
        assign(connection, encounter, "ben", ANN)
        assert connection.scalar(select(encounters.c.assigned_to)) == "ben"
        assert verify(connection).problem is None


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"verdict": "rejected", "reason": "because"}, "does not fit"),
        ({"verdict": "accepted", "reason": REASONS[0]}, "does not fit"),
        ({"verdict": "replaced"}, "replacement None"),
        ({"verdict": "accepted", "replaced_by": "I11.9"}, "replacement 'I11.9'"),
        ({"verdict": "accepted", "present_on_admission": "yes"}, "present on admission is 'yes'"),
        ({"verdict": "accepted", "comment": "x" * 2_001}, "2,001 characters"),
    ],
)
def test_judgements_that_make_no_sense_are_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        Judgement(**fields)


def test_unknown_encounters_and_codes_are_refused(store: Store, encounter: str) -> None:
    with store.writing() as connection:
        with pytest.raises(NotFoundError, match="no encounter nowhere"):
            judge(connection, "nowhere", DIABETES, ACCEPTED, 0, ANN)
        with pytest.raises(NotFoundError, match=r"no code J45\.909"):
            judge(connection, encounter, ASTHMA, ACCEPTED, 0, ANN)


ACTS = st.lists(
    st.tuples(st.sampled_from(["accept", "reject", "replace", "open", "add", "order"]), st.integers(0, 3)),
    min_size=1,
    max_size=12,
)


@given(ACTS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_taking_everything_back_leads_to_the_beginning(
    tmp_path_factory: Any, acts: list[tuple[str, int]]
) -> None:
    store = open_store(tmp_path_factory.mktemp("acts") / "review.db")
    known = [HYPERTENSION, DIABETES, PNEUMONIA, ASTHMA]
    with store.writing() as connection:
        encounter = new_encounter(connection)
        before = everything(connection, encounter)
        for kind, place in acts:
            try_act(connection, encounter, kind, known[place])
            check_order(connection, encounter)
        while undo(connection, encounter, ANN) is not None:
            check_order(connection, encounter)
        assert everything(connection, encounter) == before
        assert verify(connection).problem is None
    store.close()


def try_act(connection: Connection, encounter: str, kind: str, code: Code) -> None:
    row = connection.execute(select(codes).where(codes.c.code == code.value)).first()
    judgements = {
        "accept": ACCEPTED,
        "reject": REJECTED,
        "open": Judgement("open"),
        "replace": Judgement("replaced", replaced_by="I11.9"),
    }
    if kind == "add":
        if row is None:
            add(connection, encounter, code, None, ANN, [Mark(0, 0, 5)])
    elif kind == "order":
        version = connection.scalar(select(encounters.c.sequence_version)) or 0
        turned = [Code(one.partition(":")[2], CodeSystem.ICD10CM) for one in standing(connection, encounter)][
            ::-1
        ]
        order(connection, encounter, turned, version, ANN)
    elif row is not None:
        judge(connection, encounter, code, judgements[kind], row.version, ANN)


def check_order(connection: Connection, encounter: str) -> None:
    """The order has every code that stands once, and no other."""
    rows = connection.execute(select(codes).where(codes.c.verdict.in_(("accepted", "replaced"))))
    expected = {key(Code(row.replaced_by or row.code, CodeSystem(row.system))) for row in rows}
    found = standing(connection, encounter)
    assert len(found) == len(set(found))
    assert set(found) == expected
