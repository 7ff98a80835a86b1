from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clem_icd.sources.text_store import TextStore

BATCH = st.lists(st.tuples(st.text(alphabet="aé😀", max_size=4), st.booleans()), max_size=8)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(batches=st.lists(BATCH, max_size=4))
def test_chosen_texts_are_read_back_by_their_numbers(
    tmp_path: Path, batches: list[list[tuple[str, bool]]]
) -> None:
    with TextStore(tmp_path / "texts") as store:
        for batch in batches:
            texts = pa.array(["before", *(text for text, _ in batch)], pa.string())[1:]
            store.add(texts, np.array([chosen for _, chosen in batch], np.bool_))
        found = [store.read(number).decode() for number in range(len(store))]
    assert found == [text for batch in batches for text, chosen in batch if chosen]
