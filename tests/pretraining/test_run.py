"""A small pretraining run, from its sources to the finished encoder."""

from __future__ import annotations

import hashlib
import json
import shutil
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    PreTrainedTokenizerBase,
    Trainer,
)

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError, OutputError, RunError, SourceError
from clem_icd.locking import LOCK
from clem_icd.modeling import LabelSpace, build, packed_inputs
from clem_icd.pretraining import PretrainingRecipe, Sources, pretrain, read_pretraining
from clem_icd.pretraining.folder import PretrainingFolder
from clem_icd.pretraining.preparation import prepare
from clem_icd.pretraining.texts import is_held_out
from clem_icd.progress import Silent
from clem_icd.training import read_recipe, train
from encoder_folders import publish, use_offline
from pretraining_support import TINY_ENCODER, TINY_STEPS, make_text, write_jsonl
from support import LITTLE_SETTINGS, tiny, write_little_corpus

CODES = ["codes.names=4", "codes.inserted=2", "codes.notes=4", "codes.note_tokens=48", "codes.weight=0.5"]


def recipe_of(*settings: str, encoder: str = "small") -> PretrainingRecipe:
    dimensions = TINY_ENCODER if encoder == "small" else []
    return read_pretraining([*dimensions, *TINY_STEPS, *settings], encoder=encoder)


def sources_of(notes_file: Path, corpus: Corpus, *, coded: bool = False) -> Sources:
    return Sources([str(notes_file), str(corpus.path)], [corpus.path] if coded else [])


