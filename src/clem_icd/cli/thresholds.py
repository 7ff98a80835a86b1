"""clem thresholds: what each way of deciding buys, chosen on validation."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from clem_icd.cli.tabulation import new_table
from clem_icd.cli.terminal import Debug, Force, Json, Quiet, Terminal, terminal

if TYPE_CHECKING:
    from clem_icd.corpus import Corpus
    from clem_icd.decisions import BoolArray, FloatArray

FORMAT = "clem-icd/thresholds"
FORMAT_VERSION = 1

_FLATTERED = "validation, flattered: the rules were chosen on it"


class Policy(StrEnum):
    """`clem_icd.evaluation.PolicyName`, which takes seconds to import, for the command line."""

    EDIN2024 = "edin2024"
    EXACT = "exact"
    FREQUENCY = "frequency"
    PER_CODE = "per-code"
    TOP_K = "top-k"
    EXPECTED_F1 = "expected-f1"


def thresholds(
    corpus: Annotated[Path, typer.Option(help="A corpus folder.")],
    run: Annotated[Path | None, typer.Argument(help="The folder of a run, whose scores are taken.")] = None,
    validation_scores: Annotated[
        Path | None, typer.Option(help="Instead of a run: the scores file to choose on.")
    ] = None,
    test_scores: Annotated[
        Path | None, typer.Option(help="Beside --validation-scores: the scores file to judge.")
    ] = None,
    store: Annotated[
        Policy | None, typer.Option(help="Have the model of the run decide so, and judge the run again.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write it all to a file as well (json).")] = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Show what each way of deciding buys on micro-F1 and each macro-F1.

    Every threshold or rule is chosen on the validation scores, and judged on both splits.

    Example: `clem thresholds runs/demo --corpus runs/demo-corpus --store per-code`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
        from clem_icd.corpus import Corpus
        from clem_icd.evaluation import policy_effects
        from clem_icd.files import check_free, write_json

        files = _score_files(run, validation_scores, test_scores, store)
        if out is not None:
            check_free(out, force=force)
        opened = Corpus.open(corpus)
        splits = _arrays(opened, files)
        if run is not None and store is not None:
            from clem_icd.training import store_rule

            store_rule(run, opened, store.value)
            own.say(f"{run / 'model'} decides by the policy {store.value} now, and {run} was judged again")
        own.begin("Choosing", None)
        document = _document(opened, splits) | {
            "policies": policy_effects(splits, opened.train_counts()),
            "calibration": _calibration(splits, own),
        }
        if out is not None:
            write_json(out, document)
        own.result(document, lambda console: _show(console, document))


def _score_files(
    run: Path | None, validation: Path | None, test: Path | None, store: Policy | None
) -> dict[str, Path]:
    """Return the scores files by split."""
    from clem_icd.errors import ScoresError

    if (run is None) == (validation is None) or (run is not None and test is not None):
        raise ScoresError(
            "it is not clear whose scores to take",
            remedy="Name either a run, or --validation-scores and perhaps --test-scores",
        )
    if run is None and store is not None:
        raise ScoresError("there is no run to store the policy in", remedy="Name a run, or leave out --store")
    if run is None:
        named = {"validation": validation, "test": test}
        return {split: path for split, path in named.items() if path is not None}
    if (run / "seeds.json").is_file():
        raise ScoresError(
            "holds several runs, one for each seed", path=run, remedy=f"Name one, such as {run / 'seed-0'}"
        )
    files = {split: run / "scores" / f"{split}.parquet" for split in ("validation", "test")}
    return {split: path for split, path in files.items() if split == "validation" or path.is_file()}


def _arrays(corpus: Corpus, files: dict[str, Path]) -> dict[str, tuple[BoolArray, FloatArray]]:
    from clem_icd.errors import CorpusError
    from clem_icd.scores import Scores

    if "validation" not in corpus.splits:
        raise CorpusError(
            "has no validation split, and a threshold is chosen on no other",
            path=corpus.path,
            remedy="Prepare it with a share for validation",
        )
    return {
        split: (corpus.targets(split), Scores.read(path).of(corpus, split)) for split, path in files.items()
    }


def _document(corpus: Corpus, splits: dict[str, tuple[BoolArray, FloatArray]]) -> dict[str, Any]:
    from clem_icd.evaluation import DEFINITIONS, POLICY_METRICS

    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "corpus": {key: corpus.about.get(key) for key in ("name", "source", "synthetic")},
        "notes": {split: len(scores) for split, (_, scores) in splits.items()},
        "labels": len(corpus.labels),
        "titles": {name: DEFINITIONS[name].title for name in POLICY_METRICS},
    }


def _calibration(splits: dict[str, tuple[BoolArray, FloatArray]], own: Terminal) -> list[dict[str, Any]]:
    from clem_icd.errors import ScoresError
    from clem_icd.evaluation import calibration_effects

    try:
        return calibration_effects(splits)
    except ScoresError as problem:
        own.say(f"Note: no calibration. {problem}")
        return []


def _show(console: Console, document: dict[str, Any]) -> None:
    for effect in document["policies"]:
        said = f"a code is assigned {effect['chosen']}" if "chosen" in effect else effect["refused"]
        console.print(f"{effect['policy']} ({effect['title']}): {said}", markup=False)
    for split in document["notes"]:
        console.print()
        _show_metrics(console, document, split)
    for split in document["notes"]:
        console.print()
        _show_calibration(console, document["calibration"], split)


def _show_metrics(console: Console, document: dict[str, Any], split: str) -> None:
    titles = document["titles"]
    table = new_table("policy", *titles.values(), title=_FLATTERED if split == "validation" else split)
    table.columns[0].no_wrap = True
    for effect in document["policies"]:
        if "metrics" in effect:
            values = effect["metrics"][split]
            table.add_row(effect["policy"], *(f"{values[name]:.4f}" for name in titles))
    console.print(table)


def _show_calibration(console: Console, scalings: list[dict[str, Any]], split: str) -> None:
    if not scalings:
        return
    floor = scalings[0]["calibration"][split]["floor"]
    table = new_table(
        "scaling",
        "slope",
        "intercept",
        "ECE",
        f"ECE above {floor:g}",
        "Brier",
        "sum of scores",
        "codes",
        title=f"calibration, {split}" + (", to which the lines were fitted" if split == "validation" else ""),
    )
    for column in table.columns[:3]:
        column.no_wrap = True
    for scaling in scalings:
        found = scaling["calibration"][split]
        figures = (scaling["slope"], scaling["intercept"], found["ece"], found["ece_above_floor"])
        table.add_row(
            scaling["scaling"],
            *(f"{figure:.4f}" for figure in (*figures, found["brier"])),
            f"{found['expected_codes']:.2f}",
            f"{found['codes']:.2f}",
        )
    console.print(table)
