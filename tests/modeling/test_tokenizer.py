from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.modeling import WholeReading, learn_tokenizer
from support import make_note

TEXTS = [make_note(number).text for number in range(40)]
TOKENIZER = learn_tokenizer(TEXTS, vocabulary=400, max_tokens=64)


def test_special_tokens_are_those_of_modernbert() -> None:
    assert TOKENIZER.special_tokens_map == {
        "unk_token": "[UNK]",
        "sep_token": "[SEP]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "mask_token": "[MASK]",
    }
    ids = TOKENIZER("fever")["input_ids"]
    assert (ids[0], ids[-1]) == (TOKENIZER.cls_token_id, TOKENIZER.sep_token_id)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_every_text_can_be_decoded_without_loss(text: str) -> None:
    ids = TOKENIZER(text, add_special_tokens=False)["input_ids"]
    assert TOKENIZER.unk_token_id not in ids
    assert TOKENIZER.decode(ids) == unicodedata.normalize("NFC", text)


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="aé🫀 .\u0301\n", max_size=300), st.integers(8, 40))
def test_a_reading_truncates_like_the_tokenizer(text: str, limit: int) -> None:
    (cut,) = WholeReading(max_tokens=limit).read(TOKENIZER, [text])
    assert cut.ids.tolist() == TOKENIZER(text, truncation=True, max_length=limit)["input_ids"]
    assert cut.total == len(TOKENIZER(text, verbose=False)["input_ids"])


def test_the_same_texts_give_the_same_tokenizer() -> None:
    again = learn_tokenizer(TEXTS, vocabulary=400, max_tokens=64)
    assert again.get_vocab() == TOKENIZER.get_vocab()
    assert len(again) <= 400
