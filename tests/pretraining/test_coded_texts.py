from __future__ import annotations

import copy
import functools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from clem_icd.icd import Code, CodeSystem, clinical_forms, default_codebook, leaf_codes
from clem_icd.modeling import SmallEncoder, learn_tokenizer, new_language_model
from clem_icd.pretraining.coded_texts import CodedNotes, CodedTexts, codes_loss
from clem_icd.pretraining.recipe import CodesFields
from clem_icd.pretraining.tokens import TokenFile
from pretraining_support import special_ids
from support import FINDINGS, make_note

CM = CodeSystem.ICD10CM
UNKNOWN = Code("QQQ.9", CM)  # has no title
NOTES = [make_note(number) for number in range(30)]
TEMPERATURE = 0.1


def title(code: Code) -> str:
    found = default_codebook().title(code.value, code.system)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    titles = [title(Code(value, CM)) for value in FINDINGS]
    return learn_tokenizer([*titles, *(note.text for note in NOTES)], vocabulary=400, max_tokens=256)


@pytest.fixture(scope="module")
def tokens(tokenizer: PreTrainedTokenizerBase, tmp_path_factory: pytest.TempPathFactory) -> TokenFile:
    path = tmp_path_factory.mktemp("codes") / "coded.bin"
    return TokenFile.write(path, tokenizer, [note.text for note in NOTES])


@pytest.fixture(scope="module")
def notes(tokens: TokenFile) -> CodedNotes:
    return CodedNotes(tokens, [(*note.codes, UNKNOWN) for note in NOTES])


