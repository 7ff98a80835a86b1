"""clem reproduce, from raw files to results beside the published ones."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.reproducing import known_targets
from clem_icd.reproducing.comparing import results_of
from clem_icd.reproducing.folder import ReproductionFolder
from clem_icd.runs.points import Point
from fixtures.stopping import sigterm_at
from sources.golden.tree import write_tree
from support import LITTLE_SETTINGS, ROOT
from training.conftest import Listener

SETTINGS = ["encoder=small", *LITTLE_SETTINGS, "training.epochs=1"]

Clem = Callable[..., Any]


@pytest.fixture(scope="module", autouse=True)
def without_reports() -> Iterator[None]:
    """Skip the reports of runs, which take longer to draw than little models take to train."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "matplotlib", None)
        yield


@pytest.fixture(scope="module")
def paper(clem: Clem, hospital_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The paper's three runs on a synthetic tree, with little encoders."""
    out = tmp_path_factory.mktemp("paper") / "out"
    found = clem("reproduce", "paper", "--raw", hospital_tree, "--out", out, *SETTINGS, "--json")
    assert found.code == 0, found.err
    return out, found


def test_every_run_of_the_paper_is_trained_and_evaluated(paper: tuple[Path, Any]) -> None:
    out, found = paper
    runs = ["clem-icd-table-1", "clem-icd-table-2", "clem-icd-table-2-as-printed"]
    assert list(found.json["runs"]) == list(found.json["metrics"]) == runs
    corpora = []
    for name in runs:
        metrics = json.loads(Path(found.json["metrics"][name]).read_text(encoding="utf-8"))
        assert metrics["intervals"]["metrics"]["micro_f1"]["low"] <= metrics["metrics"]["micro_f1"]
        assert metrics["metrics"] == json.loads((out / "runs" / name / "metrics.json").read_text())["metrics"]
        # As the paper decides: a probability of at least 0.5.
        assert metrics["rule"] == {"kind": "at-least", "value": 0.5}
        corpora.append(metrics["corpus"]["source"])
    assert corpora == ["mdace-inpatient-icd9-code", "mimic4-icd9", "mimic3-full"]


def test_steps_are_reported(paper: tuple[Path, Any]) -> None:
    lines = [line for line in paper[1].err.splitlines() if line.startswith("Step ")]
    assert len(lines) == 9
    assert lines[0] == "Step 1 of 9: prepare mdace-inpatient-icd9-code"
    assert lines[-1] == "Step 9 of 9: evaluate clem-icd-table-2-as-printed"


def test_published_results_appear_as_printed_and_as_understood(paper: tuple[Path, Any]) -> None:
    comparison = paper[1].json["comparison"]
    assert comparison == json.loads((paper[0] / "comparison.json").read_text(encoding="utf-8"))
    printed = {
        (block["dataset"], row["system"], row["reading"])
        for block in comparison["definition_not_stated"]
        for row in block["rows"]
    }
    assert printed == {("mimic3-full", "CLEM-ICD", "as printed"), ("mdace", "CLEM-ICD", "as printed")}
    understood = {
        table["dataset"]: row["values"]["micro_f1"]["value"]
        for table in comparison["tables"]
        for row in table["published"]
        if row["reading"] == "as understood"
    }
    assert understood == {"mimic4-icd9": 54.6, "mdace-inpatient-icd9-code": 47.6}


def test_synthetic_results_never_share_a_table_with_published_ones(paper: tuple[Path, Any]) -> None:
    tables = paper[1].json["comparison"]["tables"]
    assert len([table for table in tables if table["own"]]) == 3
    assert [table for table in tables if table["own"] and table["published"]] == []


def test_other_settings_are_said_to_make_other_systems(paper: tuple[Path, Any]) -> None:
    assert "other systems than the published ones: encoder=small" in paper[1].json["remarks"][0]


@pytest.fixture
def copied(paper: tuple[Path, Any], tmp_path: Path) -> Path:
    """A copy of the paper's three runs, to be changed."""
    return shutil.copytree(paper[0], tmp_path / "out")


def test_results_of_earlier_commands_stay_in_the_comparison(
    clem: Clem, paper: tuple[Path, Any], copied: Path, hospital_tree: Path
) -> None:
    command = ("reproduce", "paper", "--raw", hospital_tree, "--out", copied, *SETTINGS, "--json")
    found = clem(*command, "--run", "clem-icd-table-2")
    assert found.code == 0, found.err
    assert list(found.json["metrics"]) == ["clem-icd-table-2"]
    assert found.json["comparison"] == paper[1].json["comparison"]
    for name in ("comparison.json", "comparison.md"):
        assert (copied / name).read_bytes() == (paper[0] / name).read_bytes()
    earlier = "clem-icd-table-1 and clem-icd-table-2-as-printed: made by an earlier command"
    assert any(line.startswith(earlier) for line in found.json["remarks"])


def _change_corpus(out: Path) -> None:
    with (out / "corpora/mimic4-icd9/corpus.json").open("a", encoding="utf-8") as file:
        file.write("\n")


def _reopen_run(out: Path) -> None:
    path = out / "runs/clem-icd-table-2/run.json"
    state = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**state, "ended": False}), encoding="utf-8")


