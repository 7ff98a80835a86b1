"""Compare encoders under one recipe and budget on one corpus, over several seeds.

    python benchmarks/encoders.py CORPUS OUT --encoder clem-small --encoder random --seeds 3 [KEY=VALUE …]
    python benchmarks/encoders.py CORPUS OUT --encoder clem-small --notes 50 --notes 500 --figure f.png

`random` has the dimensions and the tokenizer of clem-small, but random weights. Finished runs are not trained
again, so the command can be repeated with more encoders, seeds or sizes. It prints a Markdown table; the
figure shows micro-F1 by the number of training notes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator
from transformers import AutoModelForMaskedLM, AutoTokenizer, set_seed
from transformers.utils import logging

from clem_icd.corpus import Corpus, corpus_writer
from clem_icd.errors import RunError
from clem_icd.files import new_folder, read_json
from clem_icd.icd import default_codebook
from clem_icd.modeling import shipped_encoders
from clem_icd.reporting.figures.axes import label_axes, line_of
from clem_icd.reporting.figures.chart import Chart, line_style
from clem_icd.reporting.figures.drawing import write_picture
from clem_icd.training import NeuralRecipe, Recipe, read_recipe, train

METRICS = ("micro_f1", "macro_f1_all_labels", "macro_f1_split_labels", "map")


@dataclass(frozen=True)
class Row:
    """The metrics of one system on one corpus: one metrics document per seed."""

    system: str
    notes: int
    documents: Sequence[dict[str, object]]


def random_twin(out: Path, seed: int) -> Path:
    """Write a copy of clem-small with random weights, unless it exists, and return its folder."""
    path = out / f"random-{seed}"
    if not path.is_dir():
        shipped = shipped_encoders()["clem-small"]
        with new_folder(path) as folder:
            set_seed(seed)
            config = AutoModelForMaskedLM.from_pretrained(shipped).config
            AutoModelForMaskedLM.from_config(config, dtype=torch.float32).save_pretrained(folder)
            AutoTokenizer.from_pretrained(shipped).save_pretrained(folder)
    return path


def with_fewer_notes(corpus: Corpus, notes: int, out: Path) -> Corpus:
    """Write a corpus with a fixed subset of the training notes and all notes of the other splits."""
    path = out / f"corpus-{notes}"
    if not (path / "corpus.json").is_file():
        chosen = set(np.random.default_rng(notes).permutation(corpus.size("train"))[:notes].tolist())
        with corpus_writer(
            path,
            name=f"{corpus.name}, {notes} training notes",
            source=str(corpus.about["source"]),
            options={"training_notes": notes},
            inputs=[],
            codebook=default_codebook(),
            synthetic=corpus.synthetic,
            population=corpus.population,
        ) as writer:
            for split in corpus.splits:
                writer.write(
                    split,
                    (
                        note
                        for row, note in enumerate(corpus.notes(split))
                        if split != "train" or row in chosen
                    ),
                )
    return Corpus.open(path)


def train_or_load(name: str, recipe: Recipe, corpus: Corpus, out: Path) -> dict[str, object]:
    """Train unless already finished, and return the metrics."""
    run = out / name
    train(recipe, corpus, run, resume=True)
    return read_json(run / "metrics.json", RunError)


def with_minimum_steps(recipe: NeuralRecipe, notes: int, steps: int) -> NeuralRecipe:
    """Return the recipe, with enough epochs for at least ``steps`` optimizer steps."""
    notes_per_step = recipe.training.batch_size * recipe.training.gradient_accumulation
    epochs = ceil(steps / ceil(notes / notes_per_step))
    longer = {"epochs": max(epochs, recipe.training.epochs)}
    return recipe.model_copy(update={"training": recipe.training.model_copy(update=longer)})


def percent_of(documents: Sequence[dict[str, object]], metric: str) -> list[float]:
    """Return a metric of each seed, in percent."""
    return [100 * document["metrics"][metric] for document in documents]  # type: ignore[index]


def show(row: Row) -> None:
    """Print a row, in percent: mean and standard deviation over seeds, and an interval over notes."""
    cells = [cell(row.documents, metric) for metric in METRICS]
    print(f"| {row.notes:,} | {row.system} | {' | '.join(cells)} |", flush=True)


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw micro-F1 by the number of training notes: one line per system, the mean over its seeds."""
    systems = list(dict.fromkeys(row.system for row in rows))
    keys = [line_style(system, place) for place, system in enumerate(systems)]
    sizes = sorted({row.notes for row in rows})

    def paint(axes: Axes) -> None:
        for key in keys:
            own = [row for row in rows if row.system == key.name]
            means = [np.mean(percent_of(row.documents, "micro_f1")) for row in own]
            axes.plot([row.notes for row in own], means, color=key.colour, linestyle=line_of(key), marker="o")
        axes.set_xscale("log")
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.xaxis.set_minor_locator(NullLocator())
        label_axes(axes, "training notes", "micro-F1, %")

    write_picture([Chart("notes", "Micro-F1 by the number of training notes", paint, keys)], path)


