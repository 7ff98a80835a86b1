"""The metrics of all seeds together, and the best of the runs."""

from __future__ import annotations

import json
from typing import Any

from clem_icd.errors import RunError
from clem_icd.files import read_json, write_json
from clem_icd.progress import Observer
from clem_icd.runs import spread
from clem_icd.runs.layout import RunLayout
from clem_icd.runs.points import Point, passing
from clem_icd.training.folder import SeedsFolder
from clem_icd.training.report import report_run


def summarize(folder: SeedsFolder, observer: Observer) -> dict[str, Any]:
    """Write the metrics of all seeds and the report, and return which run is the best on validation."""
    runs = {seed: RunLayout(place) for seed, place in folder.places.items()}
    metric = folder.recipe["training"]["selection_metric"]
    # Each run may keep its last epoch, but one of the runs is shown as the best.
    best = _best_on_validation(runs, "map" if metric == "last" else metric)
    for split in ("validation", "test"):
        documents = [read_json(run.metrics(split), RunError) for run in runs.values()]
        passing(Point.SEEDS_SUMMARY)
        summary = spread(documents, list(runs))
        write_json(folder.layout.metrics(split), {**summary, "best_on_validation": best})
    report_run(folder.path, observer)
    return best


def _best_on_validation(runs: dict[int, RunLayout], metric: str) -> dict[str, Any]:
    """Return the run that is best on validation, the first among equals; the test split has no influence."""
    values = {seed: _on_validation(run, metric) for seed, run in runs.items()}
    sign = -1 if metric == "loss" else 1
    known = {seed: sign * value for seed, value in values.items() if value is not None}
    best = max(known or runs, key=lambda seed: known.get(seed, 0.0))
    return {"seed": best, "run": runs[best].path.name, "metric": metric, "value": values[best]}


def _on_validation(run: RunLayout, metric: str) -> float | None:
    """Return a metric of the selected epoch; None if every loss was infinite or NaN."""
    if metric != "loss":
        return float(read_json(run.metrics("validation"), RunError)["metrics"][metric])
    # The history omits a loss that is not finite.
    rows = json.loads(run.history.read_text(encoding="utf-8"))
    return min((float(row["eval_loss"]) for row in rows if "eval_loss" in row), default=None)
