"""The model card: what users need to know about a model."""

from __future__ import annotations

from typing import Any

from clem_icd.icd import CodeSystem
from clem_icd.modeling.info import ModelInfo

_SYNTHETIC = """
> **Trained on synthetic notes.** It has never seen a patient's note. It shows how the software
> works, not how well notes can be coded.
"""


def model_card(info: ModelInfo) -> str:
    """Return the card as Markdown with a Hugging Face header."""
    lines = [
        "---",
        "library_name: transformers" if info.system == "neural" else "library_name: clem-icd",
        "pipeline_tag: text-classification",
        "tags: [icd, medical-coding, clinical-nlp]",
        "---",
        "",
        f"# ICD codes from clinical notes ({info.system})",
    ]
    if info.corpus.get("synthetic"):
        lines.append(_SYNTHETIC)
    lines += [
        "",
        _labels(info),
        f"- Trained on: {info.corpus['name']} (source `{info.corpus['source']}`).",
        f"- Assigns a code {info.rule.describe()}:",
        f"  {info.threshold_policy}.",
    ]
    if info.recipe.get("stacking") is not None:
        lines.append(_stacked(info.recipe["stacking"]))
    if info.evidence is not None:
        lines += [
            f"- Finds evidence by {info.evidence['method'].get('kind')}:",
            f"  {info.evidence['chosen']}.",
        ]
    lines.append(
        "- Its vocabulary contains words from the notes that it was trained on. "
        "Share it only under the terms that apply to those notes."
    )
    if info.admissions:
        lines.append(
            f"- The admissions of {info.corpus['population']} that it was trained on are in "
            "`admissions.parquet`: scores on them are optimistic."
        )
    if info.max_tokens:
        lines.append(f"- Reads the first {info.max_tokens:,} tokens of a note and ignores the rest.")
    lines += ["", "It suggests codes; a medical coder decides. It is not a medical device.", ""]
    lines += _metrics(info)
    if info.architecture is not None and info.architecture["head"]["kind"] == "pooled":
        lines += [
            "## Use without this package",
            "",
            "```python",
            "from transformers import pipeline",
            'coder = pipeline("text-classification", model="path/to/this/folder",',
            '                 top_k=None, function_to_apply="sigmoid", truncation=True)',
            "```",
        ]
    return "\n".join(lines) + "\n"


def _labels(info: ModelInfo) -> str:
    if isinstance(info.label_space, CodeSystem):
        return (
            f"- Ranks {len(info.labels):,} codes, in `clem.json`: those of {info.label_space.title} and of "
            "its training corpus."
        )
    return f"- Labels: {len(info.labels)} codes, in `config.json` and `clem.json`."


def _stacked(recipe: dict[str, Any]) -> str:
    line = f"- Its trees also see the scores of the {recipe['system']} system in `stacked`"
    if "reading" not in recipe:
        return f"{line}."
    return f"{line}, which reads the first {recipe['reading']['max_tokens']:,} tokens of a note."


def _metrics(info: ModelInfo) -> list[str]:
    if not info.metrics:
        return []
    # Imported here: only writing a card needs it, and this module is imported to load a model.
    from clem_icd.evaluation.headlines import HEADLINES

    rows = [
        f"| {name} | " + " | ".join(f"{values[name]:.4f}" for values in info.metrics.values()) + " |"
        for name in HEADLINES
    ]
    return [
        "## Metrics",
        "",
        "| metric | " + " | ".join(info.metrics) + " |",
        "|---|" + "---|" * len(info.metrics),
        *rows,
        "",
        "A metric's name carries its definition; see the documentation of `clem_icd.evaluation`.",
        "",
    ]
