from __future__ import annotations

from pathlib import Path

import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import SourceError
from clem_icd.pretraining import Plan, Sources, plan_pretraining, read_pretraining
from clem_icd.pretraining.plan import PhaseSpeed
from pretraining_support import TINY_PRETRAINING


def test_a_plan_measures_every_phase_and_leaves_no_files(
    notes_file: Path, little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    recipe = read_pretraining([*TINY_PRETRAINING, "codes.names=2", "codes.notes=2"])
    found = plan_pretraining(recipe, Sources([str(notes_file)], [little_corpus.path]))
    assert list(tmp_path.iterdir()) == []
    assert [(phase.length, phase.tokens_per_step) for phase in found.phases] == [(32, 512), (64, 512)]
    assert [phase.steps for phase in found.phases] == [29, 10]
    assert all(0 < phase.seconds_per_step < 10 for phase in found.phases)
    assert found.parameters > 10_000
    assert found.tokens > 5_000


def test_a_budget_is_divided_among_phases_as_in_the_recipe() -> None:
    made = Plan(1_000_000, 5, [PhaseSpeed(128, 900, 4096, 1.0), PhaseSpeed(1024, 100, 4096, 9.0)])
    assert made.seconds == 1800
    assert made.tokens_in(0.5) == 1000 * 4096
    assert made.tokens_in(2) == 4 * 1000 * 4096
    assert made.passes_in(0.5) == pytest.approx(4.096)


def test_a_missing_source_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="absent"):
        plan_pretraining(read_pretraining(TINY_PRETRAINING), Sources([str(tmp_path / "absent")]))
