from __future__ import annotations

import pytest

from clem_icd.evaluation.definitions import DEFINITIONS, Definition


def test_titles_tell_the_metrics_apart() -> None:
    titles = [definition.title for definition in DEFINITIONS.values()]
    assert len(set(titles)) == len(titles)
    macro = {title for title in titles if title.startswith("Macro-F1") and "training" not in title}
    assert macro == {"Macro-F1 (all labels)", "Macro-F1 (split labels)", "Macro-F1 (CAML)"}


@pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=DEFINITIONS.keys())
def test_a_definition_is_a_sentence_and_says_its_labels_notes_and_source(definition: Definition) -> None:
    assert definition.definition.endswith(".")
    assert "labels" in definition.labels
    assert definition.notes in {"all notes", "notes with at least one code"}
    assert definition.source


def test_the_labels_of_a_name_are_those_it_says() -> None:
    for name, definition in DEFINITIONS.items():
        if "auc_macro" not in name:  # an area is not defined for other labels, whatever one would count
            assert ("in this split" in definition.labels) == ("split_labels" in name), name
        assert ("training notes" in definition.labels) == ("train_count" in name), name
