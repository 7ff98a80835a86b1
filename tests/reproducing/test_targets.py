from __future__ import annotations

import pytest

from clem_icd.errors import InputError
from clem_icd.evaluation import PROFILES
from clem_icd.modeling import PretrainedEncoder
from clem_icd.reporting.published import published
from clem_icd.reproducing import known_targets
from clem_icd.reproducing.targets import Run
from clem_icd.training import NeuralRecipe, read_recipe

KNOWN = known_targets()
RUNS = {f"{target}/{name}": run for target, one in KNOWN.targets.items() for name, run in one.runs.items()}


def recipe_of(run: Run) -> NeuralRecipe:
    recipe = read_recipe(run.recipe, run.settings)
    assert isinstance(recipe, NeuralRecipe)
    return recipe


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_every_run_has_a_recipe_a_published_corpus_and_profiles(run: Run) -> None:
    recipe_of(run)
    assert {one.profile for one in run.evaluations} <= PROFILES.keys()
    assert {*run.printed} <= {*published().datasets}
    counts = [KNOWN.corpora[name].counts() for name in run.corpora]
    assert all(counts)


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_labels_of_every_training_corpus_are_published_or_stood_in_for(run: Run) -> None:
    names = run.corpus, KNOWN.stand_ins.get(run.corpus, run.corpus)
    counts = [KNOWN.corpora[name].counts() for name in names]
    assert any(one is not None and one.labels for one in counts)


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_the_encoder_of_every_recipe_is_known_and_has_an_archive_unless_it_is_on_the_hub(run: Run) -> None:
    encoder = recipe_of(run).encoder
    assert isinstance(encoder, PretrainedEncoder)
    facts = KNOWN.encoders[encoder.name]
    assert (facts.archive is not None) == encoder.name.startswith("./")


def test_works_of_every_target_have_published_results_on_its_data() -> None:
    for target in KNOWN.targets.values():
        sources = {KNOWN.corpora[name].source for run in target.runs.values() for name in run.corpora}
        sources |= {name for run in target.runs.values() for name in run.printed}
        understood = {row.understood.data.dataset: row.work for row in published().rows if row.understood}
        assert {*target.works} <= {
            *(row.work for row in published().rows if row.dataset in sources),
            *(work for dataset, work in understood.items() if dataset in sources),
        }


def test_optional_runs_are_made_only_by_name() -> None:
    target = KNOWN.find("plm-icd")
    assert list(target.choose([])) == ["plm-icd"]
    assert list(target.choose(["plm-icd-mimic4-icd9", "plm-icd"])) == ["plm-icd", "plm-icd-mimic4-icd9"]


@pytest.mark.parametrize(
    ("target", "run", "says"),
    [
        ("plmicd", None, "Did you mean plm-icd?"),
        ("banana", None, "The targets are paper, plm-icd, plm-ca, mdace"),
        ("paper", "table-2", "clem-icd-table-2"),
    ],
)
def test_an_unknown_target_or_run_is_refused_with_the_known_ones(
    target: str, run: str | None, says: str
) -> None:
    with pytest.raises(InputError) as caught:
        KNOWN.find(target).choose([run] if run else [])
    assert says in str(caught.value)
