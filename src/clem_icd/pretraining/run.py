"""A pretraining run from start to finish, in one folder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, set_seed

from clem_icd.files import new_folder, sha256_of, write_json, write_text
from clem_icd.modeling import load_language_model, new_language_model
from clem_icd.modeling.damage import RESUME_EARLIER, require_file
from clem_icd.modeling.machine import precision_here, use_usable_cores
from clem_icd.pretraining.card import encoder_card
from clem_icd.pretraining.count_embeddings import count_embeddings
from clem_icd.pretraining.folder import PretrainingFolder
from clem_icd.pretraining.preparation import Prepared, prepare
from clem_icd.pretraining.recipe import PretrainingRecipe
from clem_icd.pretraining.texts import Sources, short_place
from clem_icd.pretraining.trainer import new_trainer, reproducible_history
from clem_icd.progress import Observer, Silent
from clem_icd.runs.checkpoints import last_checkpoint
from clem_icd.runs.disk import disk_full_as_output_error
from clem_icd.runs.history import write_history
from clem_icd.runs.points import Point, passing
from clem_icd.runs.processes import require_single_process

# The standard deviation of ModernBERT's initial embeddings (its initializer_range).
_EMBEDDING_DEVIATION = 0.02


def pretrain(
    recipe: PretrainingRecipe,
    sources: Sources,
    out: Path,
    *,
    resume: bool = False,
    force: bool = False,
    observer: Observer | None = None,
) -> Path:
    """Train an encoder on masked tokens, from random weights or from another encoder.

    Parameters
    ----------
    recipe
        The recipe, from `read_pretraining`.
    sources
        The texts to read, and the corpora to keep out.
    out
        The folder of the run.
    resume
        Resume the run at ``out``; start a new one if there is none.
    force
        Replace a run at ``out``.

    Returns
    -------
    Path
        The folder of the encoder, for ``encoder=``: ``out / "encoder"``.

    Raises
    ------
    SourceError, CorpusError
        If a source cannot be read, or has too little text.
    ModelError
        If the encoder to start from cannot be loaded.
    OutputError
        If ``out`` is occupied and neither ``resume`` nor ``force`` is true, or the disk is full.
    RunError
        If the run at ``out`` has another recipe or other texts, or several processes were started.

    """
    observer = observer or Silent()
    require_single_process(out)
    folder = PretrainingFolder.start(out, recipe, sources, resume=resume, force=force)
    if folder.ended:
        folder.clean()
        observer.say(f"{out} is already finished")
        return folder.encoder
    with folder.locked():
        try:
            with disk_full_as_output_error(out):
                _run_to_completion(folder, recipe, sources, observer)
        except BaseException:
            folder.roll_back()
            raise
    return folder.encoder


def start_model(
    recipe: PretrainingRecipe,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase] | None:
    """Return the encoder whose training continues, and its tokenizer; None for random weights."""
    return None if recipe.pretrained is None else load_language_model(recipe.pretrained, recipe.longest)


def new_model(recipe: PretrainingRecipe, prepared: Prepared, *, counted: bool) -> PreTrainedModel:
    """Return a small encoder with random weights, with embeddings from counts if ``counted`` is true."""
    if recipe.small is None:
        raise ValueError("the recipe does not start from random weights")
    set_seed(recipe.seed)
    small = recipe.small
    model = new_language_model(small, prepared.tokenizer, recipe.positions)
    if counted:
        vectors = count_embeddings(
            prepared.texts, len(prepared.tokenizer), small.hidden_size, seed=recipe.seed
        )
        with torch.no_grad():
            embeddings: Any = model.get_input_embeddings()
            embeddings.weight.copy_(torch.from_numpy(vectors * _EMBEDDING_DEVIATION))
    return model


def _run_to_completion(
    folder: PretrainingFolder, recipe: PretrainingRecipe, sources: Sources, observer: Observer
) -> None:
    use_usable_cores()
    began = time.monotonic()
    started = start_model(recipe)
    tokenizer = None if started is None else started[1]
    prepared = prepare(recipe, sources, folder.data, tokenizer, observer)
    for line in source_lines(prepared):
        observer.say(line)
    resumed = last_checkpoint(folder.checkpoints, observer.say)
    if resumed is not None:
        require_file(resumed.path / "model.safetensors", RESUME_EARLIER)
    if started is None:
        model = new_model(recipe, prepared, counted=recipe.count_embeddings and resumed is None)
    else:
        model = started[0]
    set_seed(recipe.seed)
    folder.checkpoints.mkdir(exist_ok=True)
    passing(Point.TRAINING_START)
    trainer = new_trainer(
        recipe,
        model,
        int(prepared.tokenizer.pad_token_id),
        prepared.steps(recipe),
        prepared.held_out_rows(recipe),
        folder.path,
        observer,
    )
    if resumed is None:
        trainer.train()
    elif resumed.evaluation_due or resumed.step < resumed.max_steps:
        observer.say(f"Resuming from step {resumed.step:,}")
        trainer.train(resume_from_checkpoint=str(resumed.path))
    else:
        trainer.restore(resumed)
    history = reproducible_history(trainer.state.log_history)
    write_history(folder.path, history)
    facts = _facts(recipe, prepared, history, time.monotonic() - began)
    _save(folder, model, prepared, recipe, facts, history)


def source_lines(prepared: Prepared) -> list[str]:
    """Describe the texts of every source in one line each, and the total in a last line."""
    lines = []
    for name, counts in prepared.counts.items():
        left_out = [
            f"{counts[key]:,} {words}"
            for key, words in (
                ("near_copies", "near-copies of excluded notes"),
                ("repeated", "repeated"),
                ("held_out", "held out"),
            )
            if counts[key]
        ]
        without = f", without {', '.join(left_out)}" if left_out else ""
        converted = counts.get("converted", 0)
        note = f"; {converted:,} were converted from HTML or another format" if converted else ""
        lines.append(f"{name}: {counts['kept']:,} of {counts['read']:,} texts{without}{note}")
    lines.append(f"{prepared.texts.size:,} tokens in total")
    return lines


def _facts(
    recipe: PretrainingRecipe, prepared: Prepared, history: list[dict[str, Any]], seconds: float
) -> dict[str, Any]:
    losses = [row["eval_loss"] for row in history if "eval_loss" in row]
    steps = prepared.steps(recipe)
    return {
        "counts": prepared.counts,
        "tokens": prepared.texts.size,
        "tokens_read": sum(phase.steps * phase.rows * phase.length for phase in steps.phases),
        "passes": round(steps.passes(), 2),
        "steps": len(steps),
        "held_out_loss": losses[-1] if losses else None,
        "precision": precision_here(recipe.training.precision),
        "seconds_since_last_start": round(seconds, 1),
    }


def _save(
    folder: PretrainingFolder,
    model: PreTrainedModel,
    prepared: Prepared,
    recipe: PretrainingRecipe,
    facts: dict[str, Any],
    history: list[dict[str, Any]],
) -> None:
    """Write the encoder in half precision, with its tokenizer and card, and mark the run as finished."""
    passing(Point.ENCODER_WRITING)
    model.config.sparse_prediction = False
    with new_folder(folder.encoder, force=True) as encoder:
        half: Any = model
        half.to(torch.bfloat16).save_pretrained(encoder)
        prepared.tokenizer.save_pretrained(encoder)
        facts = {
            **facts,
            "parameters": model.num_parameters(),
            "sha256": sha256_of(encoder / "model.safetensors"),
        }
        state = {**folder.state(), **facts}
        shared = {
            key: value for key, value in state.items() if key not in ("format", "format_version", "ended")
        }
        if recipe.pretrained is not None:
            named = {**shared["recipe"]["encoder"], "name": short_place(recipe.pretrained.name)}
            shared["recipe"] = {**shared["recipe"], "encoder": named}
        write_json(encoder / "facts.json", shared)
        passing(Point.CARD_WRITING)
        write_text(encoder / "README.md", encoder_card(recipe, state, history))
    folder.end(**facts)
