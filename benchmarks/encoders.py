"""What an encoder is worth: one recipe, one corpus, the same budget, several encoders and seeds.

    python benchmarks/encoders.py CORPUS OUT --encoder clem-small --encoder random --seeds 3 [key=value …]
    python benchmarks/encoders.py CORPUS OUT --encoder clem-small --notes 50 --notes 500 --figure f.png

`random` has the dimensions and the tokenizer of clem-small, and random weights. A run that has ended is not
trained again, so the command can be given again with more encoders, seeds or sizes. The table is printed as
Markdown, the figure is micro-F1 by the number of training notes.
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
from clem_icd.training import LinearRecipe, NeuralRecipe, read_recipe, train

METRICS = ("micro_f1", "macro_f1_all_labels", "macro_f1_split_labels", "map")


@dataclass(frozen=True)
class Row:
    """The metrics of one system on one corpus: a document for every seed."""

    system: str
    notes: int
    documents: Sequence[dict[str, object]]


def random_twin(out: Path, seed: int) -> Path:
    """Write clem-small with random weights in place of its own, and return the folder."""
    place = out / f"random-{seed}"
    if not place.is_dir():
        shipped = shipped_encoders()["clem-small"]
        with new_folder(place) as folder:
            set_seed(seed)
            config = AutoModelForMaskedLM.from_pretrained(shipped).config
            AutoModelForMaskedLM.from_config(config, dtype=torch.float32).save_pretrained(folder)
            AutoTokenizer.from_pretrained(shipped).save_pretrained(folder)
    return place


def smaller(corpus: Corpus, notes: int, out: Path) -> Corpus:
    """Write a corpus with some of the training notes, the same for every system, and all others."""
    place = out / f"corpus-{notes}"
    if not (place / "corpus.json").is_file():
        chosen = set(np.random.default_rng(notes).permutation(corpus.size("train"))[:notes].tolist())
        with corpus_writer(
            place,
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
    return Corpus.open(place)


def trained(name: str, recipe: NeuralRecipe | LinearRecipe, corpus: Corpus, out: Path) -> dict[str, object]:
    """Train where that has not been done, and return the metrics."""
    place = out / name
    train(recipe, corpus, place, resume=True)
    return read_json(place / "metrics.json", RunError)


def of_steps(recipe: NeuralRecipe, notes: int, steps: int) -> NeuralRecipe:
    """Return the recipe, with more epochs where so few notes make less than so many steps."""
    a_step = recipe.training.batch_size * recipe.training.gradient_accumulation
    epochs = ceil(steps / ceil(notes / a_step))
    longer = {"epochs": max(epochs, recipe.training.epochs)}
    return recipe.model_copy(update={"training": recipe.training.model_copy(update=longer)})


def percent_of(documents: Sequence[dict[str, object]], metric: str) -> list[float]:
    """Return a metric of every seed, in percent."""
    return [100 * document["metrics"][metric] for document in documents]  # type: ignore[index]


def show(row: Row) -> None:
    """Print a row, in percent: an interval over notes of one seed, a deviation over several."""
    cells = [cell(row.documents, metric) for metric in METRICS]
    print(f"| {row.notes:,} | {row.system} | {' | '.join(cells)} |", flush=True)


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw micro-F1 by the number of training notes: a line for every system, the mean of its seeds."""
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
    """Return mean and deviation over seeds and the interval of the first."""
    values = percent_of(documents, metric)
    interval = documents[0]["intervals"]["metrics"][metric]  # type: ignore[index]
    low, high = 100 * interval["low"], 100 * interval["high"]
    spread = f" ± {np.std(values, ddof=1):.1f}" if len(values) > 1 else ""
    return f"{np.mean(values):.1f}{spread} [{low:.1f}, {high:.1f}]"


def main() -> None:
    """Train everything that is asked for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="on top of the recipe")
    parser.add_argument("--recipe", default="demo")
    parser.add_argument("--encoder", action="append", default=[], help="a name, a folder, or `random`")
    parser.add_argument("--linear", action="store_true", help="the linear baseline as well")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--notes", type=int, action="append", help="so many training notes; all if not given")
    parser.add_argument("--steps", type=int, default=1, help="more epochs on few notes, for so many")
    parser.add_argument("--figure", type=Path, help="a .png to draw")
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
        corpus = whole if notes >= whole.size("train") else smaller(whole, notes, arguments.out)
        if arguments.linear:
            rows.append(Row("linear", notes, [trained("linear", read_recipe("linear"), corpus, out)]))
            show(rows[-1])
        for encoder in arguments.encoder:
            documents = []
            for seed in range(arguments.seeds):
                place = str(random_twin(arguments.out, seed)) if encoder == "random" else encoder
                settings = [*arguments.settings, f"encoder={place}", f"seed={seed}"]
                name = f"{encoder.strip('/').replace('/', '-')}-{seed}"
                recipe = read_recipe(arguments.recipe, settings)
                if isinstance(recipe, LinearRecipe):
                    parser.error(f"{arguments.recipe} has no encoder")
                documents.append(trained(name, of_steps(recipe, notes, arguments.steps), corpus, out))
            rows.append(Row(encoder, notes, documents))
            show(rows[-1])
    if arguments.figure:
        draw(rows, arguments.figure)


if __name__ == "__main__":
    main()
