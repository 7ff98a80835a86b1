from __future__ import annotations

import numpy as np

from clem_icd.corpus import Corpus
from clem_icd.decisions import Threshold
from clem_icd.evaluation.analysis import HIERARCHICAL, Outcomes, error_groups, errors_document


def test_the_document_describes_what_was_analysed(little_corpus: Corpus) -> None:
    scores = little_corpus.targets("test").astype(np.float32)
    document = errors_document(
        little_corpus, "test", scores, Threshold(0.5), system="mine", warnings=["seen"]
    )
    assert document["corpus"] == {"name": "little", "source": "test", "synthetic": True}
    assert (document["notes"], document["labels"]) == scores.shape
    assert (document["system"], document["split"], document["tokenizer"]) == ("mine", "test", None)
    assert document["warnings"] == ["seen"]
    assert document["metrics"] == dict.fromkeys(HIERARCHICAL, 1.0)
    assert set(document["definitions"]) == set(document["metrics"])
    outcomes = Outcomes.of(little_corpus.targets("test"), scores > 0.5)
    assert document["errors"] == error_groups(little_corpus, "test", outcomes)
