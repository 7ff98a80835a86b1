"""Operations on arrays, compared with the loops that they stand for."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clem_icd.modeling.lexicon.arrays import best_rows, group_starts, incidence, places, ranges

SMALL = st.integers(0, 6)


@given(st.lists(st.tuples(st.integers(-5, 50), SMALL)))
def test_ranges_count_on_from_every_start(pairs: list[tuple[int, int]]) -> None:
    expected = [number for start, length in pairs for number in range(start, start + length)]
    found = ranges([start for start, _ in pairs], [length for _, length in pairs])
    assert found.tolist() == expected
    assert found.dtype == np.int64


@given(st.sets(SMALL), st.lists(SMALL))
def test_places_are_indices_or_minus_one(known: set[int], wanted: list[int]) -> None:
    ordered = sorted(known)
    expected = [ordered.index(one) if one in known else -1 for one in wanted]
    found = places(np.array(ordered, dtype=np.uint64), np.array(wanted, dtype=np.uint64))
    assert found.tolist() == expected
    assert found.dtype == np.int64


@given(st.lists(st.integers(0, 2)))
def test_a_group_starts_where_the_key_changes(keys: list[int]) -> None:
    expected = [at == 0 or keys[at] != keys[at - 1] for at in range(len(keys))]
    assert group_starts(np.array(keys, dtype=np.int64)).tolist() == expected


@given(st.lists(st.tuples(SMALL, SMALL)))
def test_the_best_row_of_a_key_is_the_first_with_its_highest_value(rows: list[tuple[int, int]]) -> None:
    keys, values = (np.array([row[part] for row in rows], dtype=np.int64) for part in (0, 1))
    expected = [
        max((at for at, (own, _) in enumerate(rows) if own == key), key=lambda at: (rows[at][1], -at))
        for key in sorted({key for key, _ in rows})
    ]
    assert best_rows(keys, values).tolist() == expected


@given(st.lists(st.sets(st.integers(0, 4))))
def test_an_incidence_has_ones_at_the_columns_of_each_row(rows: list[set[int]]) -> None:
    matrix = incidence([np.array(sorted(row), dtype=np.int64) for row in rows], 5)
    expected = [[float(column in row) for column in range(5)] for row in rows]
    assert matrix.shape == (len(rows), 5)
    assert matrix.toarray().tolist() == expected
