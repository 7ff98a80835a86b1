"""Training one recipe with one seed or with several."""

from __future__ import annotations

import gc
from pathlib import Path

from clem_icd.corpus import Corpus
from clem_icd.errors import CorpusError, RecipeError
from clem_icd.modeling import LabelSpace
from clem_icd.progress import Numbered, Observer, Silent
from clem_icd.runs.processes import launched_processes, require_single_process
from clem_icd.training import team
from clem_icd.training.commits import commit_of_seeds
from clem_icd.training.evidence_tokens import require_evidence
from clem_icd.training.fit import follow
from clem_icd.training.folder import SeedsFolder
from clem_icd.training.recipe import NeuralRecipe, Recipe, neural_part
from clem_icd.training.run import train_run
from clem_icd.training.shares import Division
from clem_icd.training.starting import require_start
from clem_icd.training.summary import summarize


def train(
    recipe: Recipe,
    corpus: Corpus,
    out: Path,
    *,
    resume: bool = False,
    force: bool = False,
    observer: Observer | None = None,
) -> Path:
    """Train a system and evaluate it.

    The epoch and the threshold are selected on the validation split; the test split, if there is one,
    is scored once, at the end. A recipe with ``seeds: 5`` makes five complete runs below ``out``, one
    per seed, and reports the mean and standard deviation of their metrics.

    Parameters
    ----------
    recipe
        The result of `read_recipe`.
    out
        The folder of the run, or of the runs.
    resume
        Resume the run at ``out``, or start it if there is none. A finished run is left unchanged.
        The recipe may ask for more seeds than before.
    force
        Replace what is at ``out``.

    Returns
    -------
    Path
        ``out``, with ``model/``, ``scores/``, ``metrics.json``, ``history.json`` and ``report.html``;
        with several seeds ``seed-0/`` and so on, ``seeds.json``, ``metrics.json`` and ``report.html``.
        There is no report if the extra ``report`` is not installed.

    Raises
    ------
    CorpusError
        If the corpus has no train or no validation split, or no evidence where a regularizer learns from it.
    ModelError
        If the head needs titles or a hierarchy, and the codes have none, or the model to start from cannot be
        read.
    OutputError
        If ``out`` is occupied and neither ``resume`` nor ``force`` is true, or the disk is full.
    RecipeError
        If synthetic notes are asked for and no code has a name, or R-drop and the model has no dropout; if
        the model to start from has another encoder, head or label space; or if the processes cannot share
        the notes of a step equally.
    RunError
        If the run at ``out`` has another recipe, corpus, file of synonyms or model to start from, or several
        processes were started for a system that is not neural.
    SourceError
        If the file of synonyms is missing or malformed.

    """
    if isinstance(recipe, NeuralRecipe):
        _require_shares(recipe, launched_processes(out).size)
    else:
        require_single_process(out)
    require_trainable(corpus)
    part = neural_part(recipe)
    if part is not None:
        labels = LabelSpace.of(corpus)
        part.head.require_labels(labels)
        part.training.warmup(corpus.size("train"))
        require_start(part, corpus)
        require_evidence(part.training.regularizer, corpus)
        if part.training.synthetic_notes is not None:
            part.training.synthetic_notes.names(labels)
    observer = observer or Silent()
    with team.joined(launched_processes(out), out):
        if not team.leads():
            follow(corpus)
        elif isinstance(recipe, NeuralRecipe) and recipe.seeds > 1:
            _train_seeds(recipe, corpus, out, resume=resume, force=force, observer=observer)
        else:
            train_run(recipe, corpus, out, resume=resume, force=force, observer=observer)
    return out


def _require_shares(recipe: NeuralRecipe, processes: int) -> None:
    """Refuse a step whose notes several processes cannot share equally."""
    training = recipe.training
    division = Division(training.batch_size, training.gradient_accumulation, processes)
    if division.is_equal:
        return
    notes = division.notes_per_step
    fewer = max(one for one in range(1, processes) if notes % one == 0)
    count = "a single process" if fewer == 1 else f"{fewer} processes"
    other = division.nearest_equal()
    raise RecipeError(
        f"a step learns from {notes} notes (training.batch_size={training.batch_size} times "
        f"training.gradient_accumulation={training.gradient_accumulation}), expected a multiple of the "
        f"{processes} processes that share them",
        remedy=f"Start {count}, or let a step learn from {other.notes_per_step} notes: set "
        f"training.batch_size={other.batch_size} "
        f"training.gradient_accumulation={other.accumulation}",
    )


def _train_seeds(
    recipe: NeuralRecipe, corpus: Corpus, out: Path, *, resume: bool, force: bool, observer: Observer
) -> None:
    folder = SeedsFolder.start(out, recipe, corpus, resume=resume, force=force)
    with folder.locked():
        folder.extend(recipe)
        if folder.ended:
            folder.clean()
            observer.say(f"{out} is already finished")
            return
        try:
            _train_each(recipe, corpus, folder, observer)
        except BaseException:
            folder.roll_back()
            raise
        folder.end(seeds=list(folder.places), best_on_validation=summarize(folder, observer))


def _train_each(recipe: NeuralRecipe, corpus: Corpus, folder: SeedsFolder, observer: Observer) -> None:
    places, commit = folder.places, commit_of_seeds(recipe, folder)
    for number, (seed, place) in enumerate(places.items(), start=1):
        observer.say(f"Seed {number} of {len(places)}, in {place.name}")
        # They may have changed while an earlier seed was trained.
        folder.require_same_files(recipe)
        one = recipe.model_copy(update={"seed": seed, "seeds": 1})
        numbered = Numbered(observer, f"seed {number} of {len(places)}")
        train_run(one, corpus, place, resume=True, force=False, observer=numbered, commit=commit)
        # The Trainer refers to itself, and would keep its model on the device together with the next one.
        gc.collect()


def require_trainable(corpus: Corpus) -> None:
    """Refuse a corpus that no system can be trained on.

    Raises
    ------
    CorpusError
        If it has no train or no validation split, or no code in validation.

    """
    remedies = {
        "train": "Prepare it again with one",
        "validation": "Prepare it again with a share for validation",
    }
    for split, remedy in remedies.items():
        if split not in corpus.splits:
            raise CorpusError(f"has no {split} split, which training needs", path=corpus.path, remedy=remedy)
    if not any(label.counts["validation"] for label in corpus.labels):
        raise CorpusError(
            "has no note with a code in validation, where epoch and threshold are selected",
            path=corpus.path,
            remedy="Prepare it again with a larger share for validation",
        )
