from __future__ import annotations

import pytest

from clem_icd.evaluation.definitions import DEFINITIONS, Definition


def test_titles_are_unique_and_name_the_three_macro_f1s() -> None:
    titles = [definition.title for definition in DEFINITIONS.values()]
    assert len(set(titles)) == len(titles)
    macro = {title for title in titles if title.startswith("Macro-F1") and "training" not in title}
    assert macro == {"Macro-F1 (all labels)", "Macro-F1 (split labels)", "Macro-F1 (CAML)"}


@pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=DEFINITIONS.keys())
def test_a_definition_is_a_sentence_with_labels_notes_and_source(definition: Definition) -> None:
    assert definition.definition.endswith(".")
    assert "labels" in definition.labels
    assert definition.notes in {"all notes", "notes with at least one code"}
    assert definition.source


def test_a_metric_name_states_the_labels_it_counts() -> None:
    for name, definition in DEFINITIONS.items():
        if "auc_macro" not in name:  # an area is undefined for other labels, so its name need not say so
            assert ("in this split" in definition.labels) == ("split_labels" in name), name
        assert ("training notes" in definition.labels) == ("train_count" in name), name
