from __future__ import annotations

import numpy as np

from clem_icd.corpus import Corpus
from clem_icd.decisions import Threshold
from clem_icd.evaluation import SplitScores
from clem_icd.evaluation.analysis import HIERARCHICAL, Outcomes, error_groups, errors_document
from clem_icd.evaluation.ranking import rank_positives
from clem_icd.scores import Scores


def test_the_document_describes_what_was_analysed(little_corpus: Corpus) -> None:
    values = little_corpus.targets("test").astype(np.float32)
    note_ids = tuple(little_corpus.note_ids("test"))
    scores = Scores(note_ids, little_corpus.codes, values, {"system": "mine", "warnings": ["seen"]})
    document = errors_document(SplitScores.of(scores, little_corpus, "test"), Threshold(0.5))
    assert document["corpus"] == {"name": "little", "source": "test", "synthetic": True}
    assert (document["notes"], document["labels"]) == values.shape
    assert document["label_space"] == {"name": "corpus", "size": 6, "description": "6 labels"}
    assert (document["system"], document["split"], document["tokenizer"]) == ("mine", "test", None)
    assert document["warnings"] == ["seen"]
    assert document["metrics"] == dict.fromkeys(HIERARCHICAL, 1.0)
    assert set(document["definitions"]) == set(document["metrics"])
    outcomes = Outcomes.of(little_corpus.targets("test"), values > 0.5)
    ranks = rank_positives(little_corpus.targets("test"), values).rank
    assert document["errors"] == error_groups(little_corpus, "test", outcomes, ranks=ranks)
    frequencies = document["errors"][0]["groups"]
    assert {(group["recall_at_10"], group["recall_at_50"]) for group in frequencies} == {(1, 1)}
