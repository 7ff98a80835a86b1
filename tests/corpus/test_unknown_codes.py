"""Labels that do not exist in their code system: in corpus.json, and in the warnings of a corpus."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus, Note
from clem_icd.corpus.unknown_codes import is_unknown_codes, unknown_code_warnings, unknown_codes
from clem_icd.errors import CorpusError
from clem_icd.icd import Code, Codebook, CodeSystem, default_codebook

CM, NINE, ICD10, CPT = CodeSystem.ICD10CM, CodeSystem.ICD9CM, CodeSystem.ICD10, CodeSystem.CPT
MakeCorpus = Callable[..., Corpus]


def occurrences(**counts: int) -> Counter[Code]:
    return Counter({Code(code.replace("_", "."), CM): count for code, count in counts.items()})


def test_labels_that_do_not_exist_are_counted_the_most_frequent_first() -> None:
    found = unknown_codes(occurrences(I10=9, W21_89A=2, E80_15=7), default_codebook())
    assert found == [
        {
            "system": "icd10cm",
            "labels": 2,
            "occurrences": 9,
            "examples": [
                {"code": "E80.15", "notes": 7, "hint": "has the shape of the HCPCS code E8015"},
                {"code": "W21.89A", "notes": 2, "hint": "may be W21.89XA (placeholder X missing)"},
            ],
        }
    ]
    assert is_unknown_codes(found)


def test_systems_without_a_list_and_categories_are_not_counted() -> None:
    codes = Counter(
        {Code("E11.90", ICD10): 1, Code("99291", CPT): 1, Code("250", NINE): 1, Code("E11", CM): 1}
    )
    assert unknown_codes(codes, default_codebook()) == []
    own = Codebook({Code("I10.90", ICD10): "Hypertonie"})
    assert unknown_codes(codes, own)[0]["examples"][0]["code"] == "E11.90"


def test_every_system_has_a_sentence_with_at_most_five_examples() -> None:
    codes = occurrences(**{f"Z99_9{number}": 10 - number for number in range(7)})
    codes[Code("E11.9", NINE)] = 1
    found = unknown_codes(codes, default_codebook())
    assert unknown_code_warnings({"unknown_codes": found}) == [
        "1 label does not exist in ICD-9-CM: E11.9 (may be E11.9 in ICD-10-CM)",
        "7 labels do not exist in ICD-10-CM: Z99.90, Z99.91, Z99.92, Z99.93, Z99.94, \u2026",
    ]


@pytest.fixture
def odd(make_corpus: MakeCorpus) -> Corpus:
    codes = (Code("I10", CM), Code("W21.89A", CM))
    return make_corpus({"train": [Note("a", "a", codes)]}, codebook=default_codebook())


WARNING = "1 label does not exist in ICD-10-CM: W21.89A (may be W21.89XA (placeholder X missing))"


def test_corpus_warns_of_them(odd: Corpus) -> None:
    assert odd.warnings == (WARNING,)


def test_corpus_of_an_earlier_release_opens_without_warnings(odd: Corpus) -> None:
    about = json.loads((odd.path / "corpus.json").read_text())
    del about["unknown_codes"]
    (odd.path / "corpus.json").write_text(json.dumps(about))
    assert Corpus.open(odd.path).warnings == ()


@pytest.mark.parametrize(
    "value",
    [
        {},
        [3],
        [{"system": "icd10cm"}],
        [{"system": "icd11", "labels": 1, "notes": 1, "examples": []}],
        [{"system": ["icd10cm"], "labels": 1, "notes": 1, "examples": []}],
        [{"system": "icd10cm", "labels": "1", "notes": 1, "examples": []}],
        [{"system": "icd10cm", "labels": 1, "notes": 1, "examples": 3}],
        [{"system": "icd10cm", "labels": 1, "notes": 1, "examples": [{"code": "I10"}]}],
    ],
)
def test_corpus_with_another_form_of_them_is_refused(odd: Corpus, value: Any) -> None:
    about = json.loads((odd.path / "corpus.json").read_text())
    (odd.path / "corpus.json").write_text(json.dumps(about | {"unknown_codes": value}))
    with pytest.raises(CorpusError, match="lists unknown codes in the wrong form"):
        Corpus.open(odd.path)


def test_codes_of_the_user_s_titles_exist(make_corpus: MakeCorpus, tmp_path: Path) -> None:
    code = Code("W21.89A", CM)
    own = default_codebook().extended({code: "Ours"})
    assert make_corpus({"train": [Note("a", "a", (code,))]}, tmp_path / "own", codebook=own).warnings == ()
