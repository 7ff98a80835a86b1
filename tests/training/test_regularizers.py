"""Regularizers: their terms against the definitions, what they change, and what they refuse."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError, RecipeError, RunError
from clem_icd.modeling import LabelSpace, NeuralSystem, build, load_model, save_model
from clem_icd.modeling.attention import BLOCK_LOCAL
from clem_icd.modeling.losses import BinaryCrossEntropy
from clem_icd.progress import Silent
from clem_icd.training import NeuralRecipe, fit, plan_training, read_recipe, train
from clem_icd.training.fit import fit_neural, prepare_fit
from clem_icd.training.regularizers import InputGradient, SupervisedAttention, TokenMasking
from clem_icd.training.regularizers.supervised_attention import divergence_from_evidence
from clem_icd.training.regularizers.token_masking import _Masking, distance
from support import LITTLE_SETTINGS, info_of, tiny
from training.interrupting import Interrupting

LOSS = BinaryCrossEntropy().function(np.zeros(6, dtype=np.int64))
ATTENTION = ["head=label-attention", "head.dropout=0.1"]
KINDS = ("supervised-attention", "input-gradient", "token-masking")

Built = tuple[PreTrainedModel, PreTrainedTokenizerBase]


def built(corpus: Corpus, head: Any = "label-attention", **choices: Any) -> Built:
    torch.manual_seed(0)
    model, tokenizer = build(tiny(head=head, **choices), LabelSpace.of(corpus), texts=corpus.texts("train"))
    return model.train(), tokenizer


@pytest.fixture
def assembled(little_corpus: Corpus) -> Built:
    return built(little_corpus)


def batch_of(*lengths: int, evidence: list[tuple[int, int, int]] | None = None) -> dict[str, torch.Tensor]:
    """Return a batch of random notes of some lengths, the first one always the same."""
    ids = torch.zeros(len(lengths), max(lengths), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, length in enumerate(lengths):
        random = torch.Generator().manual_seed(row)
        ids[row, :length] = torch.randint(10, 300, (length,), generator=random)
        mask[row, :length] = 1
    targets = torch.zeros(len(lengths), 6)
    targets[:, 2] = 1
    found = {"input_ids": ids, "attention_mask": mask, "labels": targets}
    return found if evidence is None else {**found, "evidence": torch.tensor(evidence).reshape(-1, 3)}


def recipe_with(*settings: str) -> NeuralRecipe:
    recipe = read_recipe("clem-icd-small", [*LITTLE_SETTINGS, *ATTENTION, *settings])
    assert isinstance(recipe, NeuralRecipe)
    return recipe


@pytest.fixture(scope="module")
def trained(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that training can start from."""
    recipe = recipe_with()
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("trained") / "model"
    model, tokenizer = build(
        recipe.architecture, LabelSpace.of(little_corpus), texts=little_corpus.texts("train")
    )
    system = NeuralSystem(model, tokenizer, recipe.reading)
    save_model(system, info_of(little_corpus, recipe.architecture), folder)
    return folder


def regularized(kind: str, trained: Path, *settings: str) -> NeuralRecipe:
    start = [f"training.start_from={trained}"] if kind == "token-masking" else []
    return recipe_with(f"training.regularizer={kind}", "training.epochs=1", *start, *settings)


# Supervised attention