def _remove_run(out: Path) -> None:
    shutil.rmtree(out / "runs/clem-icd-table-2")


def _remove_evaluation(out: Path) -> None:
    shutil.rmtree(out / "evaluations/clem-icd-table-2")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_change_corpus, "leaves out clem-icd-table-2, made earlier: "),
        (_change_corpus, "was evaluated on another corpus than"),
        (_reopen_run, "is not finished. Pass --run clem-icd-table-2 to finish it"),
        (_remove_run, "run.json"),
        (
            _remove_evaluation,
            "clem-icd-table-2 is finished but not evaluated as clem-icd-table-2.",
        ),
    ],
)
def test_an_earlier_result_is_left_out_unless_it_belongs_to_its_run_and_corpus(
    copied: Path, change: Callable[[Path], None], says: str
) -> None:
    change(copied)
    listener = Listener()
    results = results_of(known_targets().find("paper"), {}, ReproductionFolder(copied), listener)
    assert list(results) == ["clem-icd-table-1", "clem-icd-table-2-as-printed"]
    [line] = listener.lines
    assert line.startswith("Warning: ")
    assert says in line


def test_nothing_is_said_about_a_run_that_was_never_started(copied: Path) -> None:
    _remove_run(copied)
    _remove_evaluation(copied)
    listener = Listener()
    results_of(known_targets().find("paper"), {}, ReproductionFolder(copied), listener)
    assert listener.lines == []


def test_a_run_that_is_trained_again_loses_its_earlier_result(
    clem: Clem, copied: Path, hospital_tree: Path
) -> None:
    shutil.rmtree(copied / "runs/clem-icd-table-1")
    command = ("reproduce", "paper", "--raw", hospital_tree, "--out", copied, *SETTINGS, "-q")
    with sigterm_at(Point.TRAINING_STEP, 2):
        assert clem(*command, "--run", "clem-icd-table-1").code == 143
    kept = sorted(path.name for path in (copied / "evaluations").iterdir())
    assert kept == ["clem-icd-table-2", "clem-icd-table-2-as-printed"]