@pytest.fixture(scope="module")
def model(tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    torch.manual_seed(0)
    small = SmallEncoder(
        hidden_size=32, intermediate_size=48, layers=2, attention_heads=2, vocabulary=len(tokenizer)
    )
    # Longer than any text of a batch.
    made = new_language_model(small, tokenizer, 2048)
    made.eval()
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim == 2:
                parameter.mul_(4)
    return made


def batch_of(
    tokenizer: PreTrainedTokenizerBase, tokens: TokenFile, coded: CodedNotes | None, seed: int, **fields: int
) -> dict[str, Any]:
    texts = CodedTexts(tokenizer, CodesFields(**fields), tokens, coded)
    return texts.batch(np.random.default_rng(seed))


def as_lists(batch: dict[str, Any]) -> dict[str, Any]:
    return {
        key: [ids.tolist() for ids in value] if isinstance(value, list) else torch.as_tensor(value).tolist()
        for key, value in batch.items()
    }


def test_a_batch_is_a_function_of_the_generator(
    tokenizer: PreTrainedTokenizerBase, tokens: TokenFile, notes: CodedNotes
) -> None:
    fields = {"names": 4, "inserted": 3, "notes": 3}
    one, again, other = (as_lists(batch_of(tokenizer, tokens, notes, seed, **fields)) for seed in (1, 1, 2))
    assert one == again
    assert one["texts"] != other["texts"]


@functools.cache
def codes_by_title() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for code in leaf_codes():
        found.setdefault(title(Code(code, CM)), []).append(code)
    return found


def names_of(wanted: str) -> list[str]:
    """Return the names of the codes with a title, the title first."""
    return list(dict.fromkeys(name for code in codes_by_title()[wanted] for name in clinical_forms(code)))


def test_every_name_is_paired_with_its_title(tokenizer: PreTrainedTokenizerBase, tokens: TokenFile) -> None:
    batch = batch_of(tokenizer, tokens, None, 0, names=200)
    count = len(batch["texts"])
    assert 150 < count <= 200
    assert batch["names"] == count
    assert batch["targets"].shape == (count, count)
    assert batch["targets"].sum(dim=0).tolist() == batch["targets"].sum(dim=1).tolist() == [1] * count
    other_names = 0
    columns = batch["targets"].int().argmax(dim=1).tolist()
    for text, column in zip(batch["texts"], columns, strict=True):
        name = tokenizer.decode(text, skip_special_tokens=True)
        title_of_code = str(tokenizer.decode(batch["titles"][column], skip_special_tokens=True))
        names = names_of(title_of_code)
        assert name in names
        other_names += name != names[0]
    assert other_names > count / 4


def test_notes_are_paired_with_the_titles_of_their_codes(
    tokenizer: PreTrainedTokenizerBase, tokens: TokenFile, notes: CodedNotes
) -> None:
    batch = batch_of(tokenizer, tokens, notes, 0, notes=12)
    assert (len(batch["texts"]), batch["names"]) == (12, 0)
    titles = [tokenizer.decode(ids, skip_special_tokens=True) for ids in batch["titles"]]
    assert len(set(titles)) == len(titles) > 3
    texts = [tokens.text(number).tolist() for number in range(len(tokens))]
    for text, row in zip(batch["texts"], batch["targets"], strict=True):
        note = NOTES[texts.index(text.tolist())]
        assert {titles[column] for column in row.nonzero().flatten()} == {title(code) for code in note.codes}


def test_names_are_inserted_into_pieces_of_text(
    tokenizer: PreTrainedTokenizerBase, tokens: TokenFile
) -> None:
    batch = batch_of(tokenizer, tokens, None, 0, inserted=40)
    assert (len(batch["texts"]), batch["names"]) == (40, 0)
    titles = [tokenizer.decode(ids, skip_special_tokens=True) for ids in batch["titles"]]
    counts = batch["targets"].sum(dim=1)
    assert (int(counts.min()), int(counts.max())) == (1, 8)
    for ids, row in zip(batch["texts"], batch["targets"], strict=True):
        assert (ids[0], ids[-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)
        assert not special_ids(tokenizer) & set(ids[1:-1].tolist())
        content = tokenizer.decode(ids, skip_special_tokens=True)
        for column in row.nonzero().flatten():
            assert any(name in content for name in names_of(titles[column])), titles[column]


def vector(model: PreTrainedModel, ids: torch.Tensor) -> list[float]:
    """Return the direction of a text that is encoded alone."""
    hidden = model.base_model(input_ids=ids[None]).last_hidden_state[0].mean(dim=0)
    values: list[float] = model.head(hidden).tolist()  # type: ignore[operator]
    length = math.sqrt(sum(value * value for value in values))
    return [value / length for value in values]


def loss_by_hand(model: PreTrainedModel, batch: dict[str, Any]) -> float:
    texts = [vector(model, ids) for ids in batch["texts"]]
    titles = [vector(model, ids) for ids in batch["titles"]]
    names: list[float] = []
    others: list[float] = []
    for number, (text, targets) in enumerate(zip(texts, batch["targets"].tolist(), strict=True)):
        scores = [
            math.exp(sum(a * b for a, b in zip(text, of_title, strict=True)) / TEMPERATURE)
            for of_title in titles
        ]
        wrong = sum(score for score, target in zip(scores, targets, strict=True) if not target)
        right = [score for score, target in zip(scores, targets, strict=True) if target]
        if right:
            loss = sum(-math.log(score / (score + wrong)) for score in right) / len(right)
            (names if number < batch["names"] else others).append(loss)
    return sum(sum(part) / len(part) for part in (names, others) if part)


KINDS = [{"names": 6}, {"inserted": 5}, {"notes": 8}, {"names": 5, "inserted": 3, "notes": 6}]


@torch.no_grad()
@pytest.mark.parametrize("fields", KINDS, ids=lambda fields: " ".join(fields))
def test_the_loss_matches_its_definition(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    tokens: TokenFile,
    notes: CodedNotes,
    fields: dict[str, int],
) -> None:
    batch = batch_of(tokenizer, tokens, notes, 3, **fields)
    found = float(codes_loss(model, batch, TEMPERATURE, tokenizer.pad_token_id))
    assert found > 0.1
    assert found == pytest.approx(loss_by_hand(model, batch), rel=1e-4)


@torch.no_grad()
def test_the_loss_is_independent_of_order_padding_and_batching(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    tokens: TokenFile,
    notes: CodedNotes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch = batch_of(tokenizer, tokens, notes, 4, names=5, notes=9)
    pad = int(tokenizer.pad_token_id)
    expected = pytest.approx(float(codes_loss(model, batch, TEMPERATURE, pad)), rel=1e-5)
    # Names have to come first.
    rows = [4, 2, 0, 1, 3, *range(len(batch["texts"]) - 1, 4, -1)]
    columns = list(range(len(batch["titles"]) - 1, -1, -1))
    shuffled = {
        "texts": [batch["texts"][row] for row in rows],
        "titles": [batch["titles"][column] for column in columns],
        "targets": batch["targets"][rows][:, columns],
        "names": 5,
    }
    assert float(codes_loss(model, shuffled, TEMPERATURE, pad)) == expected
    assert float(codes_loss(model, batch, TEMPERATURE, 17)) == expected
    for at_once in (1, 40):
        monkeypatch.setattr("clem_icd.modeling.language_model._BATCH_TOKENS", at_once)
        assert float(codes_loss(model, batch, TEMPERATURE, pad)) == expected


@torch.no_grad()
def test_texts_equal_to_their_titles_have_the_lowest_loss(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, tokens: TokenFile
) -> None:
    batch = batch_of(tokenizer, tokens, None, 0, names=8)
    pad = int(tokenizer.pad_token_id)
    right = {**batch, "texts": batch["titles"], "targets": torch.eye(8, dtype=torch.bool)}
    wrong = {**right, "targets": torch.eye(8, dtype=torch.bool).roll(1, dims=1)}
    losses = [float(codes_loss(model, some, TEMPERATURE, pad)) for some in (right, batch, wrong)]
    assert losses == sorted(losses)
    assert losses[0] < losses[1] - 0.1


def test_training_reduces_the_loss(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, tokens: TokenFile, notes: CodedNotes
) -> None:
    learner = copy.deepcopy(model)
    batch = batch_of(tokenizer, tokens, notes, 0, names=4, notes=4)
    optimizer = torch.optim.AdamW(learner.parameters(), lr=1e-3)
    losses = []
    for _ in range(8):
        loss = codes_loss(learner, batch, TEMPERATURE, int(tokenizer.pad_token_id))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


def test_a_text_with_every_title_of_the_batch_has_zero_loss_and_finite_gradients(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, tokens: TokenFile
) -> None:
    learner = copy.deepcopy(model)
    batch = batch_of(tokenizer, tokens, None, 0, names=1)
    loss = codes_loss(learner, batch, TEMPERATURE, int(tokenizer.pad_token_id))
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == 0
    gradients = [parameter.grad for parameter in learner.parameters() if parameter.grad is not None]
    assert gradients
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("codes", [(), (UNKNOWN,)])
def test_notes_without_titled_codes_have_zero_loss(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    tokens: TokenFile,
    codes: tuple[Code, ...],
) -> None:
    bare = CodedNotes(tokens, [codes] * len(tokens))
    batch = batch_of(tokenizer, tokens, bare, 0, notes=3)
    loss = codes_loss(copy.deepcopy(model), batch, TEMPERATURE, int(tokenizer.pad_token_id))
    assert loss.item() == 0
    loss.backward()  # type: ignore[no-untyped-call]


def test_notes_and_names_share_the_titles_of_a_batch(
    tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    tokens = TokenFile.write(tmp_path / "notes.bin", tokenizer, ["stable"])
    notes = CodedNotes(tokens, [[Code("I10", CM)]])
    batch = batch_of(tokenizer, tokens, notes, 0, names=6, notes=1)
    assert batch["targets"].shape == (7, 7)
    assert batch["targets"].sum(dim=1).tolist() == [1] * 7