def test_the_divergence_is_that_of_the_attention_from_the_uniform_evidence(assembled: Built) -> None:
    head: Any = assembled[0].get_submodule("head")
    hidden = torch.randn(2, 9, 32, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(2, 9, dtype=torch.long)
    mask[1, 6:] = 0
    pieces = torch.tensor([(1, 0, 2), (1, 4, 1), (1, 4, 3), (1, 4, 5)])
    attention = head.attention(hidden[1:], mask[1:], [0, 4])[0].detach()
    first = -attention[0, 2].log()
    second = sum(math.log(1 / 3) - float(attention[1, place].log()) for place in (1, 3, 5)) / 3
    found = divergence_from_evidence(head, hidden, mask, mask, pieces)
    assert found[0] == 0
    torch.testing.assert_close(found[1].detach(), (first + second) / 2)


def test_attention_that_equals_the_evidence_has_no_divergence(assembled: Built) -> None:
    head: Any = assembled[0].get_submodule("head")
    hidden, mask = torch.zeros(1, 5, 32), torch.ones(1, 5)
    everywhere = torch.tensor([(0, 3, place) for place in range(5)])
    found = divergence_from_evidence(head, hidden, mask, mask, everywhere)
    torch.testing.assert_close(found, torch.zeros(1))


def term_of(assembled: Built, batch: dict[str, torch.Tensor], regularizer: Any) -> torch.Tensor:
    model, tokenizer = assembled
    _, term = regularizer.penalty(LOSS, tokenizer, None, 1 / 6)(model, batch)
    assert isinstance(term, torch.Tensor)
    return term


def test_the_term_changes_with_the_spans(assembled: Built) -> None:
    with torch.no_grad():
        assembled[0].get_parameter("head.queries").mul_(50)
    one, other = (batch_of(20, evidence=[(0, 2, token)]) for token in (3, 4))
    regularizer = SupervisedAttention()
    assert term_of(assembled, one, regularizer) != term_of(assembled, other, regularizer)


@pytest.mark.parametrize(("reduction", "weight"), [("mean", 10 / 6), ("sum", 10.0)])
def test_by_default_the_divergence_weighs_as_much_as_ten_labels_of_the_loss(
    assembled: Built, reduction: Literal["mean", "sum"], weight: float
) -> None:
    model, tokenizer = assembled
    share = BinaryCrossEntropy(reduction=reduction).share_of_label(6)
    batch = batch_of(20, 12, evidence=[(0, 2, 3)])
    model.eval()
    terms = [
        regularizer.penalty(LOSS, tokenizer, None, share)(model, batch)[1]
        for regularizer in (SupervisedAttention(), SupervisedAttention(weight=weight))
    ]
    torch.testing.assert_close(terms[0], terms[1])


def test_notes_without_evidence_have_no_gradient(assembled: Built) -> None:
    model, _ = assembled
    term = term_of(assembled, batch_of(20, 12, evidence=[]), SupervisedAttention())
    assert term == 0
    model.zero_grad()
    marked = term_of(assembled, batch_of(20, 12, evidence=[(0, 2, 3)]), SupervisedAttention())
    marked.backward()  # type: ignore[no-untyped-call]
    queries = model.get_parameter("head.queries").grad
    assert queries is not None
    assert queries.abs().sum(dim=1).nonzero()[:, 0].tolist() == [2]


@pytest.mark.parametrize("reading", ["whole", "segments"])
def test_the_term_of_a_note_depends_neither_on_padding_nor_on_batch_mates(
    little_corpus: Corpus, reading: str
) -> None:
    pieces = {"kind": "segments", "segment_tokens": 8, "max_tokens": 64}
    choices = {} if reading == "whole" else {"reading": pieces}
    assembled = built(little_corpus, **choices)

    def arranged(batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        if reading == "whole":
            return batch
        notes, width = batch["input_ids"].shape
        room = -(-width // 8) * 8
        names = ("input_ids", "attention_mask")
        wide = {name: torch.nn.functional.pad(batch[name], (0, room - width)) for name in names}
        return {**batch, **{name: part.reshape(notes, -1, 8) for name, part in wide.items()}}

    own = [(0, 2, 3), (0, 2, 18), (0, 5, 11)]
    regularizers: list[Any] = [SupervisedAttention(weight=1), InputGradient(weight=1)]
    for regularizer in regularizers:
        alone = term_of(assembled, arranged(batch_of(20, evidence=own)), regularizer)
        others = [
            term_of(assembled, arranged(batch_of(20, 37, evidence=own + add)), regularizer)
            for add in ([], [(1, 1, 30)])
        ]
        mate = batch_of(20, 37)
        mate = {name: part[1:] for name, part in mate.items()} | {"evidence": torch.tensor([(0, 1, 30)])}
        of_mate = term_of(assembled, arranged(mate), regularizer)
        torch.testing.assert_close(others[1], (alone + of_mate) / 2, rtol=1e-4, atol=1e-6)


def test_only_the_attention_of_labels_with_evidence_is_computed(
    assembled: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = []

    def remembered(scores: torch.Tensor, dim: int) -> torch.Tensor:
        shapes.append(tuple(scores.shape))
        return torch.log_softmax(scores, dim)

    monkeypatch.setattr(torch.Tensor, "log_softmax", remembered)
    term_of(assembled, batch_of(20, 30, evidence=[(1, 0, 2), (1, 4, 1), (1, 4, 3)]), SupervisedAttention())
    assert shapes == [(2, 30)]


def mass_on_evidence(system: NeuralSystem, corpus: Corpus) -> float:
    """Return the mean share of attention that gold codes of the test notes have on their evidence."""
    model: Any = system.model
    seen: list[Any] = []
    model.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs))
    found = []
    for note in corpus.notes("test"):
        [read] = system.reading.read(system.tokenizer, [note.text], offsets=True)
        with torch.no_grad():
            model(**system.reading.arrange([read.ids], 0))
        hidden, mask = seen.pop()
        offsets = np.asarray(read.offsets)
        for span in note.evidence:
            weights = model.head.attention(hidden, mask, [corpus.codes.index(span.code)])[0, 0].detach()
            inside = (offsets[:, 1] > span.begin) & (offsets[:, 0] < span.end) & (offsets[:, 1] > 0)
            found.append(float(weights[torch.from_numpy(inside)].sum()))
    return float(np.mean(found))


def test_attention_moves_onto_the_evidence(little_corpus: Corpus, tmp_path: Path) -> None:
    found = {}
    for name, settings in {"plain": [], "supervised": ["training.regularizer=supervised-attention"]}.items():
        (tmp_path / name).mkdir()
        recipe = recipe_with("training.epochs=2", *settings)
        found[name] = mass_on_evidence(
            fit_neural(recipe, little_corpus, tmp_path / name, Silent()), little_corpus
        )
    assert found["supervised"] > 2.5 * found["plain"]


# Input gradients


@pytest.mark.parametrize("head", ["pooled", "label-attention"])
def test_the_gradient_of_the_input_gradient_matches_finite_differences(
    little_corpus: Corpus, head: str
) -> None:
    assembled = built(little_corpus, head)
    model, _ = assembled
    model.double()
    batch = batch_of(20, 90)
    parameters = [one for one in model.parameters() if one.requires_grad]
    regularizer = InputGradient(weight=1)
    term = term_of(assembled, batch, regularizer)
    term.backward()  # type: ignore[no-untyped-call]
    random = torch.Generator().manual_seed(0)
    directions = [torch.randn(one.shape, generator=random, dtype=torch.double) for one in parameters]
    expected = sum(
        float((one.grad * way).sum())
        for one, way in zip(parameters, directions, strict=True)
        if one.grad is not None
    )
    values = []
    for step in (1e-5, -1e-5):
        with torch.no_grad():
            for one, way in zip(parameters, directions, strict=True):
                one.add_(way, alpha=step)
        values.append(float(term_of(assembled, batch, regularizer).detach()))
        with torch.no_grad():
            for one, way in zip(parameters, directions, strict=True):
                one.sub_(way, alpha=step)
    assert (values[0] - values[1]) / 2e-5 == pytest.approx(expected, rel=2e-3)


def test_the_term_is_the_sum_of_the_norms_of_the_tokens_gradients(assembled: Built) -> None:
    model, _ = assembled
    batch = batch_of(15)
    embeddings = model.get_input_embeddings()(batch["input_ids"]).detach().requires_grad_()
    loss = LOSS(
        model(inputs_embeds=embeddings, attention_mask=batch["attention_mask"]).logits, batch["labels"]
    )
    (gradient,) = torch.autograd.grad(loss, embeddings)
    expected = sum(float(one.norm()) for one in gradient[0])
    assert float(term_of(assembled, batch, InputGradient(weight=3)).detach()) == pytest.approx(
        3 * expected, rel=1e-4
    )


def test_flash_attention_gives_way_to_attention_that_can_be_differentiated_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fit, "attention_for", lambda *_: "flash_attention_2")
    assert fit._attention(recipe_with()) == "flash_attention_2"
    assert fit._attention(recipe_with("training.regularizer=input-gradient")) == BLOCK_LOCAL


# Token masking


def test_the_distance_is_the_mean_over_notes_of_the_sum_over_labels() -> None:
    first, second = torch.tensor([[0.5, 0.25], [1.0, 0.0]]), torch.tensor([[0.25, 0.5], [1.0, 1.0]])
    assert float(distance(first, second)) == 0.75


def test_a_mask_removes_what_the_model_does_not_need(assembled: Built) -> None:
    model, tokenizer = assembled
    batch = batch_of(20, 30)
    batch["input_ids"][:, 0] = tokenizer.cls_token_id
    careless = _Masking(TokenMasking(change_weight=1e-9), tokenizer).masked(model, batch)
    real = batch["attention_mask"] != 0
    real[:, 0] = False
    assert (careless[real] == tokenizer.mask_token_id).all()
    assert torch.equal(careless[~real], batch["input_ids"][~real])
    careful = _Masking(TokenMasking(change_weight=1e6), tokenizer).masked(model, batch)
    assert (careful != tokenizer.mask_token_id)[real].any()
    assert model.training
    assert all(one.grad is None for one in model.parameters())


def test_the_mask_of_a_note_does_not_depend_on_its_batch_mates(assembled: Built) -> None:
    model, tokenizer = assembled
    masking = _Masking(TokenMasking(change_weight=3.0), tokenizer)
    alone, together = masking.masked(model, batch_of(20)), masking.masked(model, batch_of(20, 30))
    assert torch.equal(alone[0], together[0, :20])


def test_only_the_masked_pass_learns_from_the_second_distance(assembled: Built) -> None:
    model, tokenizer = assembled
    # The teacher is the student, so that only the second distance is left.
    outputs, term = TokenMasking(weight=2.0, change_weight=1e-9).penalty(LOSS, tokenizer, model, 1 / 6)(
        model, batch_of(20)
    )
    assert outputs.logits.shape == (1, 6)
    masked = batch_of(20)
    masked["input_ids"][:] = tokenizer.mask_token_id
    with torch.no_grad():
        from_masked = model(input_ids=masked["input_ids"], attention_mask=masked["attention_mask"]).logits
    expected = 2 * distance(outputs.logits.sigmoid(), from_masked.sigmoid())
    torch.testing.assert_close(term, expected)


def test_a_tokenizer_without_a_mask_token_is_refused(assembled: Built) -> None:
    model, tokenizer = assembled
    tokenizer.mask_token = None
    with pytest.raises(ModelError, match="needs a mask token"):
        TokenMasking().penalty(LOSS, tokenizer, model, 1 / 6)


def test_the_teacher_does_not_change(little_corpus: Corpus, trained: Path, tmp_path: Path) -> None:
    before: Any = load_model(trained)[0]
    recipe = regularized("token-masking", trained, "training.regularizer.steps=2")
    system = fit_neural(recipe, little_corpus, tmp_path, Silent())
    after: Any = load_model(trained)[0]
    weights = [dict(one.model.state_dict()) for one in (before, after, system)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not all(torch.equal(weights[0][name], weights[2][name]) for name in weights[0])


# In training


@pytest.mark.parametrize("kind", KINDS)
def test_training_with_each_regularizer_resumes_to_the_same_weights(
    kind: str, little_corpus: Corpus, trained: Path, tmp_path: Path
) -> None:
    few = ["training.regularizer.steps=3"] if kind == "token-masking" else []
    recipe = regularized(
        kind, trained, "training.checkpoint_steps=2", "training.gradient_accumulation=2", *few
    )
    whole, run = tmp_path / "whole", tmp_path / "run"
    for folder in (whole, run):
        folder.mkdir()
    weights = fit_neural(recipe, little_corpus, whole, Silent()).model.state_dict()
    with pytest.raises(KeyboardInterrupt):
        fit_neural(recipe, little_corpus, run, Interrupting(3))
    resumed = fit_neural(recipe, little_corpus, run, Silent()).model.state_dict()
    assert all(torch.equal(resumed[name], weights[name]) for name in weights)


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_learned_from_in_half_precision(
    kind: str, little_corpus: Corpus, trained: Path, tmp_path: Path
) -> None:
    trainer = prepare_fit(
        regularized(kind, trained, "training.precision=bf16"), little_corpus, tmp_path, Silent()
    )
    trainer.fixed_batches = [[0, 1, 2]]
    trainer.args.gradient_accumulation_steps = 1
    losses = []
    step = trainer.training_step
    trainer.training_step = lambda *args, **kwargs: losses.append(step(*args, **kwargs)) or losses[-1]  # type: ignore[method-assign,func-returns-value]
    trainer.args.max_steps = 1
    trainer.train()
    assert len(losses) == 1
    assert losses[0].isfinite()


@pytest.mark.parametrize("kind", ["supervised-attention", "input-gradient"])
def test_a_regularizer_adds_to_the_loss_of_synthetic_notes_and_r_drop(
    kind: str, little_corpus: Corpus, tmp_path: Path
) -> None:
    losses = []
    for weight in (1e-9, 1.0):
        settings = ["training.synthetic_notes={}", "training.r_drop={after_epochs: 0}"]
        recipe = recipe_with(f"training.regularizer={{kind: {kind}, weight: {weight}}}", *settings)
        trainer: Any = prepare_fit(recipe, little_corpus, tmp_path, Silent())
        trainer.state.max_steps = 10
        batch = trainer.data_collator([trainer.train_dataset[row] for row in range(4)])
        assert "twins" in batch
        torch.manual_seed(0)
        losses.append(float(trainer.compute_loss(trainer.model.train(), batch).detach()))
    assert losses[1] > losses[0] + 1e-4


def test_a_plan_measures_steps_with_the_regularizer(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def penalty(self: InputGradient, *args: Any) -> Any:
        term = original(self, *args)
        return lambda *batch: calls.append(1) or term(*batch)  # type: ignore[func-returns-value]

    original = InputGradient.penalty
    monkeypatch.setattr(InputGradient, "penalty", penalty)
    found = plan_training(recipe_with("training.regularizer=input-gradient"), little_corpus, tmp_path / "run")
    assert len(calls) >= len(found.own.batches) > 0
    assert found.better is None or not found.better.batching.gradient_checkpointing


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["training.regularizer=supervised-attention", "head=pooled"], "which head pooled does not have"),
        (
            ["training.regularizer=supervised-attention", "head=label-tree-attention", "training.epochs=9"],
            "from the first epoch",
        ),
        (
            ["training.regularizer=input-gradient", "training.gradient_checkpointing=true"],
            "differentiates twice.*gradient_checkpointing=false",
        ),
        (["training.regularizer=token-masking"], "set start_from to its folder"),
        (
            [
                "training.start_from=x",
                "training.regularizer=token-masking",
                "head=label-tree-attention",
                "training.epochs=9",
            ],
            "choose another head",
        ),
        (
            ["training.start_from=x", "training.regularizer=token-masking", "training.r_drop={}"],
            "excludes r_drop",
        ),
        (
            ["training.start_from=x", "training.regularizer=token-masking", "training.synthetic_notes={}"],
            "excludes r_drop and synthetic_notes",
        ),
        (["training.regularizer=tokn-masking"], "did you mean token-masking"),
        (
            ["training.regularizer.weight=1"],
            r"weight needs training\.regularizer\.kind, which has to come before it\. It is a field of",
        ),
        (["training.regularizer.kind=tokn-masking"], "did you mean token-masking"),
        (
            ["training.regularizer=input-gradient", "training.regularizer.steps=3"],
            "It is a field of training.regularizer token-masking",
        ),
        (["training.regularizer={kind: input-gradient, weight: -1}"], r"regularizer\.weight: .* greater"),
        (["training.regularizer=3"], "training.regularizer is 3|no training.regularizer"),
        (["regularizer=input-gradient"], r"Did you mean training\.regularizer"),
    ],
)
def test_recipes_that_do_not_fit_are_refused_when_they_are_read(settings: list[str], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        recipe_with(*[one for one in settings if one.startswith("head=")], *settings)


def test_the_kind_of_a_regularizer_can_be_set_alone() -> None:
    one, other = (
        recipe_with(f"training.regularizer{way}=input-gradient", "training.regularizer.weight=0.5")
        for way in ("", ".kind")
    )
    assert one == other
    assert one.training.regularizer is not None


# Starting from a trained model


def test_training_starts_from_the_weights_of_the_model(
    little_corpus: Corpus, trained: Path, tmp_path: Path
) -> None:
    trainer: Any = prepare_fit(
        recipe_with(f"training.start_from={trained}", "seed=7"), little_corpus, tmp_path, Silent()
    )
    stored: Any = load_model(trained)[0]
    weights = stored.model.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in trainer.model.state_dict().items())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["encoder.layers=3"], "encoder.layers is 3, and the model of training.start_from has 2"),
        (["head.keys=linear"], "head.keys is 'linear'"),
        (["head=pooled"], "head.kind is 'pooled'"),
    ],
)
def test_another_encoder_or_head_than_that_of_the_model_is_refused(
    little_corpus: Corpus, trained: Path, tmp_path: Path, settings: list[str], words: str
) -> None:
    head = [one for one in settings if one.startswith("head=")]
    recipe = read_recipe("clem-icd-small", [*LITTLE_SETTINGS, *(head or ATTENTION), *settings])
    assert isinstance(recipe, NeuralRecipe)
    training = recipe.training.model_copy(update={"start_from": str(trained)})
    with pytest.raises(RecipeError, match=words):
        train(recipe.model_copy(update={"training": training}), little_corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_other_labels_and_other_systems_are_refused(
    little_corpus: Corpus, trained: Path, tmp_path: Path
) -> None:
    recipe = recipe_with(f"training.start_from={trained}")
    text = (trained / "clem.json").read_text(encoding="utf-8")
    for name, found, words in (
        ("labels", text.replace("I10", "I11.0"), "expected the same ones in the same order"),
        ("system", text.replace('"system": "neural"', '"system": "linear"'), "needs a neural system"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "clem.json").write_text(found, encoding="utf-8")
        training = recipe.training.model_copy(update={"start_from": str(tmp_path / name)})
        with pytest.raises((RecipeError, ModelError), match=words):
            train(recipe.model_copy(update={"training": training}), little_corpus, tmp_path / "run")


def test_a_run_whose_starting_model_has_changed_is_not_resumed(
    little_corpus: Corpus, trained: Path, tmp_path: Path, without_report: None
) -> None:
    own = tmp_path / "model"
    own.mkdir()
    for file in trained.iterdir():
        (own / file.name).write_bytes(file.read_bytes())
    recipe = recipe_with(f"training.start_from={own}", "training.checkpoint_steps=4")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, little_corpus, tmp_path / "run", observer=Interrupting(6))
    weights = bytearray((own / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (own / "model.safetensors").write_bytes(weights)
    with pytest.raises(RunError, match=r"another model: the file of training\.start_from has changed"):
        train(recipe, little_corpus, tmp_path / "run", resume=True)


def test_the_model_to_start_from_is_not_replaced(little_corpus: Corpus, trained: Path) -> None:
    with pytest.raises(Exception, match=r"would overlap the model of training\.start_from"):
        train(recipe_with(f"training.start_from={trained}"), little_corpus, trained.parent, force=True)
    assert (trained / "clem.json").exists()
