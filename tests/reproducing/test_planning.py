"""What a plan says, against published facts, and against what is then on the disk."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from clem_icd.errors import OutputError, RunError
from clem_icd.modeling import shipped_encoders
from clem_icd.reproducing import ReproductionPlan, Request, plan_reproduction, reproduce
from clem_icd.reproducing.estimates import RunEstimate
from clem_icd.reproducing.sizes import uncompressed
from clem_icd.runs.points import Point
from clem_icd.synthetic import synthesize
from support import LITTLE_SETTINGS

CLEM_SMALL = str(shipped_encoders()["clem-small"])


def by_name(planned: ReproductionPlan) -> dict[str, RunEstimate]:
    return {one.run: one for one in planned.runs}


def test_steps_are_those_of_the_published_figures(ask: Callable[..., Request]) -> None:
    runs = by_name(plan_reproduction(ask("paper")))
    # docs/explanation/paper-figures.md: what the last points of both figures show, to the nearest pixel.
    assert (runs["clem-icd-table-1"].steps, runs["clem-icd-table-2"].steps) == (120_190, 193_180)
    assert not runs["clem-icd-table-1"].may_stop_early


def test_steps_multiply_with_seeds_and_divide_by_accumulation(ask: Callable[..., Request]) -> None:
    settings = ("seeds=3", "training.batch_size=5", "training.gradient_accumulation=4")
    [one] = plan_reproduction(ask("plm-ca", settings=settings)).runs
    assert one.steps == 2386 * 20 * 3
    assert one.may_stop_early


def test_corpora_come_before_any_training(ask: Callable[..., Request]) -> None:
    steps = plan_reproduction(ask("mdace")).steps
    assert [str(step) for step in steps] == [
        "prepare mdace-inpatient-icd9-code",
        "prepare mdace-summaries",
        "train plm-ca",
        "evaluate plm-ca",
        "train clem-label-attention",
        "evaluate clem-label-attention",
    ]


def test_tokens_lie_between_a_token_per_word_and_the_most_that_is_read(ask: Callable[..., Request]) -> None:
    [one] = plan_reproduction(ask("plm-ca"), tokens_per_second=1000).runs
    assert one.tokens == (47_719 * 20 * 1_375, 47_719 * 20 * 6_000)
    assert one.hours == (one.tokens[0] / 3.6e6, one.tokens[1] / 3.6e6)
    [short] = plan_reproduction(ask("plm-ca", settings=("reading.max_tokens=512",))).runs
    assert short.tokens == (short.tokens[1],) * 2
    assert short.hours is None


def test_memory_and_disk_follow_from_parameters_labels_and_notes(ask: Callable[..., Request]) -> None:
    planned = plan_reproduction(ask("plm-icd", encoders=(CLEM_SMALL,)))
    [one] = planned.runs
    assert one.parameters is not None
    assert one.weights_memory == 16 * one.parameters
    # The last epoch is kept, so that the best is none of its own.
    assert one.checkpoints == 2 * 12 * one.parameters
    assert one.results == 4 * (one.parameters + (1_631 + 3_372) * 8_921)
    assert one.host_memory == 4 * (47_723 + 1_631) * 3_072 + 8 * 3_372 * 8_921


def test_parameters_say_what_they_rest_on(ask: Callable[..., Request]) -> None:
    [here] = plan_reproduction(ask("plm-ca", encoders=(CLEM_SMALL,))).runs
    [published] = plan_reproduction(ask("plm-ca")).runs
    [unknown] = plan_reproduction(ask("plm-ca", settings=("encoder=some/encoder",))).runs
    assert "counted from the encoder's config" in here.basis
    assert "RoBERTa-base" in published.basis
    assert published.parameters == 124_000_000 + 8_929 * 768 + 2 * 768**2 + 3 * 768 + 769
    assert (unknown.parameters, unknown.checkpoints, unknown.results) == (None, None, None)
    assert unknown.basis.startswith("unknown")


def test_stand_ins_and_recalled_counts_are_named(ask: Callable[..., Request]) -> None:
    remarks = "\n".join(plan_reproduction(ask("paper")).remarks)
    assert "mdace-inpatient-icd9-code: published (notes: split files and annotations" in remarks
    assert "labels: as in mimic3-full" in remarks
    assert "labels: Edin et al. 2023, recalled" in remarks
    assert "hours: not estimated" in remarks
    assert "To measure it, run `clem train RECIPE --corpus CORPUS --out NEW --plan`" in remarks


def test_everything_that_is_missing_is_listed_and_nothing_is_written(
    ask: Callable[..., Request], tmp_path: Path
) -> None:
    planned = plan_reproduction(ask("plm-ca"))
    raw, encoder = planned.missing
    assert f"{tmp_path / 'raw'}: there is no such folder" in raw
    assert "--encoder" in encoder
    assert planned.disk is None
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_needs_no_missing_file_is_offered(
    ask: Callable[..., Request], hospital_tree: Path
) -> None:
    planned = plan_reproduction(ask("paper", raw=hospital_tree / "physionet.org/files/mimiciii"))
    [mimic4] = planned.missing
    assert "(for mimic4-icd9)" in mimic4
    assert mimic4.endswith("or start without it: --run clem-icd-table-1 --run clem-icd-table-2-as-printed.")


def test_a_run_that_needs_another_missing_file_is_not_offered(
    ask: Callable[..., Request], hospital_tree: Path, tmp_path: Path
) -> None:
    shutil.copytree(hospital_tree, tmp_path / "raw", ignore=shutil.ignore_patterns("mimiciii"))
    annotated, full = plan_reproduction(ask("paper")).missing
    assert "(for mdace-inpatient-icd9-code)" in annotated
    assert "(for mimic3-full)" in full
    for line in (annotated, full):
        assert line.endswith("or start without it: --run clem-icd-table-2.")


def test_no_run_is_offered_where_each_lacks_a_file(ask: Callable[..., Request], tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    missing = plan_reproduction(ask("paper", encoders=(CLEM_SMALL,))).missing
    assert len(missing) == 3
    assert "start without it" not in "".join(missing)


def test_a_folder_of_something_else_is_refused(ask: Callable[..., Request], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(OutputError, match="holds something other than a reproduction"):
        plan_reproduction(ask("plm-ca"))


def test_a_folder_of_another_release_is_refused(ask: Callable[..., Request], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "reproduction.json").write_text(
        '{"format": "clem-icd/reproduction", "format_version": 9}'
    )
    with pytest.raises(RunError, match="version 9"):
        plan_reproduction(ask("plm-ca"))


@pytest.mark.usefixtures("without_report")
def test_the_estimates_of_disk_hold(
    ask: Callable[..., Request], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synthesize(tmp_path / "raw", layout="mimic3", admissions=100, seed=1, words=1400)
    request = ask("plm-ca", settings=("encoder=small", *LITTLE_SETTINGS, "training.epochs=1"))
    checkpoint_sizes: list[int] = []

    def weigh(passed: Point) -> None:
        if passed == Point.CHECKPOINT_ROTATION:
            [checkpoint] = (request.out / "runs/plm-ca/checkpoints").iterdir()
            parts = ("model.safetensors", "optimizer.pt")
            checkpoint_sizes.append(sum((checkpoint / part).stat().st_size for part in parts))

    monkeypatch.setattr("clem_icd.runs.points.subscribers", [weigh])
    before = plan_reproduction(request)
    made = reproduce(request)
    after = plan_reproduction(request)

    [expected], [counted] = before.corpora, after.corpora
    assert None not in (expected.disk, expected.staging, counted.disk)
    assert (counted.disk or 0) < (expected.disk or 0) < (expected.staging or 0)
    [run] = after.runs
    assert None not in (run.checkpoints, run.parameters, run.results)
    # A little vocabulary is not quite full.
    assert 3 * checkpoint_sizes[0] == pytest.approx(run.checkpoints, rel=0.1)
    model = (made.runs["plm-ca"] / "model/model.safetensors").stat().st_size
    assert model == pytest.approx(4 * (run.parameters or 0), rel=0.1)
    scored = counted.size.notes["validation"] + counted.size.notes["test"]
    assert run.results == 4 * ((run.parameters or 0) + scored * (counted.size.labels or 0))


def test_a_compressed_file_is_taken_to_expand_like_its_first_part(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv.gz"
    text = b"".join(b"note %d of the patient\n" % number for number in range(20_000))
    # In two members, as some tools write them.
    path.write_bytes(gzip.compress(text) * 2)
    (tmp_path / "notes.csv").write_bytes(text)
    assert uncompressed(path) == pytest.approx(2 * len(text), rel=0.02)
    assert uncompressed(tmp_path / "notes.csv") == len(text)