@pytest.fixture(scope="module")
def run(notes_file: Path, little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pretraining") / "run"
    assert pretrain(recipe_of(), sources_of(notes_file, little_corpus), out) == out / "encoder"
    return out


@pytest.fixture(scope="module")
def coded_run(notes_file: Path, little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("coded") / "run"
    pretrain(recipe_of(*CODES), sources_of(notes_file, little_corpus, coded=True), out)
    return out


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def held_out_losses(run: Path) -> list[float]:
    return [row["eval_loss"] for row in read(run / "history.json") if "eval_loss" in row]


def test_a_run_has_exactly_the_documented_files(run: Path) -> None:
    assert set(snapshot(run)) == {
        LOCK,
        "recipe.yaml",
        "environment.json",
        "history.json",
        "pretraining.json",
        "encoder/README.md",
        "encoder/config.json",
        "encoder/model.safetensors",
        "encoder/facts.json",
        "encoder/tokenizer.json",
        "encoder/tokenizer_config.json",
    }
    assert {path.name for path in run.iterdir() if path.is_dir()} == {"encoder"}


@pytest.mark.parametrize("kind", [AutoModel, AutoModelForMaskedLM])
def test_the_encoder_loads_without_this_package(run: Path, kind: Any) -> None:
    model, loading = kind.from_pretrained(run / "encoder", output_loading_info=True)
    assert not loading["missing_keys"]
    assert not loading["mismatched_keys"]
    tokenizer = AutoTokenizer.from_pretrained(run / "encoder")
    assert (model.config.vocab_size, model.config.max_position_embeddings) == (len(tokenizer), 512)
    assert tokenizer.model_max_length == 512
    ids = tokenizer(make_text(3), return_tensors="pt")["input_ids"]
    assert torch.isfinite(model(input_ids=ids)[0]).all()
    assert not model.config.sparse_prediction


def test_weights_are_in_half_precision_and_match_their_checksum(run: Path) -> None:
    weights = run / "encoder" / "model.safetensors"
    assert {tensor.dtype for tensor in load_file(weights).values()} == {torch.bfloat16}
    state = read(run / "pretraining.json")
    assert state["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    model = AutoModelForMaskedLM.from_pretrained(run / "encoder")
    assert state["parameters"] == model.num_parameters() > 10_000


def test_the_encoder_learns_to_predict_masked_words(
    notes_file: Path, little_corpus: Corpus, tmp_path: Path
) -> None:
    # Longer than the other runs, so that the encoder learns the pairs of words.
    sources = Sources([str(notes_file)])
    encoder = pretrain(recipe_of("training.tokens=150000"), sources, tmp_path / "run")
    model = AutoModelForMaskedLM.from_pretrained(encoder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    # Not among the training texts.
    ids = torch.tensor(tokenizer(make_text(10_001))["input_ids"])
    masked = ids.clone()
    places = torch.arange(3, len(ids) - 2, 4)
    masked[places] = tokenizer.mask_token_id
    with torch.no_grad():
        logits = model(input_ids=masked[None]).logits[0]
    loss = torch.nn.functional.cross_entropy(logits[places], ids[places])
    assert loss < held_out_losses(tmp_path / "run")[0] - 0.5
    assert (logits[places].argmax(dim=1) == ids[places]).float().mean() > 0.3


def test_the_loss_falls(run: Path, coded_run: Path) -> None:
    for one in (run, coded_run):
        losses = held_out_losses(one)
        assert losses[-1] < losses[0] - 0.1
        assert read(one / "pretraining.json")["held_out_loss"] == losses[-1]
    training = [row["loss"] for row in read(run / "history.json") if "loss" in row]
    assert training[-1] < training[0]
    parts = [row for row in read(coded_run / "history.json") if "loss" in row]
    assert parts[-1]["codes_loss"] < parts[0]["codes_loss"]
    for row in parts:
        assert row["loss"] == pytest.approx(row["masks_loss"] + 0.5 * row["codes_loss"], rel=1e-3)


def test_the_last_held_out_loss_is_that_of_the_saved_encoder(
    run: Path, notes_file: Path, little_corpus: Corpus
) -> None:
    sources = sources_of(notes_file, little_corpus)
    recipe = recipe_of()
    tokenizer = AutoTokenizer.from_pretrained(run / "encoder")
    prepared = prepare(recipe, sources, run.parent / "data", tokenizer, Silent())
    model = AutoModelForMaskedLM.from_pretrained(run / "encoder", dtype=torch.float32).eval()
    rows = prepared.held_out_rows(recipe)
    losses = []
    with torch.no_grad():
        for number in range(len(rows)):
            batch = rows[number]
            inputs = packed_inputs(model, batch["ids"], batch["sequences"])
            losses.append(float(model(**inputs, labels=batch["labels"]).loss))
    # The encoder is rounded to half precision.
    assert float(np.mean(losses)) == pytest.approx(held_out_losses(run)[-1], abs=0.02)


def test_state_facts_and_card_describe_the_training_data(
    run: Path, notes_file: Path, little_corpus: Corpus
) -> None:
    state = read(run / "pretraining.json")
    assert state["ended"] is True
    assert state["recipe"] == recipe_of().model_dump(mode="json")
    assert yaml.safe_load((run / "recipe.yaml").read_text()) == state["recipe"]
    assert state["inputs"] == [
        {
            "use": "text",
            "name": "notes.jsonl",
            "sha256": hashlib.sha256(notes_file.read_bytes()).hexdigest(),
        },
        {"use": "text", "name": "little", "sha256": little_corpus.fingerprint},
    ]
    sources = sources_of(notes_file, little_corpus)
    held_out = [is_held_out for _, is_held_out in sources.read(sources.near_copies(), held_out_share=0.1)]
    assert {name: counts["kept"] for name, counts in state["counts"].items()} == {
        name: counts.kept for name, counts in sources.counts.items()
    }
    assert sum(counts["held_out"] for counts in state["counts"].values()) == sum(held_out) > 0
    assert state["tokens_read"] == pytest.approx(20_000, rel=0.05)
    assert state["passes"] == pytest.approx(state["tokens_read"] / state["tokens"], abs=0.01)
    assert state["steps"] == max(row["step"] for row in read(run / "history.json"))
    own = read(run / "encoder" / "facts.json")
    # Without these keys, the folder cannot be mistaken for a run.
    assert own == {
        key: value for key, value in state.items() if key not in ("format", "format_version", "ended")
    }
    card = (run / "encoder" / "README.md").read_text()
    assert card.startswith("---\nlibrary_name: transformers\n")
    for fact in (
        state["sha256"],
        state["inputs"][0]["sha256"],
        f"{state['held_out_loss']:.3f}",
        "notes.jsonl",
    ):
        assert fact in card


def test_a_run_contains_no_note_text(
    run: Path, coded_run: Path, texts: list[str], little_corpus: Corpus
) -> None:
    phrases = [text[:40].encode() for text in [*texts, *little_corpus.texts("train")]]
    for folder in (run, coded_run):
        for name, content in snapshot(folder).items():
            assert not any(phrase in content for phrase in phrases), name


def test_held_out_texts_are_not_trained_on(
    notes_file: Path, little_corpus: Corpus, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    sources = sources_of(notes_file, little_corpus, coded=True)
    recipe = recipe_of(*CODES)
    prepared = prepare(recipe, sources, tmp_path / "data", tokenizer, Silent())
    everything = list(sources.read(sources.near_copies(), held_out_share=0.1))

    def ids_in(tokens: Any) -> list[list[int]]:
        return [tokens.text(number).tolist() for number in range(len(tokens))]

    def ids(texts: list[str]) -> list[list[int]]:
        return [list(some) for some in tokenizer(texts)["input_ids"]]

    assert ids_in(prepared.texts) == ids([text for text, is_held_out in everything if not is_held_out])
    assert ids_in(prepared.held_out) == ids([text for text, is_held_out in everything if is_held_out])
    # A second call opens the prepared files.
    again = prepare(recipe, sources, tmp_path / "data", None, Silent())
    assert (ids_in(again.texts), again.counts) == (ids_in(prepared.texts), prepared.counts)
    assert prepared.coded is not None
    assert again.coded is not None
    assert again.coded.codes == prepared.coded.codes
    notes = [note for note in little_corpus.notes("train") if not is_held_out(note.text, 0.1)]
    assert len(prepared.coded.tokens) == len(notes) == len(prepared.coded.codes)
    for note, codes in zip(notes, prepared.coded.codes, strict=True):
        assert set(codes) == set(note.codes)
    for note, some in zip(notes, ids_in(prepared.coded.tokens), strict=True):
        assert len(some) <= 48
        assert some[:40] == ids([note.text])[0][: len(some)][:40]


def test_coded_notes_that_are_near_copies_are_left_out(
    notes_file: Path,
    little_corpus: Corpus,
    tokenizer: PreTrainedTokenizerBase,
    texts: list[str],
    tmp_path: Path,
) -> None:
    # In the little corpus, notes 90 to 99 are validation notes and 100 to 123 test notes.
    coded = write_little_corpus(tmp_path / "coded", sizes={"train": 40, "validation": 5}, first=90)
    sources = Sources([str(notes_file)], [coded.path, little_corpus.path])
    prepared = prepare(recipe_of("codes.notes=1"), sources, tmp_path / "data", tokenizer, Silent())
    assert prepared.coded is not None
    notes = [*list(coded.notes("train"))[34:], *little_corpus.notes("train")]
    found = [prepared.coded.tokens.text(number).tolist() for number in range(len(prepared.coded.tokens))]
    assert found == list(tokenizer([note.text for note in notes])["input_ids"])
    assert [set(codes) for codes in prepared.coded.codes] == [set(note.codes) for note in notes]
    assert prepared.counts["coded (coded)"]["near_copies"] == 34


def test_notes_held_out_as_text_are_not_trained_on_with_their_codes(
    notes_file: Path, little_corpus: Corpus, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    recipe = recipe_of("codes.notes=1", "held_out_share=0.2")
    kept = []
    for name, texts in (("alone", [str(notes_file)]), ("both", [str(notes_file), f"{little_corpus.path}/"])):
        sources = Sources(texts, [little_corpus.path])
        prepared = prepare(recipe, sources, tmp_path / name, tokenizer, Silent())
        assert prepared.coded is not None
        kept.append(len(prepared.coded.tokens))
    held_out = sum(is_held_out(text, 0.2) for text in little_corpus.texts("train"))
    assert kept == [80, 80 - held_out]
    assert held_out > 0


def test_resuming_from_a_changed_encoder_is_refused(
    run: Path, notes_file: Path, little_corpus: Corpus, tmp_path: Path
) -> None:
    encoder = tmp_path / "encoder"
    shutil.copytree(run / "encoder", encoder)
    recipe = recipe_of(encoder=str(encoder))
    out = tmp_path / "more"
    sources = sources_of(notes_file, little_corpus)
    PretrainingFolder.start(out, recipe, sources, resume=False, force=False)
    found = read(out / "pretraining.json")["inputs"][-1]
    weights = (encoder / "model.safetensors").read_bytes()
    name = f"{tmp_path.name}/encoder"
    assert found == {"use": "encoder", "name": name, "sha256": hashlib.sha256(weights).hexdigest()}
    (encoder / "model.safetensors").write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    with pytest.raises(RunError, match="from an encoder that has changed since"):
        PretrainingFolder.start(out, recipe, sources, resume=True, force=False)


def test_an_encoder_of_the_hub_is_identified_by_its_commit(
    run: Path, notes_file: Path, little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = use_offline(tmp_path / "hub", monkeypatch)
    first, second = "a" * 40, "b" * 40
    publish(cache, "clinic/encoder", run / "encoder", first, "main")
    recipe, sources = recipe_of(encoder="clinic/encoder"), sources_of(notes_file, little_corpus)
    out = tmp_path / "more"
    PretrainingFolder.start(out, recipe, sources, resume=False, force=False)
    found = read(out / "pretraining.json")["inputs"][-1]
    assert found == {"use": "encoder", "name": "clinic/encoder", "sha256": None, "commit": first}
    PretrainingFolder.start(out, recipe, sources, resume=True, force=False)
    publish(cache, "clinic/encoder", run / "encoder", second, "main")
    with pytest.raises(RunError, match="from an encoder that has changed since"):
        PretrainingFolder.start(out, recipe, sources, resume=True, force=False)


def test_the_encoder_can_be_trained_to_code_notes(run: Path, little_corpus: Corpus, tmp_path: Path) -> None:
    encoder = run / "encoder"
    weights = load_file(encoder / "model.safetensors")
    model, _ = build(tiny(128, encoder=str(encoder)), LabelSpace.of(little_corpus))
    for name in ("model.layers.1.mlp.Wi.weight", "head.dense.weight"):
        torch.testing.assert_close(model.get_parameter(name), weights[name].float())
    recipe = read_recipe("clem-icd-small", [*LITTLE_SETTINGS, f"encoder={encoder}", "training.epochs=2"])
    trained = train(recipe, little_corpus, tmp_path / "run")
    assert read(trained / "metrics.json")["metrics"]["micro_f1"] > 0.5
    assert read(trained / "model" / "config.json")["hidden_size"] == 32


def test_pretraining_continues_from_an_encoder(run: Path, notes_file: Path, tmp_path: Path) -> None:
    recipe = recipe_of(
        "training.tokens=4000",
        "training.checkpoint_steps=4",
        "training.learning_rate=1e-5",
        encoder=str(run / "encoder"),
    )
    encoder = pretrain(recipe, Sources([str(notes_file)]), tmp_path / "run")
    assert held_out_losses(tmp_path / "run")[0] < held_out_losses(run)[0] - 0.1
    for name in ("tokenizer.json", "config.json"):
        assert (encoder / name).read_bytes() == (run / "encoder" / name).read_bytes()
    before, after = (load_file(place / "model.safetensors") for place in (run / "encoder", encoder))
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert all((before[name].float() - after[name].float()).abs().max() < 0.02 for name in before)


@pytest.fixture
def bert(tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> str:
    """A BERT that reads 64 tokens."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=64,
    )
    BertForMaskedLM(config).save_pretrained(tmp_path / "bert")
    tokenizer.save_pretrained(tmp_path / "bert")
    return str(tmp_path / "bert")


def test_pretraining_continues_from_a_bert(bert: str, notes_file: Path, tmp_path: Path) -> None:
    encoder = pretrain(recipe_of(encoder=bert), Sources([str(notes_file)]), tmp_path / "run")
    losses = held_out_losses(tmp_path / "run")
    assert losses[-1] < losses[0]
    model, loading = AutoModelForMaskedLM.from_pretrained(encoder, output_loading_info=True)
    assert type(model) is BertForMaskedLM
    assert not loading["missing_keys"]
    longer = recipe_of("training.lengths=[32,65]", encoder=bert)
    with pytest.raises(ModelError, match="reads 64 tokens, asked for 65"):
        pretrain(longer, Sources([str(notes_file)]), tmp_path / "longer")
    assert not (tmp_path / "longer").exists()


def test_coded_texts_are_truncated_to_the_context_of_the_encoder(
    bert: str, notes_file: Path, little_corpus: Corpus, tmp_path: Path
) -> None:
    recipe = recipe_of(*CODES, "training.tokens=4000", encoder=bert)
    sources = sources_of(notes_file, little_corpus, coded=True)
    assert pretrain(recipe, sources, tmp_path / "run").is_dir()


def test_note_tokens_beyond_the_context_of_the_encoder_are_refused(
    bert: str, notes_file: Path, little_corpus: Corpus, tmp_path: Path
) -> None:
    recipe = recipe_of("codes.notes=4", "codes.note_tokens=65", "training.tokens=4000", encoder=bert)
    with pytest.raises(ModelError, match="reads 64 tokens, asked for 65"):
        pretrain(recipe, sources_of(notes_file, little_corpus, coded=True), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_same_seed_gives_the_same_weights_and_history_and_another_does_not(
    run: Path, notes_file: Path, little_corpus: Corpus, tmp_path: Path
) -> None:
    sources = sources_of(notes_file, little_corpus)
    for seed, is_same in ((0, True), (1, False)):
        pretrain(recipe_of(f"seed={seed}"), sources, tmp_path / str(seed))
        for file in ("encoder/model.safetensors", "history.json"):
            assert ((tmp_path / str(seed) / file).read_bytes() == (run / file).read_bytes()) is is_same, file


def test_resuming_a_finished_run_changes_nothing(run: Path, notes_file: Path, little_corpus: Corpus) -> None:
    before = snapshot(run)
    found = pretrain(recipe_of(), sources_of(notes_file, little_corpus), run, resume=True)
    assert (found, snapshot(run)) == (run / "encoder", before)


def test_a_run_is_not_overwritten_without_force(run: Path, notes_file: Path, little_corpus: Corpus) -> None:
    before = snapshot(run)
    with pytest.raises(OutputError, match="--force"):
        pretrain(recipe_of(), sources_of(notes_file, little_corpus), run)
    assert snapshot(run) == before


def test_resuming_with_another_recipe_is_refused(run: Path, notes_file: Path, little_corpus: Corpus) -> None:
    before = snapshot(run)
    other = recipe_of("seed=3", "training.lengths=[32]", "training.shares=[1]", encoder=str(run / "encoder"))
    with pytest.raises(
        RunError, match=r"encoder, positions, seed, training\.lengths, training\.shares changed"
    ):
        pretrain(other, sources_of(notes_file, little_corpus), run, resume=True)
    assert snapshot(run) == before


def test_resuming_with_other_texts_is_refused(
    run: Path, notes_file: Path, little_corpus: Corpus, texts: list[str], tmp_path: Path
) -> None:
    before = snapshot(run)
    changed = write_jsonl(tmp_path / "notes.jsonl", texts[:-1])
    for sources in (
        sources_of(changed, little_corpus),
        Sources([str(notes_file)]),
        Sources([str(little_corpus.path), str(notes_file)]),
        Sources([str(notes_file), str(little_corpus.path)], kept_out=[little_corpus.path]),
    ):
        with pytest.raises(RunError, match="other texts, or the texts have changed"):
            pretrain(recipe_of(), sources, run, resume=True)
    assert snapshot(run) == before


def test_resuming_a_run_of_another_kind_is_refused(
    notes_file: Path, little_corpus: Corpus, run: Path, tmp_path: Path
) -> None:
    train(read_recipe("linear"), little_corpus, tmp_path / "linear")
    with pytest.raises(RunError, match="holds a run with one seed, expected a pretraining run"):
        pretrain(recipe_of(), Sources([str(notes_file)]), tmp_path / "linear", resume=True)
    with pytest.raises(RunError, match="holds a pretraining run, expected a run with one seed"):
        train(read_recipe("linear"), little_corpus, run, resume=True)


def test_force_replaces_a_run_only_when_the_new_one_finishes(
    notes_file: Path, texts: list[str], tmp_path: Path
) -> None:
    fast = ("training.tokens=4000", "training.checkpoint_steps=8")
    out = tmp_path / "run"
    pretrain(recipe_of(*fast), Sources([str(notes_file)]), out)
    before = snapshot(out)
    with pytest.raises(ModelError, match="no such encoder folder"):
        pretrain(recipe_of(encoder="./no-such-folder"), Sources([str(notes_file)]), out, force=True)
    assert snapshot(out) == before
    pretrain(recipe_of(*fast, "seed=1"), Sources([str(notes_file)]), out, force=True)
    weights = "encoder/model.safetensors"
    assert snapshot(out)[weights] != before[weights]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("use", ["text", "coded", "kept out"])
@pytest.mark.parametrize("place", ["corpus", "corpus/run", "."])
def test_a_run_folder_that_overlaps_a_corpus_is_refused(
    notes_file: Path, tmp_path: Path, use: str, place: str
) -> None:
    corpus = write_little_corpus(tmp_path / "corpus")
    before = snapshot(tmp_path)
    sources = Sources(
        [str(corpus.path if use == "text" else notes_file)],
        [corpus.path] if use == "coded" else [],
        [corpus.path] if use == "kept out" else [],
    )
    with pytest.raises(OutputError, match="would overlap corpus"):
        pretrain(recipe_of(), sources, tmp_path / place, force=True)
    assert snapshot(tmp_path) == before


def test_a_run_folder_that_overlaps_a_source_file_is_refused(tmp_path: Path, texts: list[str]) -> None:
    (tmp_path / "data").mkdir()
    path = write_jsonl(tmp_path / "data" / "notes.jsonl", texts)
    before = snapshot(tmp_path)
    with pytest.raises(OutputError, match=r"would overlap notes\.jsonl"):
        pretrain(recipe_of(), Sources([str(path)]), tmp_path / "data", force=True)
    assert snapshot(tmp_path) == before
    # A folder next to the file is fine.
    fast = recipe_of("training.tokens=1000")
    assert pretrain(fast, Sources([str(path)]), tmp_path / "data" / "run").is_dir()


@pytest.mark.parametrize("place", [".", "encoder", "encoder/run"])
def test_a_run_folder_that_overlaps_the_encoder_is_refused(
    run: Path, notes_file: Path, tmp_path: Path, place: str
) -> None:
    own = shutil.copytree(run, tmp_path / "run")
    before = snapshot(tmp_path)
    recipe = recipe_of(encoder=str(own / "encoder"))
    with pytest.raises(OutputError, match="would overlap encoder"):
        pretrain(recipe, Sources([str(notes_file)]), own / place, force=True)
    assert snapshot(tmp_path) == before


def test_force_replaces_runs_and_nothing_else(notes_file: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter-1.txt").write_text("mine")
    with pytest.raises(OutputError, match="something other than a run"):
        pretrain(recipe_of(), Sources([str(notes_file)]), tmp_path / "thesis", force=True)
    assert (tmp_path / "thesis" / "chapter-1.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("count", "settings", "words"),
    [
        (1, (), "need at least"),
        (60, ("held_out_share=0.000001",), "larger held_out_share"),
        (60, ("codes.notes=2",), "--coded"),
    ],
)
def test_too_few_texts_are_refused_and_leave_no_files(
    tmp_path: Path, texts: list[str], count: int, settings: tuple[str, ...], words: str
) -> None:
    path = write_jsonl(tmp_path / "notes.jsonl", texts[:count])
    with pytest.raises(SourceError, match=words):
        pretrain(recipe_of(*settings), Sources([str(path)]), tmp_path / "run")
    assert [one.name for one in tmp_path.iterdir()] == ["notes.jsonl"]


def test_too_few_held_out_tokens_are_refused(tmp_path: Path, texts: list[str]) -> None:
    """The only held-out text does not fill one row."""
    short = next(
        text
        for text in (f"stable {number}" for number in range(1000))
        if zlib.crc32(text.encode()) < 0.1 * 2**32
    )
    kept = [text for text in texts if zlib.crc32(text.encode()) >= 0.1 * 2**32]
    path = write_jsonl(tmp_path / "notes.jsonl", [*kept, short])
    with pytest.raises(SourceError, match="held_out_share"):
        pretrain(recipe_of(), Sources([str(path)]), tmp_path / "run")
    assert [one.name for one in tmp_path.iterdir()] == ["notes.jsonl"]


def test_a_coded_corpus_of_only_near_copies_is_refused(
    tmp_path: Path, notes_file: Path, little_corpus: Corpus
) -> None:
    # Its training notes are the test notes of the little corpus.
    sizes = {"train": 24, "validation": 10}
    coded = write_little_corpus(tmp_path / "coded", sizes=sizes, first=100)
    assert list(coded.texts("train")) == list(little_corpus.texts("test"))
    sources = Sources([str(notes_file)], [coded.path], [little_corpus.path])
    with pytest.raises(SourceError):
        pretrain(recipe_of(*CODES), sources, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_starting_several_processes_is_refused(
    notes_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(RunError, match="without torchrun"):
        pretrain(recipe_of(), Sources([str(notes_file)]), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_locked_by_another_process_is_refused(notes_file: Path, tmp_path: Path) -> None:
    sources = Sources([str(notes_file)])
    folder = PretrainingFolder.start(tmp_path / "run", recipe_of(), sources, resume=False, force=False)
    with folder.locked(), pytest.raises(RunError, match="another process"):
        pretrain(recipe_of(), sources, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "pretraining.json").is_file()


def test_a_full_disk_is_named_in_the_error(
    notes_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise RuntimeError("PytorchStreamWriter failed writing file data/3: file write failed")

    monkeypatch.setattr(Trainer, "save_model", full)
    with pytest.raises(OutputError, match=r"the disk is full.*--resume"):
        pretrain(recipe_of(), Sources([str(notes_file)]), tmp_path / "run")
    assert not (tmp_path / "run").exists()