def test_real_notes_stand_beside_the_published_row_under_its_definitions(clem: Clem, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree", "caml")
    places = ["--raw", tree.raw, "--splits", tree.splits, "--out", tmp_path / "out"]
    settings = [*SETTINGS, "training.warmup_steps=null", "seeds=2"]
    found = clem("reproduce", "plm-icd", *places, *settings)
    assert found.code == 0, found.err
    assert "train has 47,652 fewer notes than published" in found.err
    shown = found.out.splitlines()
    [header] = [line for line in shown if "PLM-ICD (1)" in line]
    assert "plm-icd" in header
    [macro] = [line for line in shown if line.startswith("Macro-F1 (CAML)")]
    assert macro.rstrip().endswith("10.4")
    assert "\N{PLUS-MINUS SIGN}" in macro
    assert "The threshold is chosen on validation" in found.out
    metrics = json.loads((tmp_path / "out/evaluations/plm-icd/metrics.json").read_text(encoding="utf-8"))
    assert (metrics["profile"], metrics["runs"]) == ("caml", 2)


def test_mdace_is_scored_on_its_discharge_summaries_with_the_codes_that_the_model_knows(
    clem: Clem, hospital_tree: Path, tmp_path: Path
) -> None:
    run = "clem-label-attention"
    found = clem(
        *("reproduce", "mdace", "--raw", hospital_tree, "--out", tmp_path / "out", "--run", run, "--json"),
        *(*SETTINGS, "head.start=random"),
    )
    assert found.code == 0, found.err
    assert list(found.json["metrics"]) == [f"{run}-on-mdace-summaries", run]
    notes, trained = (json.loads(Path(path).read_text()) for path in found.json["metrics"].values())
    assert (notes["profile"], trained["profile"]) == ("edin2024", "all")
    assert notes["corpus"]["source"] == "mdace-inpatient-icd9"
    assert notes["labels"] == trained["labels"]
    assert notes["notes"] < trained["notes"]


@pytest.mark.slow
def test_the_documented_commands_measure_evidence_on_the_discharge_summaries(
    clem: Clem, hospital_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs/how-to/reproduce-a-paper.md").read_text(encoding="utf-8")
    [block] = [part for part in page.split("```bash\n") if part.startswith("clem reproduce mdace")]
    commands = [shlex.split(line) for line in block.split("```")[0].replace("\\\n", "").splitlines()]
    little = [*SETTINGS, "training.precision=fp32"]
    quick = ["--notes", "5", "--faithfulness-notes", "0", "--resamples", "0", "--json"]
    own = {"reproduce": little, "train": [*little, "training.regularizer.steps=1"], "evidence": quick}
    replaced = {"~/physionet": str(hospital_tree), "encoder=ENCODER": "encoder=small"}
    monkeypatch.chdir(tmp_path)
    for _, verb, *rest in commands:
        arguments = [replaced.get(word, word) for word in rest if word not in ("--encoder", "ENCODER")]
        found = clem(verb, *arguments, *own[verb])
        assert found.code == 0, found.err
    summaries = Corpus.open(Path("runs/mdace/corpora/mdace-summaries"))
    assert (summaries.about["source"], summaries.about["options"]["per"]) == (
        "mdace-inpatient-icd9",
        "discharge-summary",
    )
    assert found.json["corpus"]["source"] == "mdace-inpatient-icd9"
    [method] = found.json["methods"]
    assert (method["method"], method["threshold_source"]) == ("att-in-grad", "validation")
    assert method["metrics"]["f1"] is not None


def test_a_plan_shows_what_it_takes_and_writes_nothing(
    clem: Clem, hospital_tree: Path, tmp_path: Path
) -> None:
    arguments = ("reproduce", "paper", "--raw", hospital_tree, "--out", tmp_path / "out", "--plan")
    found = clem(*arguments, "--tokens-per-second", 10_000)
    assert found.code == 0, found.err
    shown = " ".join(found.out.split())
    for part in (
        "1. prepare mdace-inpatient-icd9-code",
        "mimic4-icd9 154,542 21,980 32,804 6,150",
        "193,180 steps: 154,542 notes, 16 per step, 20 epochs",
        "4,079.9 to 25,320.2 million tokens",
        "113.3 to 703.3 hours",
        "154.3 million parameters: 2.5 GB of device memory before activations",
        "the raw files are synthetic",
        "ModernBERT-base, Warner et al. 2024",
    ):
        assert part in shown, part
    assert "It cannot start yet" not in found.out
    planned = clem(*arguments, "--json").json
    assert planned["runs"][1]["hours"] is None
    assert planned["runs"][1]["steps"] == 193_180
    assert planned["disk"] > planned["runs"][1]["checkpoints"]
    assert list(tmp_path.iterdir()) == []


def test_a_plan_lists_what_is_missing(clem: Clem, tmp_path: Path) -> None:
    found = clem("reproduce", "plm-ca", "--raw", tmp_path / "raw", "--out", tmp_path / "out", "--plan")
    assert found.code == 0, found.err
    missing = found.out.split("It cannot start yet:\n")[1]
    assert "there is no such folder (for mimic3-full)" in missing
    assert "RoBERTa-base-PM-M3-Voc-hf.tar.gz" in missing


def test_everything_missing_is_refused_before_anything_starts(
    refused: Callable[..., str], hospital_tree: Path, tmp_path: Path
) -> None:
    out = ("--out", tmp_path / "out")
    raw = ("--raw", hospital_tree)
    refused("reproduce", "plm-ca", *raw, *out, says=["plm-ca starts from", "--encoder"])
    refused("reproduce", "plm-ca", "--raw", tmp_path / "no", *out, says=["there is no such folder"])
    refused("reproduce", "pml-ca", *raw, *out, says=["Did you mean plm-ca?"])
    refused("reproduce", "paper", *raw, *out, "--run", "table-1", says=["there is no run 'table-1'"])
    refused("reproduce", "paper", *raw, *out, "training.epoch=1", says=["Did you mean training.epochs?"])
    splits = ("--splits", tmp_path / "no")
    refused(
        "reproduce", "paper", *raw, *out, *splits, *SETTINGS, says=["no: there is no such file or folder"]
    )
    speed = ("--tokens-per-second", 10)
    refused("reproduce", "paper", *raw, *out, *speed, says=["cannot be used without --plan"])


def test_missing_annotations_are_named_with_the_runs_that_need_none(
    refused: Callable[..., str], hospital_tree: Path, tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(hospital_tree / "physionet.org", raw / "physionet.org")
    paper = ("reproduce", "paper", "--raw", raw, "--out", tmp_path / "out")
    refused(
        *paper,
        *SETTINGS,
        says=[
            "no MDACE in this folder",
            "--mdace",
            "--run clem-icd-table-2 --run clem-icd-table-2-as-printed",
        ],
    )
    elsewhere = ("--mdace", tmp_path)
    refused(*paper, *elsewhere, *SETTINGS, says=["contains neither Inpatient nor Profee"])


def test_mimic_3_is_not_taken_for_mimic_4(
    refused: Callable[..., str], hospital_tree: Path, tmp_path: Path
) -> None:
    raw = hospital_tree / "physionet.org/files/mimiciii"
    paper = ("reproduce", "paper", "--raw", raw, "--out", tmp_path / "out", "--run", "clem-icd-table-2")
    refused(*paper, *SETTINGS, says=["contains MIMIC-III, expected MIMIC-IV"])


def test_another_target_recipe_or_raw_folder_is_refused(
    clem: Clem, refused: Callable[..., str], paper: tuple[Path, Any], hospital_tree: Path, tmp_path: Path
) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    shutil.copytree(paper[0], out)
    shutil.copytree(hospital_tree, other)
    [diagnoses], [procedures] = (
        list(other.rglob(f"{name}_ICD.csv.gz")) for name in ("DIAGNOSES", "PROCEDURES")
    )
    shutil.copy(procedures, diagnoses)
    places = ("--raw", hospital_tree, "--out", out)
    says = ["holds the reproduction of paper, expected plm-ca"]
    refused("reproduce", "plm-ca", *places, *SETTINGS, says=says)

    def last_line(*arguments: object) -> str:
        found = clem("reproduce", "paper", *arguments)
        assert (found.code, found.out) == (2, "")
        return str(found.err.splitlines()[-1])

    recipe = last_line(*places, *SETTINGS, "training.weight_decay=0.1")
    assert "was started with another recipe: training.weight_decay changed" in recipe
    raw = last_line("--raw", other, "--out", out, *SETTINGS)
    assert "was made from other raw files or another split: PROCEDURES_ICD.csv.gz differs" in raw


def test_sigterm_saves_a_checkpoint_and_says_how_to_go_on(
    clem: Clem, hospital_tree: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = ("reproduce", "plm-ca", "--raw", hospital_tree, "--out", out, *SETTINGS, "-q")
    with sigterm_at(Point.TRAINING_STEP, 4):
        found = clem(*command)
    assert (found.code, found.out) == (143, "")
    assert found.err == "clem: stopped by SIGTERM at step 5. Go on with the same command.\n"
    assert [path.name for path in (out / "runs/plm-ca/checkpoints").iterdir()] == ["checkpoint-5"]
    assert clem(*command).code == 0
