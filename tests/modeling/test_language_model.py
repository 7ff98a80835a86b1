from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    ModernBertForMaskedLM,
    ModernBertForSequenceClassification,
    MPNetConfig,
    MPNetForMaskedLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForMaskedLM,
)

from clem_icd.errors import ModelError
from clem_icd.modeling import (
    NeuralSystem,
    PretrainedEncoder,
    load_language_model,
    new_language_model,
    packed_inputs,
    pooled,
    pooled_texts,
)
from support import TINY

POSITIONS = 300
# Beyond the window of a local layer, which is 64 tokens to each side, and down to a single token.
LENGTHS = [[200, 3, 90], [1, 140, 152]]


@pytest.fixture(scope="module")
def tokenizer(system: NeuralSystem) -> PreTrainedTokenizerBase:
    return system.tokenizer


def modernbert(tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    return new_language_model(TINY, tokenizer, POSITIONS)


def bert(tokenizer: PreTrainedTokenizerBase, positions: int = POSITIONS) -> PreTrainedModel:
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=positions,
    )
    return BertForMaskedLM(config)


def roberta(tokenizer: PreTrainedTokenizerBase, positions: int = POSITIONS) -> PreTrainedModel:
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        # Positions are counted from 2.
        max_position_embeddings=positions + 2,
        pad_token_id=1,
    )
    return RobertaForMaskedLM(config)


MODELS = [modernbert, bert, roberta]


