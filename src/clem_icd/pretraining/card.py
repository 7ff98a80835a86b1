"""The card of a pretrained encoder: what users need to know about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clem_icd.pretraining.recipe import PretrainingRecipe
from clem_icd.pretraining.texts import short_place


def encoder_card(recipe: PretrainingRecipe, facts: dict[str, Any], history: Sequence[dict[str, Any]]) -> str:
    """Return the card as Markdown with a Hugging Face header.

    Parameters
    ----------
    recipe
        The recipe of the run.
    facts
        The contents of ``pretraining.json``.
    history
        The rows of ``history.json``.

    """
    start = "random weights" if recipe.pretrained is None else f"`{short_place(recipe.pretrained.name)}`"
    lines = [
        "---",
        "library_name: transformers",
        "pipeline_tag: fill-mask",
        "tags: [clinical-nlp, modernbert, masked-language-modelling]",
        "---",
        "",
        "# An encoder of clinical text",
        "",
        f"- {facts['parameters']:,} parameters, trained from {start} in {facts['steps']:,} steps on "
        f"{facts['tokens_read']:,} tokens: {facts['passes']} passes over {facts['tokens']:,} tokens of text.",
        f"- Rows of {_list(recipe.training.lengths)} tokens, {recipe.masked_share:.0%} of them masked; "
        f"{facts['precision']}; seed {recipe.seed}.",
        *_codes(recipe),
        f"- SHA-256 of `model.safetensors`: `{facts['sha256']}`.",
        "- Its vocabulary contains words from its training texts, and its weights may reveal them. Share it "
        "only under the terms that apply to those texts.",
        "",
        "## Texts",
        "",
        "| use | name | SHA-256 |",
        "|---|---|---|",
        *(f"| {one['use']} | {one['name']} | {_checksum(one)} |" for one in facts["inputs"]),
        "",
        "| source | texts read | near-copies of excluded notes | repeated | held out | trained on |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | "
            + " | ".join(f"{one[key]:,}" for key in ("read", "near_copies", "repeated", "held_out", "kept"))
            + " |"
            for name, one in facts["counts"].items()
        ),
        "",
        "## Loss",
        "",
        "| step | training | held out |",
        "|---|---|---|",
        *_losses(history),
        "",
        "Held-out loss is the mean cross-entropy of masked tokens, in nats. `facts.json` has all settings.",
    ]
    return "\n".join(lines) + "\n"


def _list(lengths: Sequence[int]) -> str:
    return ", then ".join(f"{length:,}" for length in lengths)


def _codes(recipe: PretrainingRecipe) -> list[str]:
    parts = [
        f"{count:,} {words}"
        for count, words in (
            (recipe.codes.names, "names of ICD-10-CM codes"),
            (recipe.codes.inserted, "texts with such names inserted"),
            (recipe.codes.notes, "notes with codes"),
        )
        if count
    ]
    return [f"- Each step also learns to match {', '.join(parts)} with code titles."] if parts else []


def _checksum(one: dict[str, Any]) -> str:
    if one.get("files"):
        return f"of {len(one['files']):,} files, in `facts.json`"
    if one.get("commit"):
        return f"commit `{one['commit']}` of the Hub"
    return f"`{one['sha256']}`" if one["sha256"] else "unknown, or part of this package"


def _losses(history: Sequence[dict[str, Any]], most: int = 20) -> list[str]:
    training = {row["step"]: row["loss"] for row in history if "loss" in row}
    held_out = {row["step"]: row["eval_loss"] for row in history if "eval_loss" in row}
    steps = sorted(held_out)
    every = max(1, -(-len(steps) // most))
    shown = [step for place, step in enumerate(steps, start=1) if place % every == 0 or place == len(steps)]
    return [f"| {step:,} | {_number(training.get(step))} | {held_out[step]:.3f} |" for step in shown]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
