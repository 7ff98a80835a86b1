"""What an encoder is worth: one recipe, one corpus, the same budget, several encoders and seeds.

    python benchmarks/encoders.py CORPUS OUT --encoder clem-small --encoder random --seeds 3 [key=value …]
    python benchmarks/encoders.py CORPUS OUT --encoder clem-small --linear --notes 50 --notes 500 --notes 5000

`random` has the dimensions and the tokenizer of clem-small, and random weights. A run that has ended is not
trained again, so the command can be given again with more encoders, seeds or sizes. The table is printed as
Markdown.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer, set_seed
from transformers.utils import logging

from clem_icd.corpus import Corpus, corpus_writer
from clem_icd.errors import RunError
from clem_icd.files import new_folder, read_json
from clem_icd.icd import default_codebook
from clem_icd.modeling import shipped_encoders
from clem_icd.training import read_recipe, train

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


def trained(name: str, recipe: str, settings: Sequence[str], corpus: Corpus, out: Path) -> dict[str, object]:
    """Train where that has not been done, and return the metrics."""
    place = out / name
    train(read_recipe(recipe, settings), corpus, place, resume=True)
    return read_json(place / "metrics.json", RunError)


def show(rows: Sequence[Row]) -> None:
    """Print a table, in percent: an interval over notes for one seed, a deviation over several."""
    print(f"| training notes | system | {' | '.join(METRICS)} |")
    print("|---|---|" + "---|" * len(METRICS))
    for row in rows:
        cells = [cell(row.documents, metric) for metric in METRICS]
        print(f"| {row.notes:,} | {row.system} | {' | '.join(cells)} |", flush=True)


def cell(documents: Sequence[dict[str, object]], metric: str) -> str:
    """Return mean and deviation over seeds and the interval of the first."""
    values = [100 * document["metrics"][metric] for document in documents]  # type: ignore[index]
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
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    whole = Corpus.open(arguments.corpus)
    rows = []
    sizes = arguments.notes or [whole.size("train")]
    for notes in sorted({min(notes, whole.size("train")) for notes in sizes}):
        out = arguments.out / f"notes-{notes}"
        out.mkdir(parents=True, exist_ok=True)
        corpus = whole if notes >= whole.size("train") else smaller(whole, notes, arguments.out)
        if arguments.linear:
            rows.append(Row("linear", notes, [trained("linear", "linear", [], corpus, out)]))
        for encoder in arguments.encoder:
            documents = []
            for seed in range(arguments.seeds):
                place = str(random_twin(arguments.out, seed)) if encoder == "random" else encoder
                settings = [*arguments.settings, f"encoder={place}", f"seed={seed}"]
                name = f"{encoder.strip('/').replace('/', '-')}-{seed}"
                documents.append(trained(name, arguments.recipe, settings, corpus, out))
            rows.append(Row(encoder, notes, documents))
        show(rows)


if __name__ == "__main__":
    main()