def cell(documents: Sequence[dict[str, object]], metric: str) -> str:
    """Return the mean and standard deviation over seeds, and the interval of the first seed."""
    values = percent_of(documents, metric)
    interval = documents[0]["intervals"]["metrics"][metric]  # type: ignore[index]
    low, high = 100 * interval["low"], 100 * interval["high"]
    spread = f" ± {np.std(values, ddof=1):.1f}" if len(values) > 1 else ""
    return f"{np.mean(values):.1f}{spread} [{low:.1f}, {high:.1f}]"


def main() -> None:
    """Train all requested systems, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="overrides of the recipe")
    parser.add_argument("--recipe", default="demo-pooled", help="name or file; default: demo-pooled")
    parser.add_argument("--encoder", action="append", default=[], help="name, folder or `random`; repeatable")
    parser.add_argument("--linear", action="store_true", help="also train the linear baseline")
    parser.add_argument("--lexicon", action="store_true", help="also train a lexicon")
    parser.add_argument("--seeds", type=int, default=1, help="seeds per encoder; default: 1")
    parser.add_argument("--notes", type=int, action="append", help="training notes; repeatable; default: all")
    parser.add_argument(
        "--steps", type=int, default=1, help="minimum optimizer steps, reached by more epochs"
    )
    parser.add_argument("--figure", type=Path, help="output .png file")
    arguments = parser.parse_intermixed_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    whole = Corpus.open(arguments.corpus)
    print(f"| training notes | system | {' | '.join(METRICS)} |")
    print("|---|---|" + "---|" * len(METRICS), flush=True)
    rows = []
    sizes = arguments.notes or [whole.size("train")]
    for notes in sorted({min(notes, whole.size("train")) for notes in sizes}):
        out = arguments.out / f"notes-{notes}"
        out.mkdir(parents=True, exist_ok=True)
        corpus = whole if notes >= whole.size("train") else with_fewer_notes(whole, notes, arguments.out)
        for name in [name for name in ("linear", "lexicon") if getattr(arguments, name)]:
            rows.append(Row(name, notes, [train_or_load(name, read_recipe(name), corpus, out)]))
            show(rows[-1])
        for encoder in arguments.encoder:
            documents = []
            for seed in range(arguments.seeds):
                place = str(random_twin(arguments.out, seed)) if encoder == "random" else encoder
                settings = [*arguments.settings, f"encoder={place}", f"seed={seed}"]
                name = f"{encoder.strip('/').replace('/', '-')}-{seed}"
                recipe = read_recipe(arguments.recipe, settings)
                if not isinstance(recipe, NeuralRecipe):
                    parser.error(f"{arguments.recipe} has no encoder")
                documents.append(
                    train_or_load(name, with_minimum_steps(recipe, notes, arguments.steps), corpus, out)
                )
            rows.append(Row(encoder, notes, documents))
            show(rows[-1])
    if arguments.figure:
        draw(rows, arguments.figure)


if __name__ == "__main__":
    main()
