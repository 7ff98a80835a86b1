"""The results in the folder of a reproduction, of this command and of earlier ones, beside the published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from clem_icd.corpus import Corpus
from clem_icd.errors import CorpusError, RunError, ScoresError
from clem_icd.progress import Observer
from clem_icd.reporting.comparison import Comparison, Entry, compare, read_entry, write_comparison
from clem_icd.reporting.published import published
from clem_icd.reproducing.evaluating import is_finished, require_evaluated_on
from clem_icd.reproducing.folder import ReproductionFolder
from clem_icd.reproducing.targets import EvaluatedOn, Target, known_targets
from clem_icd.runs.layout import RunLayout

__all__ = ["compare_results", "results_of"]

_SUFFIXES = (".json", ".md")


def results_of(
    target: Target, made: Mapping[str, Path], folder: ReproductionFolder, observer: Observer
) -> dict[str, list[Entry]]:
    """Return the results of each run of a target that has any, in the order of the target.

    Parameters
    ----------
    made
        The metrics files that were just made, by the name of the evaluation.
    folder
        Where the other runs of the target may have left theirs.
    observer
        Shows which of these are left out, and why.

    """
    results: dict[str, list[Entry]] = {}
    for run in target.runs:
        for how in target.runs[run].evaluations:
            path = made.get(how.name_of(run))
            entry = _earlier(target, run, how, folder, observer) if path is None else read_entry(path)
            if entry is not None:
                results.setdefault(run, []).append(entry)
    return results


def compare_results(
    target: Target, results: Mapping[str, Sequence[Entry]], folder: ReproductionFolder
) -> Comparison:
    """Compare results with the published ones on the same data, and with those printed for other data."""
    runs = [target.runs[name] for name in results]
    sources = [known_targets().corpora[name].source for run in runs for name in run.corpora]
    printed = [dataset for run in runs for dataset in run.printed]
    known = published().datasets
    comparison = compare(
        [entry for entries in results.values() for entry in entries],
        with_published=True,
        datasets=[name for name in dict.fromkeys((*sources, *printed)) if name in known],
        works=target.works,
    )
    for suffix in _SUFFIXES:
        write_comparison(comparison, folder.comparison(suffix))
    return comparison


def _earlier(
    target: Target, run: str, how: EvaluatedOn, folder: ReproductionFolder, observer: Observer
) -> Entry | None:
    """Return the result of an earlier command; None without one that matches the run and the corpus."""
    name = how.name_of(run)
    place = folder.evaluation(name)
    path = RunLayout(place).metrics()
    if not path.is_file():
        if is_finished(folder.run(run)):
            observer.say(f"Warning: {run} is finished but not evaluated as {name}. Pass --run {run}")
        return None
    try:
        corpus = Corpus.open(folder.corpus(how.corpus or target.runs[run].corpus), verify=False)
        require_evaluated_on(folder.run(run), corpus, place, other=how.corpus is not None)
        return read_entry(path)
    except (CorpusError, RunError, ScoresError) as problem:
        observer.say(f"Warning: the comparison leaves out {name}, made earlier: {problem}")
        return None