@pytest.fixture(scope="module", params=MODELS, ids=lambda make: str(make.__name__))
def model(request: pytest.FixtureRequest, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    torch.manual_seed(0)
    made: PreTrainedModel = request.param(tokenizer).eval()
    # Larger weights, because random ones hardly attend and would hide mistakes.
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim == 2:
                parameter.mul_(6)
    return made


def random_ids(tokenizer: PreTrainedTokenizerBase, length: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(5, len(tokenizer), (length,), generator=generator)


def packed(rows: Sequence[Sequence[torch.Tensor]], first: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the token ids and the sequence numbers of packed rows."""
    ids = torch.stack([torch.cat(list(row)) for row in rows])
    numbers = [
        torch.cat([torch.full((len(one),), first + place) for place, one in enumerate(row)]) for row in rows
    ]
    return ids, torch.stack(numbers)


@pytest.fixture
def rows(tokenizer: PreTrainedTokenizerBase) -> list[list[torch.Tensor]]:
    return [
        [random_ids(tokenizer, length, 10 * row + place) for place, length in enumerate(lengths)]
        for row, lengths in enumerate(LENGTHS)
    ]


@torch.no_grad()
def logits_of(model: PreTrainedModel, rows: Sequence[Sequence[torch.Tensor]], first: int = 0) -> torch.Tensor:
    return torch.as_tensor(model(**packed_inputs(model, *packed(rows, first))).logits)


def assert_close(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, atol=2e-5 * float(expected.abs().max()), rtol=0)


def test_packed_sequences_get_the_same_logits_as_single_ones(
    model: PreTrainedModel, rows: list[list[torch.Tensor]]
) -> None:
    found = logits_of(model, rows, first=41)
    for row, sequences in zip(found, rows, strict=True):
        begin = 0
        for sequence in sequences:
            with torch.no_grad():
                alone = model(input_ids=sequence[None]).logits[0]
            assert_close(row[begin : begin + len(sequence)], alone)
            begin += len(sequence)


def test_changing_a_sequence_does_not_affect_others_in_the_batch(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, rows: list[list[torch.Tensor]]
) -> None:
    before = logits_of(model, rows)
    rows[0][1] = random_ids(tokenizer, len(rows[0][1]), 99)
    after = logits_of(model, rows)
    begin, end = len(rows[0][0]), len(rows[0][0]) + len(rows[0][1])
    changed = torch.zeros(after.shape[:2], dtype=torch.bool)
    changed[0, begin:end] = True
    assert_close(after[~changed], before[~changed])
    assert (after[changed] - before[changed]).abs().max() > 1e-2


def test_positions_restart_at_every_sequence_of_a_row(model: PreTrainedModel) -> None:
    ids = torch.full((1, 5), 7)
    inputs = packed_inputs(model, ids, torch.tensor([[3, 3, 4, 4, 4]]))
    first = 2 if isinstance(model, RobertaForMaskedLM) else 0
    assert (inputs["position_ids"] - first).tolist() == [[0, 1, 0, 1, 2]]


def padded(sequences: Sequence[torch.Tensor], pad: int, extra: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(map(len, sequences)) + extra
    ids = torch.full((len(sequences), longest), pad)
    mask = torch.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    return ids, mask


@torch.no_grad()
def test_pooling_does_not_depend_on_padding_or_batch(
    model: PreTrainedModel, rows: list[list[torch.Tensor]]
) -> None:
    sequences = [*rows[0], *rows[1]]
    # RoBERTa derives positions from the padding.
    pad = int(model.config.pad_token_id)
    together = pooled(model, *padded(sequences, pad))
    assert together.shape == (6, 32)
    for sequence, found in zip(sequences, together, strict=True):
        assert_close(pooled(model, *padded([sequence], pad))[0], found)
    assert_close(pooled(model, *padded(sequences[::-1], pad, extra=50)).flip(0), together)


@torch.no_grad()
def test_pooled_texts_keep_their_order_across_batches(
    model: PreTrainedModel, rows: list[list[torch.Tensor]], tokenizer: PreTrainedTokenizerBase
) -> None:
    pad = int(model.config.pad_token_id)
    texts = [
        *rows[0],
        *rows[1],
        *(random_ids(tokenizer, length, length) for length in (200, 199, 5, 198) * 6),
    ]
    assert sum(map(len, texts)) > 4096  # more than one batch
    for text, found in zip(texts, pooled_texts(model, texts, pad), strict=True):
        assert_close(found, pooled(model, *padded([text], pad))[0])


@torch.no_grad()
def test_a_text_beyond_the_context_is_pooled_without_its_end_but_with_its_closing_token(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    model = bert(tokenizer, positions=64).eval()
    long, short = random_ids(tokenizer, 100, 0), random_ids(tokenizer, 64, 1)
    expected = torch.cat([long[:63], long[-1:]])
    for found, text in zip(pooled_texts(model, [long, short], 0), (expected, short), strict=True):
        assert_close(found, pooled(model, *padded([text], 0))[0])


@torch.no_grad()
def test_an_encoder_without_a_pooling_head_is_pooled_by_the_mean_of_the_last_layer(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    model = bert(tokenizer).eval()
    ids = random_ids(tokenizer, 20, 0)
    hidden = model(input_ids=ids[None], output_hidden_states=True).hidden_states[-1]
    assert_close(pooled(model, *padded([ids], 0, extra=3))[0], hidden[0].mean(dim=0))


@torch.no_grad()
def test_pooling_matches_the_stock_classifier(
    tokenizer: PreTrainedTokenizerBase, rows: list[list[torch.Tensor]], tmp_path: Path
) -> None:
    model = modernbert(tokenizer).eval()
    model.get_parameter("head.dense.weight").mul_(8)
    model.save_pretrained(tmp_path)
    classifier = ModernBertForSequenceClassification.from_pretrained(
        tmp_path, classifier_pooling="mean", num_labels=3
    ).eval()
    given: list[torch.Tensor] = []
    classifier.classifier.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    ids, mask = padded([*rows[0], *rows[1]], int(model.config.pad_token_id))
    classifier(input_ids=ids, attention_mask=mask)
    assert_close(pooled(model, ids, mask), given[0])
    assert_close(pooled(classifier, ids, mask), given[0])


@torch.no_grad()
def test_scoring_only_masked_tokens_gives_the_same_loss(
    tokenizer: PreTrainedTokenizerBase, rows: list[list[torch.Tensor]]
) -> None:
    model = modernbert(tokenizer).eval()
    assert isinstance(model, ModernBertForMaskedLM)
    ids, sequences = packed(rows)
    labels = torch.where(ids % 3 == 0, ids, -100)
    inputs = packed_inputs(model, ids, sequences)
    sparse = model(**inputs, labels=labels)
    assert sparse.logits.shape[0] == int((labels != -100).sum())
    model.sparse_prediction = False
    torch.testing.assert_close(sparse.loss, model(**inputs, labels=labels).loss)


def test_a_new_language_model_is_a_stock_modernbert(tokenizer: PreTrainedTokenizerBase) -> None:
    model = modernbert(tokenizer)
    assert type(model) is ModernBertForMaskedLM
    assert model.config.vocab_size == len(tokenizer)
    assert model.config.max_position_embeddings == POSITIONS
    assert model.config.layer_types == [
        "full_attention",
        "sliding_attention",
        "sliding_attention",
        "full_attention",
    ]


@pytest.fixture
def folder(tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> Callable[..., Path]:
    """Write a model and its tokenizer into one folder."""

    def write(model: PreTrainedModel, own: PreTrainedTokenizerBase = tokenizer) -> Path:
        model.save_pretrained(tmp_path / "encoder")
        own.save_pretrained(tmp_path / "encoder")
        return tmp_path / "encoder"

    return write


@pytest.mark.parametrize("make", MODELS)
def test_a_folder_is_loaded_with_its_weights_and_head(
    tokenizer: PreTrainedTokenizerBase,
    folder: Callable[..., Path],
    make: Callable[[PreTrainedTokenizerBase], PreTrainedModel],
) -> None:
    made = make(tokenizer)
    expected = {name: value.clone() for name, value in made.state_dict().items()}
    place = folder(made.to(torch.bfloat16))  # type: ignore[arg-type]
    model, loaded = load_language_model(PretrainedEncoder(name=str(place)), POSITIONS)
    assert type(model) is type(made)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert loaded.mask_token_id == tokenizer.mask_token_id
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, expected[name].to(torch.bfloat16).float(), msg=name)
    assert getattr(model.config, "sparse_prediction", None) is (True if make is modernbert else None)


def test_sequences_beyond_the_context_of_roberta_are_refused(
    tokenizer: PreTrainedTokenizerBase, folder: Callable[..., Path]
) -> None:
    place = folder(roberta(tokenizer, positions=64))
    model, _ = load_language_model(PretrainedEncoder(name=str(place)), 64)
    inputs = packed_inputs(model, torch.full((1, 64), 7), torch.zeros((1, 64), dtype=torch.long))
    assert torch.isfinite(model(**inputs).logits).all()
    with pytest.raises(
        ModelError,
        match=r"reads 64 tokens, asked for 65\. Set training\.lengths and codes\.note_tokens to at most 64",
    ):
        load_language_model(PretrainedEncoder(name=str(place)), 65)


def test_a_tokenizer_without_a_mask_token_is_refused(
    tokenizer: PreTrainedTokenizerBase, folder: Callable[..., Path]
) -> None:
    assert isinstance(tokenizer, PreTrainedTokenizerFast)
    without = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer.backend_tokenizer,
        unk_token="[UNK]",  # noqa: S106
        pad_token="[PAD]",  # noqa: S106
        cls_token="[CLS]",  # noqa: S106
        sep_token="[SEP]",  # noqa: S106
    )
    place = folder(modernbert(tokenizer), without)
    with pytest.raises(
        ModelError,
        match=r"has no mask token\. Name an encoder that was trained with masked-language modelling",
    ):
        load_language_model(PretrainedEncoder(name=str(place)), 64)


def test_a_missing_folder_is_named_in_the_error() -> None:
    with pytest.raises(ModelError, match=r"no/such/folder: there is no such encoder folder"):
        load_language_model(PretrainedEncoder(name="./no/such/folder"), 64)


def test_misshapen_weights_are_refused(
    tokenizer: PreTrainedTokenizerBase, folder: Callable[..., Path]
) -> None:
    place = folder(modernbert(tokenizer))
    config = (place / "config.json").read_text()
    (place / "config.json").write_text(config.replace('"intermediate_size": 48', '"intermediate_size": 64'))
    with pytest.raises(ModelError, match="has 8 parameters in another shape"):
        load_language_model(PretrainedEncoder(name=str(place)), 64)


def test_an_encoder_without_support_for_packed_sequences_is_refused(
    tokenizer: PreTrainedTokenizerBase, folder: Callable[..., Path]
) -> None:
    """MPNet treats the attention mask as numbers, and does not support sdpa attention."""
    config = MPNetConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=POSITIONS,
    )
    place = folder(MPNetForMaskedLM(config))
    with pytest.raises(ModelError, match=r"cannot be loaded \(ValueError\)"):
        load_language_model(PretrainedEncoder(name=str(place)), 64)
