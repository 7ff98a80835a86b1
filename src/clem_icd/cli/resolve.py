"""The scores that a verb evaluates and the rule that decides: those of a run, or named files and rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clem_icd.errors import InputError

if TYPE_CHECKING:
    from clem_icd.corpus import Corpus
    from clem_icd.decisions import PolicyName, Rule
    from clem_icd.runs.layout import RunLayout
    from clem_icd.scores import AnyScores

__all__ = [
    "Judged",
    "one_run",
    "require_no_other_rule",
    "require_run_or_scores",
    "resolve",
    "rule_chosen_on",
]


@dataclass(frozen=True, slots=True)
class Judged:
    """Scores to judge.

    Attributes
    ----------
    files
        The scores files by split.
    model
        The model that they come from; None if they were named as files.

    """

    files: Mapping[str, Path]
    model: Path | None = None

    def scores(self, split: str) -> AnyScores:
        """Read the scores of a split."""
        from clem_icd.scores import open_scores

        return open_scores(self.files[split])

    def rule(self, scores: AnyScores, *, model: Path | None = None, threshold: float | None = None) -> Rule:
        """Return the rule that decides on scores: of a named model, a threshold, or else of the run's model.

        Raises
        ------
        ScoresError
            If none or two of them are named, or the labels of the model are not those of the scores.
        ModelError
            If there is no model.

        """
        from clem_icd.prediction import rule_for

        own = self.model if model is None and threshold is None else model
        return rule_for(scores, model=own, given=threshold)


def resolve(
    run: Path | None,
    splits: tuple[str, ...],
    *,
    named: Mapping[str, Path | None] | None = None,
    either: tuple[str, str] = ("--run", "--scores"),
) -> Judged:
    """Find the scores that a verb evaluates.

    Parameters
    ----------
    run
        The folder of a run, if one was named.
    splits
        The splits to take from the run.
    named
        Scores files that were named instead, by split.
    either
        What names a run, and what names scores files.

    Raises
    ------
    InputError
        If both or neither were named, or ``run`` is not the folder of one run.

    """
    files = {split: path for split, path in (named or {}).items() if path is not None}
    require_run_or_scores(run, bool(files), either)
    if run is None:
        return Judged(files)
    layout = one_run(run)
    return Judged({split: layout.scores(split) for split in splits}, layout.model)


def require_run_or_scores(
    run: Path | None, has_scores: bool, either: tuple[str, str] = ("--run", "--scores")
) -> None:
    """Refuse both a run and scores files, and neither of them.

    Raises
    ------
    InputError
        If not exactly one of the two was named.

    """
    if (run is None) == (not has_scores):
        got = "both a run and scores files" if has_scores else "neither a run nor scores files"
        raise InputError(f"got {got}, expected one of them", remedy=f"Name either {either[0]} or {either[1]}")


def one_run(place: Path) -> RunLayout:
    """Return the layout of a run with one seed.

    Raises
    ------
    InputError
        If there is no such folder, or it holds several runs.

    """
    from clem_icd.runs.layout import RunLayout

    if not place.is_dir():
        found = "is a file" if place.exists() else "no such folder"
        raise InputError(
            f"{found}, expected the folder of a run, with its scores and its model",
            path=place,
            remedy="Name a folder that `clem train` wrote",
        )
    layout = RunLayout(place)
    seeds = layout.seeds
    if layout.has_seeds or (seeds and not layout.model.is_dir()):
        example = seeds[0] if seeds else layout.seed(0)
        raise InputError(
            "holds several runs, one per seed", path=place, remedy=f"Name one of them, such as {example.path}"
        )
    return layout


def rule_chosen_on(file: Path, policy: PolicyName, corpus: Corpus, scores: AnyScores) -> Rule:
    """Choose the rule for scores on the scores file that the same system has for the validation split.

    Raises
    ------
    ScoresError
        If the two have different labels, or the file is not one of the validation split.

    """
    from clem_icd.evaluation import SplitScores
    from clem_icd.scores import RankedScores, open_scores, require_same_labels, require_same_space

    validation = open_scores(file)
    if isinstance(scores, RankedScores) and isinstance(validation, RankedScores):
        require_same_space(scores.space, validation.space, "the scores", str(file))
    else:
        require_same_labels(scores.labels, validation.labels, "the scores", str(file))
    return SplitScores.of(validation, corpus, "validation").choose(policy)


def require_no_other_rule(model: Path | None, threshold: float | None) -> None:
    """Refuse a model or a threshold together with validation scores to choose a rule on.

    Raises
    ------
    InputError
        If either was named.

    """
    if model is not None or threshold is not None:
        raise InputError(
            "several rules were named, expected one",
            remedy="Name one of --model, --threshold and --validation-scores",
        )
